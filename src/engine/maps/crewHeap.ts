import { LatentError } from "../../protocol/errors";
import type { WasmMemory } from "../webAssembly";

/** Values in a crew's memory, with the address that kernels know them by. */
export interface Shared<T> {
  address: number;
  values: T;
}

/** Hands out the crew's memory from its beginning on; what was taken last is given back first. All of it starts as zeros. */
export interface CrewHeap {
  float32(length: number): Shared<Float32Array>;
  float64(length: number): Shared<Float64Array>;
  int32(length: number): Shared<Int32Array>;
  uint8(length: number): Shared<Uint8Array>;
  /** Gives back whatever `work` takes. */
  scope<T>(work: () => T): T;
  /** Gives back whatever `work` takes until its promise is settled; nobody else may take anything meanwhile. */
  scopeAsync<T>(work: () => Promise<T>): Promise<T>;
}

const PAGE = 65536;
/** Arrays begin on cache lines. */
const LINE = 64;

export function createHeap(memory: WasmMemory): CrewHeap {
  let top = LINE; // no array has the address 0

  /** Throws `out-of-memory`. */
  function take(bytes: number): number {
    const start = top;
    const end = start + Math.ceil(bytes / LINE) * LINE;
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) {
      try {
        memory.grow(Math.ceil(missing / PAGE));
      } catch {
        throw new LatentError("out-of-memory", `The map needs ${(end / 2 ** 20).toFixed(0)} MB at once, more than can be had. Fewer neighbours or fewer rows need less.`);
      }
    }
    top = end;
    return start;
  }
  const array = <T>(make: new (buffer: SharedArrayBuffer, address: number, length: number) => T & { fill(value: number): T; BYTES_PER_ELEMENT: number }, bytes: number) => (length: number): Shared<T> => {
    const address = take(length * bytes);
    const values = new make(memory.buffer as SharedArrayBuffer, address, length);
    values.fill(0); // given back memory holds what was there
    return { address, values };
  };
  return {
    float32: array(Float32Array, 4),
    float64: array(Float64Array, 8),
    int32: array(Int32Array, 4),
    uint8: array(Uint8Array, 1),
    scope: work => {
      const mark = top;
      try {
        return work();
      } finally {
        top = mark;
      }
    },
    scopeAsync: async work => {
      const mark = top;
      try {
        return await work();
      } finally {
        top = mark;
      }
    },
  };
}
