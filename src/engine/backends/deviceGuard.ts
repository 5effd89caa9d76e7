import { LatentError } from "../../protocol/errors";
import type { WebgpuBackend } from "../kernels/webgpu/webgpuBackend";
import type { LosableDevice } from "./adapters";

// WebGPU hardly ever throws: what goes wrong is an event, the object that could not be made is an invalid one, and what is computed
// with it is silently left out, so that a loss would simply stay as it was. Dawn's event comes before the call returns; here
// it is turned into an exception of that very call, and a read never gives values of work that failed.

/** Makes every call of the device that fails throw: `out-of-memory` where a buffer could not be had, else `internal`. */
export function guardDevice(device: LosableDevice, backend: WebgpuBackend): void {
  let failure: string | undefined;
  device.addEventListener("uncapturederror", ({ error }) => (failure ??= firstLine(error.message)));
  const takeFailure = () => {
    const taken = failure;
    failure = undefined;
    return taken;
  };
  const throwFailure = (work: string) => {
    const taken = takeFailure();
    if (taken !== undefined) throw new LatentError("internal", `the GPU could not ${work}: ${taken}`);
  };

  const { maxBufferSize = Infinity, maxStorageBufferBindingSize = Infinity } = device.limits;
  const largest = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  const createBuffer = device.createBuffer.bind(device);
  const tryBuffer = (descriptor: Parameters<typeof createBuffer>[0]): { buffer: ReturnType<typeof createBuffer>; reason?: undefined } | { buffer?: undefined; reason: string } => {
    try {
      const buffer = createBuffer(descriptor);
      const reason = takeFailure();
      return reason === undefined ? { buffer } : { reason };
    } catch (error) {
      takeFailure();
      // The one that WebGPU does throw: a buffer to write into at once could not be had.
      if (error instanceof RangeError) return { reason: firstLine(error.message) };
      throw error;
    }
  };
  device.createBuffer = descriptor => {
    throwFailure("do what came before");
    if (descriptor.size > largest) throw new LatentError("out-of-memory", `the GPU takes at most ${inBytes(largest)} in one piece, ${inBytes(descriptor.size)} are needed.`);
    let made = tryBuffer(descriptor);
    if (made.buffer) return made.buffer;
    // Buffers are kept to be used again, those of other sizes, too.
    releaseKeptBuffers(backend);
    made = tryBuffer(descriptor);
    if (!made.buffer) throw new LatentError("out-of-memory", `the GPU has no ${inBytes(descriptor.size)} left (${made.reason}).`);
    return made.buffer;
  };
  for (const [method, work] of [["createShaderModule", "compile a shader"], ["createComputePipeline", "compile a shader"], ["createBindGroup", "bind its buffers"]] as const) {
    const call = device[method].bind(device) as (descriptor: never) => object;
    (device as unknown as Record<string, unknown>)[method] = (descriptor: never) => {
      const result = call(descriptor);
      throwFailure(work);
      return result;
    };
  }
  const read = backend.read.bind(backend);
  backend.read = async dataId => {
    const values = await read(dataId);
    throwFailure("do what came before");
    return values;
  };
}

/** Frees the buffers that the backend keeps to use again. */
function releaseKeptBuffers(backend: WebgpuBackend): void {
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue(); // releases what only waited for the commands under way
  const { bufferManager } = backend;
  for (const buffers of bufferManager.freeBuffers.values()) {
    for (const buffer of buffers.splice(0)) {
      bufferManager.numFreeBuffers--;
      bufferManager.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
  }
}

function inBytes(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${Math.ceil(bytes / 2 ** 20)} MB`;
}

const firstLine = (text: string) => text.split("\n", 1)[0]!;
