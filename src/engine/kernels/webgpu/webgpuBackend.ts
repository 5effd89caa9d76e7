import { env, util, type DataType, type TensorInfo } from "@tensorflow/tfjs-core";
import { LatentError } from "../../../protocol/errors";

// Our kernels are dispatched beside tfjs-backend-webgpu's own, into its command encoder and with its buffers, so that the order
// of the work and the life of the buffers stay its business. That takes some things that are not in its documented API. This
// file names them and nothing else in the engine may use more; the version is pinned in package.json.

/** A GPUBuffer, GPUComputePipeline and so on: handed on, never looked into. */
export type GpuObject = object;

/** What is used of a GPUDevice. */
export interface GpuDevice {
  readonly limits: Record<string, number>;
  createBuffer(descriptor: { size: number }): GpuObject;
  createShaderModule(descriptor: { code: string; label?: string }): GpuObject;
  createComputePipeline(descriptor: object): { getBindGroupLayout(index: number): GpuObject };
  createBindGroup(descriptor: object): GpuObject;
}

/** A value of a uniform structure whose members are all single numbers. */
export type Uniform = { type: "float32" | "uint32" | "int32"; data: [number] };

/** What is used of tfjs-backend-webgpu's backend object. */
export interface WebgpuBackend {
  readonly device: GpuDevice;
  /** Compiled pipelines by the key of their shader. */
  readonly pipelineCache: Record<string, ReturnType<GpuDevice["createComputePipeline"]>>;
  readonly tensorMap: { get(dataId: object): { dtype: DataType; values: unknown; resource?: GpuObject | null } };
  /** A tensor without a buffer, yet; with values, they are uploaded when they are first needed. */
  makeTensorInfo(shape: number[], dtype: DataType, values?: Float32Array): TensorInfo;
  /** Gives a tensor its buffer, and uploads its values if they are in host memory. */
  uploadToGPU(dataId: object): void;
  /** A uniform buffer with these values, released when the commands under way are submitted. */
  makeUniforms(values: Uniform[]): { offset: number; size: number; buffer: GpuObject };
  /** Tensors that the commands under way use: their buffers are not reused before those are submitted. */
  readonly commandQueueOwnedIds: { add(dataId: object): void };
  readonly commandEncoder: { beginComputePass(descriptor: object): ComputePass } | null;
  computePassEncoder: ComputePass | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  read(dataId: object): Promise<unknown>;
  /** Counts one owner less; the buffer is released when the last one is gone and no command under way uses it. */
  disposeData(dataId: object): boolean;
  /** Buffers by size and usage; those of `freeBuffers` are kept to be used again. */
  readonly bufferManager: {
    readonly freeBuffers: Map<string, { size: number; destroy(): void }[]>;
    numFreeBuffers: number;
    numBytesAllocated: number;
  };
}

interface ComputePass {
  setPipeline(pipeline: GpuObject): void;
  setBindGroup(index: number, group: GpuObject): void;
  dispatchWorkgroups(x: number, y?: number, z?: number): void;
}

const methods = ["makeTensorInfo", "uploadToGPU", "makeUniforms", "ensureCommandEncoderReady", "endComputePassEncoder", "submitQueue", "read", "disposeData"] as const;
const objects = ["device", "pipelineCache", "tensorMap", "commandQueueOwnedIds", "bufferManager"] as const;

/** `backend` as tfjs-backend-webgpu's; throws with the name of what is missing. */
export function asWebgpuBackend(backend: object): WebgpuBackend {
  const candidate = backend as Partial<Record<string, unknown>>;
  const missing = [
    ...methods.filter(name => typeof candidate[name] !== "function"),
    ...objects.filter(name => typeof candidate[name] !== "object"),
    ...((candidate["bufferManager"] as { freeBuffers?: unknown } | undefined)?.freeBuffers instanceof Map ? [] : ["bufferManager.freeBuffers"]),
  ];
  if (missing.length > 0) throw new LatentError("internal", `the webgpu backend has no ${missing.join(", ")}; these kernels need tfjs-backend-webgpu 4.22.0`);
  return backend as WebgpuBackend;
}

/** A compute shader with one bind group: outputs, inputs and uniforms in this order, from binding 0 on. */
export interface Program {
  /** Names the shader: one key, one pipeline for the life of the backend. */
  key: string;
  /** Its source, asked for when it is compiled; the entry point is `main`. */
  code(): string;
}

/**
 * Runs `program` once over `workgroups` and gives its outputs, new float32 tensors of these shapes. Without workgroups nothing
 * runs; then the outputs must be empty.
 */
export function dispatch(backend: WebgpuBackend, program: Program, inputs: TensorInfo[], outputShapes: number[][], uniforms: Uniform[], workgroups: [number, number?, number?]): TensorInfo[] {
  const outputs = outputShapes.map(shape => backend.makeTensorInfo(shape, "float32"));
  if (workgroups[0] === 0) {
    for (const { dataId, shape } of outputs) backend.tensorMap.get(dataId).values = new Float32Array(util.sizeFromShape(shape));
    return outputs;
  }
  const tensors = [...outputs, ...inputs];
  for (const { dataId } of tensors) backend.uploadToGPU(dataId);
  const pipeline = (backend.pipelineCache[program.key] ??= compile(backend.device, program));
  const resources = [...tensors.map(({ dataId }) => ({ buffer: backend.tensorMap.get(dataId).resource })), backend.makeUniforms(uniforms)];
  const bindGroup = backend.device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
  for (const { dataId } of tensors) backend.commandQueueOwnedIds.add(dataId);
  backend.ensureCommandEncoderReady();
  const pass = (backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass({}));
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...workgroups);
  backend.dispatchCountInPass++;
  if (backend.dispatchCountInPass >= env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE")) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  return outputs;
}

function compile(device: GpuDevice, { key, code }: Program) {
  const module = device.createShaderModule({ code: code(), label: key });
  return device.createComputePipeline({ label: key, layout: "auto", compute: { module, entryPoint: "main" } });
}
