import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { MapRun, NeighborGraph } from "./map";
import { parts, symmetricAffinities } from "./tsneAffinities";
import type { Bounds } from "./tsneGrid";
import { tsneSetting, tsneStart, tsneTensors, type TsneOptions } from "./tsneOptions";
import { boundsOf, fromPoints, strideOf, takePoints, toPoints } from "./tsnePoints";
import { createRepulsion, type RepulsionMethod } from "./tsneRepulsion";

// t-SNE (van der Maaten & Hinton 2008): positions y whose similarities qᵢⱼ = 1 / (1 + |yᵢ − yⱼ|²) / Z are near to the rows'
// similarities pᵢⱼ in Kullback-Leibler divergence, by gradient descent with early exaggeration.

export type { TsneOptions } from "./tsneOptions";

export interface TsneRun extends MapRun {
  /** The perplexity that is used. */
  readonly perplexity: number;
  readonly repulsion: RepulsionMethod;
  /** The gradient of the KL divergence, without exaggeration, at the present picture, [count × dimensions]. */
  gradient(): Float32Array;
}

const MOMENTUM = { exaggerated: 0.5, final: 0.8 };
/** No point moves further in one step: with few points, the learning rate may throw them about. */
const LONGEST_STEP = 5;

/**
 * A map of `count` rows from their neighbour graph, which must have neighborsFor(perplexity, count) neighbours a row or more;
 * a graph of all other rows and repulsion "exact" make it t-SNE without any approximation. Takes its memory from the crew for
 * good. Throws `bad-request` for options or a graph that do not fit.
 */
export function createTsne(count: number, graph: NeighborGraph, options: TsneOptions, crew: Crew): TsneRun {
  const { dimensions, method, perplexity, neighbors, earlyExaggeration, exaggerationIterations, iterations, rateAt } = tsneSetting(count, graph, options);
  const start = tsneStart(count, dimensions, options);
  const { heap } = crew;
  const stride = strideOf(dimensions);
  const affinities = symmetricAffinities(count, graph, neighbors, perplexity, crew);
  const positions = takePoints(count, dimensions, crew);
  const [velocities, gains, forces] = [1, 2, 3].map(() => heap.float32(count * stride)) as [Positions, Positions, Positions];
  const [sums, edges, mean] = [heap.float64(parts), heap.float64(parts * 3 * stride), heap.float64(stride)];
  const repel = createRepulsion(method, dimensions, crew);

  let { iteration } = start;
  for (const [name, target] of Object.entries({ positions, velocities, gains })) toPoints(start[name as keyof typeof start] as Float32Array, dimensions, target.values);
  let bounds = boundsOf(fromPoints(positions.values, count, dimensions), dimensions);
  let divergence: { iteration: number; value: number } | undefined;
  const entropy = summed(() => crew.run("tsneEntropy", parts, affinities.values.address, affinities.values.values.length, sums.address));

  function summed(run: () => void): number {
    run();
    return sums.values.reduce((total, value) => total + value, 0);
  }

  /** The gradient in place of the forces; returns Z. */
  function computeGradient(exaggeration: number): number {
    const z = repel(positions.address, count, bounds, forces.address);
    crew.run("tsneGradient", parts, positions.address, count, positions.address, stride, affinities.starts.address, affinities.columns.address, affinities.values.address, exaggeration, forces.address, z > 0 ? 1 / z : 0, forces.address);
    return z;
  }

  function moved(): Bounds {
    const axes = Array.from({ length: dimensions }, (_, axis) => axis);
    const edge = (kind: number, axis: number) => Array.from({ length: parts }, (_, part) => edges.values[(part * 3 + kind) * stride + axis]!);
    for (const axis of axes) mean.values[axis] = edge(0, axis).reduce((total, value) => total + value, 0) / count;
    crew.run("tsneCenter", parts, positions.address, count, stride, mean.address);
    // Rounded as the kernel rounds: the bounds are the positions' own.
    return {
      least: axes.map(axis => Math.fround(Math.min(...edge(1, axis)) - mean.values[axis]!)),
      greatest: axes.map(axis => Math.fround(Math.max(...edge(2, axis)) - mean.values[axis]!)),
    };
  }

  return {
    dimensions,
    iterations,
    perplexity,
    repulsion: method,
    get iteration() { return iteration; },
    step: () => {
      const exaggerated = iteration < exaggerationIterations;
      if (iteration === exaggerationIterations) {
        velocities.values.fill(0); // they and the gains belong to other forces
        gains.values.fill(1);
      }
      const exaggeration = exaggerated ? earlyExaggeration : 1;
      computeGradient(exaggeration);
      const rate = rateAt(exaggeration);
      crew.run("tsneMove", parts, positions.address, count, stride, forces.address, velocities.address, gains.address, exaggerated ? MOMENTUM.exaggerated : MOMENTUM.final, rate, LONGEST_STEP, edges.address);
      bounds = moved();
      iteration++;
      if (![...bounds.least, ...bounds.greatest].every(Number.isFinite)) throw new LatentError("diverged", `t-SNE has lost its points in step ${iteration}: try a smaller learning rate than ${rate}`);
    },
    coordinates: () => fromPoints(positions.values, count, dimensions),
    objective: () => {
      if (divergence?.iteration !== iteration) {
        const z = repel(positions.address, count, bounds, forces.address);
        const cross = summed(() => crew.run("tsneCrossEntropy", parts, positions.address, count, stride, affinities.starts.address, affinities.columns.address, affinities.values.address, sums.address));
        divergence = { iteration, value: count > 1 ? entropy + cross + Math.log(z) : 0 };
      }
      return { name: "KL divergence", value: divergence.value };
    },
    gradient: () => {
      computeGradient(1);
      return fromPoints(forces.values, count, dimensions);
    },
    state: () => {
      const [now, velocity, gain] = [positions, velocities, gains].map(points => fromPoints(points.values, count, dimensions)) as [Float32Array, Float32Array, Float32Array];
      return tsneTensors(count, dimensions, { positions: now, velocities: velocity, gains: gain }, iteration);
    },
  };
}

type Positions = ReturnType<Crew["heap"]["float32"]>;
