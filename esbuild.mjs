// Builds dist/: the extension and the engine as CommonJS for Node, one ES module per webview, the kernels, and the wasm
// files of TensorFlow.js. `--production` minifies, `--watch` rebuilds on change. `--package` builds for production into
// build/production/: dist/ may be in use.
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { existsSync, readdirSync } from "node:fs";
import * as esbuild from "esbuild";
import { buildKernels, kernelFiles } from "./scripts/buildKernels.mjs";
import { noticesOf } from "./scripts/notices.mjs";

const packaged = process.argv.includes("--package");
const production = packaged || process.argv.includes("--production");
const watch = process.argv.includes("--watch");
const outdir = packaged ? "build/production" : "dist";
const views = readdirSync("src/webviews").filter(id => existsSync(`src/webviews/${id}/main.ts`));
const common = { bundle: true, minify: production, sourcemap: !production, logLevel: "warning", legalComments: "none" };

const targets = [
  { entryPoints: { extension: "src/extension/extension.ts" }, outdir, platform: "node", format: "cjs", target: "node20", external: ["vscode"] },
  {
    // Natives stay outside: tfjs-node-gpu is optional, webgpu and sharp carry binaries.
    entryPoints: { engine: "src/engine/main.ts" }, outdir, platform: "node", format: "cjs", target: "node20",
    external: ["@tensorflow/tfjs-node-gpu", "webgpu", "sharp"],
  },
  {
    entryPoints: Object.fromEntries(views.map(id => [id, `src/webviews/${id}/main.ts`])), outdir: `${outdir}/webviews`,
    platform: "browser", format: "esm", target: "es2022", tsconfig: "src/webviews/tsconfig.json",
    loader: { ".css": "text" }, // style sheets go into shadow trees
  },
];

if (production) await rm(outdir, { recursive: true, force: true });
await mkdir(`${outdir}/wasm`, { recursive: true });
for (const file of readdirSync("node_modules/@tensorflow/tfjs-backend-wasm/dist")) {
  if (file.endsWith(".wasm")) await cp(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${file}`, `${outdir}/wasm/${file}`);
}
await mkdir(`${outdir}/webviews`, { recursive: true });
await cp("src/webviews/shared/page.css", `${outdir}/webviews/page.css`);
await cp("node_modules/@vscode/codicons/dist/codicon.ttf", `${outdir}/webviews/codicon.ttf`);
const kernels = await buildKernels();
if (packaged) {
  await mkdir(`${outdir}/kernels`);
  for (const file of kernelFiles) await cp(`${kernels}/${file}`, `${outdir}/kernels/${file}`);
}
const metafiles = [];
for (const target of targets) {
  const options = { ...common, ...target, metafile: true };
  if (watch) await (await esbuild.context(options)).watch();
  else metafiles.push((await esbuild.build(options)).metafile);
}
if (production) await writeFile(`${outdir}/third-party-notices.txt`, noticesOf(metafiles, import.meta.dirname));
