import { messageOf } from "../../protocol/errors";
import type { GpuDevice } from "../kernels/webgpu/webgpuBackend";

// Which GPU of several. WebGPU itself only knows "high performance" and "low power"; Dawn's Node binding can be given a name,
// and says the names that there are when it is given one that no GPU has.

/** What is used of Dawn's Node binding: `create` takes flags such as "adapter=NVIDIA H200". */
export interface Dawn {
  create(flags: string[]): Gpu;
  globals: object;
}
export interface Gpu {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<GpuAdapter | null>;
}
export interface GpuAdapter {
  info: { vendor: string; architecture: string; device: string; description: string; isFallbackAdapter?: boolean };
  features: Set<string>;
  limits: Record<string, number>;
  requestDevice(descriptor: object): Promise<LosableDevice>;
}
export interface LosableDevice extends GpuDevice {
  lost: Promise<{ reason: string; message: string }>;
  addEventListener(event: "uncapturederror", listener: (event: { error: { message: string } }) => void): void;
}

export interface ChosenAdapter {
  gpu: Gpu;
  adapter: GpuAdapter;
  /** "NVIDIA H200" */
  name: string;
  software: boolean;
}

/** A GPU as Dawn lists it: a card can be there once for each of the system's graphics interfaces. */
interface Listed {
  backend: string;
  name: string;
}

const isSoftwareName = (text: string) => /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(text);
const noSuchGpu = "?";

/**
 * The GPU whose name contains `wanted`, the fastest one when that is empty, and one drawn in software when it is "software"
 * and only then. Throws with the names that there are.
 */
export async function chooseAdapter(create: Dawn["create"], wanted: string): Promise<ChosenAdapter> {
  const software = wanted.toLowerCase() === "software";
  const listed = await listAdapters(create);
  const named = wanted === "" ? undefined : listed.find(({ name }) => (software ? isSoftwareName(name) : name.toLowerCase().includes(wanted.toLowerCase())));
  if (wanted !== "" && !named) throw new Error(`the setting latentLens.gpuAdapter asks for "${wanted}", ${thereAre(listed)}`);
  const gpu = create(named ? [`backend=${named.backend}`, `adapter=${named.name}`] : []);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("no GPU adapter (Vulkan, Metal or Direct3D 12) was found");
  const name = named?.name ?? nameOf(adapter, listed);
  const isSoftware = adapter.info.isFallbackAdapter === true || isSoftwareName(`${name} ${adapter.info.description}`);
  if (isSoftware && !software) throw new Error(`only a software adapter was found (${name}); it is used when the setting latentLens.gpuAdapter is "software"`);
  return { gpu, adapter, name, software: isSoftware };
}

/** All GPUs, in Dawn's order; none where it does not say. */
async function listAdapters(create: Dawn["create"]): Promise<Listed[]> {
  try {
    await create([`adapter=${noSuchGpu}`]).requestAdapter({ powerPreference: "high-performance" });
    return [];
  } catch (error) {
    const listed = [...messageOf(error).matchAll(/backend: '([^']*)', name: '([^']*)'/g)].map(([, backend, name]) => ({ backend: backend!, name: name! }));
    return listed.filter(({ backend }) => backend !== "null"); // it computes nothing
  }
}

function thereAre(listed: Listed[]): string {
  const names = [...new Set(listed.map(({ name }) => `"${name}"`))];
  return names.length === 0 ? "but no GPU was found" : `but the GPUs here are ${names.join(", ")}`;
}

/** WebGPU gives a card's name in lower case with dashes and the driver's as the description; the list has the name as it is. */
function nameOf({ info }: GpuAdapter, listed: Listed[]): string {
  const found = info.device && listed.find(({ name }) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-") === info.device);
  return (found && found.name) || info.device || info.description || [info.vendor, info.architecture].filter(Boolean).join(" ") || "unnamed GPU";
}
