import * as tf from "@tensorflow/tfjs-core";
import type { Schema } from "../protocol/data";
import { lookUpBytes } from "./kernels/bytes";
import type { NamedTensors } from "./safetensors";

// Models learn in model space, everybody else speaks data space: x_model = (x − shift) / scale per value. The scaler is
// fitted on the training rows, saved with the model, and is the only place where the two spaces meet.

export const scalings = {
  auto: "Automatic: images to [0, 1], table columns standardized, vectors centred with one common scale",
  none: "As is",
  unit: "To [0, 1] per column (images: over the format's range)",
  standardize: "Zero mean, unit variance per column",
  isotropic: "Zero mean, one common scale: angles and relative distances stay",
} as const;
export type ScalingId = keyof typeof scalings;

/** Affine map between data space and model space, one shift and scale per value of a row. */
export interface Scaler {
  shift: Float32Array;
  scale: Float32Array;
}

/** Sums over the rows from which every scaling is computed; f64, one entry per value of a row. */
export interface ColumnMoments {
  count: number;
  mean: Float64Array;
  /** Sum of squared deviations from the mean. */
  squares: Float64Array;
  min: Float32Array;
  max: Float32Array;
}

/** Chooses what `auto` means for the given rows. */
export function resolveScaling(scaling: ScalingId, schema: Schema): Exclude<ScalingId, "auto"> {
  if (scaling !== "auto") return scaling;
  return schema.kind === "image" ? "unit" : schema.kind === "table" ? "standardize" : "isotropic";
}

/** The scaler of the given kind for rows with these moments. Constant columns get scale 1, so nothing divides by 0. */
export function fitScaler(scaling: ScalingId, schema: Schema, moments: ColumnMoments): Scaler {
  const size = moments.mean.length;
  const shift = new Float32Array(size);
  const scale = new Float32Array(size).fill(1);
  const variance = (i: number) => moments.squares[i]! / Math.max(1, moments.count);
  switch (resolveScaling(scaling, schema)) {
    case "none":
      break;
    case "unit":
      for (let i = 0; i < size; i++) {
        const [low, high] = schema.range ?? [moments.min[i]!, moments.max[i]!];
        shift[i] = low;
        scale[i] = positive(high - low);
      }
      break;
    case "standardize":
      for (let i = 0; i < size; i++) {
        if (isOneHot(schema, i)) continue; // a category's slots are 0 and 1 already and share one meaning
        shift[i] = moments.mean[i]!;
        scale[i] = positive(Math.sqrt(variance(i)));
      }
      break;
    case "isotropic": {
      let total = 0;
      for (let i = 0; i < size; i++) total += variance(i);
      shift.set(moments.mean);
      scale.fill(positive(Math.sqrt(total / size)));
      break;
    }
  }
  return { shift, scale };
}

/** The schema of rows after scaling: range [0, 1] where the scaler maps to it, else unbounded. */
export function modelSchema(schema: Schema, scaling: ScalingId): Schema {
  return { ...schema, range: resolveScaling(scaling, schema) === "unit" ? [0, 1] : null };
}

const positive = (value: number) => (Number.isFinite(value) && value > 1e-12 ? value : 1);

function isOneHot(schema: Schema, slot: number): boolean {
  return schema.columns.some(column => column.kind === "categorical" && slot >= column.start && slot < column.start + column.width);
}

/** [n, d] data space → [n, d] model space. */
export function toModelSpace(x: tf.Tensor2D, { shift, scale }: Scaler): tf.Tensor2D {
  return tf.tidy(() => tf.div(tf.sub(x, tf.tensor1d(shift)), tf.tensor1d(scale)));
}

/** [n, d] model space → [n, d] data space. */
export function toDataSpace(x: tf.Tensor2D, { shift, scale }: Scaler): tf.Tensor2D {
  return tf.tidy(() => tf.add(tf.mul(x, tf.tensor1d(scale)), tf.tensor1d(shift)));
}

/** A row-major block of rows in data space → [n, d] in model space, scaled before it is uploaded; the caller disposes. */
export function scaledTensor(rows: Float32Array | Uint8Array, scaler: Scaler): tf.Tensor2D {
  const { shift, scale } = scaler;
  const d = shift.length;
  const shape: [number, number] = [rows.length / d, d];
  const table = rows instanceof Uint8Array ? scaledBytes(scaler) : null;
  if (table) return lookUpBytes(rows as Uint8Array, table, shape) as tf.Tensor2D;
  const scaled = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += d) {
    for (let i = 0; i < d; i++) scaled[start + i] = (rows[start + i]! - shift[i]!) / scale[i]!;
  }
  return tf.tensor2d(scaled, shape);
}

/** What each byte becomes where all columns are scaled alike, as those of images are: to look it up is quicker than to divide. */
function scaledBytes(scaler: Scaler): Float32Array | null {
  let table = byteTables.get(scaler);
  if (table === undefined) {
    const [shift, scale] = [scaler.shift[0]!, scaler.scale[0]!];
    const isAlike = scaler.shift.every(value => value === shift) && scaler.scale.every(value => value === scale);
    table = isAlike ? Float32Array.from({ length: 256 }, (_, byte) => (byte - shift) / scale) : null;
    byteTables.set(scaler, table);
  }
  return table;
}
const byteTables = new WeakMap<Scaler, Float32Array | null>();

/**
 * Running moments over blocks of rows [n × size] without NaN, merged block by block (Chan, Golub & LeVeque 1979). Row i of
 * the block counts when `include[first + i]` is not 0.
 */
export function updateMoments(moments: ColumnMoments | undefined, rows: Float32Array | Uint8Array, size: number, include: Uint8Array, first: number): ColumnMoments {
  const state = moments ?? {
    count: 0,
    mean: new Float64Array(size),
    squares: new Float64Array(size),
    min: new Float32Array(size).fill(Infinity),
    max: new Float32Array(size).fill(-Infinity),
  };
  let count = 0;
  const mean = new Float64Array(size);
  for (let start = 0, row = first; start < rows.length; start += size, row++) {
    if (!include[row]) continue;
    count++;
    for (let i = 0; i < size; i++) {
      const value = rows[start + i]!;
      mean[i]! += value;
      if (value < state.min[i]!) state.min[i] = value;
      if (value > state.max[i]!) state.max[i] = value;
    }
  }
  if (count === 0) return state;
  const squares = new Float64Array(size);
  for (let i = 0; i < size; i++) mean[i]! /= count;
  for (let start = 0, row = first; start < rows.length; start += size, row++) {
    if (!include[row]) continue;
    for (let i = 0; i < size; i++) squares[i]! += (rows[start + i]! - mean[i]!) ** 2;
  }
  const total = state.count + count;
  for (let i = 0; i < size; i++) {
    const delta = mean[i]! - state.mean[i]!;
    state.mean[i]! += (delta * count) / total;
    state.squares[i]! += squares[i]! + (delta * delta * state.count * count) / total;
  }
  state.count = total;
  return state;
}

export function scalerTensors({ shift, scale }: Scaler): NamedTensors {
  return {
    "scaler.shift": { shape: [shift.length], data: shift },
    "scaler.scale": { shape: [scale.length], data: scale },
  };
}
