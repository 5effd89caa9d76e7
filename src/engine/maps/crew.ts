import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { LatentError } from "../../protocol/errors";
import { WebAssembly, type WasmMemory, type WasmModule } from "../webAssembly";
import { crewCalls, maxParts, type CrewData, type CrewKernels } from "./crewCalls";
import { createHeap, type CrewHeap } from "./crewHeap";

// The threads that compute maps: each has the module of wasm/ on one shared memory, and all take parts of every call. They
// are not those of the tensors' kernels (../kernels): a map works for minutes while sliders are answered from there.

export interface Crew {
  /** Threads that do parts of a call, the caller's among them. */
  readonly threads: number;
  readonly heap: CrewHeap;
  /**
   * Runs the kernel in `parts` parts (1 to 65,534) on all threads, and returns when all are done. It blocks the thread that
   * calls. The same number of parts gives the same bits, whatever the number of threads. Throws `internal` after a kernel failed.
   */
  run(kernel: string, parts: number, ...args: number[]): void;
  close(): Promise<void>;
}

export interface CrewOptions {
  /** Folder with maps.wasm, maps-relaxed.wasm and crewThread.js (scripts/buildKernels.mjs). */
  folder: string;
  /** At least 1. */
  threads: number;
}

/** WebAssembly's largest memory, 4 GiB in pages of 64 KiB. */
const maximumPages = 65536;

/** Opens a crew; its other threads start with the first call. Throws `out-of-memory` where there is no address space for it. */
export function openCrew({ folder, threads }: CrewOptions): Crew {
  const module = compiled(folder);
  const memory = sharedMemory();
  const calls = crewCalls(new WebAssembly.Instance(module, { env: { memory } }).exports as CrewKernels);
  let others: Worker[] | undefined;
  const start = () => Array.from({ length: threads - 1 }, () => {
    const thread = new Worker(join(folder, "crewThread.js"), { workerData: { module, memory, record: calls.record } satisfies CrewData });
    thread.unref();
    thread.on("error", () => undefined); // it takes no parts, which is all that happens
    return thread;
  });
  return {
    threads,
    heap: createHeap(memory),
    run: (kernel, parts, ...args) => {
      others ??= start();
      if (!(parts >= 1 && parts <= maxParts)) throw new LatentError("internal", `${kernel} in ${parts} parts: 1 to ${maxParts} are possible`);
      if (!calls.call(kernel, parts, args)) throw new LatentError("internal", `a thread failed in ${kernel} or before`);
    },
    close: async () => {
      await Promise.all(others?.map(thread => thread.terminate()) ?? []);
    },
  };
}

/** The module with fused multiply-add where this machine has it, else the plainer one. */
function compiled(folder: string): WasmModule {
  const relaxed = readFileSync(join(folder, "maps-relaxed.wasm"));
  return new WebAssembly.Module(WebAssembly.validate(relaxed) ? relaxed : readFileSync(join(folder, "maps.wasm")));
}

function sharedMemory(): WasmMemory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: true });
  } catch (error) {
    throw new LatentError("out-of-memory", `No address space for a map: ${String(error)}`);
  }
}
