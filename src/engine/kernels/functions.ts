import { util } from "@tensorflow/tfjs-core";
import { PASS, type KernelHeap } from "./kernelHeap";
import type { FastKernel, Inputs } from "./register";

/** Named as in wasm/functions.ts. */
const functions = { Exp: 0, Log1p: 1, Tanh: 2, Relu: 3, LeakyRelu: 4, Softplus: 5 } as const;

/** f(x) for each value of x; float32 alone. */
export function elementwiseFunction(heap: KernelHeap, name: keyof typeof functions): FastKernel {
  return (inputs, attrs) => {
    const { x } = inputs as Inputs<"x">;
    if (x.dtype !== "float32") return undefined;
    const { alpha = 0 } = attrs as { alpha?: number };
    const out = heap.output(x.shape);
    const count = util.sizeFromShape(x.shape);
    heap.run("elementwiseFunction", heap.partsFor(count * 2 * PASS), functions[name], heap.addressOf(x), heap.addressOf(out), count, alpha);
    return out;
  };
}
