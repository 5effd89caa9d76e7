import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { beforeAll, describe, expect, it } from "vitest";
import { bernoulliNegativeLogLikelihood, meanSquaredError } from "../../src/engine/models/losses";
import { random } from "../../src/engine/random";

// The losses bring gradients of their own: here they are held against tfjs's, of the same formulas term by term.

const shape: [number, number] = [7, 13];
const stream = random(5, "losses");
const draw = (scale: number) => tf.tensor2d(Float32Array.from({ length: shape[0] * shape[1] }, () => scale * (stream.uniform() - 0.5)), shape);

const composed = {
  "the squared error": (x: tf.Tensor2D, y: tf.Tensor2D) => tf.mean(tf.square(tf.sub(x, y))),
  "the Bernoulli likelihood": (x: tf.Tensor2D, logits: tf.Tensor2D) =>
    tf.mean(tf.sum(tf.add(tf.sub(tf.relu(logits), tf.mul(x, logits)), tf.log1p(tf.exp(tf.neg(tf.abs(logits))))), 1)),
};
const ours = { "the squared error": meanSquaredError, "the Bernoulli likelihood": bernoulliNegativeLogLikelihood };

describe.each(Object.keys(ours) as (keyof typeof ours)[])("%s", name => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  it("has the value and the gradient of its formula", () => {
    const [x, y] = [tf.abs(draw(1)) as tf.Tensor2D, draw(40)];
    // Scaled, so that the gradient that comes from above is not 1.
    const both = [composed[name], ours[name]].map(loss => tf.valueAndGrad(tensor => tf.mul(loss(x, tensor as tf.Tensor2D), 3))(y));
    const [expected, actual] = both.map(({ value, grad }) => [value.dataSync()[0]!, ...grad.dataSync()]) as [number[], number[]];
    const largest = Math.max(...expected.slice(1).map(Math.abs));
    expect(actual[0]).toBeCloseTo(expected[0]!, 3);
    actual.slice(1).forEach((value, i) => expect(Math.abs(value - expected[i + 1]!) / largest).toBeLessThan(1e-5));
  });

  it("keeps no tensor", () => {
    const [x, y] = [draw(1), draw(4)];
    const { numTensors } = tf.memory();
    tf.dispose(Object.values(tf.grads(tensor => ours[name](x, tensor as tf.Tensor2D))([y])));
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
