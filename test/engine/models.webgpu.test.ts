import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { HyperparameterValues } from "../../src/protocol/data";
import { models } from "../../src/engine/models";
import { resolveHyperparameters } from "../../src/engine/models/hyperparameters";
import type { ModelSpec } from "../../src/engine/models/model";
import { modelSchema } from "../../src/engine/scaler";
import { loadTrainingData } from "../../src/engine/trainingData";
import { gpuTimeout, testedBackends, useBackend } from "../helpers/backends";
import { mnistDigits } from "../helpers/memoryDataset";
import { conformance } from "../helpers/modelConformance";

// Models on the GPU, all in one process and of the sizes of the conformance suite: a software one takes longer to compile its
// shaders than to run them, up to a second for each.
const hasGpu = testedBackends.includes("webgpu");

/** What Dawn itself is given to compile from now on, by any device; called before the first one is made. */
async function watchCompiler(): Promise<{ sources: string[]; pipelines: number }> {
  const { globals } = (await import("webgpu")) as unknown as { globals: { GPUDevice: { prototype: Record<string, (descriptor: never) => object> } } };
  const { prototype } = globals.GPUDevice;
  const compiled = { sources: [] as string[], pipelines: 0 };
  for (const [method, note] of [["createShaderModule", (made: { code: string }) => compiled.sources.push(made.code)], ["createComputePipeline", () => compiled.pipelines++]] as const) {
    const call = prototype[method]!;
    prototype[method] = function (descriptor) {
      note(descriptor);
      return call.call(this, descriptor);
    };
  }
  return compiled;
}

/** Fits the model for three epochs of two steps, the last of each with fewer rows. */
async function fit(spec: ModelSpec, values: HyperparameterValues, sources: string[]): Promise<{ afterEachEpoch: number[]; readsAnEpoch: number }> {
  const digits = mnistDigits(64, 2);
  const resolved = resolveHyperparameters(spec, { latentDim: 3, epochs: 3, batchSize: 32, learningRate: 0.01, validation: 0.2, ...values }, digits.schema);
  const data = await loadTrainingData(digits, { scaling: resolved.scaling, validationShare: 0.2, seed: 1, scaler: null });
  const model = spec.create(modelSchema(data.schema, resolved.scaling), resolved.values, { seed: 1 });
  const afterEachEpoch: number[] = [];
  const backend = tf.backend();
  const read = backend.read.bind(backend);
  let reads = 0;
  backend.read = dataId => {
    reads++;
    return read(dataId);
  };
  try {
    await model.fit(data, { seed: 1, resume: null, onProgress: () => undefined, onEpoch: async () => void afterEachEpoch.push(sources.length) });
  } finally {
    backend.read = read;
  }
  const variables = Object.keys(await model.weights()).length;
  model.dispose();
  // The best epoch's weights are read once an epoch; all else are losses.
  return { afterEachEpoch, readsAnEpoch: reads / 3 - variables };
}

// First, while nothing is compiled yet.
describe.skipIf(!hasGpu)("training on the GPU", () => {
  let compiled: Awaited<ReturnType<typeof watchCompiler>>;
  beforeAll(async () => {
    compiled = await watchCompiler();
    await useBackend("webgpu");
  });

  it.each([
    ["vae", { hidden: [24] }],
    ["convAutoencoder", { filters: [4, 8] }],
  ] as const)("compiles no shader of a %s twice, and reads back only losses", async (id, values) => {
    const { afterEachEpoch, readsAnEpoch } = await fit(models[id], values as unknown as HyperparameterValues, compiled.sources);
    expect(compiled.sources.length).toBeGreaterThan(10);
    expect(new Set(compiled.sources).size).toBe(compiled.sources.length);
    expect(compiled.pipelines).toBe(compiled.sources.length);
    // How many losses are read together depends on the clock, and so does the shader that joins them; all else is there after an epoch.
    const later = compiled.sources.slice(afterEachEpoch[1]).filter(code => !code.includes("T1"));
    expect(later).toEqual([]);
    // At most one read for each of the steps and validation batches.
    expect(readsAnEpoch).toBeLessThanOrEqual(3);
  }, gpuTimeout);
});

if (hasGpu) conformance(["webgpu"]);
