import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createThreads, DONE, FAILED, type KernelThreads, type TaskExports } from "../../../src/engine/kernels/threads";
import { WebAssembly, type WasmMemory } from "../../../src/engine/webAssembly";
import { kernelFolder } from "./support";

const record = 4096;
const input = 65_536;
const count = 1 << 18;
const output = input + 4 * count;
/** elementwiseFunction(exp, x, y, count, alpha) */
const exp = (parts: number): [kernel: number, parts: number, args: number[]] => [6, parts, [0, input, output, count, 0]];
const SLEEPING = 8;

interface Setting {
  threads: KernelThreads;
  numbers: Int32Array;
  values: Float32Array;
}

let opened: KernelThreads | undefined;
afterEach(() => opened?.close());

async function setUp(threads: number, worker = join(kernelFolder, "worker.js")): Promise<Setting> {
  const { Memory } = WebAssembly as unknown as { Memory: new (limits: object) => WasmMemory };
  const memory = new Memory({ initial: 64, maximum: 65_536, shared: true });
  const module = await WebAssembly.compile(await readFile(join(kernelFolder, "simd-threads.wasm")));
  const exports = (await WebAssembly.instantiate(module, { env: { memory } })).exports as TaskExports;
  opened = createThreads({ module, memory, exports, count: threads, wide: false, worker, allocate: () => record });
  new Float32Array(memory.buffer, input, count).forEach((_, i, x) => (x[i] = i / count));
  return { threads: opened, numbers: new Int32Array(memory.buffer, record, 16), values: new Float32Array(memory.buffer, output, count) };
}

const isRight = (values: Float32Array) => values.every((value, i) => Math.abs(value - Math.exp(i / count)) < 1e-6);

describe("kernel threads", () => {
  it("do all the work in the calling thread until the others are started", async () => {
    const { threads, numbers, values } = await setUp(3);
    threads.run(...exp(3));
    expect(isRight(values)).toBe(true);
    expect(numbers[DONE / 4]).toBe(0);
  });

  it("share the work once they are there, and sleep when there is none", async () => {
    const { threads, numbers, values } = await setUp(3);
    threads.start();
    let [others, runs] = [0, 0]; // in other numbers of parts each time, as kernels are
    for (const end = Date.now() + 20_000; others < 10 && Date.now() < end; ) {
      values.fill(NaN);
      threads.run(...exp(1 + (runs++ % 12)));
      expect(isRight(values)).toBe(true);
      others += numbers[DONE / 4]!;
      await delay(1);
    }
    expect(others).toBeGreaterThanOrEqual(10);
    for (const end = Date.now() + 10_000; Atomics.load(numbers, SLEEPING / 4) < 2 && Date.now() < end; ) await delay(10);
    expect(Atomics.load(numbers, SLEEPING / 4)).toBe(2);
  });

  it("do without those that cannot be started", async () => {
    const { threads, values } = await setUp(2, join(kernelFolder, "missing.js"));
    threads.start();
    await delay(300);
    threads.run(...exp(2));
    expect(isRight(values)).toBe(true);
    for (const end = Date.now() + 20_000; threads.problem === undefined && Date.now() < end; ) await delay(50);
    expect(threads.problem).toMatch(/could not be started: .*missing\.js/);
  });

  it("say so when one has failed, instead of waiting for it", async () => {
    const { threads, numbers } = await setUp(2);
    Atomics.store(numbers, FAILED / 4, 1);
    expect(() => threads.run(...exp(2))).toThrow("a thread of the kernels failed; restart the engine");
  });
});
