import type { GpuDevice, GpuObject } from "../kernels/webgpu/webgpuBackend";

type Pipeline = ReturnType<GpuDevice["createComputePipeline"]>;

/**
 * Makes the device compile no source twice: modules of equal source are one object, and so are pipelines of one module.
 * tfjs keeps its pipelines by a key that holds the shapes and all attributes of the operation, and many keys come to one source.
 */
export function shareShaders(device: Pick<GpuDevice, "createShaderModule" | "createComputePipeline">): void {
  const modules = new Map<string, GpuObject>();
  const pipelines = new Map<GpuObject, Map<string, Pipeline>>();
  const createShaderModule = device.createShaderModule.bind(device);
  const createComputePipeline = device.createComputePipeline.bind(device);
  device.createShaderModule = descriptor => {
    let module = modules.get(descriptor.code);
    if (!module) modules.set(descriptor.code, (module = createShaderModule(descriptor)));
    return module;
  };
  device.createComputePipeline = descriptor => {
    const { layout, compute, ...rest } = descriptor as { label?: string; layout: unknown; compute: { module: GpuObject; entryPoint?: string; constants?: Record<string, number> } };
    // A layout of one's own makes other bind groups fit.
    const isPlain = layout === "auto" && Object.keys(rest).every(key => key === "label");
    if (!isPlain) return createComputePipeline(descriptor);
    const ofModule = pipelines.get(compute.module) ?? new Map<string, Pipeline>();
    pipelines.set(compute.module, ofModule);
    const key = JSON.stringify([compute.entryPoint, compute.constants]);
    let pipeline = ofModule.get(key);
    if (!pipeline) ofModule.set(key, (pipeline = createComputePipeline(descriptor)));
    return pipeline;
  };
}
