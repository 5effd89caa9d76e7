import * as tf from "@tensorflow/tfjs-core";
import { rowSize } from "../../../protocol/data";
import { throwIfCancelled } from "../../../protocol/errors";
import { spreadRows } from "../../spreadRows";
import { windowRows } from "../../rowWindows";
import type { TrainingData } from "../../trainingData";

/**
 * The rows of a dataset about a point near their mean, in windows. Products of f32 would lose what is small beside a far
 * mean; the mean itself is known only after a pass over all rows, which may be long. So a mean of rows spread over the
 * dataset is subtracted, and `offset`, how far the true mean lies from it, corrects the sums afterwards:
 * Σ (x − m)(x − m)ᵀ = Σ y yᵀ − n δ δᵀ with y = x − s, δ = m − s.
 */
export interface ShiftedRows {
  readonly n: number;
  readonly d: number;
  /** First row and number of rows of each window, first to last. */
  readonly windows: readonly { start: number; count: number }[];
  /** Calls `visit` with a window's rows [count, d], which live as long as its promise. */
  use<T>(window: number, visit: (y: tf.Tensor2D) => Promise<T>): Promise<T>;
  /** Visits all windows, first to last; checks for cancel and serves the event loop between. The first such pass finds `offset`. */
  each(visit: (y: tf.Tensor2D, window: number) => Promise<void>, onWindow?: (fraction: number) => void): Promise<void>;
  /** δ [d]; all 0 before the first pass. */
  readonly offset: Float64Array;
  /** The rows' mean [d], in model space. */
  mean(): Float64Array;
  dispose(): void;
}

export interface ShiftedRowsOptions {
  signal?: AbortSignal | undefined;
  /** The rows will be visited several times: they stay on the backend where `keptBytes` hold them all. */
  repeated: boolean;
  keptBytes?: number;
}

/** What may stay on the backend between passes; more is read anew. */
const usualKeptBytes = 2 ** 28;

/** Opens the rows; the caller disposes. */
export async function shiftedRows(data: TrainingData, { signal, repeated, keptBytes = usualKeptBytes }: ShiftedRowsOptions): Promise<ShiftedRows> {
  const n = data.schema.count;
  const d = rowSize(data.schema);
  const perWindow = windowRows(d);
  const windows = Array.from({ length: Math.ceil(n / perWindow) }, (_, i) => ({ start: i * perWindow, count: Math.min(perWindow, n - i * perWindow) }));
  const shift = await meanOfSome(data, spreadRows(n, perWindow));
  const shiftValues = Float64Array.from(await shift.data());
  const offset = new Float64Array(d);
  const keeps = repeated && n * d * 4 <= keptBytes;
  const kept: tf.Tensor2D[] = [];
  let isOffsetKnown = false;

  const open = async (window: number) => {
    const x = await data.window(windows[window]!);
    return tf.tidy(() => {
      const y = tf.sub(x, shift) as tf.Tensor2D;
      x.dispose();
      return y;
    });
  };
  const use = async <T>(window: number, visit: (y: tf.Tensor2D) => Promise<T>) => {
    const y = kept[window] ?? (await open(window));
    if (keeps) kept[window] = y;
    try {
      return await visit(y);
    } finally {
      if (!keeps) y.dispose();
    }
  };
  return {
    n, d, windows, use, offset,
    each: async (visit, onWindow) => {
      const sums = new Float64Array(d);
      for (const window of windows.keys()) {
        throwIfCancelled(signal);
        await use(window, async y => {
          if (!isOffsetKnown) await addValues(sums, tf.sum(y, 0));
          await visit(y, window);
        });
        onWindow?.((window + 1) / windows.length);
        await new Promise(setImmediate);
      }
      if (!isOffsetKnown) sums.forEach((sum, i) => { offset[i] = sum / n; });
      isOffsetKnown = true;
    },
    mean: () => offset.map((value, i) => value + shiftValues[i]!),
    dispose: () => tf.dispose([shift, ...kept]),
  };
}

async function meanOfSome(data: TrainingData, rows: Int32Array): Promise<tf.Tensor1D> {
  const x = await data.batch(rows);
  const mean = tf.mean(x, 0) as tf.Tensor1D;
  x.dispose();
  return mean;
}

/** Adds a tensor's values to `sum` in f64 and disposes it. */
export async function addValues(sum: Float64Array, tensor: tf.Tensor): Promise<void> {
  const values = await tensor.data();
  tensor.dispose();
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}

/** values · factor in f32. A loop: `from` with a function takes a hundred times as long. */
export function scaledToF32(values: Float64Array, factor: number): Float32Array {
  const scaled = new Float32Array(values.length);
  for (let i = 0; i < scaled.length; i++) scaled[i] = values[i]! * factor;
  return scaled;
}
