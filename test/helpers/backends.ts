import { mkdirSync, readdirSync, copyFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { buildKernels } from "../../scripts/buildKernels.mjs";
import { openBackend } from "../../src/engine/backend";
import type { BackendOptions } from "../../src/engine/backends/opened";
import type { BackendId } from "../../src/protocol/engineApi";

const root = resolve(import.meta.dirname, "../..");
const wasmFolder = join(root, "node_modules/@tensorflow/tfjs-backend-wasm/dist");

/** What the engine's options are in tests: kernels built, a software GPU admitted where the environment names one. */
export async function backendOptions(): Promise<Omit<BackendOptions, "choice">> {
  return { wasmFolder, kernelsFolder: await buildKernels(), adapter: process.env["VK_ICD_FILENAMES"] ? "software" : "" };
}

/** The backends to test: all that this machine has. WebGPU needs a GPU, or SwiftShader in the environment (scripts/test.mjs). */
export const testedBackends: BackendId[] = ["cpu", "wasm", ...(process.env["VK_ICD_FILENAMES"] || process.env["LATENT_LENS_TEST_GPU"] ? ["webgpu" as const] : [])];

/** For tests on a software GPU: it takes a hundred times as long where other processes keep the cores busy (ms). */
export const gpuTimeout = 300_000;

const opened = new Set<BackendId>();

/** Makes `id` the active backend. */
export async function useBackend(id: BackendId): Promise<void> {
  if (opened.has(id)) {
    await tf.setBackend(id);
    await tf.ready();
    return;
  }
  await openBackend({ ...(await backendOptions()), choice: id });
  opened.add(id);
}

/** Bundles the engine process into `folder`, as the extension ships it, and returns the script's path. */
export async function bundleEngine(folder: string): Promise<string> {
  const { build } = await import("esbuild");
  const script = join(folder, "engine.js");
  await build({ entryPoints: [join(root, "src/engine/main.ts")], outfile: script, bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error", external: ["@tensorflow/tfjs-node-gpu", "webgpu", "sharp"] });
  const kernels = await buildKernels();
  for (const [from, to] of [[kernels, join(folder, "kernels")], [wasmFolder, join(folder, "wasm")]] as const) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) if (name.endsWith(".wasm")) copyFileSync(join(from, name), join(to, name));
  }
  // Natives are found as they are from the extension's folder.
  process.env["NODE_PATH"] = join(root, "node_modules");
  return script;
}
