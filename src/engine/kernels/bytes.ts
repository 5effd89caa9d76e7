import { engine, getBackend, getKernel, tensor, type Tensor } from "@tensorflow/tfjs-core";
import { PASS, type KernelHeap } from "./kernelHeap";
import type { FastKernel } from "./register";

/** The name of our kernel. */
export const LOOK_UP_BYTES = "LatentLookUpBytes";

interface Attrs {
  bytes: Uint8Array;
  table: Float32Array;
  shape: number[];
}

/** table[bytes], of `shape`; `table` has 256 values. The caller disposes. One pass on the wasm heap, in JavaScript on other backends. */
export function lookUpBytes(bytes: Uint8Array, table: Float32Array, shape: number[]): Tensor {
  if (getKernel(LOOK_UP_BYTES, getBackend())) return engine().runKernel(LOOK_UP_BYTES, {}, { bytes, table, shape } as unknown as Record<string, never>) as Tensor;
  return tensor(lookUp(bytes, table), shape);
}

/** table[bytes] in host memory. A function of its own, which sees one type of array: V8 then makes a quick loop of it. */
function lookUp(bytes: Uint8Array, table: Float32Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = table[bytes[i]!]!;
  return values;
}

/** The kernel: attributes { bytes, table, shape } → a float32 tensor. */
export function lookUpBytesKernel(heap: KernelHeap): FastKernel {
  return (_, attrs) => {
    const { bytes, table, shape } = attrs as unknown as Attrs;
    const out = heap.output(shape);
    const scratch = heap.scratch(table.byteLength + bytes.length);
    new Float32Array(heap.memory.buffer, scratch, table.length).set(table);
    new Uint8Array(heap.memory.buffer, scratch + table.byteLength, bytes.length).set(bytes);
    heap.run("lookUpBytes", heap.partsFor(bytes.length * PASS), scratch + table.byteLength, scratch, heap.addressOf(out), bytes.length);
    return out;
  };
}
