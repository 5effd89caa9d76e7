/** A WebAssembly.Memory. `buffer` is replaced when the memory grows; views of the old one die, or do not reach what is new. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** The few names of the WebAssembly API that are used: its types are in TypeScript's DOM library alone, which the engine does without. */
interface Api {
  validate(bytes: Uint8Array): boolean;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Module: new (bytes: Uint8Array) => WasmModule;
  instantiate(module: WasmModule, imports: { env: { memory: WasmMemory } }): Promise<{ exports: unknown }>;
}
/** A compiled module; threads can be given one. */
export type WasmModule = object;

export const { WebAssembly } = globalThis as unknown as { WebAssembly: Api };
