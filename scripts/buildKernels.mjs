// Compiles src/engine/kernels/wasm (AssemblyScript) to dist/kernels/<variant>.wasm, and bundles the code of its
// threads to worker.js beside them. Does nothing when the files there were made from the same sources by the same compiler.
//
//   node scripts/buildKernels.mjs

import asc from "assemblyscript/asc";
import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const sourceFolder = join(root, "src/engine/kernels/wasm");
const workerSource = join(root, "src/engine/kernels/worker.ts");

/** Each variant is the same source with other instructions; src/engine/kernels/index.ts names them too. */
const variants = {
  simd: ["simd", "bulk-memory"],
  "relaxed-fma": ["simd", "bulk-memory", "relaxed-simd"],
  "simd-threads": ["simd", "bulk-memory", "threads"],
  "relaxed-fma-threads": ["simd", "bulk-memory", "relaxed-simd", "threads"],
};
/** A module that several threads run takes the shared memory of tfjs's threaded module, of its largest size. */
const sharedMemory = ["--sharedMemory", "--maximumMemory", "65536"];

// The memory is tfjs-backend-wasm's, so the module must own no address of it: no runtime, no allocator, no static data.
// Without `abort` it imports nothing but the memory.
const compilerOptions = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--use", "abort="];

/** Builds all variants that are not up to date, and gives the folder they are in. */
export async function buildKernels() {
  const folder = join(root, "dist/kernels");
  const stamp = await stampOfSources();
  const stampPath = join(folder, "stamp");
  if ((await readFile(stampPath, "utf8").catch(() => undefined)) === stamp) return folder;
  await mkdir(folder, { recursive: true });
  for (const [name, features] of Object.entries(variants)) await compile(features, join(folder, `${name}.wasm`));
  const worker = await esbuild.build({ entryPoints: [workerSource], bundle: true, minify: true, platform: "node", format: "cjs", target: "node20", write: false });
  await replaceFile(join(folder, "worker.js"), worker.outputFiles[0].contents);
  await replaceFile(stampPath, stamp); // last, so that a build that was cut off is done again
  return folder;
}

async function compile(features, target) {
  let bytes;
  const { error, stderr } = await asc.main(
    ["index.ts", "--baseDir", sourceFolder, "--outFile", "kernels.wasm", "--enable", features.join(), ...(features.includes("threads") ? sharedMemory : []), ...compilerOptions],
    { writeFile: (_name, contents) => { bytes = contents; } },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  await replaceFile(target, bytes);
}

/** Another process may build or read at the same time: it sees the old file or the whole new one. */
async function replaceFile(path, contents) {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

async function stampOfSources() {
  const hash = createHash("sha256").update(asc.version);
  const names = (await readdir(sourceFolder)).filter(name => name.endsWith(".ts")).sort();
  for (const path of [fileURLToPath(import.meta.url), workerSource, join(root, "src/engine/kernels/threads.ts"), ...names.map(name => join(sourceFolder, name))]) {
    hash.update(await readFile(path));
  }
  return hash.digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildKernels());
