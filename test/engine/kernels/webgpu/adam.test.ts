import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ADAM, adamSlots, applyAdam, type AdamSlot } from "../../../../src/engine/kernels/adam";
import { adamKernel } from "../../../../src/engine/kernels/webgpu/adam";
import { useBackend } from "../../../helpers/backends";
import { Draw } from "../support";
import { hasGpu, useWebgpu, valuesOf } from "./support";

const gpuIt = it.skipIf(!hasGpu);

const shapes = [[1], [0], [3, 0], [7], [256], [257], [33, 31], [3, 3, 2, 5], [50_003]];
const parameters = { learningRate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 };

function slots(): AdamSlot[] {
  return adamSlots(shapes.map((shape, index) => tf.tidy(() => tf.variable(tf.tensor(new Draw("weight", index).values(shape), shape)))));
}

function takeSteps(taken: AdamSlot[], from: number, to: number): void {
  for (let step = from; step <= to; step++) {
    tf.tidy(() => applyAdam(taken, shapes.map((shape, index) => tf.tensor(new Draw("gradient", index, step).values(shape), shape)), { ...parameters, step }));
  }
}

const tensorsOf = (taken: AdamSlot[]) => taken.flatMap(({ variable, m, v }) => [variable, m, v]);

describe("Adam on the GPU", () => {
  beforeAll(() => (hasGpu ? useWebgpu() : undefined));

  gpuIt("takes the steps of the composed formula, for sizes from 0 on", async () => {
    await useBackend("cpu");
    const composed = slots();
    takeSteps(composed, 1, 3);
    const expected = await valuesOf(tensorsOf(composed));
    await useWebgpu();
    expect(tf.getKernel(ADAM, "webgpu")).toBeDefined();
    const fused = slots();
    takeSteps(fused, 1, 3);
    const actual = await valuesOf(tensorsOf(fused));
    actual.forEach((values, index) => {
      expect(values.length).toBe(expected[index]!.length);
      const scale = values.length === 0 ? 1 : expected[index]!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const worst = values.reduce((error, value, i) => Math.max(error, Math.abs(value - expected[index]![i]!)), 0);
      expect(worst / scale, `shape [${shapes[Math.floor(index / 3)]!.join()}], part ${index % 3}`).toBeLessThanOrEqual(1e-6);
    });
  });

  gpuIt("leaves clones of the old values as they were, and no tensor behind", async () => {
    await useWebgpu();
    const taken = slots();
    takeSteps(taken, 1, 1);
    const clones = tensorsOf(taken).map(tensor => tf.clone(tensor));
    const before = await valuesOf(clones);
    const { numTensors } = tf.memory();
    takeSteps(taken, 2, 2);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect((await valuesOf(clones)).map(values => values.slice(0, 9))).toEqual(before.map(values => values.slice(0, 9)));
    expect((await valuesOf(tensorsOf(taken)))[0]).not.toEqual(before[0]);
    tf.dispose([clones, tensorsOf(taken)]);
  });

  gpuIt("does every value where there are more than threads", async () => {
    const backend = await useWebgpu();
    const shape = [5 * 256 + 3];
    const [w, g, m, v] = ["w", "g", "m", "v"].map(name => tf.abs(new Draw(name).tensor(shape)()));
    const attrs = { beta1: 0.9, beta2: 0.99, epsilon: 1e-7, stepSize: 0.1, correction2: 2 };
    const results = [2, 65_535].map(workgroups => adamKernel(backend, workgroups)({ w: w!, g: g!, m: m!, v: v! }, attrs) as tf.TensorInfo[]);
    const [few, many] = await Promise.all(results.map(outputs => Promise.all(outputs.map(({ dataId }) => backend.read(dataId)))));
    expect(few).toEqual(many);
    for (const { dataId } of results.flat()) backend.disposeData(dataId);
    tf.dispose([w!, g!, m!, v!]);
  });
});
