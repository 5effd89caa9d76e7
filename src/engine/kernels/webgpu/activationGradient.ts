import { util } from "@tensorflow/tfjs-core";
import { activations, type ActivationGradientAttrs } from "../activationGradients";
import type { FastKernel, Inputs } from "../register";
import { dispatch, type Program, type WebgpuBackend } from "./webgpuBackend";

const WORKGROUP = 256;
const MAX_WORKGROUPS = 65_535;

const program: Program = {
  key: "LatentActivationGradient",
  code: () => `
struct Activation {
  count: u32,
  name: u32,
  alpha: f32,
}
@group(0) @binding(0) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> xOrY: array<f32>;
@group(0) @binding(3) var<uniform> activation: Activation;

fn slope(value: f32) -> f32 {
  switch activation.name {
    case ${activations.Relu}u: { return select(0.0, 1.0, value > 0.0); }
    case ${activations.LeakyRelu}u: { return select(activation.alpha, 1.0, value > 0.0); }
    case ${activations.Sigmoid}u: { return value * (1.0 - value); }
    case ${activations.Softplus}u: { return 1.0 / (1.0 + exp(-clamp(value, -80.0, 80.0))); }
    default: { return 1.0 - value * value; }
  }
}

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < activation.count; i += groups.x * ${WORKGROUP}) {
    dx[i] = dy[i] * slope(xOrY[i]);
  }
}`,
};

/** dy · f′ in one dispatch, of the shape of dy; `xOrY` as in ../activationGradients.ts. */
export function activationGradient(backend: WebgpuBackend): FastKernel {
  return (inputs, attrs) => {
    const { dy, xOrY } = inputs as Inputs<"dy" | "xOrY">;
    const { activation, alpha } = attrs as unknown as ActivationGradientAttrs;
    if (dy.dtype !== "float32" || xOrY.dtype !== "float32") return undefined;
    const count = util.sizeFromShape(dy.shape);
    const [out] = dispatch(
      backend, program, [dy, xOrY], [dy.shape],
      [{ type: "uint32", data: [count] }, { type: "uint32", data: [activations[activation]] }, { type: "float32", data: [alpha] }],
      [Math.min(Math.ceil(count / WORKGROUP), MAX_WORKGROUPS)],
    );
    return out!;
  };
}
