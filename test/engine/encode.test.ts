import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/engine/models/model";
import { encodeDataset } from "../../src/engine/openCheckpoints";
import { useBackend } from "../helpers/backends";
import { memoryDataset } from "../helpers/memoryDataset";

beforeAll(() => useBackend("cpu"));

describe("encoding all rows", () => {
  it("takes narrow rows in batches that a wide layer can hold, every row once and in order", async () => {
    const rows = Float32Array.from({ length: 2 * 10_000 }, (_, i) => i);
    const batches: number[] = [];
    const model: Model = {
      latent: { dim: 1, blocks: [{ name: "z", kind: "continuous", start: 0, size: 1 }] },
      fit: () => Promise.reject(new Error("not fitted here")),
      weights: async () => ({}),
      dispose: () => undefined,
      encode: x => {
        batches.push(x.shape[0]);
        return tf.sum(x, 1, true);
      },
    };
    const dataset = memoryDataset(rows, { kind: "vector", shape: [2] });
    const scaler = { shift: new Float32Array(2), scale: Float32Array.of(1, 1) };
    const { latents } = await encodeDataset({ schema: dataset.schema, scaler, model }, dataset);
    expect(Math.max(...batches)).toBeLessThanOrEqual(1024);
    expect(latents!.data).toEqual(Float32Array.from({ length: 10_000 }, (_, i) => 4 * i + 1));
  });
});
