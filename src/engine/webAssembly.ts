/** A WebAssembly.Memory. `buffer` is replaced when the memory grows; views of the old one die, or do not reach what is new. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages of 64 KiB; throws a RangeError where they are not to be had. */
  grow(pages: number): number;
}

type Imports = { env: { memory: WasmMemory } };

/** The few names of the WebAssembly API that are used: its types are in TypeScript's DOM library alone, which the engine does without. */
interface Api {
  validate(bytes: Uint8Array): boolean;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Module: new (bytes: Uint8Array) => WasmModule;
  Instance: new (module: WasmModule, imports: Imports) => { exports: unknown };
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  instantiate(module: WasmModule, imports: Imports): Promise<{ exports: unknown }>;
}
/** A compiled module; threads can be given one. */
export type WasmModule = object;

export const { WebAssembly } = globalThis as unknown as { WebAssembly: Api };
