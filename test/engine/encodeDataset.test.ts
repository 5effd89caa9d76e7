import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/engine/models/model";
import { LatentError } from "../../src/protocol/errors";
import { windowsOf } from "../../src/engine/datasets/windows";
import { encodeDataset } from "../../src/engine/encodeDataset";
import { useBackend } from "../helpers/backends";
import { memoryDataset } from "../helpers/memoryDataset";

beforeAll(() => useBackend("cpu"));

/** z = the sum of a row; notes the sizes of its batches and has no room for more than `most` rows. */
function summing(most = Infinity): { model: Model; batches: number[] } {
  const batches: number[] = [];
  const model: Model = {
    latent: { dim: 1, blocks: [{ name: "z", kind: "continuous", start: 0, size: 1 }] },
    fit: () => Promise.reject(new Error("not fitted here")),
    weights: async () => ({}),
    dispose: () => undefined,
    encode: x => {
      if (x.shape[0] > most) throw new LatentError("out-of-memory", `no room for ${x.shape[0]} rows`);
      batches.push(x.shape[0]);
      return tf.sum(x, 1, true);
    },
  };
  return { model, batches };
}

const scaler = { shift: new Float32Array(2), scale: Float32Array.of(1, 1) };
const rows = Float32Array.from({ length: 2 * 10_000 }, (_, i) => i);
const sums = Float32Array.from({ length: 10_000 }, (_, i) => 4 * i + 1);
const dataset = memoryDataset(rows, { kind: "vector", shape: [2] });

describe("encoding all rows", () => {
  it("takes narrow rows in batches that a wide layer can hold, every row once and in order", async () => {
    const { model, batches } = summing();
    const { latents } = await encodeDataset({ schema: dataset.schema, scaler, model }, dataset);
    expect(Math.max(...batches)).toBeLessThanOrEqual(1024);
    expect(latents!.data).toEqual(sums);
  });

  it("halves the batches that exceed the backend's memory, and leaves nothing of them there", async () => {
    const { model, batches } = summing(300);
    const before = tf.memory().numTensors;
    const fractions: number[] = [];
    const { latents } = await encodeDataset({ schema: dataset.schema, scaler, model }, dataset, undefined, fraction => fractions.push(fraction));
    expect(Math.max(...batches)).toBe(256);
    expect(latents!.data).toEqual(sums);
    expect(tf.memory().numTensors).toBe(before);
    expect(fractions.at(-1)).toBe(1);
  });

  it("says so when one row is too much", async () => {
    const { model } = summing(0);
    await expect(encodeDataset({ schema: dataset.schema, scaler, model }, dataset)).rejects.toMatchObject({ code: "out-of-memory" });
  });

  it("reads the next window while it works on one, and no further", async () => {
    const wide = memoryDataset(new Float32Array(2 ** 20 * 4), { kind: "vector", shape: [2 ** 20] });
    const read: number[] = [];
    let done = -1;
    const watched = { ...wide, read: (start: number, count: number) => { read.push(start); expect(start).toBeLessThanOrEqual(done + 2); return wide.read(start, count); } };
    for await (const { start } of windowsOf(watched)) done = start;
    expect(read).toEqual([0, 1, 2, 3]);
  });
});
