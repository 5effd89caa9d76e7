import * as tf from "@tensorflow/tfjs-core";
import { batchNorm, normalize } from "../kernels/batchNorm";
import { random, type Random } from "../random";
import type { NamedTensors } from "../safetensors";
import type { Start } from "./model";
import { checkWeights, withPrefix } from "./weights";

// Building blocks of networks. A layer is a description: the shapes of its parameters, how they start, and a function of
// its input and the parameters' current values. A network owns the variables, so that one optimizer step, one save and
// one dispose see all of them by name.

export type Activation = "linear" | "relu" | "leakyRelu" | "sigmoid" | "tanh";

export interface Parameter {
  shape: number[];
  /** False for what is averaged over the batches instead of trained. */
  trainable?: boolean;
  initial(stream: Random, size: number): Float32Array;
}

export interface Layer {
  /** Shape of one row's output. */
  outputShape: number[];
  parameters: Record<string, Parameter>;
  /** [n, ...input] → [n, ...outputShape]; in training a layer may depend on the whole batch, and note what it saw. */
  apply(x: tf.Tensor, parameters: Record<string, tf.Variable>, training: boolean): tf.Tensor;
}

const leakyreluAlpha = 0.2;

/** Applies an activation by name. */
export function activate(x: tf.Tensor, activation: Activation): tf.Tensor {
  switch (activation) {
    case "linear": return x;
    case "relu": return tf.relu(x);
    case "leakyRelu": return tf.leakyRelu(x, leakyreluAlpha);
    case "sigmoid": return tf.sigmoid(x);
    case "tanh": return tf.tanh(x);
    default: return activation satisfies never;
  }
}

/** The activations that tfjs takes together with a product, outside of training: while the result is still in the cache. */
const fusedNames: Partial<Record<Activation, "linear" | "relu" | "leakyrelu" | "sigmoid">> = { linear: "linear", relu: "relu", leakyRelu: "leakyrelu", sigmoid: "sigmoid" };

/** `product` with bias and activation in one operation where there is one for it. */
function fused(activation: Activation, product: (fusedActivation: "linear" | "relu" | "leakyrelu" | "sigmoid") => tf.Tensor): tf.Tensor {
  const name = fusedNames[activation];
  return name ? product(name) : activate(product("linear"), activation);
}

/** x W + b followed by an activation; W [inputs, units]. */
export function dense(inputs: number, units: number, activation: Activation): Layer {
  return {
    outputShape: [units],
    parameters: { kernel: { shape: [inputs, units], initial: uniformFor(activation, inputs, units) }, bias: zeros([units]) },
    apply: (x, { kernel, bias }) => fused(activation, name => tf.fused.matMul({ a: x, b: kernel!, bias: bias!, activation: name, leakyreluAlpha })),
  };
}

/** 2-D convolution over [height, width, channels] rows, NHWC, padding "same"; kernel [size, size, channels, filters]. */
export function conv2d(input: number[], filters: number, size: number, stride: number, activation: Activation): Layer {
  const [height, width, channels] = input as [number, number, number];
  const fanIn = size * size * channels;
  return {
    outputShape: [Math.ceil(height / stride), Math.ceil(width / stride), filters],
    parameters: {
      kernel: { shape: [size, size, channels, filters], initial: uniformFor(activation, fanIn, size * size * filters) },
      bias: zeros([filters]),
    },
    apply: (x, { kernel, bias }) => fused(activation, name => tf.fused.conv2d({
      x: x as tf.Tensor4D, filter: kernel as tf.Tensor as tf.Tensor4D, strides: stride, pad: "same", bias: bias!, activation: name, leakyreluAlpha,
    })),
  };
}

/**
 * Transposed convolution (the input gradient of `conv2d`) from `input` to exactly `output` rows; kernel
 * [size, size, filters, channels]. `output` must be a size that a "same" convolution with this stride maps to `input`.
 */
export function conv2dTranspose(input: number[], output: number[], size: number, stride: number, activation: Activation): Layer {
  const [, , channels] = input as [number, number, number];
  const [height, width, filters] = output as [number, number, number];
  return {
    outputShape: [height, width, filters],
    parameters: {
      kernel: { shape: [size, size, filters, channels], initial: uniformFor(activation, (size * size * channels) / stride ** 2, (size * size * filters) / stride ** 2) },
      bias: zeros([filters]),
    },
    apply: (x, { kernel, bias }) => {
      const rows = x as tf.Tensor4D;
      return activate(tf.add(tf.conv2dTranspose(rows, kernel as tf.Tensor as tf.Tensor4D, [rows.shape[0], height, width, filters], stride, "same"), bias!), activation);
    },
  };
}

/**
 * Batch normalization over all but the last axis (Ioffe & Szegedy 2015), followed by an activation: in training by the
 * batch's own mean and variance, else by their running averages (momentum 0.1, unbiased variance, as in PyTorch).
 */
export function batchNormalization(shape: number[], activation: Activation): Layer {
  const channels = [shape.at(-1)!];
  const filled = (value: number, trainable: boolean): Parameter => ({ shape: channels, trainable, initial: (_, size) => new Float32Array(size).fill(value) });
  return {
    outputShape: shape,
    parameters: { gamma: filled(1, true), beta: filled(0, true), mean: filled(0, false), variance: filled(1, false) },
    apply: (x, { gamma, beta, mean, variance }, training) => {
      const [scale, shift] = [gamma as tf.Tensor as tf.Tensor1D, beta as tf.Tensor as tf.Tensor1D];
      if (!training) return activate(normalize(x, scale, shift, { mean: mean as tf.Tensor as tf.Tensor1D, variance: variance as tf.Tensor as tf.Tensor1D }, normEpsilon), activation);
      const rows = x.size / channels[0]!;
      const follow = (average: tf.Variable, seen: tf.Tensor) => average.assign(tf.add(tf.mul(average, 1 - normMomentum), tf.mul(seen, normMomentum)));
      return activate(batchNorm(x, scale, shift, normEpsilon, moments => {
        follow(mean!, moments.mean);
        follow(variance!, tf.mul(moments.variance, rows / Math.max(1, rows - 1)));
      }), activation);
    },
  };
}

const normEpsilon = 1e-5;
const normMomentum = 0.1;

/** [n, ...] → [n, ...shape] with the same values. */
export function reshape(shape: number[]): Layer {
  return { outputShape: shape, parameters: {}, apply: x => tf.reshape(x, [x.shape[0]!, ...shape]) };
}

const zeros = (shape: number[]): Parameter => ({ shape, initial: (_, size) => new Float32Array(size) });

/** Glorot & Bengio 2010, eq. 16, and for rectifiers He et al. 2015, eq. 10, both as uniform distributions. */
function uniformFor(activation: Activation, fanIn: number, fanOut: number) {
  const rectifier = activation === "relu" || activation === "leakyRelu";
  const limit = Math.sqrt(rectifier ? 6 / fanIn : 6 / (fanIn + fanOut));
  return (stream: Random, size: number) => {
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = (2 * stream.uniform() - 1) * limit;
    return values;
  };
}

/** A chain of layers with their variables. */
export interface Network {
  /** By name: "<network>.<layer index>.<parameter>". */
  readonly variables: Readonly<Record<string, tf.Variable>>;
  readonly outputShape: number[];
  apply(x: tf.Tensor, training?: boolean): tf.Tensor;
  dispose(): void;
}

/**
 * A network that begins from streams named by seed, network, layer and parameter, or from weights; those are checked
 * before anything is allocated.
 */
export function network(name: string, layers: Layer[], start: Start): Network {
  const shapes = Object.fromEntries(layers.flatMap((layer, index) => Object.entries(layer.parameters).map(([key, { shape }]) => [`${name}.${index}.${key}`, shape])));
  if ("weights" in start) checkWeights(shapes, withPrefix(start.weights, `${name}.`, true));
  const variables: Record<string, tf.Variable> = {};
  const ofLayer = layers.map((layer, index) => Object.fromEntries(Object.entries(layer.parameters).map(([key, { shape, initial, trainable = true }]) => {
    const path = `${name}.${index}.${key}`;
    const size = shape.reduce((product, length) => product * length, 1);
    const data = "weights" in start ? (start.weights[path]!.data as Float32Array) : initial(random(start.seed, path), size);
    const values = tf.tensor(data, shape);
    variables[path] = tf.variable(values, trainable);
    values.dispose();
    return [key, variables[path]!];
  })));
  return {
    variables,
    outputShape: layers.at(-1)!.outputShape,
    apply: (x, training = false) => tf.tidy(() => layers.reduce((value, layer, index) => layer.apply(value, ofLayer[index]!, training), x)),
    dispose: () => Object.values(variables).forEach(variable => variable.dispose()),
  };
}

/** Copies the variables to host memory. */
export async function readVariables(variables: Readonly<Record<string, tf.Tensor>>): Promise<NamedTensors> {
  const entries = Object.entries(variables);
  const data = await Promise.all(entries.map(([, variable]) => variable.data()));
  // A backend may hand out a view of its own heap, which the next step overwrites.
  return Object.fromEntries(entries.map(([name, { shape }], i) => [name, { shape: shape.slice(), data: Float32Array.from(data[i]!) }]));
}

/** Sets the variables from host memory; throws `bad-checkpoint` when names or shapes differ. */
export function writeVariables(variables: Readonly<Record<string, tf.Variable>>, weights: NamedTensors): void {
  checkWeights(Object.fromEntries(Object.entries(variables).map(([name, { shape }]) => [name, shape])), weights);
  for (const [name, variable] of Object.entries(variables)) {
    const { data, shape } = weights[name]!;
    tf.tidy(() => variable.assign(tf.tensor(data as Float32Array, shape)));
  }
}
