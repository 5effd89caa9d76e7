// The pages of bench/scatter.mjs: one bundle a renderer, and what is done in a page from outside.

import * as esbuild from "esbuild";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = path => fileURLToPath(new URL(path, import.meta.url));

/** The files of all pages by path. `sources` are names of files in this folder. */
export async function bundlePages(sources) {
  const { outputFiles } = await esbuild.build({
    entryPoints: sources.map(source => here(`${source}.mjs`)), outdir: "/", write: false, bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022",
    tsconfig: here("../../src/webviews/tsconfig.json"), loader: { ".css": "text" }, define: { "process.env.NODE_ENV": '"production"' }, logLevel: "error",
    // The packages in peers/ must meet the ECharts that the page starts, not a second one.
    nodePaths: [here("../peers/node_modules")], alias: { echarts: here("../../node_modules/echarts"), zrender: here("../../node_modules/zrender") },
  });
  const files = new Map([["/frames.js", readFileSync(here("frames.js"))]]);
  for (const source of sources) {
    files.set(`/${source}.js`, outputFiles.find(({ path }) => path.endsWith(`/${source}.js`)).contents);
    files.set(`/${source}.html`, `<!doctype html><meta charset="utf-8"><style>body { margin: 0; background: #1f1f1f }</style><body><script src="/frames.js"></script><script type="module" src="/${source}.js"></script>`);
  }
  return files;
}

const patience = 180_000;

/** One renderer in a page of its own, from loading the points to closing the page. The answer has one list of milliseconds a step. */
export async function measurePage(browser, address, size) {
  const page = await browser.newPage({ viewport: { width: 900, height: 700 }, deviceScaleFactor: 1 });
  const failure = new Promise((_, reject) => {
    page.on("pageerror", reject);
    setTimeout(() => reject(new Error(`no answer in ${patience / 1000} s`)), patience).unref();
  });
  try {
    return await Promise.race([steps(page, address, size), failure]);
  } finally {
    await page.close();
  }
}

async function steps(page, address, size) {
  await page.goto(address);
  await page.waitForFunction(() => window.bench);
  const call = async (name, argument) => {
    // What the last step left behind, such as its picture's way to the screen, is not this step's.
    await page.waitForTimeout(60);
    return page.evaluate(([step, value]) => window.bench[step](value), [name, argument]);
  };
  await call("load", size);
  const client = await page.context().newCDPSession(page);
  const before = await memory(client);
  const { took, covered, url } = await call("first");
  await page.waitForTimeout(300);
  const result = { first: [took], pan: [], zoom: [], recolor: [], known: [], knownAfterMove: [], drawn: [], misses: [], covered, picture: url };
  for (const name of ["pan", "zoom", "recolor"]) {
    // Step 0 runs code for the first time; of the other two one leads away and one back.
    for (let i = 0; i <= 2; i++) {
      const time = await call(name, i + 1);
      if (i > 0) result[name].push(time);
    }
    // Back to the whole view.
    if (name !== "recolor") await call(name, 0);
  }
  for (let i = 0; i <= 2; i++) {
    const still = await call("pick", 2 * i + 1);
    const moved = await call("pickAfterMove", 2 * i + 2);
    if (i === 0) continue;
    for (const [name, value] of Object.entries({ known: still.known, knownAfterMove: moved.known, drawn: still.drawn })) if (value !== null) result[name].push(value);
    result.misses.push(still.miss, moved.miss);
  }
  result.memory = [(await memory(client)) - before];
  return result;
}

/** Bytes that JavaScript holds after a collection, array buffers among them. */
async function memory(client) {
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = await client.send("Runtime.getHeapUsage");
  return usedSize + backingStorageSize;
}
