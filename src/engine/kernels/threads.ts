import { Worker } from "node:worker_threads";
import { LatentError, messageOf } from "../../protocol/errors";
import type { WasmMemory, WasmModule } from "../webAssembly";

// Threads that run our kernels on the shared memory of tfjs's threaded module, each parts of every call. They sleep in
// the module (wasm/tasks.ts) and know nothing of tensors.

/** What the module exports for them. */
export interface TaskExports {
  runParts(task: number, parts: number): void;
  serve(task: number): void;
  /** Tells this instance that its module was compiled with 256-bit instructions. */
  useWideTiles(): void;
}

/** What a thread is started with (worker.ts). */
export interface ThreadData {
  module: WasmModule;
  memory: WasmMemory;
  task: number;
  wide: boolean;
}

/** Offsets of wasm/tasks.ts, in bytes. */
const CALLS = 0;
/** 1 once a thread has failed: it does no more parts. */
export const FAILED = 12;
/** Parts of the present call that threads other than the caller's have done. */
export const DONE = 4;
const NEXT = 16;
const KERNEL = 64;
const ARGUMENTS = 72;
const RECORD_BYTES = 256;
const END = -1;
const NO_PART = 255n;

export interface KernelThreads {
  /** Threads that do parts of each call, the caller's among them. */
  readonly count: number;
  /** Why there are fewer threads; undefined while all are well. */
  readonly problem: string | undefined;
  /**
   * Starts the other threads, once. Until they are there, and if they cannot be, calls are done without them, so nobody
   * waits for them to start.
   */
  start(): void;
  /** Runs the kernel of that number in 1 to 255 parts; throws when a thread has failed. */
  run(kernel: number, parts: number, args: readonly number[]): void;
  close(): void;
}

interface Setting {
  module: WasmModule;
  memory: WasmMemory;
  exports: TaskExports;
  /** Threads, the caller's among them; at most 255. */
  count: number;
  /** True where the module was compiled with 256-bit instructions. */
  wide: boolean;
  /** Path of the compiled worker.ts. */
  worker: string;
  /** Gives the address of so many bytes; throws `out-of-memory`. */
  allocate(bytes: number): number;
}

/** `count` − 1 threads that are yet to be started, and the record through which they get their work; throws `out-of-memory`. */
export function createThreads({ module, memory, exports, count, wide, worker, allocate }: Setting): KernelThreads {
  const block = allocate(RECORD_BYTES + 63);
  const task = Math.ceil(block / 64) * 64;
  // Shared memory only grows: a view of its beginning stays good.
  const numbers = new Int32Array(memory.buffer, task, ARGUMENTS / 4);
  const values = new Float64Array(memory.buffer, task + ARGUMENTS, (RECORD_BYTES - ARGUMENTS) / 8);
  numbers.fill(0);
  const next = new BigInt64Array(memory.buffer, task + NEXT, 1);
  next[0] = NO_PART;
  let threads: Worker[] | undefined;
  let problem: string | undefined;
  const checkThreads = () => {
    if (Atomics.load(numbers, FAILED / 4) !== 0) throw new LatentError("internal", "a thread of the kernels failed; restart the engine");
  };
  return {
    count,
    get problem() {
      return problem;
    },
    start: () => {
      threads ??= Array.from({ length: count - 1 }, () => {
        const thread = new Worker(worker, { workerData: { module, memory, task, wide } satisfies ThreadData });
        thread.unref();
        thread.on("error", error => (problem = `a thread could not be started: ${messageOf(error)}`)); // it takes no parts, which is all that happens
        return thread;
      });
    },
    run: (kernel, parts, args) => {
      checkThreads();
      numbers[KERNEL / 4] = kernel;
      values.set(args);
      exports.runParts(task, parts);
      checkThreads();
    },
    close: () => {
      numbers[KERNEL / 4] = END;
      Atomics.store(next, 0, BigInt((count << 8) + 1)); // a part for each of the other threads
      Atomics.add(numbers, CALLS, 1);
      Atomics.notify(numbers, CALLS);
      for (const thread of threads ?? []) void thread.terminate();
    },
  };
}
