import { chooseAdapter, type Dawn, type LosableDevice } from "../../backends/adapters";
import { LatentError, messageOf } from "../../../protocol/errors";

// A WebGPU device of a map's own, opened on the map's thread: the engine's device goes on answering sliders, and if the map's
// is lost, the engine's nets are not. What is used of WebGPU is named here; like deviceGuard.ts, what WebGPU only tells in an
// event becomes an exception.

export interface GpuBuffer {
  readonly size: number;
  destroy(): void;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
}
interface Pipeline {
  getBindGroupLayout(index: number): object;
}
interface Pass {
  setPipeline(pipeline: object): void;
  setBindGroup(index: number, group: object): void;
  dispatchWorkgroups(x: number, y?: number): void;
  end(): void;
}
interface Encoder {
  beginComputePass(): Pass;
  copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, size: number): void;
  finish(): object;
}
interface Device extends Omit<LosableDevice, "createBuffer" | "createComputePipeline"> {
  readonly queue: { submit(commands: object[]): void; writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBufferView): void };
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createComputePipeline(descriptor: object): Pipeline;
  createCommandEncoder(): Encoder;
  destroy(): void;
}

/** A shader with its buffers bound, ready to be dispatched. */
export type Bound = { pipeline: object; group: object };
/** A dispatch: what, over how many workgroups. */
export type Dispatch = [Bound, number];

/** A device that computes one map. All calls throw a LatentError once the device is lost or has refused something. */
export interface MapDevice {
  /** Dawn's instance, which must live as long as the device: collected, it takes the device's thread with it. */
  readonly gpu: object;
  /** "NVIDIA H200" */
  readonly name: string;
  readonly software: boolean;
  readonly limits: Record<string, number>;
  /** A storage buffer of so many bytes, zeros, or with these values. Throws `out-of-memory`. */
  storage(content: number | ArrayBufferView): GpuBuffer;
  /** A uniform buffer of so many bytes. */
  uniform(bytes: number): GpuBuffer;
  write(buffer: GpuBuffer, data: ArrayBufferView): void;
  /** The compute shader `code` (entry point `main`), compiled once for each code; `buffers` by binding, from 0 on, null for one that it does not use. */
  bind(code: string, buffers: (GpuBuffer | null)[]): Bound;
  /** Runs the dispatches one after the other and reads buffers' first bytes after them; resolves when all is done. */
  run(dispatches: Dispatch[], reads: { buffer: GpuBuffer; bytes: number }[]): Promise<ArrayBuffer[]>;
  /** Gives all memory back. */
  close(): void;
}

/** Dispatches are at most so wide; what is more goes into a second dimension (`group` in the shaders). */
const MOST_WORKGROUPS = 65_535;
const limitNames = ["maxBufferSize", "maxStorageBufferBindingSize", "maxComputeWorkgroupStorageSize"];
const MAP_READ = 1, COPY_SRC = 4, COPY_DST = 8, UNIFORM = 64, STORAGE = 128;

/**
 * Opens the GPU whose name contains `adapter`, or the fastest; one drawn in software only when that is "software". Throws
 * with the reason when there is none.
 */
export async function openMapDevice(adapter: string): Promise<MapDevice> {
  const { create } = (await import("webgpu")) as unknown as Dawn;
  const { gpu, adapter: chosen, name, software } = await chooseAdapter(create, adapter.trim());
  const device = (await chosen.requestDevice({
    requiredLimits: Object.fromEntries(limitNames.map(limit => [limit, chosen.limits[limit]!])),
  })) as unknown as Device;
  return guarded(device, { name, software, gpu });
}

/** A device that is opened when it is first asked for, and anew after it was closed. */
export function lazyDevice(adapter: string) {
  let opening: Promise<MapDevice> | undefined;
  const lazy = {
    /** What was opened last, in words; empty before. */
    name: "",
    open: async (): Promise<MapDevice> => {
      const device = await (opening ??= openMapDevice(adapter));
      lazy.name = `WebGPU · ${device.name}${device.software ? " (software)" : ""}`;
      return device;
    },
    close: (): void => {
      opening?.then(device => device.close(), () => undefined);
      opening = undefined;
    },
  };
  return lazy;
}

function guarded(device: Device, { name, software, gpu }: Pick<MapDevice, "name" | "software" | "gpu">): MapDevice {
  let failure: LatentError | undefined;
  let closed = false;
  device.addEventListener("uncapturederror", ({ error }) => {
    failure ??= new LatentError(/memory/i.test(error.constructor.name) ? "out-of-memory" : "internal", `${name}: ${error.message.split("\n", 1)[0]!}`);
  });
  void device.lost.then(({ reason, message }) => {
    if (!closed) failure = new LatentError("device-lost", `${name} was lost: ${message || reason}`);
  });
  const check = () => {
    if (failure) throw failure;
  };
  const { maxBufferSize = Infinity, maxStorageBufferBindingSize = Infinity } = device.limits;
  const largest = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  const take = (bytes: number, usage: number) => {
    if (bytes > largest) throw new LatentError("out-of-memory", `${name} takes at most ${Math.floor(largest / 2 ** 20)} MB in one piece; the map needs ${Math.ceil(bytes / 2 ** 20)} MB`);
    const buffer = device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 16) * 16), usage });
    check();
    return buffer;
  };
  const pipelines = new Map<string, Pipeline>();
  const compiled = (code: string) => {
    let pipeline = pipelines.get(code);
    if (!pipeline) {
      pipeline = device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code }), entryPoint: "main" } });
      check();
      pipelines.set(code, pipeline);
    }
    return pipeline;
  };
  let staging: GpuBuffer | undefined;
  const stagingOf = (bytes: number) => {
    if (staging && staging.size >= bytes) return staging;
    staging?.destroy();
    return (staging = take(bytes, MAP_READ | COPY_DST));
  };
  return {
    gpu,
    name,
    software,
    limits: device.limits,
    storage: content => {
      const buffer = take(typeof content === "number" ? content : content.byteLength, STORAGE | COPY_SRC | COPY_DST);
      if (typeof content !== "number") device.queue.writeBuffer(buffer, 0, content);
      return buffer;
    },
    uniform: bytes => take(bytes, UNIFORM | COPY_DST),
    write: (buffer, data) => device.queue.writeBuffer(buffer, 0, data),
    bind: (code, buffers) => {
      const pipeline = compiled(code);
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: buffers.flatMap((buffer, binding) => (buffer ? [{ binding, resource: { buffer } }] : [])) });
      check();
      return { pipeline, group };
    },
    run: async (dispatches, reads) => {
      check();
      const encoder = device.createCommandEncoder();
      if (dispatches.length > 0) {
        const pass = encoder.beginComputePass();
        for (const [{ pipeline, group }, workgroups] of dispatches) {
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(Math.min(workgroups, MOST_WORKGROUPS), Math.ceil(workgroups / MOST_WORKGROUPS));
        }
        pass.end();
      }
      const starts = reads.map((_, at) => reads.slice(0, at).reduce((sum, { bytes }) => sum + bytes, 0));
      const total = reads.reduce((sum, { bytes }) => sum + bytes, 0);
      const target = stagingOf(total);
      reads.forEach(({ buffer, bytes }, at) => encoder.copyBufferToBuffer(buffer, 0, target, starts[at]!, bytes));
      device.queue.submit([encoder.finish()]);
      try {
        await target.mapAsync(MAP_READ);
      } catch (error) {
        await Promise.race([device.lost, new Promise(resolve => setTimeout(resolve, 100))]); // it knows the reason
        check();
        throw new LatentError("device-lost", `${name} gave nothing back: ${messageOf(error)}`);
      }
      const mapped = target.getMappedRange();
      const contents = reads.map(({ bytes }, at) => mapped.slice(starts[at]!, starts[at]! + bytes));
      target.unmap();
      check();
      return contents;
    },
    close: () => {
      closed = true;
      device.destroy();
    },
  };
}
