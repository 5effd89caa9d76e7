import { engine, util, zerosLike, type GradConfig, type Tensor } from "@tensorflow/tfjs-core";
import { LatentError } from "../../protocol/errors";
import { PASS, type KernelHeap } from "./kernelHeap";
import type { FastKernel, Inputs } from "./register";

// tfjs composes the gradient of an activation from three to five kernels, among them a comparison and a cast; here it is one.

/** Named as in wasm/activations.ts. */
export const activations = { Relu: 0, LeakyRelu: 1, Sigmoid: 2, Tanh: 3, Softplus: 4 } as const;
type Activation = keyof typeof activations;

/** The name of our kernel for all of them. */
export const ACTIVATION_GRADIENT = "LatentActivationGradient";

/** The attributes of our kernel. */
export interface ActivationGradientAttrs {
  activation: Activation;
  /** The slope of leaky relu; not used by the others. */
  alpha: number;
}

/** dy · f′ on wasm, of the shape of dy; `xOrY` is what tfjs saves, the input of a relu or softplus and the output of sigmoid and tanh. */
export function activationGradient(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { dy, xOrY } = inputs as Inputs<"dy" | "xOrY">;
    const { activation, alpha } = attrs as unknown as ActivationGradientAttrs;
    if (dy.dtype !== "float32" || xOrY.dtype !== "float32") return undefined;
    const out = heap.output(dy.shape);
    const count = util.sizeFromShape(dy.shape);
    heap.run("activationGradient", heap.partsFor(count * PASS), activations[activation], heap.addressOf(dy), heap.addressOf(xOrY), heap.addressOf(out), count, alpha);
    return out;
  };
}

function runActivationGradient(inputs: Record<"dy" | "xOrY", Tensor>, attrs: ActivationGradientAttrs): Tensor {
  return engine().runKernel(ACTIVATION_GRADIENT, { ...inputs }, { ...attrs }) as Tensor;
}

/** Gradients of the activations, and of the relus' gradients, so that second derivatives (a gradient penalty) work too. */
export const activationGradients: GradConfig[] = [
  { kernelName: "Relu", inputsToSave: ["x"], gradFunc: gradientOf("Relu") },
  { kernelName: "LeakyRelu", inputsToSave: ["x"], gradFunc: gradientOf("LeakyRelu") },
  { kernelName: "Sigmoid", outputsToSave: [true], gradFunc: gradientOf("Sigmoid") },
  { kernelName: "Softplus", inputsToSave: ["x"], gradFunc: gradientOf("Softplus") },
  { kernelName: "Tanh", outputsToSave: [true], gradFunc: gradientOf("Tanh") },
  { kernelName: ACTIVATION_GRADIENT, inputsToSave: ["xOrY"], gradFunc: secondDerivative },
];

function gradientOf(activation: Activation): GradConfig["gradFunc"] {
  return (dy, saved, attrs) => {
    const { alpha } = attrs as unknown as { alpha?: number };
    return { x: () => runActivationGradient({ dy: dy as Tensor, xOrY: saved[0]! }, { activation, alpha: alpha ?? 0 }) };
  };
}

/** The relus are piecewise linear: their slope changes with neither dy nor x. */
function secondDerivative(upstream: Tensor | Tensor[], saved: Tensor[], attrs: object) {
  const xOrY = saved[0]!;
  const { activation, alpha } = attrs as ActivationGradientAttrs;
  if (activation !== "Relu" && activation !== "LeakyRelu") {
    // Of sigmoid and tanh tfjs records the saved output before the operation that makes it, and so loses what depends on it
    // without a word.
    throw new LatentError("unsupported", `tfjs has no second derivative of ${activation.toLowerCase()}; use relu or leaky relu`);
  }
  return { dy: () => runActivationGradient({ dy: upstream as Tensor, xOrY }, { activation, alpha }), xOrY: () => zerosLike(xOrY) };
}
