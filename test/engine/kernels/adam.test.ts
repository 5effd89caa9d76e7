import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { adamSlots, applyAdam, disposeAdamSlots, type AdamSlot } from "../../../src/engine/kernels/adam";
import { Draw, expectClose, freshKernels, setups } from "./support";

const shapes = [[1], [7], [33, 31], [3, 3, 2, 5]];
const parameters = { learningRate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 };

/** Gradients that change from step to step. */
function gradientsAt(step: number): tf.Tensor[] {
  return shapes.map((shape, index) => tf.tensor(new Draw("gradient", index, step).values(shape), shape));
}

function startingVariables(): tf.Variable[] {
  return shapes.map((shape, index) => tf.tidy(() => tf.variable(tf.tensor(new Draw("weight", index).values(shape), shape))));
}

function step(slots: AdamSlot[], from: number, to: number): void {
  for (let step = from; step <= to; step++) tf.tidy(() => applyAdam(slots, gradientsAt(step), { ...parameters, step }));
}

const valuesOf = (slots: AdamSlot[]) => slots.flatMap(({ variable, m, v }) => [variable, m, v].map(tensor => tensor.dataSync()));

/** What tf.train.adam makes of the same gradients on the cpu backend. */
async function reference(steps: number): Promise<Float32Array[]> {
  await tf.setBackend("cpu");
  const variables = startingVariables();
  const { learningRate, beta1, beta2, epsilon } = parameters;
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
  for (let step = 1; step <= steps; step++) {
    tf.tidy(() => {
      const gradients = gradientsAt(step);
      optimizer.applyGradients(variables.map(({ name }, index) => ({ name, tensor: gradients[index]! })));
    });
  }
  const values = variables.map(variable => variable.dataSync() as Float32Array);
  tf.dispose(variables);
  optimizer.dispose();
  return values;
}

describe.each(setups.flatMap(setup => [{ ...setup, backend: "wasm" }, { ...setup, backend: "cpu" }] as const))("applyAdam, $variant on $threads threads, $backend", ({ backend, ...setup }) => {
  beforeAll(() => freshKernels(setup));

  it("takes the steps of tf.train.adam", async () => {
    const expected = await reference(10);
    await tf.setBackend(backend);
    const slots = adamSlots(startingVariables());
    step(slots, 1, 10);
    slots.forEach(({ variable }, index) => expectClose(variable.dataSync(), expected[index]!, `variable ${index}`, 2e-6));
    disposeAdamSlots(slots);
  });

  it("takes the same steps after m and v were stored and restored", async () => {
    await tf.setBackend(backend);
    const whole = adamSlots(startingVariables());
    step(whole, 1, 6);
    const first = adamSlots(startingVariables());
    step(first, 1, 3);
    const stored = first.map(({ variable, m, v }) => [variable, m, v].map(tensor => Float32Array.from(tensor.dataSync())));
    const second = adamSlots(startingVariables());
    second.forEach(({ variable, m, v }, index) => {
      [variable, m, v].forEach((target, part) => tf.tidy(() => target.assign(tf.tensor(stored[index]![part]!, target.shape))));
    });
    step(second, 4, 6);
    expect(valuesOf(second)).toEqual(valuesOf(whole));
  });

  it("leaves clones of the old values as they were, and what it was given to the caller", async () => {
    await tf.setBackend(backend);
    const slots = adamSlots(startingVariables());
    step(slots, 1, 1);
    const before = valuesOf(slots).map(values => values.slice());
    const clones = slots.flatMap(({ variable, m, v }) => [variable, m, v].map(tensor => tf.clone(tensor)));
    const gradients = gradientsAt(2);
    const tensors = tf.memory().numTensors;
    applyAdam(slots, gradients, { ...parameters, step: 2 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(clones.map(clone => clone.dataSync())).toEqual(before);
    expect(valuesOf(slots)).not.toEqual(before);
    expect(gradients.every(gradient => !gradient.isDisposed)).toBe(true);
  });

  it("takes gradients by name, and leaves a variable without one alone", async () => {
    await tf.setBackend(backend);
    const [slots, others] = [adamSlots(startingVariables()), adamSlots(startingVariables())];
    const gradients = gradientsAt(1);
    applyAdam(slots, gradients, { ...parameters, step: 1 });
    const named = Object.fromEntries(others.slice(1).map(({ variable }, index) => [variable.name, gradients[index + 1]!]));
    applyAdam(others, named, { ...parameters, step: 1 });
    expect(valuesOf(others.slice(1))).toEqual(valuesOf(slots.slice(1)));
    expect(others[0]!.variable.dataSync()).toEqual(new Draw("weight", 0).values(shapes[0]!));
  });

  it("refuses a gradient of another shape, with the variable's name", async () => {
    await tf.setBackend(backend);
    const slots = adamSlots([tf.variable(tf.zeros([2, 3]), true, `narrow-${setup.variant}-${setup.threads}-${backend}`)]);
    expect(() => applyAdam(slots, [tf.zeros([3, 2])], { ...parameters, step: 1 })).toThrow("narrow-");
  });
});
