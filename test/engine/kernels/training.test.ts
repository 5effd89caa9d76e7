import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { adamSlots, applyAdam } from "../../../src/engine/kernels/adam";
import { batchNorm } from "../../../src/engine/kernels/batchNorm";
import { asWasmBackend, memoryOf } from "../../../src/engine/kernels/wasmBackend";
import { Draw, freshKernels, setups } from "./support";

tf.env().set("IS_TEST", false); // or tfjs takes what the gradient of a batch normalization keeps for a leak

interface Network {
  variables: tf.Variable[];
  reconstruct(x: tf.Tensor): tf.Tensor;
  x: tf.Tensor;
}

function variablesOf(shapes: number[][]): tf.Variable[] {
  return shapes.map((shape, index) =>
    tf.tidy(() => tf.variable(shape.length === 1 ? tf.zeros(shape) : tf.mul(tf.tensor(new Draw("weight", index).values(shape), shape), 0.3))),
  );
}

const networks: Record<string, () => Network> = {
  dense: () => {
    const variables = variablesOf([[30, 12], [12], [12, 3], [3], [3, 12], [12], [12, 30], [30]]);
    const layer = (x: tf.Tensor, index: number) => tf.add(tf.matMul(x as tf.Tensor2D, variables[2 * index] as tf.Tensor2D), variables[2 * index + 1]!);
    return {
      variables,
      reconstruct: x => tf.sigmoid(layer(tf.leakyRelu(layer(tf.tanh(layer(tf.relu(layer(x, 0)), 1)), 2)), 3)),
      x: tf.tensor(new Draw("x").values([16, 30]), [16, 30]),
    };
  },
  convolutional: () => {
    const variables = variablesOf([[3, 3, 1, 4], [4], [3, 3, 4, 5], [5], [3, 3, 4, 5], [4], [3, 3, 1, 4], [1]]);
    const [first, bias1, second, bias2, third, bias3, fourth, bias4] = variables as unknown as tf.Tensor4D[];
    return {
      variables,
      reconstruct: x => {
        const half = tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, first!, 2, "same"), bias1!)) as tf.Tensor4D;
        const quarter = tf.relu(tf.add(tf.conv2d(half, second!, 2, "same"), bias2!)) as tf.Tensor4D;
        const back = tf.relu(tf.add(tf.conv2dTranspose(quarter, third!, [4, 4, 4, 4], 2, "same"), bias3!)) as tf.Tensor4D;
        return tf.sigmoid(tf.add(tf.conv2dTranspose(back, fourth!, [4, 8, 8, 1], 2, "same"), bias4!));
      },
      x: tf.tensor(new Draw("x").values([4, 8, 8, 1]), [4, 8, 8, 1]),
    };
  },
};

networks["batch-normalized"] = () => {
  const variables = variablesOf([[4, 4, 1, 8], [8], [8], [4, 4, 8, 6], [4, 4, 1, 6]]);
  const [first, gamma, beta, second, third] = variables as unknown as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, tf.Tensor4D, tf.Tensor4D];
  return {
    variables,
    reconstruct: x => {
      const half = tf.conv2d(x as tf.Tensor4D, first, 2, "same");
      const normalized = tf.leakyRelu(batchNorm(half, tf.add(gamma, 1), beta, 1e-5, () => undefined), 0.2) as tf.Tensor4D;
      const up = tf.relu(tf.conv2d(normalized, second, 1, "same")) as tf.Tensor4D;
      return tf.sigmoid(tf.conv2dTranspose(up, third, [4, 8, 8, 1], 2, "same"));
    },
    x: tf.tensor(new Draw("x").values([4, 8, 8, 1]), [4, 8, 8, 1]),
  };
};
networks["variational"] = () => {
  const variables = variablesOf([[30, 12], [12], [12, 6], [6], [3, 12], [12], [12, 30], [30]]);
  const layer = (x: tf.Tensor, index: number) => tf.add(tf.matMul(x as tf.Tensor2D, variables[2 * index] as tf.Tensor2D), variables[2 * index + 1]!);
  const noise = tf.tensor(new Draw("noise").values([16, 3]), [16, 3]);
  return {
    variables,
    reconstruct: x => {
      const [mean, logVariance] = tf.split(layer(tf.softplus(layer(x, 0)), 1), 2, 1) as [tf.Tensor, tf.Tensor];
      const z = tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise));
      return tf.sigmoid(layer(tf.relu(layer(z, 2)), 3));
    },
    x: tf.tensor(new Draw("x").values([16, 30]), [16, 30]),
  };
};

/** Takes `steps` steps of Adam and gives the losses. */
function train({ variables, reconstruct, x }: Network, slots: ReturnType<typeof adamSlots>, steps: number, done: number): number[] {
  return Array.from({ length: steps }, (_, index) =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => tf.mean(tf.squaredDifference(reconstruct(x), x)) as tf.Scalar, variables);
      applyAdam(slots, grads, { learningRate: 0.003, step: done + index + 1 });
      return value.dataSync()[0]!;
    }),
  );
}

describe.each(setups)("training with $variant on $threads threads", setup => {
  // All networks where there are the most threads, two on each variant.
  const tested = Object.keys(networks).slice(0, setup === setups.at(-1) ? undefined : 2);
  it.each(tested)("takes 2,000 steps of a %s autoencoder in constant memory", async name => {
    await freshKernels(setup);
    const network = networks[name]!();
    const slots = adamSlots(network.variables);
    const first = train(network, slots, 20, 0);
    const memory = memoryOf(asWasmBackend(tf.backend()));
    const heapBytes = memory.buffer.byteLength;
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    const last = train(network, slots, 2000, 20);
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers, numBytes });
    expect(memory.buffer.byteLength).toBe(heapBytes);
    expect(last.at(-1)!).toBeLessThan(first[0]! * 0.9);
  });

  it.each(tested)("follows the losses of the cpu backend, with tf.train.adam, on a %s autoencoder", async name => {
    await freshKernels(setup);
    const network = networks[name]!();
    const ours = train(network, adamSlots(network.variables), 20, 0);
    await tf.setBackend("cpu");
    const { variables, reconstruct, x } = networks[name]!();
    const optimizer = tf.train.adam(0.003);
    const theirs = ours.map(() => tf.tidy(() => {
      const loss = () => tf.mean(tf.squaredDifference(reconstruct(x), x)) as tf.Scalar;
      return optimizer.minimize(loss, true, variables)!.dataSync()[0]!;
    }));
    ours.forEach((loss, step) => expect(Math.abs(loss / theirs[step]! - 1), `step ${step}`).toBeLessThan(1e-4));
  });
});
