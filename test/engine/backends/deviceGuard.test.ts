import { describe, expect, it } from "vitest";
import type { LosableDevice } from "../../../src/engine/backends/adapters";
import { guardDevice } from "../../../src/engine/backends/deviceGuard";
import type { WebgpuBackend } from "../../../src/engine/kernels/webgpu/webgpuBackend";

/** A device with `free` bytes that tells of failures as Dawn does: by an event before the call returns. */
function setUp(free: number) {
  let tell: (event: { error: { message: string } }) => void = () => undefined;
  const state = { free, submits: 0 };
  const fail = (message: string) => tell({ error: { message } });
  const device = {
    limits: { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 27 },
    createBuffer: ({ size, mappedAtCreation }: { size: number; mappedAtCreation?: boolean }) => {
      if (size > state.free && mappedAtCreation) throw new RangeError("createBuffer failed");
      if (size > state.free) fail("vkAllocateMemory failed\n - While calling CreateBuffer");
      else state.free -= size;
      return { size };
    },
    createShaderModule: ({ code }: { code: string }) => (code === "wrong" && fail("error: expected '('"), {}),
    createComputePipeline: () => ({ getBindGroupLayout: () => ({}) }),
    createBindGroup: () => ({}),
    addEventListener: (_: string, listener: typeof tell) => (tell = listener),
  } as unknown as LosableDevice;
  const kept = [{ size: 3000, destroy: () => (state.free += 3000) }];
  const backend = {
    read: async () => "values",
    commandEncoder: {},
    endComputePassEncoder: () => undefined,
    submitQueue: () => state.submits++,
    bufferManager: { freeBuffers: new Map([["3000_128", kept]]), numFreeBuffers: 1, numBytesAllocated: 5000 },
  } as unknown as WebgpuBackend;
  guardDevice(device, backend);
  return { device, backend, state, fail };
}

describe("a guarded device", () => {
  it("refuses a buffer that is larger than the GPU allows, with both sizes", () => {
    const { device } = setUp(2 ** 40);
    expect(() => device.createBuffer({ size: 2 ** 28 })).toThrow(expect.objectContaining({ code: "out-of-memory", message: "the GPU takes at most 128 MB in one piece, 256 MB are needed." }) as Error);
    expect(device.createBuffer({ size: 2 ** 27 })).toEqual({ size: 2 ** 27 });
  });

  it("frees the buffers that are kept for later before it says that there is no memory left", () => {
    const { device, backend, state } = setUp(1000);
    expect(device.createBuffer({ size: 3500 })).toEqual({ size: 3500 });
    expect(state).toEqual({ free: 500, submits: 1 });
    expect(backend.bufferManager).toMatchObject({ numFreeBuffers: 0, numBytesAllocated: 2000 });
    expect(backend.bufferManager.freeBuffers.get("3000_128")).toEqual([]);
    expect(() => device.createBuffer({ size: 3500 })).toThrow(expect.objectContaining({ code: "out-of-memory", message: "the GPU has no 1 MB left (vkAllocateMemory failed)." }) as Error);
    expect(device.createBuffer({ size: 100 })).toEqual({ size: 100 });
  });

  it("says the same where Dawn throws: of a buffer to write into at once", () => {
    const { device, state } = setUp(1000);
    const mapped = (size: number) => device.createBuffer({ size, mappedAtCreation: true } as { size: number });
    expect(mapped(3500)).toEqual({ size: 3500 });
    expect(state).toEqual({ free: 500, submits: 1 });
    expect(() => mapped(3500)).toThrow(expect.objectContaining({ code: "out-of-memory", message: "the GPU has no 1 MB left (createBuffer failed)." }) as Error);
    expect(mapped(100)).toEqual({ size: 100 });
  });

  it("throws what else fails, and gives no values of work that failed", async () => {
    const { device, backend, fail } = setUp(1000);
    expect(() => device.createShaderModule({ code: "wrong" })).toThrow("the GPU could not compile a shader: error: expected '('");
    expect(device.createShaderModule({ code: "right" })).toEqual({});
    fail("[Invalid CommandBuffer] is invalid");
    await expect(backend.read({})).rejects.toMatchObject({ code: "internal", message: expect.stringContaining("Invalid CommandBuffer") as string });
    expect(await backend.read({})).toBe("values");
  });
});
