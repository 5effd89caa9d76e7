import * as tf from "@tensorflow/tfjs-core";
import { throwIfCancelled } from "../protocol/errors";
import { rowSize, type NumericArray, type Schema } from "../protocol/data";
import type { Rows } from "./datasets/dataset";
import type { Model } from "./models/model";
import { squaredErrorPerRow } from "./models/losses";
import { scaledTensor, toDataSpace, type Scaler } from "./scaler";

// A model together with its scaler: data space in, data space out, in batches that keep the event loop served.

export interface FittedModel {
  schema: Schema;
  scaler: Scaler;
  model: Model;
}

/** Rows per batch: enough to fill a backend, few enough to answer within some ten milliseconds. */
export function batchRows(schema: Schema): number {
  return Math.max(16, Math.min(1024, Math.floor(2 ** 18 / rowSize(schema))));
}

/** Row-major rows in data space → latents [n × dim]. The model must have `encode`. */
export async function encodeRows({ scaler, model }: FittedModel, rows: Rows): Promise<Float32Array> {
  const z = tf.tidy(() => model.encode!(scaledTensor(rows, scaler)));
  return take(z);
}

/** Latents and the squared error per value (model space) of rows, through `encode` and, where it exists, `decode`. */
export async function encodeAndScore({ scaler, model }: FittedModel, rows: Rows): Promise<{ z: Float32Array; scores: Float32Array | null }> {
  const [z, scores] = tf.tidy(() => {
    const x = scaledTensor(rows, scaler);
    const latents = model.encode!(x);
    const score = model.score ? model.score(x) : model.decode ? squaredErrorPerRow(x, model.decode(latents)) : null;
    return score ? [latents, score] : [latents];
  }) as [tf.Tensor2D, tf.Tensor1D?];
  // Both readbacks are asked for at once: on a GPU each waits for its own round trip.
  const [latents, values] = await Promise.all([take(z), scores ? take(scores) : null]);
  return { z: latents, scores: values };
}

/** Latents [n × dim] → rows [n × d] in data space, batch by batch. The model must have `decode`. */
export async function decodeLatents({ schema, scaler, model }: FittedModel, z: Float32Array, signal?: AbortSignal): Promise<Float32Array> {
  const dim = model.latent.dim;
  const d = rowSize(schema);
  const n = z.length / dim;
  const rows = new Float32Array(n * d);
  const perBatch = batchRows(schema);
  for (let start = 0; start < n; start += perBatch) {
    throwIfCancelled(signal);
    const count = Math.min(perBatch, n - start);
    const decoded = tf.tidy(() => toDataSpace(model.decode!(tf.tensor2d(z.subarray(start * dim, (start + count) * dim), [count, dim])), scaler));
    rows.set(await take(decoded), start * d);
    if (start + count < n) await new Promise(setImmediate);
  }
  return rows;
}

/** Data space → data space through the bottleneck, with the squared error per value of each row in model space. */
export async function reconstructRows(fitted: FittedModel, rows: Float32Array, maskLatents?: (z: tf.Tensor2D) => tf.Tensor2D): Promise<{ reconstruction: Float32Array; errors: Float32Array }> {
  const { scaler, model } = fitted;
  const [reconstruction, errors] = tf.tidy(() => {
    const x = scaledTensor(rows, scaler);
    const z = model.encode!(x);
    const decoded = model.decode!(maskLatents ? maskLatents(z) : z);
    return [toDataSpace(decoded, scaler), squaredErrorPerRow(x, decoded)];
  }) as [tf.Tensor2D, tf.Tensor1D];
  const [reconstructionValues, errorValues] = await Promise.all([take(reconstruction), take(errors)]);
  return { reconstruction: reconstructionValues, errors: errorValues };
}

/** A block of rows with the shape it has in data space: [n, ...schema.shape]. */
export function shaped(data: Float32Array, schema: Schema): NumericArray {
  return { data, shape: [data.length / rowSize(schema), ...schema.shape] };
}

/** The tensor's values, in memory of their own; the tensor is disposed. */
async function take(tensor: tf.Tensor): Promise<Float32Array> {
  const values = Float32Array.from((await tensor.data()) as Float32Array);
  tensor.dispose();
  return values;
}
