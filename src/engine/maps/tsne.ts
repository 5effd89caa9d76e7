import { LatentError } from "../../protocol/errors";
import { normals, random } from "../random";
import type { NamedTensors } from "../safetensors";
import type { Crew } from "./crew";
import type { MapRun, NeighborGraph } from "./map";
import { checkGraph, neighborsFor, parts, symmetricAffinities, usablePerplexity } from "./tsneAffinities";
import type { Bounds } from "./tsneGrid";
import { boundsOf, fromPoints, strideOf, takePoints, toPoints } from "./tsnePoints";
import { createRepulsion, exactUpTo, type RepulsionMethod } from "./tsneRepulsion";

// t-SNE (van der Maaten & Hinton 2008): positions y whose similarities qᵢⱼ = 1 / (1 + |yᵢ − yⱼ|²) / Z are near to the rows'
// similarities pᵢⱼ in Kullback-Leibler divergence, by gradient descent with early exaggeration.

export interface TsneOptions {
  /** Number of neighbours that a row effectively has, ≥ 1; at most a third of the other rows are used (`TsneRun.perplexity`). Default 30. */
  perplexity?: number;
  dimensions?: 2 | 3;
  /** Where the points begin: coordinates [count × dimensions], best PCA's as `principalInitial` gives them, or at random. */
  initial: Float32Array | "random";
  /** Factor of the attraction in the first `exaggerationIterations`. Defaults 12, 250. */
  earlyExaggeration?: number;
  exaggerationIterations?: number;
  /** All steps, those with exaggeration among them. Default 1000, as in scikit-learn. */
  iterations?: number;
  /**
   * Factor of the gradient, as in scikit-learn. "auto": count / exaggeration / 4 and at least 50, with the exaggeration
   * of the moment (Belkina et al. 2019, whose gradient lacks the factor 4).
   */
  learningRate?: number | "auto";
  /** By default exact for few points, else through the grid. */
  repulsion?: RepulsionMethod;
  seed: number;
  /** What `state()` gave; with the same graph and options the run goes on from there. */
  resume?: NamedTensors;
}

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
const LEAST_LEARNING_RATE = 50;

/**
 * A map of `count` rows from their neighbour graph, which must have neighborsFor(perplexity, count) neighbours a row or more;
 * a graph of all other rows and repulsion "exact" make it t-SNE without any approximation. Takes its memory from the crew for
 * good. Throws `bad-request` for options or a graph that do not fit.
 */
export function createTsne(count: number, graph: NeighborGraph, options: TsneOptions, crew: Crew): TsneRun {
  const { dimensions = 2, earlyExaggeration = 12, exaggerationIterations = 250, iterations = 1000, learningRate = "auto", seed } = options;
  const method = options.repulsion ?? (count <= exactUpTo[dimensions] ? "exact" : "grid");
  if (count < 1) throw new LatentError("bad-request", "t-SNE of no rows");
  if (!(earlyExaggeration >= 1)) throw new LatentError("bad-request", `early exaggeration ${earlyExaggeration}: 1 or more; 12 is usual`);
  if (learningRate !== "auto" && !(learningRate > 0)) throw new LatentError("bad-request", `learning rate ${learningRate}: a positive number, or "auto"`);
  const perplexity = usablePerplexity(options.perplexity ?? 30, count);
  const exact = graph.k === count - 1 && method === "exact";
  const neighbors = exact ? count - 1 : neighborsFor(perplexity, count);
  checkGraph(graph, count, neighbors);

  const { heap } = crew;
  const stride = strideOf(dimensions);
  const affinities = symmetricAffinities(count, graph, neighbors, perplexity, crew);
  const positions = takePoints(count, dimensions, crew);
  const [velocities, gains, forces] = [1, 2, 3].map(() => heap.float32(count * stride)) as [Positions, Positions, Positions];
  const [sums, edges, mean] = [heap.float64(parts), heap.float64(parts * 3 * stride), heap.float64(stride)];
  const repel = createRepulsion(method, dimensions, crew);

  let iteration = 0;
  gains.values.fill(1);
  toPoints(startOf(count, dimensions, options.initial, seed), dimensions, positions.values);
  if (options.resume) iteration = restore(options.resume);
  let bounds = boundsOf(fromPoints(positions.values, count, dimensions), dimensions);
  let divergence: { iteration: number; value: number } | undefined;
  const entropy = summed(() => crew.run("tsneEntropy", parts, affinities.values.address, affinities.values.values.length, sums.address));

  function restore(state: NamedTensors): number {
    for (const [name, target] of Object.entries({ positions, velocities, gains })) {
      const stored = state[name];
      if (!(stored?.data instanceof Float32Array) || stored.data.length !== count * dimensions) throw new LatentError("bad-checkpoint", `the state of a t-SNE map has no "${name}" of ${count} × ${dimensions} values`);
      toPoints(stored.data, dimensions, target.values);
    }
    return Number(state.iteration?.data[0] ?? 0);
  }

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
      const rate = learningRate === "auto" ? Math.max(count / exaggeration / 4, LEAST_LEARNING_RATE) : learningRate;
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
      const tensor = (points: Positions) => ({ shape: [count, dimensions], data: fromPoints(points.values, count, dimensions) });
      return { positions: tensor(positions), velocities: tensor(velocities), gains: tensor(gains), iteration: { shape: [1], data: Int32Array.of(iteration) } };
    },
  };
}

type Positions = ReturnType<Crew["heap"]["float32"]>;

function startOf(count: number, dimensions: 2 | 3, initial: Float32Array | "random", seed: number): Float32Array {
  if (initial === "random") return normals(count * dimensions, random(seed, "t-SNE")).map(value => value * 1e-4);
  if (initial.length !== count * dimensions) throw new LatentError("bad-request", `initial coordinates: ${initial.length} values for ${count} rows in ${dimensions} dimensions`);
  if (!initial.every(Number.isFinite)) throw new LatentError("bad-request", "initial coordinates that are not numbers");
  return initial;
}
