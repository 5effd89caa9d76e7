import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { isDirect } from "../../../src/engine/kernels/directConvolution";
import { Draw, expectClose, expectLikeCpu, freshKernels, setups, valuesOn } from "./support";

type Shape = [number, number, number, number];
type Padding = Parameters<typeof tf.conv2d>[3];
type Activation = "linear" | "relu" | "leakyrelu" | "sigmoid";

interface Case {
  x: Shape;
  filter: Shape;
  strides?: [number, number];
  dilations?: [number, number];
  pad?: Padding;
  activation?: Activation;
}

/** The convolution with a bias and an activation, or without both. */
function convolve({ x, filter, strides = [1, 1], dilations = [1, 1], pad = "same", activation }: Case, draw: Draw): () => tf.Tensor {
  const [input, weights, bias] = [draw.tensor<tf.Rank.R4>(x), draw.tensor<tf.Rank.R4>(filter), draw.tensor([filter[3]])];
  if (!activation) return () => tf.conv2d(input(), weights(), strides, pad, "NHWC", dilations);
  return () => tf.fused.conv2d({ x: input(), filter: weights(), strides, pad, dilations, bias: bias(), activation, leakyreluAlpha: 0.3 });
}

/** Few input channels and every kind of output channels: none, one or several whole panels of 8 and 16, and the rest of one. */
function drawCase(draw: Draw): Case {
  for (;;) {
    const inChannels = draw.integer(1, 4);
    const filter: Shape = [draw.integer(1, 5), draw.integer(1, 5), inChannels, draw.one(1, 3, 7, 8, 9, 12, 15, 16, 17, 24, 29, 32, 50)];
    const x: Shape = [draw.one(1, 1, 2, 5), draw.integer(1, 17), draw.integer(1, 17), inChannels];
    const dilated = draw.one(true, false, false);
    const strides: Case["strides"] = dilated ? [1, 1] : [draw.integer(1, 3), draw.integer(1, 3)];
    const dilations: Case["dilations"] = dilated ? [draw.integer(1, 3), draw.integer(1, 3)] : [1, 1];
    const side = (): [number, number] => [draw.integer(0, 4), draw.integer(0, 4)];
    const pad = draw.one<Padding>("same", "valid", [[0, 0], side(), side(), [0, 0]]);
    const { outHeight, outWidth } = tf.backend_util.computeConv2DInfo(x, filter, strides, dilations, pad);
    const activation = draw.one<Activation | undefined>(undefined, "linear", "relu", "leakyrelu", "sigmoid");
    if (outHeight > 0 && outWidth > 0) return { x, filter, strides, dilations, pad, ...(activation ? { activation } : {}) };
  }
}

describe.each(setups)("direct convolution, $variant on $threads threads, wide $wide", setup => {
  beforeAll(() => freshKernels(setup));

  it("agrees with the cpu backend for few input channels and random shapes", async () => {
    for (let round = 0; round < 200; round++) {
      const draw = new Draw("direct", round);
      const drawn = drawCase(draw);
      await expectLikeCpu(() => [convolve(drawn, new Draw("direct values", round))()], JSON.stringify(drawn));
    }
  });

  it("agrees with the cpu backend where images come in many chunks, or one in many bands", async () => {
    const cases: Case[] = [
      { x: [50, 28, 28, 1], filter: [3, 3, 1, 16], strides: [2, 2], activation: "relu" },
      { x: [37, 14, 14, 16], filter: [3, 3, 16, 32], strides: [2, 2], activation: "relu" },
      { x: [2, 67, 61, 8], filter: [3, 3, 8, 20] },
      { x: [1, 67, 61, 8], filter: [5, 3, 8, 20], strides: [2, 3], activation: "sigmoid" },
      { x: [3, 67, 61, 8], filter: [3, 3, 8, 20], pad: "valid" }, // in place
      { x: [1, 40, 41, 8], filter: [3, 3, 8, 20], dilations: [3, 2], pad: "valid" },
      { x: [1, 3, 2000, 16], filter: [3, 3, 16, 32] }, // a line exceeds a chunk
      { x: [1, 9, 9, 64], filter: [5, 6, 64, 17] }, // 1,920 taps
    ];
    for (const each of cases) await expectLikeCpu(() => [convolve(each, new Draw(JSON.stringify(each)))()], JSON.stringify(each));
  });

  it("gives an image the same bits alone and among others", async () => {
    const cases: Case[] = [{ x: [23, 13, 11, 3], filter: [3, 3, 3, 21], strides: [2, 2] }, { x: [9, 12, 12, 4], filter: [3, 4, 4, 16], pad: "valid" }];
    for (const each of cases) {
      const draw = new Draw("alone", each.filter.join());
      const [x, filter] = [draw.tensor<tf.Rank.R4>(each.x), draw.tensor<tf.Rank.R4>(each.filter)];
      const f = (input: tf.Tensor) => tf.conv2d(input as tf.Tensor4D, filter(), each.strides ?? 1, each.pad ?? "same");
      const [together] = await valuesOn("wasm", () => [f(x())]);
      const [alone] = await valuesOn("wasm", () => [tf.concat(tf.split(x(), each.x[0]).map(f))]);
      expect(alone).toEqual(together);
    }
  });

  it("carries NaN and infinity to the pixels that see them, and no others", async () => {
    const [out] = await valuesOn("wasm", () => {
      const x = tf.buffer([1, 9, 9, 1]);
      x.set(NaN, 0, 0, 0, 0);
      x.set(Infinity, 0, 8, 8, 0);
      return [tf.fused.conv2d({ x: x.toTensor() as tf.Tensor4D, filter: tf.ones([3, 3, 1, 17]), strides: 1, pad: "same", bias: tf.zeros([17]), activation: "relu" })];
    });
    const expected = Float32Array.from({ length: 81 * 17 }, (_, i) => {
      const [row, column] = [Math.floor(i / 17 / 9), Math.floor(i / 17) % 9];
      return row < 2 && column < 2 ? NaN : row > 6 && column > 6 ? Infinity : 0;
    });
    expect(out!.values).toEqual(expected);
  });

  it("does not clear what a convolution without activation makes negative", async () => {
    const [out] = await valuesOn("wasm", () => [
      tf.conv2d(tf.ones([1, 5, 5, 2]) as tf.Tensor4D, tf.fill([3, 3, 2, 17], -1) as tf.Tensor4D, 1, "valid"),
    ]);
    expectClose(out!.values, new Float32Array(9 * 17).fill(-18), "negative");
  });
});

it("leaves filters of more taps than its panels hold to the product", () => {
  const sizes = (inChannels: number) => tf.backend_util.computeConv2DInfo([1, 9, 9, inChannels], [4, 4, inChannels, 8], 1, 1, "same");
  expect(isDirect(sizes(128))).toBe(true);
  expect(isDirect(sizes(129))).toBe(false);
});
