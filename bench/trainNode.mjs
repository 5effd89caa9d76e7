// The Node contestant of train.mjs: `node trainNode.cjs <folder of our kernels> <threads> <digits> <pictures>`; 0 threads for TF.js as shipped.
// Reads lines "<task> <steps>" and answers each with the milliseconds of every step, as JSON. Tasks go through the engine's
// own training loop, on MNIST digits as they come from its reader.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import { createInterface } from "node:readline";
import { openDataset } from "../src/engine/datasets/index.ts";
import { installKernels } from "../src/engine/kernels/index.ts";
import { openWasmBackend } from "../src/engine/kernels/sharedHeap.ts";
import { batchRows, decodeLatents, encodeRows } from "../src/engine/modelSpace.ts";
import { principalDirections } from "../src/engine/models/principal/principalDirections.ts";
import { gradientFit } from "../src/engine/models/gradientFit.ts";
import { models } from "../src/engine/models/index.ts";
import { conv2d, conv2dTranspose, network } from "../src/engine/models/layers.ts";
import { loadTrainingData } from "../src/engine/trainingData.ts";

const [, , folder, threads, digits, pictures] = process.argv;

/** A strided convolutional autoencoder without a bottleneck: 1 → filters → … → 1 channels. */
function convolutional(size, [first, second]) {
  const start = { seed: 1 };
  const encoder = network("encoder", [conv2d([28, 28, 1], first, size, 2, "relu"), conv2d([14, 14, first], second, size, 2, "relu")], start);
  const decoder = network("decoder", [
    conv2dTranspose([7, 7, second], [14, 14, first], size, 2, "relu"), conv2dTranspose([14, 14, first], [28, 28, 1], size, 2, "sigmoid"),
  ], start);
  const loss = rows => {
    const x = tf.reshape(rows, [-1, 28, 28, 1]);
    return { total: tf.mean(tf.squaredDifference(decoder.apply(encoder.apply(x)), x)) };
  };
  return { batchSize: 64, fit: (data, context, options) => gradientFit({ variables: { ...encoder.variables, ...decoder.variables }, loss }, data, context, options) };
}

function ofRegistry(id, schema, values) {
  const { batchSize } = values;
  const all = { schedule: "constant", epochs: 1, learningRate: 0.001, validation: 0, patience: 0, ...values };
  return { batchSize, fit: (data, context) => models[id].create(schema, all, { seed: 1 }).fit(data, context) };
}

/** Work that is no training: each gives the milliseconds of every repetition. */
const others = {
  /** All the principal components of the digits, from rows in memory to directions. */
  pca: (data, times) => principal(data, "exact", times),
  /** 50 of them by the randomized solver. */
  pcaRandomized: (data, times) => principal(data, "randomized", times),
  /** 50 principal components of the pictures, by the solver that the engine chooses. */
  pcaWide: async (_, times) => principal(await openPictures(), "auto", times),
  pcaWideExact: async (_, times) => principal(await openPictures(), "exact", times),
  /** All digits through a convolutional encoder, in the batches in which the engine does it. */
  async encode(data, times, dataset) {
    const fitted = fittedModel("convAutoencoder", data, { latentDim: 16, filters: [16, 32], batchSize: 64 });
    const taken = [];
    for (let i = 0; i < times; i++) {
      const before = performance.now();
      const perBatch = batchRows(data.schema);
      for (let start = 0; start < data.schema.count; start += perBatch) await encodeRows(fitted, await dataset.read(start, Math.min(perBatch, data.schema.count - start)));
      taken.push(performance.now() - before);
    }
    return taken;
  },
  /** One row decoded by a dense decoder, as for a slider. */
  async decode(data, times) {
    const fitted = fittedModel("vae", data, { latentDim: 32, beta: 1, hidden: [512, 256], batchSize: 128 });
    const taken = [];
    for (let i = 0; i < times; i++) {
      const z = Float32Array.from({ length: 32 }, (_, j) => Math.sin(i + j));
      const before = performance.now();
      await decodeLatents(fitted, z);
      taken.push(performance.now() - before);
      await new Promise(resolve => setTimeout(resolve, 5)); // a hand is not faster
    }
    return taken;
  },
};

async function principal(data, solver, times) {
  const taken = [];
  for (let i = 0; i < times; i++) {
    const before = performance.now();
    await principalDirections(data, 50, { solver, seed: 1, onProgress: () => undefined });
    taken.push(performance.now() - before);
  }
  return taken;
}

let openedPictures;
async function openPictures() {
  return openedPictures ??= loadTrainingData(await openDataset({ path: pictures, reader: "npy", choices: {} }), loading);
}
const loading = { scaling: "auto", validationShare: 0, seed: 1, scaler: null };

function fittedModel(id, data, values) {
  const all = { schedule: "constant", epochs: 1, learningRate: 0.001, validation: 0, patience: 0, ...values };
  return { schema: data.schema, scaler: data.scaler, model: models[id].create(data.schema, all, { seed: 1 }) };
}

const tasks = {
  dense: schema => ofRegistry("autoencoder", schema, { latentDim: 32, hidden: [128], batchSize: 128 }),
  vae: schema => ofRegistry("vae", schema, { latentDim: 32, beta: 1, hidden: [512], batchSize: 128 }),
  conv: () => convolutional(3, [16, 32]),
  big: () => convolutional(4, [64, 128]),
};

async function main() {
  wasm.setWasmPaths(`${__dirname}/`);
  await openWasmBackend(tf, wasm, Number(threads) > 1);
  const info = threads === "0" ? undefined : await installKernels(tf, { folder, threads: Number(threads), wide: true });
  const description = info ? `${info.variant}${info.wide ? ", 256 bits" : ""}, ×${info.threads}, ${info.measureGflops().toFixed(0)} GFLOP/s` : "tf.train.adam";
  const dataset = await openDataset({ path: digits, reader: "idx", choices: {} });
  const data = await loadTrainingData(dataset, loading);
  const prepared = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, steps] = line.split(" ");
    try {
      if (others[name]) {
        console.log(JSON.stringify({ description, milliseconds: await others[name](data, Number(steps), dataset) }));
        continue;
      }
      const task = (prepared[name] ??= tasks[name](data.schema));
      const stamps = [];
      const batch = rows => {
        stamps.push(performance.now());
        return data.batch(rows);
      };
      const train = data.train.subarray(0, Number(steps) * task.batchSize);
      const context = { seed: 1, resume: null, onProgress: () => undefined, onEpoch: async () => undefined };
      await task.fit({ ...data, batch, train, validation: new Int32Array(0) }, context, { epochs: 1, batchSize: task.batchSize, learningRate: 0.001, schedule: "constant", patience: 0 });
      console.log(JSON.stringify({ description, milliseconds: stamps.slice(1).map((stamp, i) => stamp - stamps[i]) }));
    } catch (error) {
      console.log(JSON.stringify({ description, error: error.message }));
    }
  }
}

main();
