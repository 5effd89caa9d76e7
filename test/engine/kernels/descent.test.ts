import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { applyDescent, type DescentRule } from "../../../src/engine/kernels/descent";
import { Draw, expectClose, freshKernels, setups } from "./support";

const shapes = [[1], [7], [33, 31], [3, 3, 2, 5]];
const gradientAt = (index: number, step: number) => tf.tensor(new Draw("gradient", index, step).values(shapes[index]!), shapes[index]);
const weights = () => shapes.map((shape, index) => tf.tidy(() => tf.variable(tf.tensor(new Draw("weight", index).values(shape), shape))));

/** What tfjs's own optimizer makes of the same gradients on the cpu backend. */
async function reference(rule: DescentRule, steps: number): Promise<Float32Array[]> {
  await tf.setBackend("cpu");
  const variables = weights();
  const optimizer = rule === "momentum" ? tf.train.momentum(0.05, 0.9) : tf.train.rmsprop(0.05, 0.9, 0, 0);
  for (let step = 1; step <= steps; step++) tf.tidy(() => optimizer.applyGradients(variables.map(({ name }, index) => ({ name, tensor: gradientAt(index, step) }))));
  const values = variables.map(variable => variable.dataSync() as Float32Array);
  tf.dispose(variables);
  optimizer.dispose();
  return values;
}

describe.each(setups.flatMap(setup => [{ ...setup, backend: "wasm" }, { ...setup, backend: "cpu" }] as const))("applyDescent, $variant on $threads threads, $backend", ({ backend, ...setup }) => {
  beforeAll(() => freshKernels(setup));

  it.each(["momentum", "rmsProp"] as const)("takes the steps of %s in tfjs, and leaves nothing behind", async rule => {
    const expected = await reference(rule, 6);
    await tf.setBackend(backend);
    const before = tf.memory().numTensors;
    const slots = weights().map(variable => ({ variable, mean: tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)) }));
    for (let step = 1; step <= 6; step++) {
      tf.tidy(() => applyDescent(slots, Object.fromEntries(slots.map(({ variable }, index) => [variable.name, gradientAt(index, step)])), { rule, learningRate: 0.05, epsilon: 0 }));
    }
    slots.forEach(({ variable }, index) => expectClose(variable.dataSync(), expected[index]!, `variable ${index}`, 5e-6));
    tf.dispose(slots.flatMap(({ variable, mean }) => [variable, mean]));
    expect(tf.memory().numTensors).toBe(before);
  });
});
