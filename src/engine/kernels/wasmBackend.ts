import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { LatentError } from "../../protocol/errors";
import type { WasmMemory } from "../webAssembly";

// tfjs-backend-wasm keeps every tensor at a fixed address of one WebAssembly memory. Our kernels read and write there, so
// they need four things that are not in its documented API. This file names them and nothing else in the engine may use
// more; the version is pinned in package.json, and a change shows here rather than as wrong numbers.

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
    /** The memory of the module for one thread. */
    asm?: { memory?: WasmMemory };
    /** That of the module for several. */
    wasmMemory?: WasmMemory;
  };
}

const ADDRESS_SPACE = 2 ** 32;

/**
 * Makes an allocation that fails throw `out-of-memory`. tfjs does not look at what malloc answers: address 0 would be written
 * through, and a size beyond 32 bits wraps around.
 */
export function guardMemory({ wasm }: WasmBackend): void {
  wasm._free(wasm._malloc(1)); // the module replaces its entry by the function itself at the first call
  const malloc = wasm._malloc;
  wasm._malloc = bytes => {
    const address = bytes < ADDRESS_SPACE ? malloc(bytes) >>> 0 : 0;
    if (address === 0 && bytes > 0) throw new LatentError("out-of-memory", `the wasm heap, 4 GB at most, has no ${Math.ceil(bytes / 2 ** 20)} MB left.`);
    return address;
  };
}

/** The memory, shared where it is of the threaded module. */
export function memoryOf({ wasm }: WasmBackend): WasmMemory {
  return (wasm.wasmMemory ?? wasm.asm?.memory)!;
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
    "its memory": wasm !== undefined && /ArrayBuffer/.test(String(memoryOf(backend as WasmBackend)?.buffer)),
  };
  const missing = Object.keys(expected).filter(name => !expected[name]);
  if (missing.length > 0) {
    throw new LatentError("internal", `the wasm backend has no ${missing.join(", ")}; these kernels need tfjs-backend-wasm 4.22.0`);
  }
  return backend as WasmBackend;
}
