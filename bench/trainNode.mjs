// The contestant of train.mjs and of the GPU bench that is ours; bundled by bundleTrainNode.mjs.
//
//   node trainNode.cjs --backend wasm|webgpu|shipped --digits FILE --wasm FOLDER --kernels FOLDER [--threads 2] [--adapter NAME] [--rows N]
//
// `shipped` is TF.js's wasm backend without our kernels. Reads lines "<task> <steps>" and answers each with the milliseconds of
// every step, as JSON. Tasks go through the engine's own training loop, on MNIST digits as they come from its reader.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { rowSize } from "../src/protocol/data.ts";
import { openBackend } from "../src/engine/backend.ts";
import { idx } from "../src/engine/datasets/idx.ts";
import { npy } from "../src/engine/datasets/npy.ts";
import { windowsOf } from "../src/engine/datasets/windows.ts";
import { openWasmBackend } from "../src/engine/kernels/sharedHeap.ts";
import { batchRows, decodeLatents, encodeRows } from "../src/engine/modelSpace.ts";
import { principalDirections } from "../src/engine/models/principal/principalDirections.ts";
import { gradientFit } from "../src/engine/models/gradientFit.ts";
import { models } from "../src/engine/models/index.ts";
import { batchNormalization, conv2d, conv2dTranspose, dense, network, reshape } from "../src/engine/models/layers.ts";
import { createOptimizer } from "../src/engine/models/optimizers.ts";
import { normals, random } from "../src/engine/random.ts";
import { loadTrainingData } from "../src/engine/trainingData.ts";

const { values: options } = parseArgs({
  options: {
    backend: { type: "string" }, digits: { type: "string" }, wasm: { type: "string" }, kernels: { type: "string" },
    threads: { type: "string", default: "1" }, adapter: { type: "string", default: "" }, rows: { type: "string" }, pictures: { type: "string" },
  },
});

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

/** A step of DCGAN (Radford et al. 2016) at the size of digits: the discriminator on real and made rows, then the generator. */
function dcgan() {
  const start = { seed: 1 };
  const generator = network("generator", [
    dense(100, 49 * 128, "linear"), reshape([7, 7, 128]), batchNormalization([7, 7, 128], "relu"),
    conv2dTranspose([7, 7, 128], [14, 14, 64], 4, 2, "linear"), batchNormalization([14, 14, 64], "relu"), conv2dTranspose([14, 14, 64], [28, 28, 1], 4, 2, "sigmoid"),
  ], start);
  const discriminator = network("discriminator", [
    conv2d([28, 28, 1], 64, 4, 2, "leakyRelu"), conv2d([14, 14, 64], 128, 4, 2, "linear"), batchNormalization([7, 7, 128], "leakyRelu"), reshape([49 * 128]), dense(49 * 128, 1, "linear"),
  ], start);
  const [ofGenerator, ofDiscriminator] = [generator, discriminator].map(({ variables }) => createOptimizer("adam", variables));
  const variablesOf = ({ variables }) => Object.values(variables).filter(({ trainable }) => trainable);
  // −log σ(logit) for what is to be taken as real, −log(1 − σ(logit)) for the rest.
  const loss = (rows, sign) => tf.mean(tf.softplus(tf.mul(discriminator.apply(rows, true), -sign)));
  let step = 0;
  return {
    batchSize: 64,
    async fit(data, context) {
      const noise = random(context.seed, "noise", step);
      for (let from = 0; from + 64 <= data.train.length; from += 64) {
        step++;
        const x = await data.batch(data.train.subarray(from, from + 64));
        const z = tf.tensor2d(normals(64 * 100, noise), [64, 100]);
        const made = generator.apply(z, true);
        const update = (optimizer, of, variables) => {
          const { value, grads } = tf.variableGrads(of, variables);
          optimizer.apply(grads, 0.0002, step);
          tf.dispose([value, grads]);
        };
        update(ofDiscriminator, () => tf.add(loss(tf.reshape(x, [64, 28, 28, 1]), 1), loss(made, -1)), variablesOf(discriminator));
        update(ofGenerator, () => loss(generator.apply(z, true), 1), variablesOf(generator));
        tf.dispose([x, z, made]);
        await new Promise(setImmediate);
      }
    },
  };
}

function ofRegistry(id, schema, values) {
  const { batchSize } = values;
  const all = { schedule: "constant", optimizer: "adam", epochs: 1, learningRate: 0.001, validation: 0, patience: 0, ...values };
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
  /** All digits through a convolutional encoder, in the windows and batches in which the engine does it. */
  async encode(data, times, dataset) {
    const fitted = fittedModel("convAutoencoder", data, { latentDim: 16, filters: [16, 32], batchSize: 64 });
    const taken = [];
    for (let i = 0; i < times; i++) {
      const before = performance.now();
      const perBatch = batchRows(data.schema) * rowSize(data.schema);
      for await (const { rows } of windowsOf(dataset)) {
        for (let from = 0; from < rows.length; from += perBatch) await encodeRows(fitted, rows.subarray(from, from + perBatch));
      }
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
  return openedPictures ??= loadTrainingData(await npy.open(options.pictures, {}), loading);
}
const loading = { scaling: "auto", validationShare: 0, seed: 1, scaler: null };

function fittedModel(id, data, values) {
  const all = { schedule: "constant", optimizer: "adam", epochs: 1, learningRate: 0.001, validation: 0, patience: 0, ...values };
  return { schema: data.schema, scaler: data.scaler, model: models[id].create(data.schema, all, { seed: 1 }) };
}

const tasks = {
  dense: schema => ofRegistry("autoencoder", schema, { latentDim: 32, hidden: [128], batchSize: 128 }),
  vae: schema => ofRegistry("vae", schema, { latentDim: 32, beta: 1, hidden: [512], batchSize: 128 }),
  conv: () => convolutional(3, [16, 32]),
  big: () => convolutional(4, [64, 128]),
  dcgan,
};

/** The digits, or the first of them. */
async function openDigits() {
  const digits = await idx.open(options.digits, {});
  return { ...digits, schema: { ...digits.schema, count: Math.min(digits.schema.count, Number(options.rows ?? Infinity)) } };
}

/** Opens the backend; gives what says what it is, and how fast it is once its threads run. */
async function open() {
  if (options.backend === "shipped") {
    wasm.setWasmPaths(join(options.wasm, "/"));
    await openWasmBackend(tf, wasm, false);
    return () => "tf.train.adam";
  }
  const { device, details, gflops } = await openBackend({
    choice: options.backend, wasmFolder: options.wasm, kernelsFolder: options.kernels, threads: Number(options.threads), adapter: options.adapter,
  });
  return async () => [device, details().kernels, gflops && `${(await gflops()).toFixed(0)} GFLOP/s`].filter(Boolean).join(", ");
}

/** Milliseconds of each step; on a GPU, where steps are queued, of one step on average. */
async function timeSteps(task, data, steps) {
  const stamps = [];
  const batch = rows => {
    stamps.push(performance.now());
    return data.batch(rows);
  };
  if (steps * task.batchSize > data.schema.count) throw new Error(`${steps} steps of ${task.batchSize} rows are more than the ${data.schema.count} rows there are`);
  const train = data.train.subarray(0, steps * task.batchSize);
  const context = { seed: 1, resume: null, onProgress: () => undefined, onEpoch: async () => undefined };
  await task.fit({ ...data, batch, train, validation: new Int32Array(0) }, context, { epochs: 1, batchSize: task.batchSize, learningRate: 0.001, optimizer: "adam", schedule: "constant", patience: 0 });
  if (options.backend !== "webgpu") return stamps.slice(1).map((stamp, i) => stamp - stamps[i]);
  await tf.backend().queue.onSubmittedWorkDone(); // a GPU works behind the program
  return [(performance.now() - stamps[0]) / steps];
}

async function main() {
  const describe = await open();
  let description;
  const dataset = await openDigits();
  const data = await loadTrainingData(dataset, { scaling: "auto", validationShare: 0, seed: 1, scaler: null });
  const prepared = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, count] = line.split(" ");
    try {
      const milliseconds = others[name]
        ? await others[name](data, Number(count), dataset)
        : await timeSteps((prepared[name] ??= tasks[name](data.schema)), data, Number(count));
      description ??= await describe();
      console.log(JSON.stringify({ description, milliseconds }));
    } catch (error) {
      console.log(JSON.stringify({ description, error: error.message }));
    }
  }
  process.exit(); // a GPU's device would keep the process
}

main();
