import "@tensorflow/tfjs-core/dist/register_all_gradients"; // ours go before these, so these must be there first
import type * as TensorFlow from "@tensorflow/tfjs-core";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LatentError, messageOf } from "../../protocol/errors";
import { ACTIVATION_GRADIENT, activationGradient, activationGradients } from "./activationGradients";
import { ADAM, adamKernel } from "./adam";
import { LOOK_UP_BYTES, lookUpBytesKernel } from "./bytes";
import { convolutionGradients } from "./convolutionGradients";
import { conv2D, conv2DBackpropFilter, conv2DBackpropInput } from "./convolutions";
import { identity, leadingSum, rowOperation } from "./elementwise";
import { elementwiseFunction } from "./functions";
import { canRun, openKernelHeap, type Division, type KernelHeap } from "./kernelHeap";
import { DESCENT, descentKernel } from "./descent";
import { BATCH_NORM, BATCH_NORM_GRADIENT, batchNormGradientKernel, batchNormKernel } from "./batchNorm";
import { canWiden, compileWide } from "./wideCompilation";
import { batchMatMul } from "./matMul";
import { reductionGradients } from "./reductionGradients";
import { register } from "./register";
import { selfTest } from "./selfTest";
import { asWasmBackend, guardMemory, memoryOf, type WasmBackend } from "./wasmBackend";
import { WebAssembly } from "../webAssembly";

// What tfjs-backend-wasm lacks or does slowly, in a small AssemblyScript module (wasm/, built by scripts/buildKernels.mjs) on
// that backend's own memory. Nothing else changes: the same tf operations, faster, and convolutions that can be trained.

/** The module's variants, fastest first; each is the file <name>.wasm, and <name>-threads.wasm on shared memory. */
export const kernelVariants = ["relaxed-fma", "simd"] as const;
export type KernelVariant = (typeof kernelVariants)[number];

export interface KernelOptions {
  /** The folder that holds the compiled variants and worker.js. */
  folder: string;
  /** The variants to try, in this order; all of them unless a test wants one. */
  variants?: readonly KernelVariant[];
  /** Threads to compute with, this one among them. More than one needs tfjs's threaded module (sharedHeap.ts). */
  threads?: number;
  /** Try 256-bit instructions first, where V8 has them. */
  wide?: boolean;
  /** From as many elementary operations on a kernel is divided among the threads; tests divide all. */
  divideFrom?: number;
}

/** Which kernels run. */
export interface KernelsInfo {
  /** The variant in use, or "shipped" where none could be used: then the backend is as tfjs made it. */
  variant: KernelVariant | "shipped";
  threads: number;
  /** Why fewer compute than that; undefined while all are well. They start with the first work for them. */
  threadsProblem(): string | undefined;
  /** True where V8 makes 256-bit instructions of the module's. */
  wide: boolean;
  /** What became of each attempt: the last one passed, unless `variant` is "shipped". */
  selfTest: { variant: KernelVariant; wide: boolean; passed: boolean; detail: string }[];
  /** Measures 256 × 256 × 256 products on the active backend, in 10⁹ operations a second; takes 0.2 s. */
  measureGflops(): number;
}

const installed = new WeakMap<object, Promise<KernelsInfo>>();

/**
 * Replaces kernels and gradients of the wasm backend by ours, in the first variant that this Node can run and that gets
 * the right results. Call it after `tf.setBackend("wasm"); await tf.ready()`; calling it again does nothing more.
 */
export async function installKernels(tf: typeof TensorFlow, options: KernelOptions): Promise<KernelsInfo> {
  if (tf.getBackend() !== "wasm") throw new LatentError("internal", `kernels are for the wasm backend, but ${tf.getBackend()} is active`);
  const backend = asWasmBackend(tf.backend());
  let info = installed.get(backend);
  if (!info) installed.set(backend, (info = install(tf, backend, options)));
  return info;
}

async function install(tf: typeof TensorFlow, backend: WasmBackend, { folder, variants = kernelVariants, threads = 1, wide = false, divideFrom }: KernelOptions): Promise<KernelsInfo> {
  guardMemory(backend);
  const selfTest: KernelsInfo["selfTest"] = [];
  const isShared = memoryOf(backend).buffer instanceof SharedArrayBuffer;
  const common = { selfTest, measureGflops: () => measureGflops(tf) };
  const widths = wide && canWiden() ? [true, false] : [false];
  for (const [variant, isWide] of variants.flatMap(name => widths.map(width => [name, width] as const))) {
    try {
      const file = join(folder, `${variant}${isShared ? "-threads" : ""}.wasm`);
      const heap = await openTested(file, backend, { threads: isShared ? threads : 1, worker: join(folder, "worker.js"), divideFrom, wide: isWide });
      register(tf, "wasm", kernelsOn(heap), [...activationGradients, ...convolutionGradients, ...reductionGradients], () => {
        heap.close();
        installed.delete(backend);
      });
      selfTest.push({ variant, wide: isWide, passed: true, detail: "all kernels agree with plain loops" });
      return { variant, threads: heap.parts, threadsProblem: () => heap.threadsProblem, wide: isWide, ...common };
    } catch (error) {
      selfTest.push({ variant, wide: isWide, passed: false, detail: messageOf(error) });
    }
  }
  return { variant: "shipped", threads: 1, threadsProblem: () => undefined, wide: false, ...common };
}

/** The module on the backend's memory; throws when it cannot run here or computes something wrong. */
async function openTested(path: string, backend: WasmBackend, division: Division): Promise<KernelHeap> {
  const bytes = await readFile(path);
  if (!canRun(bytes)) throw new LatentError("unsupported", "this Node does not know its instructions");
  const module = division.wide ? compileWide(bytes) : await WebAssembly.compile(bytes);
  const heap = await openKernelHeap(module, backend, division);
  try {
    selfTest(heap);
  } catch (error) {
    heap.close();
    throw error;
  }
  return heap;
}

function kernelsOn(heap: KernelHeap) {
  return {
    BatchMatMul: batchMatMul(heap),
    _FusedMatMul: batchMatMul(heap),
    Conv2D: conv2D(heap),
    FusedConv2D: conv2D(heap),
    Conv2DBackpropInput: conv2DBackpropInput(heap),
    Conv2DBackpropFilter: conv2DBackpropFilter(heap),
    Identity: identity(heap),
    Add: rowOperation(heap, "Add"),
    Sub: rowOperation(heap, "Sub"),
    Multiply: rowOperation(heap, "Multiply"),
    Sum: leadingSum(heap, false),
    Mean: leadingSum(heap, true),
    Exp: elementwiseFunction(heap, "Exp"),
    Log1p: elementwiseFunction(heap, "Log1p"),
    Tanh: elementwiseFunction(heap, "Tanh"),
    Relu: elementwiseFunction(heap, "Relu"),
    Softplus: elementwiseFunction(heap, "Softplus"),
    LeakyRelu: elementwiseFunction(heap, "LeakyRelu"),
    [ACTIVATION_GRADIENT]: activationGradient(heap),
    [ADAM]: adamKernel(heap),
    [BATCH_NORM]: batchNormKernel(heap),
    [BATCH_NORM_GRADIENT]: batchNormGradientKernel(heap),
    [DESCENT]: descentKernel(heap),
    [LOOK_UP_BYTES]: lookUpBytesKernel(heap),
  };
}

function measureGflops(tf: typeof TensorFlow): number {
  const size = 256; // small enough that V8 has optimized the kernel well before the time is up
  return tf.tidy(() => {
    const a = tf.fill([size, size], 0.5);
    let best = Infinity;
    for (const start = performance.now(); performance.now() - start < 200; ) {
      const before = performance.now();
      tf.dispose(tf.matMul(a, a));
      best = Math.min(best, performance.now() - before);
    }
    return (2 * size ** 3) / best / 1e6;
  });
}
