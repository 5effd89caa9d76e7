import * as tf from "@tensorflow/tfjs-core";
import type { BackendOptions, Opened } from "./opened";
import { installWebgpuKernels } from "../kernels/webgpu";
import { asWebgpuBackend } from "../kernels/webgpu/webgpuBackend";
import { chooseAdapter, type Dawn } from "./adapters";
import { guardDevice } from "./deviceGuard";
import { shareShaders } from "./sharedShaders";

/** What the device is asked to allow: as much as the card has, since WebGPU's defaults are those of a phone. */
const computeLimits = [
  "maxBufferSize", "maxStorageBufferBindingSize", "maxUniformBufferBindingSize", "maxStorageBuffersPerShaderStage",
  "maxUniformBuffersPerShaderStage", "maxBindingsPerBindGroup", "maxComputeWorkgroupStorageSize", "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX", "maxComputeWorkgroupSizeY", "maxComputeWorkgroupSizeZ", "maxComputeWorkgroupsPerDimension",
];

/** tfjs's WebGPU backend on Dawn, on the GPU that the options name, with kernels of ours; throws where there is none. */
export async function openWebgpu({ adapter: wanted = "" }: BackendOptions): Promise<Opened> {
  const { create, globals } = (await import("webgpu")) as unknown as Dawn;
  Object.assign(globalThis, globals);
  const { gpu, adapter, name, software } = await chooseAdapter(create, wanted.trim());
  // tfjs asks for navigator.gpu while it loads; Node's own navigator has no such property.
  Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "node" }, configurable: true, writable: true });
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  const { limits, features } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: ["timestamp-query"].filter(feature => features.has(feature)),
    requiredLimits: Object.fromEntries(computeLimits.filter(limit => limits[limit] !== undefined).map(limit => [limit, limits[limit]])),
  });
  type Arguments = ConstructorParameters<typeof WebGPUBackend>;
  const backend = new WebGPUBackend(device as unknown as Arguments[0], adapter.info as unknown as Arguments[1]);
  guardDevice(device, asWebgpuBackend(backend));
  shareShaders(device);
  // tfjs registered a backend of that name with its own choice of adapter and limits; ours takes its place.
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => backend, 3);
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js could not initialize its webgpu backend");
  await tf.ready();
  installWebgpuKernels(tf);
  return {
    device: `WebGPU · ${name}${software ? " (software)" : ""}`,
    versions: { "tfjs-backend-webgpu": tf.version_core }, // all packages of TensorFlow.js carry one version
    details: () => ({ kernels: `tfjs-backend-webgpu; Adam, activation and filter gradients${software ? "" : ", neighbours and t-SNE of large maps"} in WGSL of our own` }),
    gflops: measureGflops,
    mapAdapter: software ? null : wanted,
    lost: device.lost.then(({ reason, message }) => message || reason),
  };
}

/**
 * Products of square matrices, in 10⁹ operations a second: as large as this GPU does in some ten milliseconds, and several at
 * a time, so that the way there and back counts little.
 */
async function measureGflops(): Promise<number> {
  let size = 128;
  let milliseconds = 0;
  while (milliseconds < 10 && size < 2048) {
    size *= 2;
    await timeOfProducts(size, 1); // compiles
    milliseconds = await timeOfProducts(size, 1);
  }
  const count = Math.max(1, Math.min(32, Math.round(100 / milliseconds)));
  return (count * 2 * size ** 3) / (await timeOfProducts(size, count)) / 1e6;
}

/** Milliseconds until the last of `count` products of [size, size] matrices is there. */
async function timeOfProducts(size: number, count: number): Promise<number> {
  const a = tf.fill([size, size], 1 / size);
  const start = performance.now();
  const products = Array.from({ length: count }, () => tf.tidy(() => tf.slice(tf.matMul(a, a), [0, 0], [1, 1])));
  await products.at(-1)!.data(); // the GPU works in order: the last one is the end of all
  const milliseconds = performance.now() - start;
  tf.dispose([a, products]);
  return milliseconds;
}
