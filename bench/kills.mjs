// Claim: however often and whenever the engine is killed during training and saving, no checkpoint is broken or lost. Forks
// the engine as the extension does, kills it (SIGKILL) at a random moment, half of the times while it writes, and looks at the
// file: it must open whole and be one that a resume continues; some are resumed to the end. There is no peer to run beside it.
//
//   node bench/kills.mjs [--kills 200] [--seed 1]

import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { uniform } from "../samples/random.mjs";
import { drawShapes } from "../samples/shapes.mjs";
import { npy } from "../samples/numpy.mjs";
import { machine } from "./report.mjs";

const { values: options } = parseArgs({ options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } } });
const root = path.resolve(import.meta.dirname, "..");
const folder = mkdtempSync(path.join(tmpdir(), "latent-kills-"));
const latents = path.join(folder, "latents");
mkdirSync(latents);
const { connect, openCheckpoint } = await engineParts();
const draw = uniform(Number(options.seed));

const source = { path: path.join(folder, "shapes.npy"), choices: {} };
const { count, size, images } = drawShapes(2_000);
writeFileSync(source.path, npy({ type: "u1", shape: [count, size, size], data: images }));
// Large enough that writing takes a while, small enough that there are many epochs, each of which may be saved.
const fit = { source, model: "autoencoder", hyperparameters: { latentDim: 8, hidden: [512, 512], epochs: 60, patience: 0 }, seed: 1 };

const counts = { kills: 0, "while writing": 0, "before the first file": 0, "resumed to the end": 0, "left-over files": 0 };
const faults = [];
let checkpointPath;
/** Epochs that the file held when it was last looked at. */
let epochsBefore = 0;
for (let number = 0; counts.kills < Number(options.kills); ) {
  if (!checkpointPath) {
    checkpointPath = path.join(latents, `run-${++number}.latent.safetensors`);
    epochsBefore = 0;
  }
  const isNew = !readdirSync(latents).includes(path.basename(checkpointPath));
  const engine = start();
  const work = isNew ? engine.remote.fit({ ...fit, runId: "1", checkpointPath }) : engine.remote.resume({ runId: "1", checkpointPath });
  const outcome = work.then(() => "done", error => error.code);
  const atWriting = counts.kills % 2 === 0;
  const killed = await Promise.race([outcome.then(() => false), (atWriting ? whileWriting() : delay(500 + draw() * 6000)).then(() => true)]);
  engine.child.kill("SIGKILL");
  await engine.exited;
  if (killed) counts.kills++;
  if (killed && atWriting) counts["while writing"]++;
  const state = await look(isNew);
  if (state === "complete") {
    counts["resumed to the end"]++;
    checkpointPath = undefined;
  }
  process.stdout.write(`\r${counts.kills} of ${options.kills} kills, ${faults.length} faults `);
}
counts["left-over files"] = readdirSync(latents).filter(name => name.endsWith(".tmp")).length;
console.log(`\n${machine()}`);
console.log(Object.entries(counts).map(([name, value]) => `${name}: ${value}`).join(", "));
console.log(`broken or lost checkpoints: ${faults.length}${faults.map(fault => `\n  ${fault}`).join("")}`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = faults.length > 0 ? 1 : 0;

/** Opens the file as a view and a resume would: every tensor is read, and no epoch that was kept before may be gone. */
async function look(isNew) {
  try {
    const file = await openCheckpoint(checkpointPath);
    const { header } = file;
    await file.readAll("");
    await file.close();
    if (header.losses.length < epochsBefore) faults.push(`${path.basename(checkpointPath)} went back from ${epochsBefore} to ${header.losses.length} epochs`);
    if (header.state === "interrupted" && header.position === null) faults.push(`${path.basename(checkpointPath)} cannot be resumed`);
    epochsBefore = header.losses.length;
    return header.state;
  } catch (error) {
    if (isNew && /does not exist|ENOENT|no such file/i.test(error.message)) {
      counts["before the first file"]++; // nothing had been kept yet, so nothing is lost
      return "none";
    }
    faults.push(`${path.basename(checkpointPath)}: ${error.message}`);
    checkpointPath = undefined;
    return "broken";
  }
}

/** Waits until the engine is in the middle of writing, then a random moment longer. */
async function whileWriting() {
  // What an earlier kill left is no sign of writing; the engine clears it away when it next writes.
  const old = new Set(readdirSync(latents));
  while (!readdirSync(latents).some(name => name.endsWith(".tmp") && !old.has(name))) await delay(1);
  await delay(Math.floor(draw() * 25));
}

function start() {
  const child = fork(path.join(root, "dist/engine.js"), [], { serialization: "advanced", silent: true, execArgv: [], env: { ...process.env, LATENT_LENS_BACKEND: "wasm" } });
  const exited = new Promise(resolve => child.once("exit", resolve));
  const { remote, close } = connect({
    post: message => child.connected && child.send(message, () => undefined),
    listen: receive => child.on("message", receive),
  });
  void exited.then(() => close(Object.assign(new Error("the engine ended"), { code: "engine-exited" })));
  return { child, exited, remote };
}

/** The protocol and the checkpoint reader, from their sources. */
async function engineParts() {
  const outfile = path.join(root, "out/bench/parts.cjs");
  await esbuild.build({
    stdin: { contents: `export { connect } from "./src/protocol/rpc"; export { openCheckpoint } from "./src/engine/checkpoint";`, resolveDir: root, loader: "ts" },
    outfile, bundle: true, platform: "node", format: "cjs", logLevel: "error",
  });
  return createRequire(import.meta.url)(outfile);
}
