import * as tf from "@tensorflow/tfjs-core";
import { rowSize, type HyperparameterValues } from "../../protocol/data";
import { LatentError, throwIfCancelled } from "../../protocol/errors";
import type { MapRows } from "../mapRuns";
import type { TrainingData } from "../trainingData";
import { principalDirections } from "./principal/principalDirections";

/** The rows of a map as its thread takes them, and the way there for other rows. */
export interface ReducedRows {
  rows: MapRows;
  /** Other rows [n, d] in model space → [n, rows.dim], by the same principal components; the caller disposes. */
  reduce(x: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/**
 * The rows in model space, reduced to their first principal components where there are more values than `components`, in memory that
 * threads share. The same data, values and seed give the same components. Throws `out-of-memory` for more than a map can have.
 */
export async function reducedRows(data: TrainingData, values: HyperparameterValues, { signal, seed }: { signal?: AbortSignal; seed: number }, report: (fraction: number) => void): Promise<ReducedRows> {
  const { count } = data.schema;
  const size = rowSize(data.schema);
  const components = values["components"] as number;
  const areDistances = values["metric"] === "precomputed";
  const dim = !areDistances && components > 0 && components < Math.min(size, count) ? components : size;
  const metric = areDistances ? "euclidean" : (values["metric"] as MapRows["metric"]);
  const shared = sharedRows(count, dim);
  const reduced = dim < size ? await principalDirections(data, dim, { solver: "auto", seed, signal, onProgress: fraction => report(0.7 * fraction) }) : null;
  const directions = reduced && tf.tensor2d(Float32Array.from(reduced.directions.subarray(0, dim * size)), [dim, size]);
  const mean = reduced && tf.tensor1d(Float32Array.from(reduced.mean));
  const reduce = (x: tf.Tensor2D) => tf.tidy(() => (directions ? tf.matMul(tf.sub(x, mean!) as tf.Tensor2D, directions, false, true) : tf.clone(x))) as tf.Tensor2D;
  const dispose = () => tf.dispose([directions, mean].filter(tensor => tensor !== null));
  try {
    const perWindow = Math.max(1, Math.floor(2 ** 20 / size));
    for (let start = 0; start < count; start += perWindow) {
      throwIfCancelled(signal);
      const x = await data.window({ start, count: Math.min(perWindow, count - start) });
      const mapped = reduce(x);
      shared.set((await mapped.data()) as Float32Array, start * dim);
      tf.dispose([x, mapped]);
      report((reduced ? 0.7 : 0) + (reduced ? 0.3 : 1) * Math.min(1, (start + perWindow) / count));
      await new Promise(setImmediate);
    }
    return { rows: { data: shared, count, dim, metric }, reduce, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** As `reducedRows`, for those who reduce no others. */
export async function mapRows(...args: Parameters<typeof reducedRows>): Promise<{ rows: MapRows }> {
  const { rows, dispose } = await reducedRows(...args);
  dispose();
  return { rows };
}

/** Memory [count × dim] that a map's thread reads without a copy. Throws `out-of-memory` for more than its 4 GB. */
export function sharedRows(count: number, dim: number): Float32Array {
  if (count * dim * 4 > 2 ** 32 - 2 ** 16) throw new LatentError("out-of-memory", `${count} rows of ${dim} values need more than the 4 GB that a map can have. Reduce them to fewer principal components.`);
  return new Float32Array(new SharedArrayBuffer(4 * count * dim));
}
