import { util, type FusedConv2DAttrs, type TensorInfo } from "@tensorflow/tfjs-core";
import type { KernelHeap } from "./kernelHeap";

/** Named as in wasm/epilogue.ts. */
const activations: Partial<Record<string, number>> = { linear: 0, relu: 1, leakyrelu: 2, sigmoid: 3 };

/** Arguments of a product for what follows it: the bias's address (0 for nothing), the activation, leaky relu's slope. */
export type Epilogue = readonly [bias: number, activation: number, alpha: number];

export const noEpilogue: Epilogue = [0, 0, 0];

/** The epilogue of a fused operation with `columns` outputs a row; undefined where our kernels have none for it. */
export function epilogueOf(heap: KernelHeap, bias: TensorInfo | undefined, columns: number, attrs: object): Epilogue | undefined {
  const { activation, leakyreluAlpha = 0 } = attrs as Partial<FusedConv2DAttrs>;
  const number = activations[activation ?? "linear"];
  if (number === undefined) return undefined;
  if (!bias) return number === 0 ? noEpilogue : undefined;
  if (bias.dtype !== "float32" || util.sizeFromShape(bias.shape) !== columns || bias.shape.at(-1) !== columns) return undefined;
  return [heap.addressOf(bias), number, leakyreluAlpha];
}
