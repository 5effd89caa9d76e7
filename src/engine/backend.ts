import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import * as nodeUtil from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import type { BackendChoice, BackendId } from "../protocol/engineApi";
import { LatentError, messageOf } from "../protocol/errors";
import { installKernels } from "./kernels";
import { openWasmBackend } from "./kernels/sharedHeap";

// The one file that knows how TensorFlow.js meets CUDA, Dawn, WebAssembly and plain JavaScript. Each backend either opens
// or says why it is absent; `auto` takes the first that opens.

export interface BackendOptions {
  choice: BackendChoice;
  /** Folder with tfjs-backend-wasm's .wasm files. */
  wasmFolder: string;
  /** Folder with our own kernels for it (kernels/). */
  kernelsFolder: string;
  /** Threads of the wasm backend; 0 or nothing chooses by the machine's cores. */
  threads?: number;
  /** Folder where `@tensorflow/tfjs-node-gpu` was installed by command, searched before this package's own modules. */
  tensorflowFolder?: string;
  /** Part of the name of the GPU to use; any when empty. "software" admits a software adapter. */
  adapter?: string;
}

export interface OpenedBackend {
  id: BackendId;
  device: string;
  /** Why each backend that was tried before did not open. */
  unavailable: Partial<Record<BackendId, string>>;
  versions: Record<string, string>;
  /** Measures matrix products, in 10⁹ operations a second; null where it is not offered. */
  gflops: (() => number) | null;
  /** Called once when the device is gone and the engine must be restarted. */
  onLost(listener: (reason: string) => void): void;
}

type Opened = Omit<OpenedBackend, "id" | "unavailable">;
/** Throws with the reason when the backend is not to be had here. */
type Opener = (options: BackendOptions) => Promise<Opened>;

const neverLost = () => undefined;

const openers: Record<BackendId, Opener> = { tensorflow: openTensorflow, webgpu: openWebgpu, wasm: openWasm, cpu: openCpu };

/** Opens the chosen backend, or with `auto` the first that this machine has; throws `unsupported` with all reasons. */
export async function openBackend(options: BackendOptions): Promise<OpenedBackend> {
  const order: BackendId[] = options.choice === "auto" ? ["tensorflow", "webgpu", "wasm", "cpu"] : [options.choice];
  const unavailable: OpenedBackend["unavailable"] = {};
  for (const id of order) {
    try {
      return { id, unavailable, ...(await openers[id](options)) };
    } catch (error) {
      unavailable[id] = messageOf(error);
    }
  }
  const reasons = Object.entries(unavailable).map(([id, reason]) => `${id}: ${reason}`);
  throw new LatentError("unsupported", `No backend could be opened. ${reasons.join("; ")}`);
}

async function openCpu(): Promise<Opened> {
  await import("@tensorflow/tfjs-backend-cpu");
  await use("cpu");
  return { device: "CPU · plain JavaScript", versions: {}, gflops: null, onLost: neverLost };
}

/** One core is left to VS Code and the rest of the machine: a cancel or a slider must not wait for a core. */
function usualThreads(): number {
  return Math.max(1, Math.min(16, availableParallelism() - 1));
}

const kernelsName = ({ variant, wide }: { variant: string; wide: boolean }) => (wide ? `${variant}, 256 bits` : variant);

async function openWasm({ wasmFolder, kernelsFolder, threads = 0 }: BackendOptions): Promise<Opened> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(join(wasmFolder, "/"));
  const wanted = threads || usualThreads();
  await openWasmBackend(tf, wasm, wanted > 1);
  const { variant, threads: used, wide, selfTest, measureGflops } = await installKernels(tf, { folder: kernelsFolder, threads: wanted, wide: true });
  const failed = selfTest.filter(({ passed }) => !passed).map(attempt => `${kernelsName(attempt)}: ${attempt.detail}`);
  return {
    device: used > 1 ? `CPU · wasm ×${used}` : "CPU · wasm",
    versions: { "tfjs-backend-wasm": wasm.version_wasm, kernels: [kernelsName({ variant, wide }), ...failed].join("; ") },
    gflops: measureGflops,
    onLost: neverLost,
  };
}

async function openTensorflow({ tensorflowFolder }: BackendOptions): Promise<Opened> {
  // tfjs-node 4.22 still calls util.isNullOrUndefined, which Node 23 removed.
  const util = nodeUtil as unknown as Record<string, unknown>;
  const patched = createRequire(__filename)("node:util") as Record<string, unknown>;
  if (typeof util["isNullOrUndefined"] !== "function") patched["isNullOrUndefined"] = (value: unknown) => value === null || value === undefined;
  const name = "@tensorflow/tfjs-node-gpu";
  const folders = [tensorflowFolder, __dirname].filter(folder => folder !== undefined);
  const reasons: string[] = [];
  for (const folder of folders) {
    try {
      const load = createRequire(join(folder, "index.js"));
      load(name);
      const { version } = load(`${name}/package.json`) as { version: string };
      await use("tensorflow");
      return { device: "TensorFlow (CUDA)", versions: { "tfjs-node-gpu": version }, gflops: null, onLost: neverLost };
    } catch (error) {
      reasons.push(firstLine(messageOf(error)));
    }
  }
  throw new Error(reasons[0]);
}

/** What is used of Dawn's Node binding and of WebGPU. */
interface Dawn {
  create(flags: string[]): { requestAdapter(options: object): Promise<GpuAdapter | null> };
  globals: object;
}
interface GpuAdapter {
  info: { vendor: string; architecture: string; device: string; description: string };
  features: Set<string>;
  limits: Record<string, number>;
  requestDevice(descriptor: object): Promise<GpuDevice>;
}
interface GpuDevice {
  lost: Promise<{ reason: string; message: string }>;
}

const computeLimits = [
  "maxComputeWorkgroupStorageSize", "maxComputeWorkgroupsPerDimension", "maxStorageBufferBindingSize", "maxBufferSize",
  "maxComputeWorkgroupSizeX", "maxComputeInvocationsPerWorkgroup",
];

async function openWebgpu({ adapter: wanted = "" }: BackendOptions): Promise<Opened> {
  const { create, globals } = (await import("webgpu")) as unknown as Dawn;
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // tfjs asks for navigator.gpu while it loads; Node's own navigator has no such property.
  Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "node" }, configurable: true, writable: true });
  const software = wanted.toLowerCase() === "software";
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("no GPU adapter (Vulkan, Metal or Direct3D 12) was found");
  const name = nameOf(adapter);
  if (isSoftware(adapter) && !software) throw new Error(`only a software adapter was found (${name}); it is used when the setting latentLens.gpuAdapter is "software"`);
  if (wanted && !software && !name.toLowerCase().includes(wanted.toLowerCase())) throw new Error(`the GPU found is "${name}", the setting latentLens.gpuAdapter asks for "${wanted}"`);
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  const device = await adapter.requestDevice({
    requiredFeatures: ["timestamp-query"].filter(feature => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(computeLimits.map(limit => [limit, adapter.limits[limit]])),
  });
  type Arguments = ConstructorParameters<typeof WebGPUBackend>;
  // tfjs registered a backend of that name with its own choice of adapter and limits; ours takes its place.
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device as unknown as Arguments[0], adapter.info as unknown as Arguments[1]), 3);
  await use("webgpu");
  return {
    device: `WebGPU · ${name}${isSoftware(adapter) ? " (software)" : ""}`,
    versions: { "tfjs-backend-webgpu": tf.version_core }, // all packages of TensorFlow.js carry one version
    gflops: null,
    onLost: listener => void device.lost.then(({ reason, message }) => reason !== "destroyed" && listener(message || reason)),
  };
}

const isSoftware = ({ info }: GpuAdapter) => /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(`${info.architecture} ${info.device} ${info.description}`);
const nameOf = ({ info }: GpuAdapter) => info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(" ") || "unnamed GPU";

async function use(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js could not initialize its ${name} backend`);
  await tf.ready();
}

const firstLine = (text: string) => text.split("\n", 1)[0]!;
