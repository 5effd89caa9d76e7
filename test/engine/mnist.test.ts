import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/engine/checkpoint";
import { createEngine } from "../../src/engine/engine";
import type { HyperparameterValues } from "../../src/protocol/data";
import { backendOptions } from "../helpers/backends";
import { mnistPath } from "../helpers/memoryDataset";

// Quality on all of MNIST, through the engine as the extension calls it. The reference is numpy's covariance and eigh in
// f64 on the same files, pixels / 255.

const folder = mkdtempSync(join(tmpdir(), "latent-mnist-"));
let engine: ReturnType<typeof createEngine>;

beforeAll(async () => {
  engine = createEngine({ ...(await backendOptions()), backend: "wasm" }, { didProgress: () => undefined, didOpenBackend: () => undefined, didLog: () => undefined });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

async function fit(model: string, hyperparameters: HyperparameterValues): Promise<string> {
  const checkpointPath = join(folder, `${model}.latent.safetensors`);
  const source = { path: mnistPath("train-images-idx3"), choices: {} };
  await engine.fit({ runId: model, source, model, hyperparameters, seed: 1, checkpointPath }, new AbortController().signal);
  return checkpointPath;
}

/** [k, explained variance up to k, mean squared error per pixel of the 10,000 test images] */
const reference = [
  [2, 0.168, 0.055669], [3, 0.2297, 0.051609], [10, 0.4881, 0.034074], [20, 0.6436, 0.023538], [32, 0.7436, 0.016828], [50, 0.8246, 0.011485], [64, 0.862, 0.009047],
] as const;

describe("MNIST, 60,000 digits", () => {
  it("PCA explains and rebuilds as numpy does", async () => {
    const file = await openCheckpoint(await fit("pca", { latentDim: 64 }));
    const [variances, total, mean, components] = await Promise.all(["explained_variance", "total_variance", "model.mean", "model.components"].map(name => file.read(name)));
    await file.close();
    const errors = testErrors(mean!.data, components!.data, 64);
    let explained = 0;
    const found = new Map(Array.from({ length: 64 }, (_, k) => [k + 1, (explained += Number(variances!.data[k]) / Number(total!.data[0]))]));
    for (const [k, share, error] of reference) {
      expect(Math.abs(found.get(k)! - share), `explained variance, k = ${k}`).toBeLessThan(1e-4);
      expect(Math.abs(errors[k]! - error), `test error, k = ${k}`).toBeLessThan(1e-5);
    }
  }, 120_000);

  it("a linear autoencoder finds PCA's subspace and error", async () => {
    const file = await openCheckpoint(await fit("linearAutoencoder", { latentDim: 32, epochs: 14 }));
    await file.close();
    const { metrics } = file.header;
    expect(metrics["error relative to PCA"]).toBeGreaterThanOrEqual(0.9999);
    expect(metrics["error relative to PCA"]).toBeLessThanOrEqual(1.01);
    expect(metrics["largest angle to PCA (°)"]).toBeLessThanOrEqual(3);
  }, 240_000);
});

/** Mean squared error per pixel of MNIST's test images when rebuilt from the first k components, for k = 0 … count. */
function testErrors(mean: ArrayLike<number | bigint>, components: ArrayLike<number | bigint>, count: number): Float64Array {
  const pixels = readFileSync(mnistPath("t10k-images-idx3")).subarray(16);
  const rows = pixels.length / 784;
  const [middle, directions] = [Float64Array.from(mean, Number), Float64Array.from(components, Number)];
  const errors = new Float64Array(count + 1);
  const centred = new Float64Array(784);
  for (let row = 0; row < rows; row++) {
    let left = 0;
    for (let i = 0; i < 784; i++) {
      centred[i] = pixels[row * 784 + i]! / 255 - middle[i]!;
      left += centred[i]! ** 2;
    }
    errors[0]! += left;
    for (let k = 0; k < count; k++) {
      let along = 0;
      for (let i = 0; i < 784; i++) along += centred[i]! * directions[k * 784 + i]!;
      errors[k + 1]! += left -= along ** 2;
    }
  }
  return errors.map(error => error / rows / 784);
}
