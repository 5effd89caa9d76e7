// Claim: with our kernels, TF.js on wasm trains at about the speed of PyTorch on one thread of the same machine, and trains
// convolutions at all. Times one step (forward, backward, Adam) of two autoencoders:
//   dense  784-128-32-128-784, batch 128       conv  1-16-32-16-1 channels, 3 × 3, stride 2, 28 × 28, batch 64
// for ours, TF.js's wasm backend as shipped, and PyTorch on one and two threads. Every contestant is a process that waits for
// its turn; the turns go round, so that other load on the machine meets all of them.
//
//   node bench/kernels.mjs [--rounds 9] [--node "<other node> [flags]"]... [--python /usr/bin/python3]

import * as esbuild from "esbuild";
import { spawn } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildKernels } from "../scripts/buildKernels.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    steps: { type: "string", default: "40" },
    node: { type: "string", multiple: true, default: [] },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const tasks = ["dense", "conv"];
const here = path => fileURLToPath(new URL(path, import.meta.url));

const script = await bundle();
const kernels = await buildKernels();
const torch = here("kernelsTorch.py");
const contestants = [
  { name: `ours, Node ${process.versions.node}`, command: [process.execPath, script, kernels] },
  ...options.node.map(node => ({ name: `ours, ${node}`, command: [...node.split(" "), script, kernels] })),
  { name: `TF.js wasm as shipped, Node ${process.versions.node}`, command: [process.execPath, script] },
  { name: "PyTorch, 1 thread", command: [options.python, torch, "1"] },
  { name: "PyTorch, 2 threads", command: [options.python, torch, "2"] },
].map(contestant => ({ ...contestant, ...start(contestant.command), rounds: Object.fromEntries(tasks.map(task => [task, []])) }));

console.log(`${cpus().length} × ${cpus()[0].model.trim()}, load average ${loadavg()[0].toFixed(2)} at the start`);
for (let round = -1; round < Number(options.rounds); round++) { // the first round warms up
  for (let turn = 0; turn < contestants.length; turn++) {
    const contestant = contestants[(round + 1 + turn) % contestants.length];
    for (const task of tasks) {
      const answer = await contestant.ask(`${task} ${options.steps}`);
      if (round >= 0) contestant.rounds[task].push(answer.error ? NaN : median(answer.milliseconds));
      if (round < 0) contestant.description = answer.description;
    }
  }
}
for (const contestant of contestants) contestant.stop();
console.log(`load average ${loadavg()[0].toFixed(2)} at the end, these benchmarks among it\n`);

for (const task of tasks) {
  const peers = contestants.filter(({ name }) => name.startsWith("PyTorch"));
  console.log(`| ${task} | ms/step (median of rounds) | fastest round | ratio to the faster PyTorch of the same round |\n|---|---|---|---|`);
  for (const { name, description, rounds } of contestants) {
    const times = rounds[task];
    const ratios = times.map((time, round) => time / Math.min(...peers.map(peer => peer.rounds[task][round])));
    const cells = Number.isNaN(times[0]) ? ["cannot train", "", ""] : [median(times), Math.min(...times), median(ratios)].map(value => value.toFixed(2));
    console.log(`| ${name} (${description}) | ${cells.join(" | ")} |`);
  }
  console.log();
}

/** Bundles the Node contestant with the kernels' TypeScript, and puts tfjs's wasm files beside it. */
async function bundle() {
  const folder = here("../build/bench"); // not dist/, which is what gets packaged
  await mkdir(folder, { recursive: true });
  const outfile = `${folder}/kernelsNode.cjs`;
  await esbuild.build({ entryPoints: [here("kernelsNode.mjs")], outfile, bundle: true, platform: "node", format: "cjs", logLevel: "warning" });
  await cp(here("../node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"), `${folder}/tfjs-backend-wasm-simd.wasm`);
  return outfile;
}

/** A process that answers each line with a line of JSON. */
function start([program, ...args]) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async request => {
    child.stdin.write(`${request}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ${args.join(" ")} ended`);
    return JSON.parse(value);
  };
  return { ask, stop: () => child.kill() };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
