// Bundles trainNode.mjs with the engine's TypeScript, for the benches that start it.
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";

/** Writes `trainNode.cjs` into the folder, as the engine itself is bundled, and gives its path. @param {string} folder */
export async function bundleTrainNode(folder) {
  const outfile = `${folder}/trainNode.cjs`;
  await esbuild.build({
    entryPoints: [fileURLToPath(new URL("trainNode.mjs", import.meta.url))], outfile, bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error",
    external: ["@tensorflow/tfjs-node-gpu", "webgpu", "sharp"],
  });
  return outfile;
}
