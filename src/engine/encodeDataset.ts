import { rowSize } from "../protocol/data";
import { LatentError, throwIfCancelled } from "../protocol/errors";
import type { Dataset, Rows } from "./datasets/dataset";
import { windowsOf } from "./datasets/windows";
import { batchRows, encodeAndScore, type FittedModel } from "./modelSpace";
import type { NamedTensors } from "./safetensors";

/**
 * `latents` [count, dim] and, where the model gives them, `scores` [count] of all rows of a dataset. Rows come in windows and
 * go through the model in batches; a batch that exceeds the backend's memory is halved, and so are those after it. Throws
 * `unsupported` for a model without encoder, `out-of-memory` when even one row is too much.
 */
export async function encodeDataset(fitted: FittedModel, dataset: Dataset, signal?: AbortSignal, onProgress?: (fraction: number) => void): Promise<NamedTensors> {
  const { count } = dataset.schema;
  const dim = fitted.model.latent.dim;
  if (!fitted.model.encode) throw new LatentError("unsupported", fitted.model.map ? "the map was stopped before its first picture; resume it" : "this model has no encoder");
  const latents = new Float32Array(count * dim);
  let scores: Float32Array | null = null;
  const encode = batchEncoder(fitted, batchRows(dataset.schema));
  for await (const window of windowsOf(dataset, signal)) {
    // A window of narrow rows has very many of them, and each takes the width of the widest layer.
    for (let from = 0; from < window.count; ) {
      throwIfCancelled(signal);
      const part = await encode(window.rows, from);
      latents.set(part.z, (window.start + from) * dim);
      if (part.scores) (scores ??= new Float32Array(count)).set(part.scores, window.start + from);
      from += part.count;
      onProgress?.((window.start + from) / count);
      await new Promise(setImmediate);
    }
  }
  return { latents: { shape: [count, dim], data: latents }, ...(scores ? { scores: { shape: [count], data: scores } } : {}) };
}

/** Encodes the rows of a block from row `from` on, as many as one batch takes. */
function batchEncoder(fitted: FittedModel, largest: number) {
  const size = rowSize(fitted.schema);
  let perBatch = largest;
  return async (rows: Rows, from: number): Promise<{ z: Float32Array; scores: Float32Array | null; count: number }> => {
    for (;;) {
      const batch = rows.subarray(from * size, (from + perBatch) * size);
      const count = batch.length / size;
      try {
        return { ...(await encodeAndScore(fitted, batch)), count };
      } catch (error) {
        if (!(error instanceof LatentError && error.code === "out-of-memory") || count === 1) throw error;
        perBatch = Math.ceil(count / 2);
      }
    }
  };
}
