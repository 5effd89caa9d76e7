import { LatentError } from "../../protocol/errors";
import type { NamedTensors } from "../safetensors";
import type { Crew } from "./crew";
import type { MapRun, Report } from "./map";
import { chooseLandmarks, classicalMap, usualLandmarks, type ClassicalMap } from "./mdsClassical";
import { distancesOf, triangleDistances, type Distances, type MdsSource } from "./mdsDistances";
import { exactMap } from "./mdsExact";
import { checkMdsOptions, type MdsOptions } from "./mdsOptions";
import { checkSize, distancesInMap, pairsOf, type Shepard } from "./mdsPairs";
import { sampledSmacof } from "./mdsSampled";
import { smacof } from "./mdsSmacof";
import { randomMap, stillMap, withoutFlatAxes, type MdsSteps } from "./mdsSteps";

// Multidimensional scaling: a map whose distances are those of the data, as nearly as a plane or a space allows.

/** Most rows of which all pairs are kept: 800 MB of distances, or of distances and order. */
export const largestExact = { metric: 20_000, nonmetric: 10_000 };
/** Rows that a step compares every row with where there are more than that. */
const usualColumns = 128;
/** Steps of such a map, whose rate falls, and most steps of an exact one. */
const usualIterations = { sampled: 100, exact: 300 };
/** Pairs that a stress which cannot be had from all pairs is computed from, and those of a Shepard diagram. */
const stressPairs = 200_000;
const shepardPairs = 5000;

export interface MdsRun extends MapRun {
  /** The classical map that the run began with. */
  readonly classical: Omit<ClassicalMap, "coordinates"> | undefined;
  /** Rows that a step compares every row with; undefined where it is all others. */
  readonly columns: number | undefined;
  /** Pairs of rows that the stress is computed from. */
  readonly pairs: number;
  /** Distances of 5000 pairs drawn by chance (or of all), now. */
  shepard(): Shepard;
}

/**
 * An MDS map of rows, or of distances that were measured. Its memory is the crew's, until that is closed. `objective` is
 * stress-1 = √(Σ (d − d̂)² / Σ d̂²), d in the map, d̂ in the data (metric) or the nearest values in the data's order
 * (nonmetric); runs over all pairs show the map at its best scale. `state` of an earlier run with the same source and options goes on
 * from there.
 *
 * Throws `bad-request` for impossible options, `bad-dataset` for distances that are all 0 or not finite, `unsupported` for more
 * rows than nonmetric MDS takes, `bad-checkpoint` for a foreign state, `cancelled` when `report` does.
 */
export async function createMds(crew: Crew, source: MdsSource, options: MdsOptions, report: Report, state?: NamedTensors): Promise<MdsRun> {
  const { kind, dimensions, seed, eps = 1e-5, start = "classical" } = options;
  const { count } = source;
  checkMdsOptions(count, options, state);
  if (kind === "nonmetric" && count > largestExact.nonmetric) {
    throw new LatentError("unsupported", `Nonmetric MDS sorts all pairs of rows and takes up to ${largestExact.nonmetric} rows, these are ${count}. Metric or classical MDS takes them all.`);
  }
  const columns = kind === "metric" ? (options.columns ?? (count > largestExact.metric ? usualColumns : undefined)) : undefined;
  const starts = typeof start === "object" && "random" in start ? start.random : 1;
  if (columns !== undefined && starts > 1) {
    throw new LatentError("bad-request", `${starts} random starts, but with sampled columns there can be only one, whose steps are given in advance`);
  }
  const isExact = kind !== "classical" && columns === undefined;
  const iterations = options.iterations ?? usualIterations[isExact ? "exact" : "sampled"];
  const allPairs = (count * (count - 1)) / 2;
  const prepared = isExact ? crew.heap.float32(allPairs) : undefined;
  let distances: Distances;
  if (prepared) {
    crew.heap.scope(() => distancesOf(crew, source).fill(prepared, fraction => report(0.5 * fraction)));
    distances = triangleDistances(crew, prepared, count);
  } else distances = distancesOf(crew, source);

  const shown = pairsOf(distances, shepardPairs, seed);
  const pairs = isExact ? undefined : pairsOf(distances, stressPairs, seed);
  if (pairs) checkSize(pairs.distances);
  let classical: ClassicalMap | undefined;
  if (kind === "classical" || (start === "classical" && !state)) {
    const landmarks = chooseLandmarks(count, options.landmarks ?? usualLandmarks[kind === "classical" ? "map" : "start"], seed);
    classical = await classicalMap(crew, distances, landmarks, dimensions, fraction => report(isExact ? 0.5 + 0.5 * fraction : fraction));
  }
  const begin = (number: number) => {
    if (start instanceof Float32Array) return start;
    return classical && start === "classical" ? withoutFlatAxes(classical.coordinates, dimensions, seed) : randomMap(count, dimensions, seed, number);
  };

  if (prepared) {
    const map = exactMap(crew, prepared, count, dimensions, kind === "metric");
    return mdsRun(smacof(map, count, { dimensions, iterations, eps, starts, start: begin }, state), map.disparity);
  }
  if (kind === "classical") return mdsRun(stillMap(classical!.coordinates, pairs!, dimensions));
  return mdsRun(sampledSmacof(crew, distances, pairs!, { dimensions, iterations, columns: columns!, seed, start: () => begin(0) }, state));

  function mdsRun(steps: MdsSteps, disparity?: (i: number, j: number) => number): MdsRun {
    let iteration = state ? Number(state["iteration"]!.data[0]) : 0;
    return {
      dimensions,
      get iterations() { return iteration + steps.left(); },
      get iteration() { return iteration; },
      classical: classical && { eigenvalues: classical.eigenvalues, landmarks: classical.landmarks },
      columns,
      pairs: pairs ? pairs.distances.length : allPairs,
      facts: {
        ...(kind === "classical" && classical && classical.landmarks < count ? { landmarks: classical.landmarks } : {}),
        ...(columns !== undefined && columns < count - 1 ? { "rows that a row is compared with in a step": columns } : {}),
        ...(pairs && pairs.distances.length < allPairs ? { "pairs that the stress is of": pairs.distances.length } : {}),
      },
      step: () => {
        if (steps.left() === 0) return;
        steps.step();
        iteration++;
      },
      objective: () => ({ name: "stress-1", value: steps.stress() }),
      coordinates: () => steps.coordinates(),
      state: () => ({ ...steps.state(), iteration: { shape: [1], data: Int32Array.of(iteration) } }),
      shepard: () => ({
        ...shown,
        mapDistances: distancesInMap(shown, steps.coordinates(), dimensions),
        disparities: disparity ? Float32Array.from(shown.first, (i, at) => disparity(i, shown.second[at]!)) : shown.distances,
      }),
    };
  }
}
