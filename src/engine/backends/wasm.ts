import { availableParallelism } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { BackendOptions, Opened } from "./opened";
import { installKernels, type KernelsInfo } from "../kernels";
import { openWasmBackend } from "../kernels/sharedHeap";

/** One core is left to VS Code and the rest of the machine: a cancel or a slider must not wait for a core. */
function usualThreads(): number {
  return Math.max(1, Math.min(16, availableParallelism() - 1));
}

const kernelsName = ({ variant, wide }: { variant: string; wide: boolean }) => (wide ? `${variant}, 256 bits` : variant);

/** tfjs's wasm backend with our kernels, on as many threads as wanted where there is shared memory. */
export async function openWasm({ wasmFolder, kernelsFolder, threads = 0 }: BackendOptions): Promise<Opened> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(join(wasmFolder, "/"));
  const wanted = threads || usualThreads();
  const notShared = await openWasmBackend(tf, wasm, wanted > 1);
  const info = await installKernels(tf, { folder: kernelsFolder, threads: wanted, wide: true });
  return {
    device: info.threads > 1 ? `CPU · wasm ×${info.threads}` : "CPU · wasm",
    versions: { "tfjs-backend-wasm": wasm.version_wasm },
    details: () => ({ kernels: kernelsName(info), selfTest: selfTestOf(info), threads: threadsOf(info, wanted, notShared) }),
    gflops: async () => info.measureGflops(),
    mapAdapter: null,
    lost: null,
  };
}

/** "passed", and which variants did not. */
function selfTestOf({ selfTest }: KernelsInfo): string {
  return selfTest.map(attempt => `${kernelsName(attempt)}: ${attempt.passed ? "passed" : attempt.detail}`).join("; ");
}

/** How many threads compute, and why it is fewer than wanted. */
function threadsOf(info: KernelsInfo, wanted: number, notShared: string | undefined): string {
  const reasons = [notShared && `no shared memory: ${notShared}`, info.threadsProblem()].filter(Boolean);
  return [info.threads === wanted ? String(wanted) : `${info.threads} of ${wanted}`, ...reasons].join("; ");
}
