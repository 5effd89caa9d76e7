import type * as tf from "@tensorflow/tfjs-core";
import { rowSize } from "../protocol/data";
import { throwIfCancelled } from "../protocol/errors";
import type { TrainingData } from "./trainingData";

/** Rows of `size` values that are looked at together: at most 16 MB of them, and no more than a product of some ten milliseconds takes. */
export function windowRows(size: number): number {
  return Math.max(1, Math.min(1024, Math.floor(2 ** 22 / size)));
}

/** Visits the rows in model space window by window, first to last; checks for cancel and serves the event loop between. */
export async function eachWindow(data: TrainingData, signal: AbortSignal | undefined, visit: (x: tf.Tensor2D, start: number) => Promise<void>, onWindow?: (fraction: number) => void): Promise<void> {
  const { count } = data.schema;
  const perWindow = windowRows(rowSize(data.schema));
  for (let start = 0; start < count; start += perWindow) {
    throwIfCancelled(signal);
    const x = await data.window({ start, count: Math.min(perWindow, count - start) });
    try {
      await visit(x, start);
    } finally {
      x.dispose();
    }
    onWindow?.(Math.min(1, (start + perWindow) / count));
    await new Promise(setImmediate);
  }
}
