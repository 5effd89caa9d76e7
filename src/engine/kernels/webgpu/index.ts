import "@tensorflow/tfjs-core/dist/register_all_gradients"; // ours go before these, so these must be there first
import type * as TensorFlow from "@tensorflow/tfjs-core";
import { ACTIVATION_GRADIENT, activationGradients } from "../activationGradients";
import { ADAM } from "../adam";
import { register } from "../register";
import { activationGradient } from "./activationGradient";
import { adamKernel } from "./adam";
import { conv2DBackpropFilter } from "./filterGradient";
import { asWebgpuBackend } from "./webgpuBackend";

// What tfjs-backend-webgpu lacks or does slowly, in WGSL over its own buffers. A small net is bound by the number of
// dispatches, so a gradient or an optimizer step that tfjs composes of many is one here.

/** Puts our kernels before those of the active webgpu backend, until it is disposed. */
export function installWebgpuKernels(tf: typeof TensorFlow): void {
  const backend = asWebgpuBackend(tf.backend());
  register(tf, "webgpu", {
    Conv2DBackpropFilter: conv2DBackpropFilter(backend),
    [ACTIVATION_GRADIENT]: activationGradient(backend),
    [ADAM]: adamKernel(backend),
  }, activationGradients, () => undefined);
}
