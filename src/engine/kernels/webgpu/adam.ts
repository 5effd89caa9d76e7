import { util } from "@tensorflow/tfjs-core";
import type { StepAttrs } from "../adam";
import type { FastKernel, Inputs } from "../register";
import { dispatch, type Program, type WebgpuBackend } from "./webgpuBackend";

const WORKGROUP = 256;
/** Every device takes so many workgroups; threads step through what is left. */
const MAX_WORKGROUPS = 65_535;

// The step's factors are uniforms: one shader serves every variable at every step.
const program: Program = {
  key: "LatentAdam",
  code: () => `
struct Step {
  count: u32,
  beta1: f32,
  complement1: f32,
  beta2: f32,
  complement2: f32,
  stepSize: f32,
  correction2: f32,
  epsilon: f32,
}
@group(0) @binding(0) var<storage, read_write> newW: array<f32>;
@group(0) @binding(1) var<storage, read_write> newM: array<f32>;
@group(0) @binding(2) var<storage, read_write> newV: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read> m: array<f32>;
@group(0) @binding(6) var<storage, read> v: array<f32>;
@group(0) @binding(7) var<uniform> step: Step;

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < step.count; i += groups.x * ${WORKGROUP}) {
    let gradient = g[i];
    let mean = step.beta1 * m[i] + step.complement1 * gradient;
    let square = step.beta2 * v[i] + step.complement2 * (gradient * gradient);
    newM[i] = mean;
    newV[i] = square;
    newW[i] = w[i] - (step.stepSize * mean) / (sqrt(square * step.correction2) + step.epsilon);
  }
}`,
};

/** Adam's kernel on the GPU, { w, g, m, v } → [new w, new m, new v], float32 alone: one dispatch where its terms are fourteen. */
export function adamKernel(backend: WebgpuBackend, maxWorkgroups = MAX_WORKGROUPS): FastKernel {
  return (inputs, attrs) => {
    const { w, g, m, v } = inputs as Inputs<"w" | "g" | "m" | "v">;
    if ([w, g, m, v].some(({ dtype }) => dtype !== "float32")) return undefined;
    const { beta1, beta2, epsilon, stepSize, correction2 } = attrs as unknown as StepAttrs;
    const count = util.sizeFromShape(w.shape);
    const factors = [beta1, 1 - beta1, beta2, 1 - beta2, stepSize, correction2, epsilon];
    return dispatch(
      backend, program, [w, g, m, v], [w.shape, w.shape, w.shape],
      [{ type: "uint32", data: [count] }, ...factors.map(value => ({ type: "float32" as const, data: [value] as [number] }))],
      [Math.min(Math.ceil(count / WORKGROUP), maxWorkgroups)],
    );
  };
}
