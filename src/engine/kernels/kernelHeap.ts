import type { TensorInfo } from "@tensorflow/tfjs-core";
import { createThreads, type KernelThreads, type TaskExports } from "./threads";
import { memoryOf, type WasmBackend } from "./wasmBackend";
import { WebAssembly, type WasmMemory, type WasmModule } from "../webAssembly";

/** The compiled module's functions (src/engine/kernels/wasm); addresses in bytes, strides and counts in elements. */
export interface KernelExports {
  matMul(
    a: number, aRow: number, aColumn: number,
    b: number, bRow: number, bColumn: number,
    c: number, cRow: number,
    rows: number, columns: number, depth: number,
    scratch: number, bias: number, activation: number, alpha: number, part: number, parts: number,
  ): void;
  convolution(
    x: number, filter: number, y: number, shape: number, scratch: number, bias: number, activation: number, alpha: number,
    part: number, parts: number,
  ): void;
  convolutionInputGradient(dy: number, filter: number, dx: number, shape: number, scratch: number, part: number, parts: number): void;
  convolutionFilterGradient(x: number, dy: number, partials: number, shape: number, scratch: number, part: number, parts: number): void;
  rowOperation(operation: number, x: number, row: number, out: number, rows: number, columns: number, part: number, parts: number): void;
  columnSums(x: number, partials: number, rows: number, columns: number, scale: number, part: number, parts: number): void;
  elementwiseFunction(name: number, x: number, y: number, count: number, alpha: number, part: number, parts: number): void;
  activationGradient(
    activation: number, dy: number, xOrY: number, dx: number, count: number, alpha: number,
    part: number, parts: number,
  ): void;
  adam(
    w: number, g: number, m: number, v: number, newW: number, newM: number, newV: number, count: number,
    beta1: number, complement1: number, beta2: number, complement2: number,
    stepSize: number, correction2: number, epsilon: number,
    part: number, parts: number,
  ): void;
  lookUpBytes(bytes: number, table: number, out: number, count: number, part: number, parts: number): void;
  channelSums(x: number, dy: number, centre: number, partials: number, rows: number, columns: number, part: number, parts: number): void;
  descent(
    rule: number, w: number, g: number, s: number, newW: number, newS: number, count: number,
    rate: number, decay: number, complement: number, epsilon: number, part: number, parts: number,
  ): void;
  directConvolution(
    x: number, filter: number, y: number, shape: number, scratch: number, bias: number, activation: number, alpha: number,
    part: number, parts: number,
  ): void;
  channelMap(x: number, dy: number, coefficients: number, out: number, rows: number, columns: number, part: number, parts: number): void;
}

/** A kernel's arguments without the last two, which say what part of the work to do. */
type WholeArguments<Name extends keyof KernelExports> =
  Parameters<KernelExports[Name]> extends [...infer Whole extends number[], number, number] ? Whole : never;

interface ModuleExports extends KernelExports, TaskExports {
  productScratch(): number;
  tileRows(): number;
}

/** In the order of wasm/tasks.ts. */
const kernelNames: readonly (keyof KernelExports)[] = [
  "matMul", "convolution", "convolutionInputGradient", "convolutionFilterGradient", "rowOperation", "columnSums",
  "elementwiseFunction", "activationGradient", "adam", "lookUpBytes",
  "channelSums", "channelMap", "descent", "directConvolution",
];

/** From as many elementary operations on, some forty microseconds of work, a kernel is worth dividing among threads. */
const DIVIDED_OPERATIONS = 2 ** 20;

/** Operations that one pass over a value stands for: it waits for memory rather than for arithmetic. */
export const PASS = 3;

/** True when this Node can run the module. */
export function canRun(bytes: Uint8Array): boolean {
  return WebAssembly.validate(bytes);
}

/** How work is divided. */
export interface Division {
  /** Threads, the caller's among them. */
  threads: number;
  /** Path of the compiled worker.ts. */
  worker: string;
  /** From as many elementary operations on a kernel is divided; where the threads' meeting is worth it, if not given. */
  divideFrom?: number | undefined;
  /** True where V8 makes 256-bit instructions of the module's: twice as many sums then fit the registers. */
  wide: boolean;
}

/** Runs the module on the memory of `backend`, whose allocations throw (guardMemory), and on `threads` - 1 threads beside this one. */
export async function openKernelHeap(module: WasmModule, backend: WasmBackend, { threads, worker, wide, divideFrom = DIVIDED_OPERATIONS }: Division): Promise<KernelHeap> {
  const memory = memoryOf(backend);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const exports = instance.exports as ModuleExports;
  if (wide) exports.useWideTiles();
  const allocate = (count: number) => backend.wasm._malloc(count) >>> 0;
  return new KernelHeap(backend, exports, divideFrom, threads > 1 ? createThreads({ module, memory, exports, count: threads, wide, worker, allocate }) : null);
}

/**
 * Our kernels on the memory of tfjs-backend-wasm. It keeps addresses and never views of the memory: any allocation may
 * grow it, which detaches them.
 */
export class KernelHeap {
  /** Scratch that a product needs; a convolution needs its chunk of columns after it. */
  readonly productScratch: number;
  /** Rows of a tile: counts of rows that are a multiple of it waste nothing. */
  readonly tileRows: number;
  private scratchBlock = 0;
  private scratchBytes = 0;

  constructor(
    private readonly backend: WasmBackend,
    private readonly kernels: ModuleExports,
    private readonly divideFrom: number,
    private readonly threads: KernelThreads | null,
  ) {
    this.productScratch = kernels.productScratch();
    this.tileRows = kernels.tileRows();
  }

  /** The memory; ask again after every allocation. */
  get memory(): WasmMemory {
    return memoryOf(this.backend);
  }

  /** The threads that share the work, this one among them. */
  get parts(): number {
    return this.threads?.count ?? 1;
  }

  /** Why fewer threads compute than there should be; undefined while all are well. */
  get threadsProblem(): string | undefined {
    return this.threads?.problem;
  }

  /** Into how many parts to divide a kernel of so many elementary operations: one where the threads' meeting costs more. */
  partsFor(operations: number): number {
    if (operations < this.divideFrom) return 1;
    this.threads?.start();
    return this.parts;
  }

  /** Runs a kernel in `parts` parts, 1 to 255; usually 1 or as many as there are threads. */
  run<Name extends keyof KernelExports>(name: Name, parts: number, ...args: WholeArguments<Name>): void {
    if (parts > 1 && this.threads) this.threads.run(kernelNames.indexOf(name), parts, args);
    else (this.kernels[name] as (...args: number[]) => void)(...args, 0, 1);
  }

  /** Where the values of `tensor` begin. */
  addressOf(tensor: TensorInfo): number {
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** An uninitialized float32 tensor. */
  output(shape: number[]): TensorInfo {
    return this.backend.makeOutput(shape, "float32");
  }

  /** `info` once more, sharing its values. */
  share({ dataId, shape, dtype }: TensorInfo): TensorInfo {
    this.backend.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** Allocates memory that lives until `free`. */
  allocate(bytes: number): number {
    return this.backend.wasm._malloc(bytes) >>> 0;
  }

  free(address: number): void {
    this.backend.wasm._free(address);
  }

  /** At least `bytes` of memory, on a cache line, for the next kernel to use as it likes. */
  scratch(bytes: number): number {
    if (bytes > this.scratchBytes) {
      this.release();
      this.scratchBlock = this.allocate(bytes + 63);
      this.scratchBytes = bytes;
    }
    return Math.ceil(this.scratchBlock / 64) * 64;
  }

  /** Frees the scratch memory and ends the threads. */
  close(): void {
    this.release();
    this.threads?.close();
  }

  private release(): void {
    if (this.scratchBytes > 0) this.free(this.scratchBlock);
    this.scratchBytes = 0;
  }
}
