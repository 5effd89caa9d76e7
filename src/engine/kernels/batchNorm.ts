import {
  add, customGrad, div, engine, getBackend, getKernel, mean as meanOf, mul, reshape, rsqrt, square, sub, sum, tidy, util,
  type GradSaveFunc, type Tensor, type Tensor1D, type TensorInfo,
} from "@tensorflow/tfjs-core";
import { PASS, type KernelHeap } from "./kernelHeap";
import type { FastKernel, Inputs } from "./register";

// Batch normalization (Ioffe & Szegedy 2015) over all axes but the last, with a gradient of its own: composed of tfjs's
// operations it takes some twenty passes over the batch forward and back, as kernels four. The same formulas in tfjs
// operations elsewhere.

/** The names of our kernels. */
export const BATCH_NORM = "LatentBatchNorm";
export const BATCH_NORM_GRADIENT = "LatentBatchNormGradient";

/** Of each channel over the batch; `variance` is the biased one, as it is used for normalizing. */
export interface Moments {
  mean: Tensor1D;
  variance: Tensor1D;
}

/**
 * y = γ (x − μ) / √(σ² + ε) + β with μ and σ² of this batch: x [..., channels], γ and β [channels] → [..., channels]. The
 * moments, which a model averages for later, are given to `onMoments` and live until it returns.
 */
export function batchNorm(x: Tensor, gamma: Tensor1D, beta: Tensor1D, epsilon: number, onMoments: (moments: Moments) => void): Tensor {
  const has = (name: string) => Boolean(getKernel(name, getBackend()));
  const forward = has(BATCH_NORM) ? runForward : composedForward;
  const backward = has(BATCH_NORM_GRADIENT) ? runBackward : composedBackward;
  return customGrad((input, scale, shift, save) => {
    const { y, ...moments } = forward(input as Tensor, scale as Tensor1D, shift as Tensor1D, epsilon);
    onMoments(moments);
    (save as GradSaveFunc)([input as Tensor, scale as Tensor, moments.mean, moments.variance]);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => backward(dy, saved as [Tensor, Tensor1D, Tensor1D, Tensor1D], epsilon),
    };
  })(x, gamma, beta);
}

/** The same with given moments, of the data as a whole: what a trained network does. */
export function normalize(x: Tensor, gamma: Tensor1D, beta: Tensor1D, { mean, variance }: Moments, epsilon: number): Tensor {
  return tidy(() => {
    const scale = mul(gamma, rsqrt(add(variance, epsilon)));
    return add(mul(x, scale), sub(beta, mul(mean, scale)));
  });
}

type Forward = { y: Tensor } & Moments;
type Gradients = [Tensor, Tensor1D, Tensor1D];
type Saved = [x: Tensor, gamma: Tensor1D, mean: Tensor1D, variance: Tensor1D];

function runForward(x: Tensor, gamma: Tensor1D, beta: Tensor1D, epsilon: number): Forward {
  const [y, mean, variance] = engine().runKernel(BATCH_NORM, { x, gamma, beta }, { epsilon }) as [Tensor, Tensor1D, Tensor1D];
  return { y, mean, variance };
}

function runBackward(dy: Tensor, [x, gamma, mean, variance]: Saved, epsilon: number): Gradients {
  return engine().runKernel(BATCH_NORM_GRADIENT, { dy, x, gamma, mean, variance }, { epsilon }) as Gradients;
}

/** [..., channels] → [rows, channels] */
const asRows = (x: Tensor) => reshape(x, [-1, x.shape.at(-1)!]);

function composedForward(x: Tensor, gamma: Tensor1D, beta: Tensor1D, epsilon: number): Forward {
  const rows = asRows(x);
  const mean = meanOf(rows, 0) as Tensor1D;
  const variance = meanOf(square(sub(rows, mean)), 0) as Tensor1D;
  const y = add(mul(sub(rows, mean), mul(gamma, rsqrt(add(variance, epsilon)))), beta);
  return { y: reshape(y, x.shape), mean, variance };
}

/** Ioffe & Szegedy 2015, section 3, with the terms through the moments gathered. */
function composedBackward(dy: Tensor, [x, gamma, mean, variance]: Saved, epsilon: number): Gradients {
  const upstream = asRows(dy);
  const scale = rsqrt(add(variance, epsilon));
  const normalized = mul(sub(asRows(x), mean), scale);
  const dBeta = sum(upstream, 0) as Tensor1D;
  const dGamma = sum(mul(upstream, normalized), 0) as Tensor1D;
  const rows = upstream.shape[0]!;
  const inner = sub(sub(upstream, div(dBeta, rows)), mul(normalized, div(dGamma, rows)));
  return [reshape(mul(mul(gamma, scale), inner), x.shape), dGamma, dBeta];
}

/** { x [..., channels], gamma, beta [channels] }, epsilon → [y, mean, variance]. */
export function batchNormKernel(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { x, gamma, beta } = inputs as Inputs<"x" | "gamma" | "beta">;
    if (!areUsable(x, gamma, beta)) return undefined;
    const { epsilon } = attrs as unknown as { epsilon: number };
    const outputs = [heap.output(x.shape), heap.output(gamma.shape), heap.output(gamma.shape)] as const;
    const work = prepare(heap, x);
    // Moments about a value of the channel itself: about 0 they would cancel where the mean is large.
    work.coefficients.set(new Float32Array(heap.memory.buffer, heap.addressOf(x), work.columns));
    const [first, second] = work.sums(0);
    const [mean, variance] = outputs.slice(1).map(info => work.values(info)) as [Float32Array, Float32Array];
    const [weights, offsets] = [gamma, beta].map(info => work.values(info)) as [Float32Array, Float32Array];
    const { coefficients, columns, rows } = work;
    for (let j = 0; j < columns; j++) {
      const centre = coefficients[j]!;
      const distance = first[j]! / rows;
      mean[j] = centre + distance;
      variance[j] = Math.max(0, second[j]! / rows - distance * distance);
      coefficients[j] = mean[j]!;
      coefficients[columns + j] = weights[j]! / Math.sqrt(variance[j]! + epsilon);
      coefficients[2 * columns + j] = offsets[j]!;
    }
    work.map(0, outputs[0]);
    return [...outputs];
  };
}

/** { dy, x [..., channels], gamma, mean, variance [channels] }, epsilon → [dx, dGamma, dBeta]. */
export function batchNormGradientKernel(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { dy, x, gamma, mean, variance } = inputs as Inputs<"dy" | "x" | "gamma" | "mean" | "variance">;
    if (!areUsable(x, dy, gamma)) return undefined;
    const { epsilon } = attrs as unknown as { epsilon: number };
    const outputs = [heap.output(x.shape), heap.output(gamma.shape), heap.output(gamma.shape)] as const;
    const work = prepare(heap, x);
    const { coefficients, columns, rows } = work;
    coefficients.set(work.values(mean));
    const upstream = heap.addressOf(dy);
    const [first, second] = work.sums(upstream);
    const [dGamma, dBeta] = outputs.slice(1).map(info => work.values(info)) as [Float32Array, Float32Array];
    const [weights, variances] = [gamma, variance].map(info => work.values(info)) as [Float32Array, Float32Array];
    for (let j = 0; j < columns; j++) {
      const scale = 1 / Math.sqrt(variances[j]! + epsilon);
      const factor = weights[j]! * scale;
      dGamma[j] = second[j]! * scale;
      dBeta[j] = first[j]!;
      coefficients[columns + j] = (-factor * scale * scale * second[j]!) / rows;
      coefficients[2 * columns + j] = (-factor * first[j]!) / rows;
      coefficients[3 * columns + j] = factor;
    }
    work.map(upstream, outputs[0]);
    return [...outputs];
  };
}

const areUsable = (...tensors: TensorInfo[]) => tensors.every(({ dtype, shape }) => dtype === "float32" && util.sizeFromShape(shape) > 0);

/** The two passes over x, and between them a few values a channel, in scratch memory. No tensor may be made meanwhile: it might move the memory. */
function prepare(heap: KernelHeap, x: TensorInfo) {
  const columns = x.shape.at(-1)!;
  const rows = util.sizeFromShape(x.shape) / columns;
  const parts = Math.min(heap.partsFor(rows * columns * 2 * PASS), rows >= heap.parts ? heap.parts : 1);
  const scratch = heap.scratch((4 + 2 * parts) * columns * 4);
  const partials = scratch + 4 * columns * 4;
  const { buffer } = heap.memory;
  const address = heap.addressOf(x);
  return {
    rows, columns,
    /** [4, columns] of channelMap, the first of them the centre for `sums`. */
    coefficients: new Float32Array(buffer, scratch, 4 * columns),
    values: (info: TensorInfo) => new Float32Array(buffer, heap.addressOf(info), columns),
    /** What `channelSums` gives, over all parts. */
    sums: (dy: number): [Float64Array, Float64Array] => {
      heap.run("channelSums", parts, address, dy, scratch, partials, rows, columns);
      const totals = [new Float64Array(columns), new Float64Array(columns)] as [Float64Array, Float64Array];
      const all = new Float32Array(buffer, partials, 2 * parts * columns);
      all.forEach((value, index) => { totals[Math.floor(index / columns) % 2]![index % columns]! += value; });
      return totals;
    },
    map: (dy: number, out: TensorInfo) => heap.run("channelMap", parts, address, dy, scratch, heap.addressOf(out), rows, columns),
  };
}
