import { setFlagsFromString } from "node:v8";
import { WebAssembly, type WasmModule } from "../webAssembly";

// WebAssembly knows vectors of 128 bits. V8's optimizing compiler can pair neighbouring ones into the 256-bit instructions of
// the processor (AVX2), half as many for the same work; this is behind a flag and therefore behind our self-test.

/** V8 has it from version 13 on. Electron's V8 takes no flags once it runs. */
export function canWiden(): boolean {
  return Number.parseInt(process.versions.v8, 10) >= 13 && process.versions["electron"] === undefined;
}

/** Compiles the module with 256-bit instructions, at once and optimized, so that a self-test sees the code that will run. */
export function compileWide(bytes: Uint8Array): WasmModule {
  setFlagsFromString("--experimental-wasm-revectorize");
  setFlagsFromString("--no-liftoff");
  setFlagsFromString("--no-wasm-lazy-compilation");
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString("--wasm-lazy-compilation");
    setFlagsFromString("--liftoff");
    setFlagsFromString("--no-experimental-wasm-revectorize");
  }
}
