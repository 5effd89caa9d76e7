import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { ACTIVATION_GRADIENT } from "../../../../src/engine/kernels/activationGradients";
import { gpuTimeout, useBackend } from "../../../helpers/backends";
import { Draw, expectClose } from "../support";
import { hasGpu, useWebgpu, valuesOf } from "./support";

const gpuIt = it.skipIf(!hasGpu);

type Shape4D = [number, number, number, number];

/** Expects the values of `compute` on the GPU to be those of tfjs's cpu backend. */
async function expectLikeCpu(compute: () => tf.Tensor[], label: string, tolerance = 1e-5): Promise<void> {
  const results: { shapes: number[][]; values: Float32Array[] }[] = [];
  for (const use of [() => useBackend("cpu"), useWebgpu]) {
    await use();
    const tensors = tf.tidy(compute);
    results.push({ shapes: tensors.map(({ shape }) => shape), values: await valuesOf(tensors) });
    tf.dispose(tensors);
  }
  const [expected, actual] = results as [typeof results[0], typeof results[0]];
  expect(actual.shapes, label).toEqual(expected.shapes);
  actual.values.forEach((values, index) => expectClose(values, expected.values[index]!, `${label}, result ${index}`, tolerance));
}

describe("gradients on the GPU", () => {
  gpuIt("of a convolution's filter are those of tfjs's cpu backend, for shapes that fill no tile and for many pixels", async () => {
    const draw = new Draw("filter gradients");
    const cases = [
      // Many pixels and few filter values, more than a tile of either, a 1 × 1 filter, one as large as the image.
      { x: [5, 28, 28, 1], filter: [3, 3, 1, 16], stride: 2, pad: "same" as const },
      { x: [3, 9, 7, 5], filter: [4, 3, 5, 37], stride: 2, pad: "same" as const },
      { x: [2, 6, 6, 9], filter: [1, 1, 9, 3], stride: 1, pad: "valid" as const },
      { x: [4, 5, 4, 2], filter: [5, 4, 2, 33], stride: 1, pad: "valid" as const },
      ...Array.from({ length: 4 }, () => {
        const size = draw.integer(1, 4);
        return {
          x: [draw.integer(1, 3), draw.integer(size, 12), draw.integer(size, 12), draw.integer(1, 6)],
          filter: [size, draw.integer(1, size), 0, draw.integer(1, 40)], stride: draw.integer(1, 3), pad: draw.one<"same" | "valid">("same", "valid"),
        };
      }),
    ];
    for (const { x, filter, stride, pad } of cases) {
      filter[2] = x[3]!;
      const { outShape } = tf.backend_util.computeConv2DInfo(x as Shape4D, filter as Shape4D, stride, 1, pad);
      const [image, weights, dy] = [draw.tensor<tf.Rank.R4>(x), draw.tensor<tf.Rank.R4>(filter), draw.tensor(outShape)];
      await expectLikeCpu(() => tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad))([image(), weights()], dy()), `x [${x.join()}] filter [${filter.join()}] stride ${stride} ${pad}`);
    }
  }, gpuTimeout);

  gpuIt("of a transposed convolution are those of tfjs's cpu backend", async () => {
    const draw = new Draw("transposed");
    const [x, filter] = [draw.tensor<tf.Rank.R4>([2, 4, 4, 6]), draw.tensor<tf.Rank.R4>([3, 3, 5, 6])];
    await expectLikeCpu(() => tf.grads((a, b) => tf.tanh(tf.conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, [2, 7, 8, 5], 2, "same")))([x(), filter()]), "transposed");
  });

  gpuIt("of the activations are those of tfjs's cpu backend, in one kernel each", async () => {
    const activations: Record<string, (x: tf.Tensor) => tf.Tensor> = { relu: tf.relu, leakyRelu: x => tf.leakyRelu(x, 0.2), sigmoid: tf.sigmoid, tanh: tf.tanh, softplus: tf.softplus };
    for (const [name, f] of Object.entries(activations)) {
      for (const shape of [[1], [0, 4], [13, 7], [40_003]]) {
        const [x, dy] = [new Draw(name).tensor(shape), new Draw("dy", name).tensor(shape)];
        await expectLikeCpu(() => [tf.grad(f)(x(), dy())], `${name} [${shape.join()}]`);
      }
      await useWebgpu();
      const { kernels } = await tf.profile(() => tf.grad(f)(tf.ones([3, 3])));
      expect(kernels.map(kernel => kernel.name), name).toContain(ACTIVATION_GRADIENT);
    }
  });

  gpuIt("of a gradient go through the relus", async () => {
    await useWebgpu();
    const x = tf.tensor([-3, -0.5, 0.25, 2]);
    // f = Σ l(x)² with l(x) = s x, so f′ = 2 s² x, and the gradient of Σ f′² is 8 s⁴ x.
    const twice = tf.grad(a => tf.sum(tf.square(tf.grad(b => tf.sum(tf.square(tf.leakyRelu(b, 0.2))))(a))))(x);
    const [values] = await valuesOf([twice]);
    expectClose(values!, [-3, -0.5, 0.25, 2].map(value => 8 * (value > 0 ? 1 : 0.2 ** 4) * value), "second derivative");
    tf.dispose([x, twice]);
  });
});
