import * as tf from "@tensorflow/tfjs-core";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACTIVATION_GRADIENT } from "../../../src/engine/kernels/activationGradients";
import { ADAM } from "../../../src/engine/kernels/adam";
import { installKernels, kernelVariants, type KernelVariant } from "../../../src/engine/kernels/index";
import { openWasmBackend } from "../../../src/engine/kernels/sharedHeap";
import { asWasmBackend, memoryOf } from "../../../src/engine/kernels/wasmBackend";
import { expectClose, freshKernels, freshWasm, kernelFolder, runnableVariants, setups } from "./support";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kernels-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Puts a file for `variant` in the test's folder: the built one with every `from` in it changed to `to`. */
async function place(variant: KernelVariant, from?: number[], to: number[] = []): Promise<void> {
  const bytes = await readFile(join(kernelFolder, `${variant}.wasm`));
  let changes = 0;
  for (let at = from ? bytes.indexOf(Buffer.from(from)) : -1; at >= 0; at = bytes.indexOf(Buffer.from(from!), at + 1)) {
    bytes.set(to, at);
    changes++;
  }
  if (from) expect(changes).toBeGreaterThan(0);
  await writeFile(join(folder, `${variant}.wasm`), bytes);
}

const f32x4 = { sqrt: [0xfd, 0xe3, 0x01], add: [0xfd, 0xe4, 0x01], subtract: [0xfd, 0xe5, 0x01], multiply: [0xfd, 0xe6, 0x01], negate: [0xfd, 0xe1, 0x01] };
const plain: KernelVariant = "simd";

describe("installKernels", () => {
  it("takes the first variant that runs here, and says so", async () => {
    await freshWasm();
    const info = await installKernels(tf, { folder: kernelFolder });
    expect(info.variant).toBe(runnableVariants[0]);
    expect(info.selfTest.at(-1)).toMatchObject({ variant: info.variant, passed: true });
    expect(info.measureGflops()).toBeGreaterThan(0.1);
    expect(await installKernels(tf, { folder: "elsewhere" })).toBe(info);
  });

  it.each([
    ["wrong products", f32x4.multiply, f32x4.add, /matMul is off by/],
    ["wrong roots", f32x4.sqrt, f32x4.negate, /adam is off by/],
    ["wrong differences", f32x4.subtract, f32x4.add, /rowOperation is off by/],
  ])("keeps the shipped kernels when the module computes %s", async (_, from, to, detail) => {
    await freshWasm();
    await place(plain, from, to);
    const shipped = tf.getKernel("BatchMatMul", "wasm");
    const info = await installKernels(tf, { folder, variants: [plain] });
    expect(info.variant).toBe("shipped");
    expect(info.selfTest).toEqual([{ variant: plain, wide: false, passed: false, detail: expect.stringMatching(detail) as string }]);
    expect(tf.getKernel("BatchMatMul", "wasm")).toBe(shipped);
    expect(Array.from(tf.matMul([[1, 2]], [[3], [4]]).dataSync())).toEqual([11]);
    expect(info.measureGflops()).toBeGreaterThan(0.1);
  });

  it("goes on to the next variant when one is wrong", async () => {
    await freshWasm();
    await place(runnableVariants[0]!, f32x4.multiply, f32x4.add);
    if (runnableVariants[0] !== plain) await place(plain);
    const info = await installKernels(tf, { folder, variants: runnableVariants });
    expect(info.variant).toBe(runnableVariants[0] === plain ? "shipped" : plain);
  });

  it("goes on to the next variant when a file is missing, cut off or not WebAssembly", async () => {
    const built = await readFile(join(kernelFolder, `${plain}.wasm`));
    for (const bytes of [undefined, built.subarray(0, 3000), Buffer.from("not a module")]) {
      await freshWasm();
      if (bytes) await writeFile(join(folder, `${kernelVariants[0]}.wasm`), bytes);
      await place(plain);
      const info = await installKernels(tf, { folder });
      expect(info.selfTest.map(({ variant, passed }) => [variant, passed])).toEqual([[kernelVariants[0], false], [plain, true]]);
    }
  });

  it("refuses another backend, and a wasm backend without what it needs", async () => {
    await tf.setBackend("cpu");
    await expect(installKernels(tf, { folder })).rejects.toThrow("cpu is active");
    await freshWasm();
    const backend = tf.backend() as unknown as Record<string, unknown>;
    expect(() => asWasmBackend({ ...backend, makeOutput: tf.backend(), dataIdMap: {} })).toThrow("makeOutput, incRef, disposeData, dataIdMap.get");
  });

  it("gives the shipped kernels and gradients back when the backend is disposed", async () => {
    await freshWasm();
    const names = ["BatchMatMul", "Conv2D", "Identity", "Mean", "Tanh", "Conv2DBackpropFilter", ADAM, ACTIVATION_GRADIENT];
    const state = () => names.map(name => tf.getKernel(name, "wasm")).concat(["Relu", "Conv2D", "Mean"].map(name => tf.getGradient(name) as never));
    const before = state();
    await installKernels(tf, { folder: kernelFolder });
    expect(state()).not.toEqual(before);
    await freshWasm();
    expect(state()).toEqual(before);
    const gradient = tf.tidy(() => tf.grad(x => tf.relu(x))(tf.tensor1d([-1, 2])).dataSync());
    expect(Array.from(gradient)).toEqual([0, 1]);
  });
});

describe("openWasmBackend", () => {
  it("opens on the memory of one thread, and says why, where the module for several cannot", async () => {
    const broken = {
      setThreadsCount: () => {
        throw new Error("no threads here");
      },
    };
    expect(await openWasmBackend(tf, broken, true)).toBe("no threads here");
    expect(memoryOf(asWasmBackend(tf.backend())).buffer).toBeInstanceOf(ArrayBuffer);
    expect(await openWasmBackend(tf, { setThreadsCount: () => undefined }, false)).toBeUndefined();
  });
});

describe.each(setups)("the wasm backend with $variant on $threads threads", setup => {
  it("runs none of the shipped kernels that are replaced, where the values are float32", async () => {
    await freshWasm(setup.threads > 1);
    const calls: string[] = [];
    for (const name of ["BatchMatMul", "Conv2D", "Conv2DBackpropInput", "Identity", "Add", "Sub", "Multiply", "Sum", "Mean", "Exp", "Log1p", "Tanh", "Relu", "LeakyRelu"]) {
      const shipped = tf.getKernel(name, "wasm");
      tf.unregisterKernel(name, "wasm");
      tf.registerKernel({ ...shipped, kernelFunc: params => {
          const [first, second] = Object.values(params.inputs).map(input => String(input?.shape));
          if (first !== second) calls.push(name); // two tensors of one shape are left to the shipped kernels
          return shipped.kernelFunc(params);
        } });
    }
    await installKernels(tf, { folder: kernelFolder, variants: [setup.variant], threads: setup.threads, wide: setup.wide });
    tf.tidy(() => {
      const image = tf.ones([2, 5, 5, 3]) as tf.Tensor4D;
      const row = tf.ones([1, 1, 3]);
      tf.grads((x, filter, bias) => {
        const y = tf.tanh(tf.mul(tf.sub(tf.add(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, "same"), bias!), bias!), bias!));
        return tf.add(tf.mean(tf.matMul(tf.reshape(tf.leakyRelu(tf.log1p(tf.exp(y))), [18, 3]), tf.ones([3, 3]), false, true), 0), tf.reshape(bias!, [3]));
      })([image, tf.ones([3, 3, 3, 3]), row]);
    });
    expect(calls).toEqual([]);
  });

  it("goes on rightly after the heap has grown under it", async () => {
    await freshKernels(setup);
    const memory = memoryOf(asWasmBackend(tf.backend()));
    const filter = tf.ones([3, 3, 2, 2]) as tf.Tensor4D;
    const image = tf.ones([1, 4, 4, 2]) as tf.Tensor4D;
    const before = tf.conv2d(image, filter, 1, "same").dataSync().slice();
    const size = memory.buffer.byteLength;
    const large = Array.from({ length: 4 }, () => tf.zeros([size / 8]));
    expect(memory.buffer.byteLength).toBeGreaterThan(size);
    expect(tf.conv2d(image, filter, 1, "same").dataSync()).toEqual(before);
    tf.dispose(large);
    // Here it is the output that makes it grow, after the inputs' addresses were taken or not.
    const length = Math.ceil(Math.sqrt(memory.buffer.byteLength / 4));
    const column = tf.ones([length, 1]) as tf.Tensor2D;
    const sizeBefore = memory.buffer.byteLength;
    const product = tf.matMul(column, column, false, true);
    expect(memory.buffer.byteLength).toBeGreaterThan(sizeBefore);
    expectClose(tf.tidy(() => tf.sum(product, 1).dataSync()), new Float32Array(length).fill(length), "row sums");
    product.dispose();
  });

  it("says so when the heap is full, and works on", async () => {
    await freshKernels(setup);
    const column = tf.ones([40_000, 1]) as tf.Tensor2D;
    const { numTensors } = tf.memory();
    const fullOfMemory = expect.objectContaining({ code: "out-of-memory" }) as Error;
    expect(() => tf.matMul(column, column, false, true)).toThrow(fullOfMemory); // 6.4 GB, beyond any 32-bit memory
    const { _malloc, _free } = asWasmBackend(tf.backend()).wasm;
    const taken = [2 ** 31 - 2 ** 20, 2 ** 30, 2 ** 29].map(bytes => _malloc(bytes) >>> 0); // never touched, so it costs nothing
    const half = tf.slice(column, 0, 16_000);
    expect(() => tf.matMul(half, half, false, true)).toThrow(fullOfMemory); // 1 GB, more than is left
    for (const address of taken) _free(address);
    half.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(Array.from(tf.matMul(column, [[2]]).dataSync()).every(value => value === 2)).toBe(true);
  });

  it("gives the same bits for the same inputs", async () => {
    const runs: string[] = [];
    for (let run = 0; run < 2; run++) {
      await freshKernels(setup);
      runs.push(tf.tidy(() => {
        const image = tf.reshape(tf.sin(tf.range(0, 3 * 9 * 9 * 5)), [3, 9, 9, 5]) as tf.Tensor4D;
        const filter = tf.reshape(tf.cos(tf.range(0, 3 * 3 * 5 * 7)), [3, 3, 5, 7]) as tf.Tensor4D;
        const results = tf.grads((x, w) => tf.tanh(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same")))([image, filter]);
        return Buffer.concat(results.map(result => Buffer.from(result.dataSync().buffer))).toString("base64");
      }));
    }
    expect(runs[0]).toBe(runs[1]);
  });
});
