import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { batchNorm, normalize, type Moments } from "../../../src/engine/kernels/batchNorm";
import { Draw, expectClose, expectGradientsOf, expectLikeCpu, freshKernels, setups } from "./support";

tf.env().set("IS_TEST", false); // or tfjs takes what a gradient keeps for a leak; the last test looks for real ones

const epsilon = 1e-3;
const ignore = () => undefined;
const norm = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, onMoments: (moments: Moments) => void = ignore) => batchNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, epsilon, onMoments);
const shapes = [[1, 1], [2, 3], [5, 7], [64, 8], [200, 9], [3, 4, 5, 6], [8, 7, 7, 32], [70, 1]];

describe.each(setups)("batch normalization, $variant on $threads threads", setup => {
  beforeAll(() => freshKernels(setup));

  it("is that of tfjs with the batch's moments", async () => {
    for (const shape of shapes) {
      const draw = new Draw("batchNorm", ...shape);
      const channels = shape.at(-1)!;
      const [x, gamma, beta] = [draw.tensor(shape), draw.tensor([channels]), draw.tensor([channels])];
      await tf.setBackend("cpu");
      const expected = tf.tidy(() => {
        const { mean, variance } = tf.moments(x(), shape.slice(0, -1).map((_, axis) => axis));
        const y = tf.add(tf.mul(tf.div(tf.sub(x(), mean), tf.sqrt(tf.add(variance, epsilon))), gamma()), beta());
        return [y, mean, variance].map(tensor => tensor.dataSync());
      });
      await tf.setBackend("wasm");
      const actual = tf.tidy(() => {
        const results: tf.TypedArray[] = [];
        const y = norm(x(), gamma(), beta(), ({ mean, variance }) => results.push(mean.dataSync().slice(), variance.dataSync().slice()));
        return [y.dataSync(), ...results];
      });
      actual.forEach((values, i) => expectClose(values, expected[i]!, `[${shape}], ${["y", "mean", "variance"][i]}`));
    }
  });

  it("has the gradients of the composed operations", async () => {
    for (const shape of shapes.slice(1)) {
      const draw = new Draw("batchNorm gradient", ...shape);
      const channels = shape.at(-1)!;
      const [x, gamma, beta, dy] = [draw.tensor(shape), draw.tensor([channels]), draw.tensor([channels]), draw.tensor(shape)];
      await expectLikeCpu(() => tf.grads((a, b, c) => norm(a!, b!, c!))([x(), gamma(), beta()], dy()), `[${shape}]`, 2e-5);
    }
  });

  it("has the gradients of finite differences", async () => {
    await expectGradientsOf((x, gamma, beta) => norm(x!, gamma!, beta!), [[6, 3, 5], [5], [5]], new Draw("batchNorm difference"), "batchNorm", 1e-2);
  });

  it("keeps its digits where the mean is a thousand standard deviations from 0", async () => {
    await tf.setBackend("wasm");
    const draws = new Draw("far").values([500, 8]);
    const far = draws.map(value => 1000 + value);
    const { mean, variance } = tf.tidy(() => {
      let result: { mean: Float32Array; variance: Float32Array } | undefined;
      norm(tf.tensor(far, [500, 8]), tf.ones([8]), tf.zeros([8]), moments => (result = { mean: moments.mean.dataSync<"float32">().slice(), variance: moments.variance.dataSync<"float32">().slice() }));
      return result!;
    });
    const [exactMean, exactVariance] = [new Float64Array(8), new Float64Array(8)];
    far.forEach((value, i) => { exactMean[i % 8]! += value / 500; });
    far.forEach((value, i) => { exactVariance[i % 8]! += (value - exactMean[i % 8]!) ** 2 / 500; });
    expectClose(mean, exactMean, "mean", 1e-6);
    expectClose(variance, exactVariance, "variance", 1e-3);
  });

  it("with given moments is the same function", async () => {
    await tf.setBackend("wasm");
    const draw = new Draw("given");
    const [x, gamma, beta] = [draw.tensor([40, 6]), draw.tensor<tf.Rank.R1>([6]), draw.tensor<tf.Rank.R1>([6])];
    const [trained, given] = tf.tidy(() => {
      let y: tf.Tensor | undefined;
      const trainedY = norm(x(), gamma(), beta(), moments => (y = tf.keep(normalize(x(), gamma(), beta(), moments, epsilon))));
      return [trainedY.dataSync(), y!.dataSync()];
    });
    expectClose(given, trained, "normalize");
  });

  it("leaves nothing behind", async () => {
    await tf.setBackend("wasm");
    const before = tf.memory().numTensors;
    tf.tidy(() => void tf.grads((a, b, c) => norm(a!, b!, c!))([tf.ones([4, 3]), tf.ones([3]), tf.ones([3])]));
    expect(tf.memory().numTensors).toBe(before);
  });
});
