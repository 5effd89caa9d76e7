import * as tf from "@tensorflow/tfjs-core";
import { asWebgpuBackend, type WebgpuBackend } from "../../../../src/engine/kernels/webgpu/webgpuBackend";
import { testedBackends, useBackend } from "../../../helpers/backends";

/** True on a machine with a GPU, or with a software one in the environment (scripts/test.mjs): the tests here need one. */
export const hasGpu = testedBackends.includes("webgpu");

/** Makes the webgpu backend, with our kernels, the active one. */
export async function useWebgpu(): Promise<WebgpuBackend> {
  await useBackend("webgpu");
  return asWebgpuBackend(tf.backend());
}

/** The values of tensors, in memory of their own. */
export async function valuesOf(tensors: tf.Tensor[]): Promise<Float32Array[]> {
  return Promise.all(tensors.map(async tensor => Float32Array.from(await tensor.data())));
}
