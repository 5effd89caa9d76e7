import { createRequire } from "node:module";
import type * as TensorFlow from "@tensorflow/tfjs-core";
import { messageOf } from "../../protocol/errors";
import type * as WorkerThreads from "node:worker_threads";

// tfjs-backend-wasm has a module for several threads, whose memory is shared. In Node it would start its own threads from an
// address that Node refuses; ours do the work instead, and all that we want of that module is its memory.

/**
 * Opens the wasm backend on shared memory, or on plain memory where that fails or is not wanted; gives the reason if it failed.
 * The caller has told the backend where its files are.
 */
export async function openWasmBackend(tf: typeof TensorFlow, wasm: { setThreadsCount(count: number): void }, shared: boolean): Promise<string | undefined> {
  let failure: string | undefined;
  if (shared) {
    try {
      await withoutItsThreads(() => {
        wasm.setThreadsCount(1);
        return start(tf, true);
      });
      return undefined;
    } catch (error) {
      failure = messageOf(error); // the module for one thread is nearly as good
    }
  }
  await start(tf, false);
  return failure;
}

async function start(tf: typeof TensorFlow, shared: boolean): Promise<void> {
  const factory = tf.findBackendFactory("wasm");
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", shared);
  tf.removeBackend("wasm");
  tf.registerBackend("wasm", factory, 2);
  if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js could not initialize its wasm backend");
  await tf.ready();
}

/** A worker that is never used says at once that it is ready. */
class IdleWorker {
  onmessage: ((event: { data: object }) => void) | undefined;
  postMessage({ cmd }: { cmd?: string }): void {
    if (cmd === "load") setImmediate(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }
  on(): void {
    // It has nothing to tell.
  }
  ref(): void {
    // It keeps nothing alive.
  }
  unref(): void {
    // Nor did it before.
  }
  terminate(): void {
    // It never ran.
  }
}

/** The module starts as many workers as the machine has cores, used or not. */
async function withoutItsThreads(work: () => Promise<void>): Promise<void> {
  const threads = createRequire(__filename)("node:worker_threads") as { -readonly [K in keyof typeof WorkerThreads]: (typeof WorkerThreads)[K] };
  const { Worker } = threads;
  const before = (globalThis as { Worker?: unknown }).Worker;
  threads.Worker = IdleWorker as unknown as typeof Worker;
  try {
    await work();
  } finally {
    threads.Worker = Worker;
    (globalThis as { Worker?: unknown }).Worker = before;
  }
}
