import { LatentError } from "../../protocol/errors";
import type { NamedTensors } from "../safetensors";
import type { Crew } from "./crew";
import type { MapRun, NeighborGraph, Report } from "./map";
import { fitUmapCurve, type UmapCurve } from "./umapCurve";
import { fuzzySet, pruned } from "./umapGraph";
import { randomLayout, scaledLayout, spectralLayout, type InitialLayout } from "./umapInitial";
import { intersectLabels, type UmapLabels } from "./umapLabels";
import { createLayout } from "./umapLayout";
import { bothEnds } from "./umapTurns";

// UMAP, Uniform Manifold Approximation and Projection (McInnes, Healy & Melville 2018): the picture whose own fuzzy set of neighbours is
// nearest, by cross entropy, to that of the rows.

export interface UmapOptions {
  /** Names every random number. */
  seed: number;
  dimensions?: 2 | 3;
  /** Neighbours of a row, itself among them: few show detail, many the whole. 15 unless given; at least 2. */
  neighbors?: number;
  /** How near points may come in the picture, in its units: 0.1 unless given. */
  minDist?: number;
  /** The scale of the picture: 1 unless given. */
  spread?: number;
  /** Steps: 500 up to 10,000 rows, else 200, unless given. */
  epochs?: number;
  /** Random points that push each time an edge draws: 5 unless given. */
  negativeSamples?: number;
  /** Of the first epoch, from where it falls to 0: 1 unless given. */
  learningRate?: number;
  /** Where to begin: smoothest functions on the neighbour graph unless given; coordinates [count × dimensions] are stretched to the usual extent. */
  initial?: "spectral" | "random" | Float32Array;
  /** Classes or measurements that rows near each other should share (umapLabels.ts). */
  labels?: UmapLabels;
  /** How much they count, 0 to 1: 0.5 unless given. */
  targetWeight?: number;
  /** What `state()` gave: goes on from there. All other options, and the graph, must be those of that run. */
  resume?: NamedTensors;
}

export interface UmapRun extends MapRun {
  readonly curve: UmapCurve;
  /** Where the picture began, in words; why not at the spectral layout, where it did not. */
  readonly origin: string;
}

/**
 * Prepares a map of the rows of `graph`, which must give `neighbors` − 1 neighbours (or all) of every row. A step is an epoch.
 *
 * The objective, "cross entropy", is what the sampled steps lower (Damrich & Hamprecht 2021): the mean over edges, by membership, of −ln φ of the edge
 * − m/2 · ln(1 − φ) of random pairs, with m negative samples; a negative sample moves one of its two points and so counts half. All edges are
 * counted; random pairs are estimated by m fixed others for every point.
 *
 * Throws `bad-request` for settings or a graph that do not fit, and what `report` throws.
 */
export function createUmap(graph: NeighborGraph, options: UmapOptions, crew: Crew, report: Report = () => undefined): UmapRun {
  const { seed, dimensions = 2, neighbors = 15, minDist = 0.1, spread = 1, negativeSamples = 5, learningRate = 1, initial = "spectral", labels, targetWeight = 0.5, resume } = options;
  const curve = fitUmapCurve(minDist, spread);
  if (!(graph.k >= 1)) throw new LatentError("bad-request", "UMAP needs at least two rows, each with a neighbour");
  const count = graph.rows.length / graph.k;
  const { epochs = count <= 10_000 ? 500 : 200 } = options;
  if (!(Number.isInteger(epochs) && epochs >= 1)) throw new LatentError("bad-request", `UMAP in ${epochs} epochs: 1 or more are needed`);
  if (!(Number.isInteger(negativeSamples) && negativeSamples >= 0)) throw new LatentError("bad-request", `${negativeSamples} negative samples: a whole number from 0 is needed`);
  if (!(learningRate > 0 && learningRate < Infinity)) throw new LatentError("bad-request", `The learning rate is ${learningRate}, but it must be above 0`);

  const ofRows = fuzzySet(graph, neighbors, crew);
  const whole = labels ? intersectLabels(ofRows, labels, targetWeight) : ofRows;
  // Edges that would not be taken once in all epochs.
  const edges = pruned(whole, whole.weights.reduce((most, weight) => Math.max(most, weight), 0) / epochs);
  report(0.1);

  const begin = (): InitialLayout => {
    if (resume) return { coordinates: resumedCoordinates(resume, count, dimensions), origin: "an earlier run" };
    if (initial === "random") return randomLayout(count, dimensions, seed);
    if (initial === "spectral") return spectralLayout(edges, dimensions, seed, crew, fraction => report(0.1 + 0.9 * fraction));
    if (initial.length !== count * dimensions) throw new LatentError("bad-request", `The initial layout has ${initial.length} coordinates, but ${count} rows in ${dimensions} dimensions have ${count * dimensions}`);
    return scaledLayout(initial, dimensions, seed, "given places");
  };
  const { coordinates, origin } = begin();
  const layout = createLayout(bothEnds(edges), coordinates, undefined, curve, { dimensions, epochs, negativeSamples, learningRate, seed }, crew);
  let iteration = resume ? resume["iteration"]!.data[0]! : 0;
  report(1);
  return {
    dimensions, curve, origin,
    iterations: epochs,
    get iteration() { return iteration; },
    step: () => layout.epoch(++iteration),
    coordinates: layout.coordinates,
    objective: () => ({ name: "cross entropy", value: layout.loss() }),
    state: () => ({
      coordinates: { shape: [count, dimensions], data: layout.coordinates() },
      iteration: { shape: [1], data: Int32Array.of(iteration) },
    }),
  };
}

function resumedCoordinates({ coordinates, iteration }: NamedTensors, count: number, dimensions: number): Float32Array {
  if (coordinates?.data instanceof Float32Array && coordinates.data.length === count * dimensions && iteration?.data.length === 1) return coordinates.data;
  throw new LatentError("bad-checkpoint", `The saved state is not one of a UMAP of ${count} rows in ${dimensions} dimensions`);
}
