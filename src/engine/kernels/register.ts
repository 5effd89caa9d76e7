import type * as TensorFlow from "@tensorflow/tfjs-core";
import type { GradConfig, GradFunc, KernelConfig, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import { LatentError } from "../../protocol/errors";

/** A kernel of ours: its result, or undefined where the inputs are not what it is made for. */
export type FastKernel = (inputs: NamedTensorInfoMap, attrs: NamedAttrMap) => TensorInfo | TensorInfo[] | undefined;
/** The inputs of a kernel as it names them. */
export type Inputs<Names extends string> = Record<Names, TensorInfo>;
type KernelParams = Parameters<KernelConfig["kernelFunc"]>[0];

/**
 * Puts our `kernels` (by name) before the shipped ones of that backend, which still get what ours decline, and our
 * `gradients` before the shipped ones, which stay in charge on every other backend. All of it is undone when the backend is
 * disposed, because our kernels hold its memory; `afterUndo` is called then.
 */
export function register(
  tf: typeof TensorFlow,
  backendName: "wasm" | "webgpu",
  kernels: Record<string, FastKernel>,
  gradients: GradConfig[],
  afterUndo: () => void,
): void {
  const undos: (() => void)[] = [];
  const undo = () => {
    if (undos.length === 0) return; // every kernel's dispose function is called, the first one does it all
    for (const step of undos.splice(0)) step();
    afterUndo();
  };
  for (const [name, fast] of Object.entries(kernels)) undos.push(registerKernel(tf, backendName, name, fast, undo));
  for (const ours of gradients) undos.push(registerGradient(tf, backendName, ours));
}

function registerKernel(tf: typeof TensorFlow, backendName: string, kernelName: string, fast: FastKernel, disposeFunc: () => void): () => void {
  const shipped = tf.getKernel(kernelName, backendName) as KernelConfig | undefined;
  if (shipped) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: params => fast(params.inputs, params.attrs ?? {}) ?? shippedResult(backendName, kernelName, shipped, params),
    disposeFunc,
  });
  return () => {
    tf.unregisterKernel(kernelName, backendName);
    if (shipped) tf.registerKernel(shipped);
  };
}

function shippedResult(backendName: string, name: string, shipped: KernelConfig | undefined, params: KernelParams): TensorInfo | TensorInfo[] {
  if (shipped) return shipped.kernelFunc(params);
  const types = Object.entries(params.inputs).map(([input, info]) => `${input} ${info?.dtype} [${info?.shape}]`);
  throw new LatentError("unsupported", `${name} on the ${backendName} backend takes float32, and images in NHWC order; got ${types.join(", ")}`);
}

/** Ours must save the same inputs and outputs as the shipped gradient: which of the two runs is decided afterwards. */
function registerGradient(tf: typeof TensorFlow, backendName: string, ours: GradConfig): () => void {
  const shipped = tf.getGradient(ours.kernelName) as GradConfig | undefined;
  if (shipped) tf.unregisterGradient(ours.kernelName);
  const gradFunc: GradFunc = (dy, saved, attrs) => {
    const chosen = shipped && tf.getBackend() !== backendName ? shipped : ours;
    return chosen.gradFunc(dy, saved, attrs ?? {}); // absent where a kernel has none, whatever its type says
  };
  tf.registerGradient({ ...(shipped ?? ours), gradFunc });
  return () => {
    tf.unregisterGradient(ours.kernelName);
    if (shipped) tf.registerGradient(shipped);
  };
}
