import { LatentError } from "../../protocol/errors";
import { normals, random } from "../random";
import type { NamedTensors } from "../safetensors";
import type { NeighborGraph } from "./map";
import { checkGraph, neighborsFor, usablePerplexity } from "./tsneAffinities";
import { exactUpTo, type RepulsionMethod } from "./tsneRepulsion";

// What a t-SNE map is made by, on the CPU and on a device: options, their checks and defaults, and where the points begin.

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

/** Options with all that follows of them. */
export interface TsneSetting {
  dimensions: 2 | 3;
  method: RepulsionMethod;
  perplexity: number;
  /** Of the graph's neighbours, how many are used. */
  neighbors: number;
  earlyExaggeration: number;
  exaggerationIterations: number;
  iterations: number;
  /** Factor of the gradient where the attraction has this factor. */
  rateAt(exaggeration: number): number;
}

const LEAST_LEARNING_RATE = 50;

/** Fills in the defaults. Throws `bad-request` for options or a graph that do not fit `count` rows. */
export function tsneSetting(count: number, graph: NeighborGraph, options: TsneOptions): TsneSetting {
  const { dimensions = 2, earlyExaggeration = 12, exaggerationIterations = 250, iterations = 1000, learningRate = "auto" } = options;
  const method = options.repulsion ?? (count <= exactUpTo[dimensions] ? "exact" : "grid");
  if (count < 1) throw new LatentError("bad-request", "t-SNE of no rows");
  if (!(earlyExaggeration >= 1)) throw new LatentError("bad-request", `early exaggeration ${earlyExaggeration}: 1 or more; 12 is usual`);
  if (learningRate !== "auto" && !(learningRate > 0)) throw new LatentError("bad-request", `learning rate ${learningRate}: a positive number, or "auto"`);
  const perplexity = usablePerplexity(options.perplexity ?? 30, count);
  const exact = graph.k === count - 1 && method === "exact";
  const neighbors = exact ? count - 1 : neighborsFor(perplexity, count);
  checkGraph(graph, count, neighbors);
  const rateAt = (exaggeration: number) => (learningRate === "auto" ? Math.max(count / exaggeration / 4, LEAST_LEARNING_RATE) : learningRate);
  return { dimensions, method, perplexity, neighbors, earlyExaggeration, exaggerationIterations, iterations, rateAt };
}

/** Positions, velocities and gains at the start or where the resumed run stood, each [count × dimensions], and its iteration. */
export function tsneStart(count: number, dimensions: 2 | 3, { initial, seed, resume }: TsneOptions): { positions: Float32Array; velocities: Float32Array; gains: Float32Array; iteration: number } {
  const stored = (name: string) => {
    const data = resume?.[name]?.data;
    if (!(data instanceof Float32Array) || data.length !== count * dimensions) throw new LatentError("bad-checkpoint", `the state of a t-SNE map has no "${name}" of ${count} × ${dimensions} values`);
    return data;
  };
  if (resume) return { positions: stored("positions"), velocities: stored("velocities"), gains: stored("gains"), iteration: Number(resume["iteration"]?.data[0] ?? 0) };
  return { positions: startOf(count, dimensions, initial, seed), velocities: new Float32Array(count * dimensions), gains: new Float32Array(count * dimensions).fill(1), iteration: 0 };
}

/** What `tsneStart` begins from, as tensors. */
export function tsneTensors(count: number, dimensions: 2 | 3, points: Record<"positions" | "velocities" | "gains", Float32Array>, iteration: number): NamedTensors {
  const tensor = (data: Float32Array) => ({ shape: [count, dimensions], data });
  return { positions: tensor(points.positions), velocities: tensor(points.velocities), gains: tensor(points.gains), iteration: { shape: [1], data: Int32Array.of(iteration) } };
}

function startOf(count: number, dimensions: 2 | 3, initial: Float32Array | "random", seed: number): Float32Array {
  if (initial === "random") return normals(count * dimensions, random(seed, "t-SNE")).map(value => value * 1e-4);
  if (initial.length !== count * dimensions) throw new LatentError("bad-request", `initial coordinates: ${initial.length} values for ${count} rows in ${dimensions} dimensions`);
  if (!initial.every(Number.isFinite)) throw new LatentError("bad-request", "initial coordinates that are not numbers");
  return initial;
}
