import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { LatentError } from "../../protocol/errors";

// tfjs-backend-wasm keeps every tensor at a fixed address of one WebAssembly memory. Our kernels read and write there, so
// they need four things that are not in its documented API. This file names them and nothing else in the engine may use
// more; the version is pinned in package.json, and a change shows here rather than as wrong numbers.

/** A WebAssembly.Memory. `buffer` is replaced, and views of the old one die, whenever the memory grows. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** What is used of tfjs-backend-wasm's backend object. */
export interface WasmBackend {
  /** Allocates an uninitialized tensor. */
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  /** Counts one more owner of a tensor's values. */
  incRef(dataId: object): void;
  /** Counts one owner less, and frees the values when it was the last. */
  disposeData(dataId: object): boolean;
  /** A tensor's address in bytes; fetches its values from another backend where they are there. */
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  wasm: {
    _malloc(bytes: number): number;
    _free(address: number): void;
    asm: { memory: WasmMemory };
  };
}

/** `backend` as tfjs-backend-wasm's; throws with the name of what is missing. */
export function asWasmBackend(backend: object): WasmBackend {
  const { makeOutput, incRef, disposeData, dataIdMap, wasm } = backend as Partial<WasmBackend>;
  const expected: Record<string, boolean> = {
    makeOutput: typeof makeOutput === "function",
    incRef: typeof incRef === "function",
    disposeData: typeof disposeData === "function",
    "dataIdMap.get": typeof dataIdMap?.get === "function",
    "wasm._malloc": typeof wasm?._malloc === "function",
    "wasm._free": typeof wasm?._free === "function",
    "wasm.asm.memory": wasm?.asm?.memory?.buffer instanceof ArrayBuffer,
  };
  const missing = Object.keys(expected).filter(name => !expected[name]);
  if (missing.length > 0) {
    throw new LatentError("internal", `the wasm backend has no ${missing.join(", ")}; these kernels need tfjs-backend-wasm 4.22.0`);
  }
  return backend as WasmBackend;
}
