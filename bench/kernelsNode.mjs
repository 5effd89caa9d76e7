// The Node contestant of kernels.mjs: `node kernelsNode.cjs [folder of our kernels]`; without one, TF.js as shipped.
// Reads lines "<task> <steps>" and answers each with the milliseconds of every step, as JSON.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { createInterface } from "node:readline";
import { adamSlots, applyAdam } from "../src/engine/kernels/adam.ts";
import { installKernels } from "../src/engine/kernels/index.ts";

const [, , folder] = process.argv;
const uniform = (shape, limit) => tf.variable(tf.randomUniform(shape, -limit, limit));
const zeros = length => tf.variable(tf.zeros([length]));

/** Each task's variables, one batch and the network. */
const tasks = {
  dense() {
    const sizes = [784, 128, 32, 128, 784];
    const layers = sizes.slice(1).map((units, i) => ({ kernel: uniform([sizes[i], units], Math.sqrt(6 / (sizes[i] + units))), bias: zeros(units) }));
    const activate = [tf.relu, tf.relu, tf.relu, tf.sigmoid];
    const network = x => layers.reduce((h, { kernel, bias }, i) => activate[i](tf.add(tf.matMul(h, kernel), bias)), x);
    return { variables: layers.flatMap(({ kernel, bias }) => [kernel, bias]), x: tf.randomUniform([128, 784]), network };
  },
  conv() {
    const layer = (inputs, outputs, biases) => ({ kernel: uniform([3, 3, inputs, outputs], Math.sqrt(6 / 9 / (inputs + outputs))), bias: zeros(biases) });
    const layers = [layer(1, 16, 16), layer(16, 32, 32), layer(16, 32, 16), layer(1, 16, 1)];
    const down = (x, { kernel, bias }) => tf.relu(tf.add(tf.conv2d(x, kernel, 2, "same"), bias));
    const up = (x, { kernel, bias }, shape) => tf.add(tf.conv2dTranspose(x, kernel, shape, 2, "same"), bias);
    const network = x => {
      const code = down(down(x, layers[0]), layers[1]);
      return tf.sigmoid(up(tf.relu(up(code, layers[2], [64, 14, 14, 16])), layers[3], [64, 28, 28, 1]));
    };
    return { variables: layers.flatMap(({ kernel, bias }) => [kernel, bias]), x: tf.randomUniform([64, 28, 28, 1]), network };
  },
};

/** A function that takes one step of a task, with our Adam or with tfjs's. */
function prepare(task, ours) {
  const { variables, x, network } = tasks[task]();
  const loss = () => tf.mean(tf.squaredDifference(network(x), x));
  if (!ours) {
    const optimizer = tf.train.adam(0.001);
    return () => tf.tidy(() => void optimizer.minimize(loss, false, variables));
  }
  const slots = adamSlots(variables);
  let step = 0;
  return () => tf.tidy(() => applyAdam(slots, tf.variableGrads(loss, variables).grads, { learningRate: 0.001, step: ++step }));
}

async function main() {
  setWasmPaths(`${__dirname}/`);
  await tf.setBackend("wasm");
  await tf.ready();
  const info = folder ? await installKernels(tf, { folder }) : undefined;
  const description = info ? `${info.variant}, ${info.measureGflops().toFixed(0)} GFLOP/s` : "tf.train.adam";
  const prepared = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const [task, steps] = line.split(" ");
    try {
      const step = (prepared[task] ??= prepare(task, Boolean(info)));
      const milliseconds = Array.from({ length: Number(steps) }, () => {
        const before = performance.now();
        step();
        return performance.now() - before;
      });
      console.log(JSON.stringify({ description, milliseconds }));
    } catch (error) {
      console.log(JSON.stringify({ description, error: error.message }));
    }
  }
}

main();
