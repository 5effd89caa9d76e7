import {
  add, dispose, div, engine, getBackend, getKernel, mul, sqrt, square, sub, tidy, util, variable as makeVariable, zeros,
  type NamedTensorMap, type Tensor, type Variable,
} from "@tensorflow/tfjs-core";
import { PASS, type KernelHeap } from "./kernelHeap";
import type { FastKernel, Inputs } from "./register";

// Adam (Kingma & Ba 2015, algorithm 1) as a function over plain variables: m and v are the caller's to read, to store in a
// checkpoint and to restore, which tf.train.adam hides. One kernel on wasm and webgpu (webgpu/adam.ts), the same arithmetic in
// tfjs operations elsewhere.

/** A variable being trained, and the running means of its gradient (`m`) and of the gradient's square (`v`), all of one shape. */
export interface AdamSlot {
  variable: Variable;
  m: Variable;
  v: Variable;
}

export interface AdamParameters {
  learningRate: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Counts from 1: the number of this step, and so of the gradients in m and v after it. */
  step: number;
}

/** The name of our kernel. */
export const ADAM = "LatentAdam";

/** Slots for `variables`, with m = v = 0. */
export function adamSlots(variables: readonly Variable[]): AdamSlot[] {
  const zero = (like: Variable) => tidy(() => makeVariable(zeros(like.shape), false));
  return variables.map(variable => ({ variable, m: zero(variable), v: zero(variable) }));
}

/** Disposes m and v, and leaves the variables. */
export function disposeAdamSlots(slots: readonly AdamSlot[]): void {
  for (const { m, v } of slots) dispose([m, v]);
}

/**
 * One step: assigns new values to every slot's variable, m and v. `gradients` are in the order of the slots, or by the
 * variables' names as tf.variableGrads gives them; they stay the caller's to dispose. A slot without a gradient stays as it
 * is, as with tf.train.adam.
 */
export function applyAdam(slots: readonly AdamSlot[], gradients: Tensor[] | NamedTensorMap, parameters: AdamParameters): void {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, step } = parameters;
  const stepSize = learningRate / (1 - beta1 ** step);
  const correction2 = 1 / (1 - beta2 ** step);
  const attrs: StepAttrs = { beta1, beta2, epsilon, stepSize, correction2 };
  const fused = Boolean(getKernel(ADAM, getBackend()));
  tidy(() => {
    slots.forEach(({ variable, m, v }, index) => {
      const gradient = Array.isArray(gradients) ? gradients[index] : gradients[variable.name];
      if (!gradient) return;
      util.assertShapesMatch(gradient.shape, variable.shape, `gradient of ${variable.name}: `);
      const inputs = { w: variable, g: gradient, m, v };
      const [newW, newM, newV] = fused ? runAdam(inputs, attrs) : composedAdam(inputs, attrs);
      variable.assign(newW);
      m.assign(newM);
      v.assign(newV);
    });
  });
}

/** The attributes of our kernel. */
export interface StepAttrs {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** learningRate / (1 − β₁ᵗ) */
  stepSize: number;
  /** 1 / (1 − β₂ᵗ) */
  correction2: number;
}

function runAdam(inputs: Record<"w" | "g" | "m" | "v", Tensor>, attrs: StepAttrs): [Tensor, Tensor, Tensor] {
  return engine().runKernel(ADAM, { ...inputs }, { ...attrs }) as [Tensor, Tensor, Tensor];
}

function composedAdam({ w, g, m, v }: Record<"w" | "g" | "m" | "v", Tensor>, attrs: StepAttrs): [Tensor, Tensor, Tensor] {
  const { beta1, beta2, epsilon, stepSize, correction2 } = attrs;
  const newM = add(mul(beta1, m), mul(1 - beta1, g));
  const newV = add(mul(beta2, v), mul(1 - beta2, square(g)));
  const newW = sub(w, div(mul(stepSize, newM), add(sqrt(mul(newV, correction2)), epsilon)));
  return [newW, newM, newV];
}

/**
 * The kernel on wasm: { w, g, m, v } → [new w, new m, new v], all of one shape. All three are new tensors, because a clone of an old
 * one, such as a snapshot for a checkpoint, shares its values.
 */
export function adamKernel(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { w, g, m, v } = inputs as Inputs<"w" | "g" | "m" | "v">;
    if ([w, g, m, v].some(info => info.dtype !== "float32")) return undefined;
    const { beta1, beta2, epsilon, stepSize, correction2 } = attrs as unknown as StepAttrs;
    const outputs = [heap.output(w.shape), heap.output(w.shape), heap.output(w.shape)];
    const [newW, newM, newV] = outputs.map(info => heap.addressOf(info)) as [number, number, number];
    const count = util.sizeFromShape(w.shape);
    heap.run(
      "adam", heap.partsFor(count * 2 * PASS),
      heap.addressOf(w), heap.addressOf(g), heap.addressOf(m), heap.addressOf(v), newW, newM, newV,
      count, beta1, 1 - beta1, beta2, 1 - beta2, stepSize, correction2, epsilon,
    );
    return outputs;
  };
}
