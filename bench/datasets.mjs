// How long large datasets take to open and read, and how much memory that needs, beside NumPy on the same files where
// python3 with NumPy is there. Writes about 10 GB to a temporary folder and removes them.
//
//   node bench/datasets.mjs            all
//   node bench/datasets.mjs table      some of: table, quoted, npy, fortran, images

import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(import.meta.url);
const root = dirname(dirname(here));
const megabytes = bytes => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
/** Time since `start`, and the processor's where other work on the machine may have held it up. */
const seconds = start => {
  const { user, system } = process.cpuUsage(start.cpu);
  return `${((performance.now() - start.time) / 1000).toFixed(2)} s (processor ${((user + system) / 1e6).toFixed(2)} s)`;
};
const now = () => ({ time: performance.now(), cpu: process.cpuUsage() });

/** Writes `count` times the same block, which is made of varied values; quick, and as hard to read as any data. */
function writeRepeated(path, head, block, count) {
  const file = openSync(path, "w");
  writeSync(file, head);
  for (let i = 0; i < count; i++) for (let done = 0; done < block.length; ) done += writeSync(file, block, done);
  closeSync(file);
}

function npyHeader(shape, fortran) {
  const text = `{'descr': '<f4', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${shape.join(", ")}), }`.padEnd(117) + "\n";
  return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]), Buffer.from(text, "latin1")]);
}

const floats = count => Buffer.from(Float32Array.from({ length: count }, Math.random).buffer);

const scenarios = {
  table: {
    title: "CSV, 1,000,000 rows × 100 numbers",
    make: folder => {
      const rows = Array.from({ length: 1000 }, () => Array.from({ length: 100 }, () => (Math.random() * 100 - 50).toFixed(4)).join(",")).join("\n") + "\n";
      const path = join(folder, "table.csv");
      writeRepeated(path, Array.from({ length: 100 }, (_, i) => `c${i}`).join(",") + "\n", Buffer.from(rows), 1000);
      return path;
    },
    peer: path => `import numpy as np, time; t = time.time(); np.loadtxt(${JSON.stringify(path)}, delimiter=",", skiprows=1, dtype="f4"); print(f"{time.time() - t:.2f} s")`,
  },
  quoted: {
    title: "CSV, 1,000,000 rows × 20 numbers and a quoted text, which only the parser can read",
    make: folder => {
      const numbers = () => Array.from({ length: 20 }, () => (Math.random() * 100 - 50).toFixed(4)).join(",");
      const rows = Array.from({ length: 1000 }, (_, i) => `${numbers()},"note ${i}, with a ""comma"""`).join("\n") + "\n";
      const path = join(folder, "quoted.csv");
      writeRepeated(path, `${Array.from({ length: 20 }, (_, i) => `c${i}`).join(",")},note\n`, Buffer.from(rows), 1000);
      return path;
    },
  },
  npy: {
    title: "npy, 1,400,000 rows × 784 floats (4.1 GiB)",
    make: folder => {
      const path = join(folder, "rows.npy");
      writeRepeated(path, npyHeader([1_400_000, 784], false), floats(14_000 * 784), 100);
      return path;
    },
    peer: path => `import numpy as np, time; t = time.time(); x = np.load(${JSON.stringify(path)}, mmap_mode="r"); s = 0.0\nfor i in range(0, len(x), 1337): s += float(x[i:i+1337].sum())\nprint(f"{time.time() - t:.2f} s")`,
  },
  fortran: {
    title: "npy in Fortran order, 1,400,000 rows × 784 floats (4.1 GiB)",
    make: folder => {
      const path = join(folder, "columns.npy");
      writeRepeated(path, npyHeader([1_400_000, 784], true), floats(1_400_000 * 7), 112);
      return path;
    },
  },
  images: {
    title: "folder of 10,000 PNG and JPEG files, 128 × 128",
    make: async folder => {
      const sharp = createRequire(import.meta.url)("sharp");
      const path = join(folder, "images");
      for (let i = 0; i < 10_000; i += 1) {
        const place = join(path, `class ${i % 10}`);
        if (i < 10) mkdirSync(place, { recursive: true });
        const raw = { width: 128, height: 128, channels: 3 };
        const pixels = Buffer.from({ length: 128 * 128 * 3 }, (_, at) => (at * (1 + (i % 7)) + i) % 256);
        writeFileSync(join(place, `${i}.${i % 2 ? "png" : "jpg"}`), await sharp(pixels, { raw }).toFormat(i % 2 ? "png" : "jpeg").toBuffer());
      }
      return path;
    },
  },
};

/** Runs in a process of its own: opens, reads windows and random rows, prints times and the peak of the memory. */
async function measure(bundle, path) {
  const { openDataset } = await import(bundle);
  const base = process.memoryUsage().rss;
  let peak = base;
  let worstPause = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
    worstPause = Math.max(worstPause, performance.now() - last - 10);
    last = performance.now();
  }, 10);
  const report = [];
  let start = now();
  const dataset = await openDataset({ path, choices: {} });
  const { count, shape } = dataset.schema;
  report.push(`open ${seconds(start)}, peak ${megabytes(peak - base)} above ${megabytes(base)}`);
  const perWindow = Math.max(1, Math.floor(2 ** 20 / shape.reduce((product, size) => product * size, 1)));
  start = now();
  for (let at = 0; at < count; at += perWindow) await dataset.read(at, Math.min(perWindow, count - at));
  report.push(`all rows in windows of ${perWindow} ${seconds(start)}`);
  start = now();
  for (let batch = 0; batch < 100; batch++) await dataset.rows(Int32Array.from({ length: 128 }, () => Math.floor(Math.random() * count)));
  report.push(`100 random batches of 128 ${seconds(start)}`);
  start = now();
  await dataset.facts(Int32Array.of(count - 1, 0, count >> 1));
  report.push(`facts of 3 rows ${seconds(start)}`);
  if (dataset.columnNames.length > 0) {
    start = now();
    await dataset.column(dataset.columnNames.at(-1));
    report.push(`one column ${seconds(start)}`);
  }
  start = now();
  await (await openDataset({ path, choices: dataset.columnNames.length > 1 ? { label: [dataset.columnNames[1]] } : {} })).close();
  report.push(`opened again ${seconds(start)}`);
  clearInterval(timer);
  console.log(report.join("; "));
  console.log(`peak memory ${megabytes(peak - base)} above ${megabytes(base)} before opening (the system says ${megabytes(process.resourceUsage().maxRSS * 1024)} in all); longest pause of the event loop ${worstPause.toFixed(0)} ms`);
  await dataset.close();
}

async function main(names) {
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "latent-lens-bench-"));
  // Beside the packages it imports, or Node would not find them from the temporary folder.
  const bundle = join(root, "node_modules", ".cache", `latent-lens-bench-${process.pid}.mjs`);
  try {
    await build({ entryPoints: [join(root, "src/engine/datasets/index.ts")], outfile: bundle, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "error" });
    console.log(`${cpus()[0].model}, ${cpus().length} cores, ${megabytes(totalmem())}, Node ${process.version}`);
    for (const name of names) {
      const { title, make, peer } = scenarios[name];
      const path = await make(folder);
      console.log(`\n${title}${statSync(path).isFile() ? ` (${megabytes(statSync(path).size)})` : ""}`);
      const { stdout, stderr } = spawnSync(process.execPath, [here, "--measure", bundle, path], { encoding: "utf8" });
      console.log((stdout + stderr).trim());
      if (peer) console.log(`NumPy: ${runPython(peer(path))}`);
      rmSync(path, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    if (existsSync(bundle)) rmSync(bundle);
  }
}

function runPython(code) {
  try {
    return execFileSync("python3", ["-c", code], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "not measured (python3 with NumPy is not here)";
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--measure") await measure(...rest);
else await main(first ? [first, ...rest] : Object.keys(scenarios));
