// Claim: the scatter's own point renderer shows, moves and recolours 70,000 and 1,000,000 points at least as fast as the
// renderers one would otherwise take: ECharts, echarts-gl, regl-scatterplot. All draw the same points at the same size and
// opacity into 900 × 700 pixels, in turns. A step is timed from its call until a pixel of the new picture has been read back;
// waiting for the display is left out (scatter/frames.js).
//
//   node bench/scatter.mjs [--rounds 15] [--quick] [--only ours,echarts] [--sizes 70,000] [--pictures FOLDER]

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installLocked } from "../tools/lockedInstall.mjs";
import { launchChromium } from "../tools/vscode-host/chromium.mjs";
import { machine, median } from "./report.mjs";
import { clouds, serve } from "./scatter/clouds.mjs";
import { bundlePages, measurePage } from "./scatter/pages.mjs";
import { overlapTable, timesTable } from "./scatter/tables.mjs";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, quick: { type: "boolean", default: false }, only: { type: "string" }, sizes: { type: "string" }, pictures: { type: "string" } },
});
const here = place => fileURLToPath(new URL(place, import.meta.url));
await installLocked({ folder: here("peers"), about: "the renderers to measure against" });
const version = file => JSON.parse(readFileSync(here(`${file}/package.json`), "utf8")).version;

const contestants = [
  { id: "ours", title: "ours, as it chooses without a GPU: Canvas2D", source: "ours", gpu: "webgl" },
  { id: "oursWebgl", title: "ours, made to use WebGL2", source: "oursWebgl", gpu: "webgl" },
  { id: "oursCanvas", title: "ours, in a browser without WebGL: Canvas2D", source: "ours", gpu: "none" },
  { id: "reglScatterplot", title: `regl-scatterplot ${version("peers/node_modules/regl-scatterplot")}`, source: "reglScatterplot", gpu: "webgl" },
  { id: "echartsGl", title: `echarts-gl ${version("peers/node_modules/echarts-gl")} \`scatterGL\``, source: "echartsGl", gpu: "webgl" },
  { id: "echarts", title: `ECharts ${version("../node_modules/echarts")} \`scatter\`, large`, source: "echarts", gpu: "webgl" },
].filter(({ id }) => !options.only || options.only.split(",").includes(id));
const rounds = options.quick ? 1 : Number(options.rounds);

const before = machine();
const load = [];
const data = clouds();
const sizes = Object.keys(data).filter(size => !options.sizes || options.sizes === size);
const files = await bundlePages([...new Set(contestants.map(({ source }) => source))]);
for (const size of sizes) for (const [name, values] of Object.entries(data[size])) files.set(`/${size}/${name}`, Buffer.from(values.buffer));
const { server, address } = await serve(files);
// As on a machine without a graphics card: WebGL by SwiftShader, all else without WebGL.
const browsers = { webgl: await launchChromium({ gpu: "webgl", args: ["--disable-gpu-compositing", "--disable-accelerated-2d-canvas"] }), none: await launchChromium({ gpu: "none" }) };

const results = Object.fromEntries(sizes.map(size => [size, contestants.map(contestant => ({ ...contestant, runs: [], failure: null }))]));
for (let round = options.quick ? 0 : -1; round < rounds; round++) { // the first round warms up
  for (const size of sizes) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = results[size][(Math.max(0, round) + turn) % contestants.length];
      if (contestant.failure) continue;
      try {
        const run = await measurePage(browsers[contestant.gpu], `${address}/${contestant.source}.html`, size);
        if (round >= 0) contestant.runs.push(run);
      } catch (error) {
        contestant.failure = error.message.split("\n")[0];
      }
    }
  }
  load.push(loadavg()[0]);
  console.error(`round ${round + 1} of ${rounds}`);
}
server.close();

const engine = await graphicsOf(browsers.webgl);
console.log(`${before}; ${median(load).toFixed(2)} during, these benchmarks among it.
Chromium ${browsers.webgl.version()}, headless; WebGL by ${engine}: in software, on the processor. A graphics card would speed up those that draw with WebGL.
Rounds: ${rounds}, each renderer in a new page. Milliseconds, median / 95 % (× the first line). Memory: what JavaScript holds more than before, array buffers included, the graphics process not.`);
for (const size of sizes) {
  const note = size === "70,000" ? "MNIST's digits on their two principal components" : "the same, repeated, every point moved a little";
  console.log(`\n### ${size} points: ${note}\n\n${timesTable(results[size])}\n\n${overlapTable(results[size])}`);
}
if (options.pictures) savePictures(options.pictures);
await Promise.all(Object.values(browsers).map(browser => browser.close()));

async function graphicsOf(browser) {
  const page = await browser.newPage();
  const name = await page.evaluate(() => {
    const gl = document.createElement("canvas").getContext("webgl2");
    return gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info").UNMASKED_RENDERER_WEBGL);
  });
  await page.close();
  return name;
}

function savePictures(folder) {
  mkdirSync(folder, { recursive: true });
  for (const size of sizes) {
    for (const { id, runs } of results[size]) {
      if (runs[0]) writeFileSync(path.join(folder, `${id}-${size.replaceAll(",", "")}.png`), Buffer.from(runs[0].picture.split(",")[1], "base64"));
    }
  }
}
