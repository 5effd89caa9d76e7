import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { Draw, expectClose, expectGradientsOf, expectLikeCpu, freshKernels, setups, valuesOn } from "./support";

const lengths = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 100];
const activations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  relu: tf.relu,
  leakyRelu: x => tf.leakyRelu(x, 0.3),
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  softplus: tf.softplus,
};

/** x in (−1, 1) moved to either side of 0, where relus have a kink, so that a difference quotient stays on one side. */
const awayFromZero = (x: tf.Tensor) => tf.add(x, tf.tensor(Array.from({ length: x.size }, (_, i) => (i % 2 ? 1.5 : -1.5)), x.shape));

describe.each(setups)("elementwise kernels, $variant on $threads threads", setup => {
  beforeAll(() => freshKernels(setup));

  describe.each(["add", "sub", "mul"] as const)("%s", name => {
    it("agrees with the cpu backend where rows broadcast, and where they do not", async () => {
      for (let round = 0; round < 60; round++) {
        const draw = new Draw("rows", round);
        const shape = Array.from({ length: draw.integer(1, 4) }, () => draw.one(1, 2, 3, 5, 8, 17));
        // The last dimensions of the shape, with or without leading ones, or any of its dimensions as 1.
        const tail = shape.slice(draw.integer(0, shape.length));
        const other = draw.one(tail, [...Array<number>(shape.length - tail.length).fill(1), ...tail], shape.map(size => draw.one(1, size)));
        const [a, b] = [draw.tensor(shape), draw.tensor(other)];
        await expectLikeCpu(() => [tf[name](a(), b()), tf[name](b(), a())], `[${shape}] [${other}]`);
        const dy = draw.tensor(shape);
        await expectLikeCpu(() => tf.grads((x, y) => tf[name](x!, y!))([a(), b()], dy()), `gradient [${shape}] [${other}]`);
      }
    });

    it("leaves int32 and empty tensors to the shipped kernel", async () => {
      const row = () => tf.tensor([1, 2, 3], [3], "int32");
      const integers = () => [tf[name](tf.tensor([1, 2, 3, 4, 5, 6], [2, 3], "int32"), row()), tf[name](tf.ones([0, 3]), tf.ones([3]))];
      await expectLikeCpu(integers, name);
      const [result] = await valuesOn("wasm", integers);
      expect(result!.values).toBeInstanceOf(Int32Array);
    });
  });

  it("agrees with the cpu backend for sums and means over any axes", async () => {
    for (let round = 0; round < 80; round++) {
      const draw = new Draw("sums", round);
      const shape = Array.from({ length: draw.integer(0, 4) }, () => draw.one(1, 2, 3, 5, 8, 17, 33));
      const axes = [...shape.keys()].filter(axis => axis < draw.integer(0, shape.length));
      const axis = draw.one<number[] | undefined>(axes, undefined, axes.map(value => value - shape.length).reverse());
      const keepDims = draw.one(true, false);
      const x = draw.tensor(shape);
      const dy = draw.tensor(tf.tidy(() => tf.sum(tf.zeros(shape), axis, keepDims).shape));
      const results = () => [
        tf.sum(x(), axis, keepDims), tf.mean(x(), axis, keepDims),
        tf.grad((input: tf.Tensor) => tf.sum(input, axis, keepDims))(x(), dy()),
        tf.grad((input: tf.Tensor) => tf.mean(input, axis, keepDims))(x(), dy()),
      ];
      await expectLikeCpu(results, `[${shape}] over ${axis}, ${keepDims}`);
    }
  });

  it("sums many values that nearly cancel better than one long chain of additions", async () => {
    const draw = new Draw("cancel");
    for (const columns of [1, 3, 16]) {
      const values = draw.values([60_000, columns]);
      const exact = new Float64Array(columns);
      values.forEach((value, index) => (exact[index % columns]! += value));
      const [sum] = await valuesOn("wasm", () => [tf.sum(tf.tensor(values, [60_000, columns]), 0)]);
      sum!.values.forEach((value, column) => expect(Math.abs(value - exact[column]!)).toBeLessThan(60_000 * 2e-8));
    }
  });

  it("leaves sums of int32, bool and empty tensors to the shipped kernel", async () => {
    await expectLikeCpu(() => [tf.sum(tf.tensor([1, 2, 3, 4], [2, 2], "int32"), 0), tf.sum(tf.tensor([true, false, true], [3], "bool")), tf.sum(tf.zeros([0, 3]), 0)], "fallback");
  });

  it.each(Object.keys(activations))("agrees with the cpu backend for the gradient of %s", async name => {
    const f = activations[name]!;
    for (const length of lengths) {
      const draw = new Draw(name, length);
      const x = draw.tensor([length]);
      const dy = draw.tensor([length]);
      await expectLikeCpu(() => [f(x()), tf.grad(f)(x(), dy())], `${length} values`, 1e-6);
    }
  });

  it.each(Object.keys(activations))("has the gradient of finite differences for %s", async name => {
    await expectGradientsOf(x => activations[name]!(awayFromZero(x!)), [[6, 7]], new Draw("difference", name), name, 5e-3);
  });

  it("has second derivatives of the relus", async () => {
    for (const name of ["relu", "leakyRelu"]) {
      // f(x)² is a parabola on each side of 0, so its slope is linear there.
      const slope = tf.grad((x: tf.Tensor) => tf.square(activations[name]!(x)));
      await expectGradientsOf(x => slope(awayFromZero(x!)), [[5, 7]], new Draw("second", name), name, 0.25);
    }
  });

  it("refuses second derivatives of sigmoid and tanh, which tfjs would get wrong", async () => {
    await tf.setBackend("wasm");
    for (const name of ["sigmoid", "tanh"]) {
      const slope = tf.grad((x: tf.Tensor) => tf.square(activations[name]!(tf.mul(x, x))));
      expect(() => tf.grad(slope)(tf.tensor1d([0.5]))).toThrow(`second derivative of ${name}`);
    }
  });

  it.each([
    ["exp", tf.exp, Math.exp, [-110, 89]],
    ["log1p", tf.log1p, Math.log1p, [-1, 3]],
    ["tanh", tf.tanh, Math.tanh, [-10, 10]],
    ["softplus", tf.softplus, (x: number) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))), [-100, 100]],
  ] as const)("computes %s to 3 units in the last place", async (_name, f, reference, [from, to]) => {
    const values = Float32Array.from({ length: 40_001 }, (_, i) => from + ((to - from) * i) / 40_000);
    const small = Float32Array.from({ length: 4_000 }, (_, i) => (i % 2 ? 1 : -1) * 10 ** (-8 * (i / 4_000)) * 0.9);
    const x = Float32Array.of(...values, ...small, 0, -0);
    const [y] = await valuesOn("wasm", () => [f(tf.tensor1d(x))]);
    let worst = 0;
    x.forEach((value, index) => {
      const exact = reference(value);
      const unit = Math.max(Math.abs(Math.fround(exact)) * 2 ** -23, 2 ** -149); // at least the spacing of floats there
      if (Math.abs(exact) > 3.4e38) return expect(y!.values[index]).toBe(exact < 0 ? -Infinity : Infinity);
      worst = Math.max(worst, Math.abs(y!.values[index]! - exact) / unit);
    });
    expect(worst).toBeLessThan(3);
  });

  it("keeps infinities and NaN as the functions have them", async () => {
    const x = [Infinity, -Infinity, NaN, 1e30, -1e30, 0];
    for (const [f, reference] of [[tf.exp, Math.exp], [tf.tanh, Math.tanh], [tf.log1p, Math.log1p]] as const) {
      const [y] = await valuesOn("wasm", () => [f(tf.tensor1d(x))]);
      expect(Array.from(y!.values)).toEqual(x.map(value => Math.fround(reference(value))));
    }
    const [ends] = await valuesOn("wasm", () => [tf.log1p(tf.tensor1d([-1, -1.5, 0, -0.99999994]))]);
    expect(Array.from(ends!.values).slice(0, 3)).toEqual([-Infinity, NaN, 0]);
    expectClose([ends!.values[3]!], [Math.log1p(Math.fround(-0.99999994))], "next to the end", 1e-6);
    const [leaky] = await valuesOn("wasm", () => [tf.leakyRelu(tf.tensor1d([NaN, -Infinity, Infinity, -2]), 0.5)]);
    expect(Array.from(leaky!.values)).toEqual([NaN, -Infinity, Infinity, -1]);
  });

  it("shares values between clones without tying their lives together", async () => {
    await tf.setBackend("wasm");
    for (const dtype of ["float32", "int32", "bool"] as const) {
      const original = tf.tensor([1, 0, 1], [3], dtype);
      const buffers = tf.memory().numDataBuffers;
      const copy = tf.clone(original);
      expect(tf.memory().numDataBuffers).toBe(buffers);
      original.dispose();
      expect(Array.from(copy.dataSync())).toEqual([1, 0, 1]);
      copy.dispose();
      expect(tf.memory().numDataBuffers).toBe(buffers - 1);
    }
    const words = tf.tidy(() => tf.clone(tf.tensor(["a", "b"])).dataSync());
    expect(Array.from(words as unknown as string[])).toEqual(["a", "b"]);
  });
});
