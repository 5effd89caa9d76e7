import {
  add, div, engine, getBackend, getKernel, mul, sqrt, square, sub, tidy, util, type NamedTensorMap, type Tensor, type Variable,
} from "@tensorflow/tfjs-core";
import { PASS, type KernelHeap } from "./kernelHeap";
import type { FastKernel, Inputs } from "./register";

// Gradient descent with one running mean a variable, as a function over plain variables like Adam (adam.ts): one kernel on
// wasm, the same arithmetic in tfjs operations elsewhere.

/** Named as in wasm/descent.ts. */
const descentRules = { momentum: 0, rmsProp: 1 } as const;
export type DescentRule = keyof typeof descentRules;

/** The name of our kernel. */
export const DESCENT = "LatentDescent";

/** A variable being trained, and its running mean: of the gradient (momentum) or of its square (RMSProp), of the same shape. */
export interface DescentSlot {
  variable: Variable;
  mean: Variable;
}

export interface DescentParameters {
  rule: DescentRule;
  learningRate: number;
  /** What the mean keeps from step to step: 0.9 by default. */
  decay?: number;
  /** RMSProp divides by √mean + epsilon. */
  epsilon?: number;
}

/**
 * One step: momentum m ← decay · m + g, w ← w − rate · m (Sutskever et al. 2013), or RMSProp v ← decay · v + (1 − decay) g²,
 * w ← w − rate · g / (√v + ε) (Tieleman & Hinton 2012). `gradients` go by the variables' names and stay the caller's to
 * dispose; a slot without one stays as it is.
 */
export function applyDescent(slots: readonly DescentSlot[], gradients: NamedTensorMap, { rule, learningRate, decay = 0.9, epsilon = 1e-7 }: DescentParameters): void {
  const step = getKernel(DESCENT, getBackend()) ? runDescent : composedDescent;
  tidy(() => {
    for (const { variable, mean } of slots) {
      const gradient = gradients[variable.name];
      if (!gradient) continue;
      util.assertShapesMatch(gradient.shape, variable.shape, `gradient of ${variable.name}: `);
      const [newW, newMean] = step({ w: variable, g: gradient, s: mean }, { rule, rate: learningRate, decay, epsilon });
      variable.assign(newW);
      mean.assign(newMean);
    }
  });
}

interface StepAttrs {
  rule: DescentRule;
  rate: number;
  decay: number;
  epsilon: number;
}
type StepInputs = Record<"w" | "g" | "s", Tensor>;

function runDescent(inputs: StepInputs, attrs: StepAttrs): [Tensor, Tensor] {
  return engine().runKernel(DESCENT, { ...inputs }, { ...attrs }) as [Tensor, Tensor];
}

function composedDescent({ w, g, s }: StepInputs, { rule, rate, decay, epsilon }: StepAttrs): [Tensor, Tensor] {
  const mean = rule === "momentum" ? add(mul(decay, s), g) : add(mul(decay, s), mul(1 - decay, square(g)));
  const step = rule === "momentum" ? mul(rate, mean) : div(mul(rate, g), add(sqrt(mean), epsilon));
  return [sub(w, step), mean];
}

/** { w, g, s } → [new w, new s], all of one shape; both new tensors, because a clone of an old one shares its values. */
export function descentKernel(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { w, g, s } = inputs as Inputs<"w" | "g" | "s">;
    if ([w, g, s].some(({ dtype }) => dtype !== "float32")) return undefined;
    const { rule, rate, decay, epsilon } = attrs as unknown as StepAttrs;
    const outputs = [heap.output(w.shape), heap.output(w.shape)] as const;
    const count = util.sizeFromShape(w.shape);
    heap.run(
      "descent", heap.partsFor(count * 2 * PASS), descentRules[rule],
      heap.addressOf(w), heap.addressOf(g), heap.addressOf(s), heap.addressOf(outputs[0]), heap.addressOf(outputs[1]),
      count, rate, decay, 1 - decay, epsilon,
    );
    return [...outputs];
  };
}
