import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { openCheckpoint } from "../../src/engine/checkpoint";
import { createEngine } from "../../src/engine/engine";
import { models, type ModelId } from "../../src/engine/models";
import { resolveHyperparameters } from "../../src/engine/models/hyperparameters";
import { reconstructRows } from "../../src/engine/modelSpace";
import { modelSchema } from "../../src/engine/scaler";
import type { HyperparameterValues } from "../../src/protocol/data";

// Ours of bench/quality.mjs: fits through the engine, judges on MNIST's test images, prints a JSON line for each fit.

const [mnistFolder, wasmFolder, kernelsFolder, ...wanted] = process.argv.slice(2) as [string, string, string, ...string[]];
const folder = mkdtempSync(join(tmpdir(), "latent-quality-"));
const engine = createEngine({ backend: "wasm", wasmFolder, kernelsFolder }, { didProgress: () => undefined, didOpenBackend: () => undefined, didLog: () => undefined });
const test = Float32Array.from(readFileSync(join(mnistFolder, "t10k-images-idx3-ubyte")).subarray(16));

/** What is fitted: the model, its settings, and the bottlenecks whose error is asked for. */
const fits: Record<string, [ModelId, HyperparameterValues, number[]]> = {
  pca: ["pca", { latentDim: 64 }, [2, 3, 10, 20, 32, 50, 64]],
  linear: ["linearAutoencoder", { latentDim: 32 }, [32]],
  "dense-32": ["autoencoder", { latentDim: 32 }, [32]],
  "dense-2": ["autoencoder", { latentDim: 2 }, [2]],
  "conv-32": ["convAutoencoder", { latentDim: 32 }, [32]],
};

async function main(): Promise<void> {
  for (const name of wanted) {
    const [model, hyperparameters, sizes] = fits[name]!;
    const checkpointPath = join(folder, `${name}.latent.safetensors`);
    const source = { path: join(mnistFolder, "train-images-idx3-ubyte"), choices: {} };
    const began = performance.now();
    await engine.fit({ runId: name, source, model, hyperparameters, seed: 1, checkpointPath }, new AbortController().signal);
    const seconds = (performance.now() - began) / 1000;
    const { metrics, losses, explained, errors } = await judged(checkpointPath, model, sizes);
    console.log(JSON.stringify({ name, seconds, epochs: losses.length, metrics, explained, errors }));
  }
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Test errors per pixel (pixels in [0, 1]) and, for PCA, explained variance, for each of `sizes`. */
async function judged(path: string, id: ModelId, sizes: number[]) {
  const file = await openCheckpoint(path);
  const { header } = file;
  const spec = models[id];
  const { scaling, values } = resolveHyperparameters(spec, header.hyperparameters, header.schema);
  const model = spec.create(modelSchema(header.schema, scaling), values, { weights: await file.readAll("model.") });
  const scaler = { shift: (await file.read("scaler.shift")).data as Float32Array, scale: (await file.read("scaler.scale")).data as Float32Array };
  const explained: Record<number, number> = {};
  if (file.has("explained_variance")) {
    const [variances, total] = [await file.read("explained_variance"), await file.read("total_variance")];
    for (const k of sizes) explained[k] = Array.from(variances.data.subarray(0, k) as Float64Array).reduce((sum, value) => sum + value, 0) / Number(total.data[0]);
  }
  await file.close();
  const errors: Record<number, number> = {};
  for (const k of sizes) {
    const keep = (z: tf.Tensor2D) => tf.mul(z, tf.tensor1d(Float32Array.from({ length: model.latent.dim }, (_, j) => Number(j < k)))) as tf.Tensor2D;
    let sum = 0;
    for (let start = 0; start < test.length; start += 784_000) {
      const { errors: part } = await reconstructRows({ schema: header.schema, scaler, model }, test.subarray(start, start + 784_000), keep);
      sum += part.reduce((total, error) => total + error, 0);
    }
    errors[k] = sum / (test.length / 784);
  }
  model.dispose();
  return { metrics: header.metrics, losses: header.losses, explained, errors };
}

void main();
