// Claim: the path through a real VS Code is quick: activation ≤ 100 ms, a tree of 500 checkpoints ≤ 300 ms, 70,000 points from
// click to picture ≤ 2 s, a slider's picture ≤ 50 ms (p95), a cancel ≤ 1 s. There is no peer to run beside it: these are budgets.
// The browser draws in software here, so times with pictures are upper bounds.
//
//   node bench/path.mjs [--windows 3]      the build in dist/ must be a production build: npm run build -- --production

import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { createSampleWorkspace } from "../samples/create.mjs";
import { compileSuite, runHostTests } from "../scripts/vscodeTest.mjs";
import { machine, median, quantile, table } from "./report.mjs";

const { values: options } = parseArgs({ options: { windows: { type: "string", default: "3" } } });
const root = path.resolve(import.meta.dirname, "..");
const workspace = path.join(root, "out/bench/path-workspace");
const latents = path.join(workspace, "latents");
const checkpointCount = 500;

/** @type {Record<string, number>} */
const budgets = {
  "activation": 100,
  "tree of 500 checkpoints, icon clicked to rows drawn": 300,
  "scatter of 70,000 rows, click to points drawn, engine off": 2000,
  "scatter of 70,000 rows, click to points drawn": 2000,
  "slider to new picture, PCA 64": 50,
  "slider to new picture, VAE 2": 50,
  "cancel to training stopped and file kept": 1000,
};

rmSync(workspace, { recursive: true, force: true });
await createSampleWorkspace(workspace);
joinDigits();
const suite = await compileSuite({ source: path.join(import.meta.dirname, "path"), outDir: path.join(root, "out/bench/path-suite") });
/** Measured values by name, in milliseconds. @type {Map<string, number[]>} */
const measured = new Map();
for (let window = 0; window < Number(options.windows); window++) await inWindow("activation");
await inWindow("prepare");
fillTree();
for (let window = 0; window < Number(options.windows); window++) await inWindow("measure");

console.log(`\n${machine()}`);
console.log(table(["what", "must reach (ms)", "median", "p95", "worst", "measured"], [...measured].map(([name, values]) =>
  [name, budgets[name] ?? "", ...[median(values), quantile(values, 0.95), Math.max(...values)].map(value => value.toFixed(0)), values.length])));

/** All 70,000 digits in one IDX file, with their labels beside it. */
function joinDigits() {
  for (const [kind, head] of [["images-idx3", 16], ["labels-idx1", 8]]) {
    const parts = ["train", "t10k"].map(name => readFileSync(path.join(workspace, `mnist/${name}-${kind}-ubyte`)));
    const joined = Buffer.concat([parts[0], parts[1].subarray(head)]);
    joined.writeUInt32BE(70_000, 4);
    writeFileSync(path.join(workspace, `mnist/all-${kind}-ubyte`), joined);
  }
}

/** Copies the prepared checkpoints until the folder holds `checkpointCount`. */
function fillTree() {
  const originals = readdirSync(latents).filter(name => name.endsWith(".latent.safetensors"));
  const small = originals.filter(name => !name.startsWith("all-images"));
  mkdirSync(path.join(latents, "copies"), { recursive: true });
  for (let i = originals.length; i < checkpointCount; i++) copyFileSync(path.join(latents, small[i % small.length]), path.join(latents, "copies", `copy-${i}.latent.safetensors`));
}

async function inWindow(grep) {
  if (!existsSync(path.join(root, "dist/extension.js"))) throw new Error("dist/ is empty: run npm run build -- --production");
  const { failed } = await runHostTests({
    folder: workspace, suite, grep, timeout: 900,
    log: line => {
      const [, name, value] = /^\s*measured (.+): ([\d.]+)$/.exec(line) ?? [];
      if (name === undefined) return console.log(line);
      measured.set(name, [...(measured.get(name) ?? []), Number(value)]);
    },
  });
  if (failed > 0) throw new Error(`${failed} of the window's steps failed`);
}
