import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { expect } from "vitest";
import { installKernels, kernelVariants, type KernelsInfo, type KernelVariant } from "../../../src/engine/kernels/index";
import { openWasmBackend } from "../../../src/engine/kernels/sharedHeap";
import { asWasmBackend, memoryOf } from "../../../src/engine/kernels/wasmBackend";
import { canWiden } from "../../../src/engine/kernels/wideCompilation";
import { random, type Random } from "../../../src/engine/random";
import { buildKernels } from "../../../scripts/buildKernels.mjs";

// Node 20 knows relaxed SIMD behind a flag, and later versions without it: the fused variant is tested on both.
if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");

tf.env().set("IS_TEST", true); // or tfjs advertises its native backend

export const kernelFolder = await buildKernels();

/** The variants that this Node can run. */
export const runnableVariants: KernelVariant[] = [];
for (const variant of kernelVariants) {
  if (WebAssembly.validate(await readFile(join(kernelFolder, `${variant}.wasm`)))) runnableVariants.push(variant);
}

/** What the kernels run as: a variant, and on how many threads. */
export interface Setup {
  variant: KernelVariant;
  threads: number;
  /** With 256-bit instructions, where V8 has them. */
  wide: boolean;
}

/** Every variant on one thread, the best on three, and with 256 bits where V8 has them. */
export const setups: Setup[] = [
  ...runnableVariants.map(variant => ({ variant, threads: 1, wide: false })),
  { variant: runnableVariants[0]!, threads: 3, wide: false },
  ...(canWiden() ? [{ variant: runnableVariants[0]!, threads: 2, wide: true }] : []),
];

/** Makes a wasm backend as tfjs ships it the active one; a previous one is disposed. */
export async function freshWasm(shared = false): Promise<void> {
  await openWasmBackend(tf, wasm, shared);
  expect(memoryOf(asWasmBackend(tf.backend())).buffer instanceof SharedArrayBuffer).toBe(shared);
}

/** A fresh wasm backend with our kernels. */
export async function freshKernels({ variant, threads, wide }: Setup): Promise<KernelsInfo> {
  await freshWasm(threads > 1);
  const info = await installKernels(tf, { folder: kernelFolder, variants: [variant], threads, wide, divideFrom: 0 });
  expect(info).toMatchObject({ variant, threads, wide, selfTest: [{ variant, wide, passed: true }] });
  return info;
}

export type Values = Float32Array | Int32Array | Uint8Array;

/** The values that `compute` gives on `backend`; everything it allocates is disposed. */
export async function valuesOn(backend: "cpu" | "wasm", compute: () => tf.Tensor[]): Promise<{ shape: number[]; values: Values }[]> {
  await tf.setBackend(backend);
  const results: { shape: number[]; values: Values }[] = [];
  // Not returned from `tidy`, which looks for tensors in all that it is given back, value by value.
  tf.tidy(() => compute().forEach(tensor => void results.push({ shape: tensor.shape, values: tensor.dataSync() })));
  return results;
}

/** What the cpu backend gave to the calls of each test; it is slow, and a test of every setup asks it the same. */
const references = new Map<string, { label: string; values: ReturnType<typeof valuesOn> }[]>();
let asking = { test: "", calls: 0 };

/** The values on the cpu backend of this call, the so-many-th of the test that runs, whatever its setup. */
async function cpuValues(compute: () => tf.Tensor[], label: string): ReturnType<typeof valuesOn> {
  const test = expect.getState().currentTestName!;
  if (asking.test !== test) asking = { test, calls: 0 };
  const name = test.slice(test.indexOf(" > ")); // without the setup that leads
  if (!references.has(name)) references.set(name, []);
  const known = references.get(name)!;
  const reference = (known[asking.calls++] ??= { label, values: valuesOn("cpu", compute) });
  expect(label, "the inputs hang on the setup").toBe(reference.label);
  return reference.values;
}

/**
 * Expects the same of `compute` on wasm as on tfjs's cpu backend. The inputs, which `label` names, must not hang on the setup:
 * the cpu backend computes each call of a test but once.
 */
export async function expectLikeCpu(compute: () => tf.Tensor[], label: string, tolerance = 1e-5): Promise<void> {
  const expected = await cpuValues(compute, label);
  const actual = await valuesOn("wasm", compute);
  expect(actual.length, label).toBe(expected.length);
  actual.forEach(({ shape, values }, index) => {
    expect(shape, label).toEqual(expected[index]!.shape);
    expectClose(values, expected[index]!.values, `${label}, result ${index}`, tolerance);
  });
}

/** Expects |actual − expected| ≤ tolerance · the largest |expected|, for every entry. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, label: string, tolerance = 1e-5): void {
  expect(actual.length, label).toBe(expected.length);
  let largest = 1e-30;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const error = Math.abs(actual[i]! - expected[i]!);
    if (!(error <= worst)) worst = error; // a NaN is worst
  }
  expect(worst / largest, label).toBeLessThanOrEqual(tolerance);
}

/** Random shapes and values from a named stream. */
export class Draw {
  private readonly stream: Random;
  constructor(...name: (string | number)[]) {
    this.stream = random(17, ...name);
  }

  one<T>(...choices: T[]): T {
    return choices[this.stream.integer(choices.length)]!;
  }

  integer(from: number, to: number): number {
    return from + this.stream.integer(to - from + 1);
  }

  /** Values in (−1, 1). */
  values(shape: number[]): Float32Array {
    const count = shape.reduce((product, size) => product * size, 1);
    return Float32Array.from({ length: count }, () => 2 * this.stream.uniform() - 1);
  }

  /** A function that makes one and the same random tensor whenever, and on whatever backend, it is called. */
  tensor<R extends tf.Rank = tf.Rank>(shape: number[]): () => tf.Tensor<R> {
    const values = this.values(shape);
    return () => tf.tensor<R>(values, shape as tf.ShapeMap[R]);
  }
}

/**
 * Expects the gradients that tfjs gives for `inputs` of the function f to be those of central differences of
 * Σ f(inputs) · dy, at some entries of each input. `step` may be large where f is linear in each input.
 */
export async function expectGradientsOf(
  f: (...inputs: tf.Tensor[]) => tf.Tensor, shapes: number[][], draw: Draw, label: string, step: number,
): Promise<void> {
  const inputs = shapes.map(shape => draw.values(shape));
  const tensors = () => inputs.map((values, index) => tf.tensor(values.slice(), shapes[index]));
  await tf.setBackend("wasm");
  const dy = tf.tidy(() => draw.values(f(...tensors()).shape));
  const projected = () => tf.tidy(() => {
    const y = f(...tensors()).dataSync<"float32">();
    return y.reduce((sum, value, index) => sum + value * dy[index]!, 0);
  });
  const gradients = tf.tidy(() => {
    const y = f(...tensors());
    return tf.grads(f)(tensors(), tf.tensor(dy, y.shape)).map(gradient => gradient.dataSync<"float32">());
  });
  inputs.forEach((values, index) => {
    const entries = Array.from({ length: Math.min(values.length, 12) }, () => draw.integer(0, values.length - 1));
    const numeric = entries.map(entry => {
      const kept = values[entry]!;
      values[entry] = kept + step;
      const above = values[entry]!;
      const high = projected();
      values[entry] = kept - step;
      const below = values[entry]!;
      const low = projected();
      values[entry] = kept;
      return (high - low) / (above - below);
    });
    const scale = gradients[index]!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-30);
    entries.forEach((entry, i) => {
      expect(Math.abs(gradients[index]![entry]! - numeric[i]!) / scale, `${label}, input ${index}, entry ${entry}`).toBeLessThan(1e-3);
    });
  });
}
