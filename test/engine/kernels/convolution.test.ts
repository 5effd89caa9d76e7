import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { Draw, expectClose, expectGradientsOf, expectLikeCpu, freshKernels, setups, valuesOn } from "./support";

type Padding = Parameters<typeof tf.conv2d>[3];
interface Case {
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: [number, number];
  dilations: [number, number];
  pad: Padding;
}

const channels = [1, 2, 3, 4, 5, 8, 16, 17, 31, 64];
const zeros = (...shape: [number, number, number, number]): tf.Tensor4D => tf.zeros<tf.Rank.R4>(shape);
const linear = 0.25; // a convolution is linear in each input, so a large difference quotient is exact

/** A random convolution with a non-empty output. */
function drawCase(draw: Draw): Case {
  for (;;) {
    const filter: Case["filter"] = [draw.integer(1, 5), draw.integer(1, 5), draw.one(...channels), draw.one(...channels)];
    const x: Case["x"] = [draw.integer(1, 3), draw.integer(1, 13), draw.integer(1, 13), filter[2]];
    const dilated = draw.one(true, false, false);
    const strides: Case["strides"] = dilated ? [1, 1] : [draw.integer(1, 3), draw.integer(1, 3)];
    const dilations: Case["dilations"] = dilated ? [draw.integer(1, 3), draw.integer(1, 3)] : [1, 1];
    const side = (): [number, number] => [draw.integer(0, 3), draw.integer(0, 3)];
    const pad = draw.one<Padding>("same", "valid", filter[0] === filter[1] ? draw.integer(0, 3) : "same", [[0, 0], side(), side(), [0, 0]]);
    const { outHeight, outWidth } = tf.backend_util.computeConv2DInfo(x, filter, strides, dilations, pad);
    if (outHeight > 0 && outWidth > 0) return { x, filter, strides, dilations, pad };
  }
}

function convolve({ strides, dilations, pad }: Case) {
  return (x: tf.Tensor, filter: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad, "NHWC", dilations);
}

describe.each(setups)("convolution, $variant on $threads threads", setup => {
  beforeAll(() => freshKernels(setup));

  it("agrees with the cpu backend, forward and both gradients, for random shapes", async () => {
    for (let round = 0; round < 150; round++) {
      const draw = new Draw("convolution", round);
      const drawn = drawCase(draw);
      const f = convolve(drawn);
      const [x, filter] = [draw.tensor(drawn.x), draw.tensor(drawn.filter)];
      const { outShape } = tf.backend_util.computeConv2DInfo(drawn.x, drawn.filter, drawn.strides, drawn.dilations, drawn.pad);
      const dy = draw.tensor(outShape);
      const dilated = drawn.dilations.some(dilation => dilation > 1); // tfjs has no gradient for these
      await expectLikeCpu(() => [f(x(), filter()), ...(dilated ? [] : tf.grads(f)([x(), filter()], dy()))], JSON.stringify(drawn));
    }
  });

  it("agrees with the cpu backend for filters that cover the image, or reach beyond it", async () => {
    const cases: Case[] = [
      { x: [3, 4, 5, 6], filter: [4, 5, 6, 7], strides: [1, 1], dilations: [1, 1], pad: "valid" },
      { x: [3, 4, 4, 6], filter: [4, 4, 6, 7], strides: [4, 4], dilations: [1, 1], pad: "same" },
      { x: [2, 3, 2, 4], filter: [7, 8, 4, 3], strides: [1, 1], dilations: [1, 1], pad: "same" },
      { x: [2, 3, 3, 4], filter: [7, 7, 4, 3], strides: [2, 2], dilations: [1, 1], pad: 5 },
      { x: [5, 6, 7, 9], filter: [1, 1, 9, 10], strides: [1, 1], dilations: [1, 1], pad: "same" },
      { x: [5, 6, 7, 9], filter: [1, 1, 9, 10], strides: [2, 3], dilations: [1, 1], pad: "valid" },
      { x: [1, 6, 7, 2], filter: [1, 1, 2, 3], strides: [1, 1], dilations: [1, 1], pad: 2 },
      { x: [1, 1, 1, 1], filter: [1, 1, 1, 1], strides: [1, 1], dilations: [1, 1], pad: "valid" },
      { x: [9, 40, 40, 3], filter: [4, 4, 3, 16], strides: [2, 2], dilations: [1, 1], pad: "same" }, // many chunks
      { x: [2, 30, 30, 64], filter: [24, 24, 64, 2], strides: [2, 2], dilations: [1, 1], pad: "valid" }, // a row exceeds a chunk
    ];
    for (const each of cases) {
      const draw = new Draw("cover", JSON.stringify(each));
      const f = convolve(each);
      const [x, filter] = [draw.tensor(each.x), draw.tensor(each.filter)];
      const dy = draw.tensor(tf.backend_util.computeConv2DInfo(each.x, each.filter, each.strides, each.dilations, each.pad).outShape);
      await expectLikeCpu(() => [f(x(), filter()), ...tf.grads(f)([x(), filter()], dy())], JSON.stringify(each));
    }
  });

  it("gives an empty result for an empty batch", async () => {
    const [out] = await valuesOn("wasm", () => [tf.conv2d(zeros(0, 5, 5, 2), tf.ones([3, 3, 2, 4]) as tf.Tensor4D, 1, "same")]);
    expect(out).toEqual({ shape: [0, 5, 5, 4], values: new Float32Array(0) });
    const [gradient] = await valuesOn("wasm", () => [
      tf.grad((filter: tf.Tensor) => tf.conv2d(zeros(0, 5, 5, 2), filter as tf.Tensor4D, 1, "same"))(tf.ones([3, 3, 2, 4])),
    ]);
    expect(gradient).toEqual({ shape: [3, 3, 2, 4], values: new Float32Array(72) });
  });

  it("agrees with the cpu backend for transposed convolutions and their gradients", async () => {
    for (let round = 0; round < 40; round++) {
      const draw = new Draw("transposed", round);
      const [batch, height, width] = [draw.integer(1, 3), draw.integer(1, 7), draw.integer(1, 7)];
      const [inChannels, outChannels, size, stride] = [draw.one(...channels), draw.one(...channels), draw.integer(1, 5), draw.integer(1, 3)];
      const pad = draw.one("same", "valid") as "same" | "valid";
      const grown = (length: number) => (pad === "same" ? length * stride : (length - 1) * stride + size + draw.integer(0, stride - 1));
      const outShape: [number, number, number, number] = [batch, grown(height), grown(width), outChannels];
      const f = (x: tf.Tensor, filter: tf.Tensor) => tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, outShape, stride, pad);
      const x = draw.tensor([batch, height, width, inChannels]);
      const filter = draw.tensor([size, size, outChannels, inChannels]);
      const dy = draw.tensor(outShape);
      await expectLikeCpu(() => [f(x(), filter()), ...tf.grads(f)([x(), filter()], dy())], `${round} ${[batch, height, width, inChannels]} → ${outShape}`);
    }
  });

  it("has the gradients of finite differences, with dilations too", async () => {
    const cases: Case[] = [
      { x: [2, 7, 6, 3], filter: [3, 3, 3, 5], strides: [2, 2], dilations: [1, 1], pad: "same" },
      { x: [2, 6, 7, 2], filter: [2, 3, 2, 4], strides: [1, 3], dilations: [1, 1], pad: "valid" },
      { x: [2, 9, 8, 3], filter: [3, 2, 3, 4], strides: [1, 1], dilations: [2, 3], pad: "valid" },
      { x: [2, 6, 6, 2], filter: [3, 3, 2, 4], strides: [1, 1], dilations: [2, 2], pad: "same" },
    ];
    for (const each of cases) {
      const label = JSON.stringify(each);
      const f = convolve(each);
      await expectGradientsOf((x, filter) => f(x!, filter!), [each.x, each.filter], new Draw("difference"), label, linear);
    }
    await expectGradientsOf(
      (x, filter) => tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 8, 6, 5], 2, "same"),
      [[2, 4, 3, 6], [3, 3, 5, 6]], new Draw("difference"), "transposed", linear,
    );
  });

  it("has second derivatives, with dilations too", async () => {
    for (const dilations of [1, 2]) {
      const penalty = (x: tf.Tensor, filter: tf.Tensor) => {
        const slope = tf.grad((input: tf.Tensor) => tf.square(tf.conv2d(input as tf.Tensor4D, filter as tf.Tensor4D, 1, "same", "NHWC", dilations)));
        return tf.sum(tf.square(slope(x)));
      };
      await expectGradientsOf((x, filter) => penalty(x!, filter!), [[1, 5, 5, 2], [3, 3, 2, 3]], new Draw("second"), `dilations ${dilations}`, 1e-2);
    }
  });

  it("rounds the output size up where asked to, in the gradient as in the forward pass", async () => {
    const draw = new Draw("rounding");
    const f = (x: tf.Tensor, filter: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 0, "NHWC", 1, "ceil");
    await expectGradientsOf((x, filter) => f(x!, filter!), [[1, 6, 6, 2], [3, 3, 2, 3]], draw, "ceil", linear);
  });

  it("refuses a transposed convolution to a shape that no convolution comes from", async () => {
    await tf.setBackend("wasm");
    expect(() => tf.conv2dTranspose(zeros(1, 4, 4, 2), zeros(3, 3, 1, 2), [1, 9, 8, 1], 2, "same")).toThrow("[1,5,4,2]");
  });

  it("refuses NCHW, as the shipped kernels do", async () => {
    await tf.setBackend("wasm");
    expect(() => tf.conv2d(zeros(1, 2, 4, 4), zeros(3, 3, 2, 2), 1, "same", "NCHW")).toThrow("channelsLast");
    const attrs = { strides: 1, pad: "same", dataFormat: "NCHW", filterShape: [3, 3, 2, 2] };
    expect(() => tf.engine().runKernel("Conv2DBackpropFilter", { x: tf.zeros([1, 2, 4, 4]), dy: tf.zeros([1, 2, 4, 4]) }, attrs)).toThrow("NHWC");
  });

  it("handles a filter larger than the image without padding as the cpu backend does", async () => {
    const convolution = () => tf.conv2d(zeros(1, 3, 3, 1), zeros(4, 4, 1, 2), 1, "valid");
    const [onCpu] = await valuesOn("cpu", () => [convolution()]);
    const [onWasm] = await valuesOn("wasm", () => [convolution()]);
    expect(onWasm!.shape).toEqual(onCpu!.shape);
    expectClose(onWasm!.values, onCpu!.values, "empty");
    expect(() => tf.conv2d(zeros(1, 3, 3, 1), zeros(5, 5, 1, 2), 1, "valid")).toThrow("larger than the image [1,3,3,1]"); // there, a negative size
  });

  it("takes a bias and an activation along, for products and convolutions, as the composed operations do", async () => {
    for (let round = 0; round < 24; round++) {
      const draw = new Draw("fused", round);
      const activation = draw.one("linear", "relu", "leakyrelu", "sigmoid", "elu") as "linear" | "relu" | "leakyrelu" | "sigmoid" | "elu";
      const [rows, columns, depth, channels] = [draw.integer(1, 40), draw.integer(1, 40), draw.integer(1, 9), draw.integer(1, 3)];
      const [a, b, bias] = [draw.tensor<tf.Rank.R2>([rows, depth]), draw.tensor<tf.Rank.R2>([depth, columns]), draw.tensor([columns])];
      const [x, filter] = [draw.tensor<tf.Rank.R4>([2, 7, 6, channels]), draw.tensor<tf.Rank.R4>([3, draw.integer(1, 3), channels, columns])];
      const strides = draw.one(1, 2);
      await expectLikeCpu(() => [
        tf.fused.matMul({ a: a(), b: b(), bias: bias(), activation, leakyreluAlpha: 0.3 }),
        tf.fused.conv2d({ x: x(), filter: filter(), strides, pad: "same", bias: bias(), activation, leakyreluAlpha: 0.3 }),
      ], `${activation} [${rows}, ${columns}]`);
    }
  });
});
