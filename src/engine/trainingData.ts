import { freemem } from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { LatentError } from "../protocol/errors";
import { rowSize, type Range, type Schema } from "../protocol/data";
import type { Dataset, Rows } from "./datasets/dataset";
import { windowsOf } from "./datasets/windows";
import { random, shuffled } from "./random";
import { fitScaler, scaledTensor, updateMoments, type ColumnMoments, type Scaler, type ScalingId } from "./scaler";

// The rows of one fit, in model space. They are kept in memory in their own element type (bytes stay bytes) when they
// fit, and read from the dataset batch by batch when they do not; the model sees no difference.

export interface TrainingData {
  /** As the dataset's, with the value range widened to what the rows really hold. */
  readonly schema: Schema;
  readonly scaler: Scaler;
  /** Rows to learn from and rows held out, as indices into the dataset, ascending. */
  readonly train: Int32Array;
  readonly validation: Int32Array;
  /** The given rows in model space [n, d]; the caller disposes. */
  batch(rows: Int32Array): Promise<tf.Tensor2D>;
  /** Rows [start, start + count) in model space [count, d]; the caller disposes. */
  window(range: Range): Promise<tf.Tensor2D>;
}

export interface LoadOptions {
  scaling: ScalingId;
  validationShare: number;
  seed: number;
  /** The scaler of an earlier fit; fitted on the training rows when null. */
  scaler: Scaler | null;
  signal?: AbortSignal;
  onProgress?: (fraction: number) => void;
}

/** Rows larger than this stay on disk. */
const memoryBudget = () => Math.min(2 ** 32, freemem() * 0.4);

/** Reads the dataset once: keeps its rows if they fit, fits the scaler on the training rows. */
export async function loadTrainingData(dataset: Dataset, options: LoadOptions): Promise<TrainingData> {
  const size = rowSize(dataset.schema);
  const { count } = dataset.schema;
  if (count < 2) throw new LatentError("bad-dataset", `has ${count} row${count === 1 ? "" : "s"}: nothing can be learned from fewer than 2`);
  const { train, validation } = splitRows(count, options.validationShare, options.seed);
  const bytes = count * size * (dataset.dtype === "uint8" ? 1 : 4);
  const store = bytes <= memoryBudget() ? allocate(dataset.dtype, count * size) : undefined;

  const include = new Uint8Array(count);
  for (const row of train) include[row] = 1;
  let moments: ColumnMoments | undefined;
  let range = dataset.schema.range;
  for await (const { rows, start } of windowsOf(dataset, options.signal)) {
    store?.set(rows, start * size);
    moments = updateMoments(moments, rows, size, include, start);
    if (range && dataset.dtype === "float32") range = widened(range, rows);
    options.onProgress?.((start + rows.length / size) / count);
  }
  const schema = { ...dataset.schema, range };
  const scaler = options.scaler ?? fitScaler(options.scaling, schema, moments!);
  const pick = async (rows: Int32Array) => (store ? gather(store, rows, size) : dataset.rows(rows, options.signal));
  return {
    schema, scaler, train, validation,
    batch: async rows => scaledTensor(await pick(rows), scaler),
    window: async ({ start, count: n }) => {
      const rows = store ? store.subarray(start * size, (start + n) * size) : await dataset.read(start, n, options.signal);
      return scaledTensor(rows, scaler);
    },
  };
}

/**
 * Latents [n × dim] as the rows of a fit, as they are. The scaler is that of the dataset's own rows of `size` values, which
 * are not scaled.
 */
export function latentData(latents: Float32Array, dim: number, size: number): TrainingData {
  const count = latents.length / dim;
  const schema: Schema = { kind: "vector", shape: [dim], count, columns: [], range: null };
  const rows = (picked: Float32Array) => tf.tensor2d(picked, [picked.length / dim, dim]);
  return {
    schema, scaler: { shift: new Float32Array(size), scale: new Float32Array(size).fill(1) },
    train: Int32Array.from({ length: count }, (_, i) => i), validation: new Int32Array(0),
    batch: async indices => rows(gather(latents, indices, dim) as Float32Array),
    window: async ({ start, count: n }) => rows(latents.slice(start * dim, (start + n) * dim)),
  };
}

/** Which rows are held out: a share of all, drawn by the seed; at least one when the share is not 0. */
export function splitRows(count: number, share: number, seed: number): { train: Int32Array; validation: Int32Array } {
  const order = shuffled(Int32Array.from({ length: count }, (_, i) => i), random(seed, "split"));
  const held = share === 0 ? 0 : Math.min(count - 1, Math.max(1, Math.round(count * share)));
  return { train: order.slice(held).sort(), validation: order.slice(0, held).sort() };
}

function allocate(dtype: Dataset["dtype"], length: number): Rows {
  return dtype === "uint8" ? new Uint8Array(length) : new Float32Array(length);
}

function gather(store: Rows, rows: Int32Array, size: number): Rows {
  const picked = store instanceof Uint8Array ? new Uint8Array(rows.length * size) : new Float32Array(rows.length * size);
  rows.forEach((row, i) => picked.set(store.subarray(row * size, (row + 1) * size), i * size));
  return picked;
}

function widened([low, high]: [number, number], rows: Rows): [number, number] {
  for (const value of rows) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
