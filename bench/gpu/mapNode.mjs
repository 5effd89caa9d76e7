// A t-SNE map of MNIST through the engine, as a user gets it: reading, PCA to 50 values, neighbours, 1,000 steps, saving, all in.
// Prints a JSON line.
//
//   node mapNode.cjs --backend webgpu|wasm --data FOLDER --wasm FOLDER --kernels FOLDER [--rows 70000] [--iterations 1000] [--adapter NAME]

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openCheckpoint } from "../../src/engine/checkpoint.ts";
import { createEngine } from "../../src/engine/engine.ts";

const { values: options } = parseArgs({
  options: {
    backend: { type: "string" }, data: { type: "string" }, wasm: { type: "string" }, kernels: { type: "string" },
    rows: { type: "string", default: "70000" }, iterations: { type: "string", default: "1000" }, adapter: { type: "string", default: "" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "latent-lens-map-"));

/** The first digits of the training set and then the test set as one IDX file. */
function digits(count) {
  const [train, test] = ["train", "t10k"].map(name => readFileSync(join(options.data, `${name}-images-idx3-ubyte`)));
  const whole = Buffer.concat([train, test.subarray(16)]).subarray(0, 16 + count * 784);
  whole.writeUInt32BE(count, 4);
  const path = join(folder, "digits-idx3-ubyte");
  writeFileSync(path, whole);
  return path;
}

async function main() {
  const count = Number(options.rows);
  const source = { path: digits(count), choices: {} };
  const checkpointPath = join(folder, "tsne.latent.safetensors");
  const times = { waiting: 0, loading: 0, preparing: 0, steps: 0, saving: 0 };
  let last = performance.now();
  let phase = "waiting";
  const engine = createEngine({ backend: options.backend, wasmFolder: options.wasm, kernelsFolder: options.kernels, adapter: options.adapter }, {
    didProgress: (_, progress) => {
      const next = progress.phase !== "fitting" ? progress.phase : progress.epoch > 0 ? "steps" : "preparing";
      if (next === phase || !(next in times)) return;
      times[phase] += performance.now() - last;
      [phase, last] = [next, performance.now()];
    },
    didOpenBackend: () => undefined, didLog: () => undefined,
  });
  await engine.describe(); // the backend is open before the clock starts
  const began = (last = performance.now());
  await engine.fit({ runId: "map", source, model: "tsne", hyperparameters: { iterations: Number(options.iterations) }, seed: 1, checkpointPath }, new AbortController().signal);
  const seconds = (performance.now() - began) / 1000;
  times[phase] += performance.now() - last;
  const file = await openCheckpoint(checkpointPath);
  const { device, metrics } = file.header;
  await file.close();
  const { trustworthiness, judged } = await engine.quality(checkpointPath, { projection: "axes", dimensions: 2 });
  console.log(JSON.stringify({ backend: options.backend, rows: count, device, seconds, phases: Object.fromEntries(Object.entries(times).map(([name, milliseconds]) => [name, milliseconds / 1000])), metrics, trustworthiness, judged }));
  await engine.close();
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
}).finally(() => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});
