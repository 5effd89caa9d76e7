import { workerData } from "node:worker_threads";
import { DONE, FAILED, type TaskExports, type ThreadData } from "./threads";
import { WebAssembly } from "../webAssembly";

// Entry of a kernel thread: it is in the module until it is ended.

const { module, memory, task, wide } = workerData as ThreadData;
void WebAssembly.instantiate(module, { env: { memory } }).then(instance => {
  const exports = instance.exports as TaskExports;
  if (wide) exports.useWideTiles();
  try {
    exports.serve(task);
  } catch {
    // The others wait for this part; they must not wait for ever.
    const numbers = new Int32Array(memory.buffer, task, 4);
    Atomics.store(numbers, FAILED / 4, 1);
    Atomics.add(numbers, DONE / 4, 1);
  }
});
