// Compiles src/engine/kernels/wasm and src/engine/maps/wasm (AssemblyScript) to dist/kernels/<variant>.wasm, and bundles the
// code of their threads beside them. Compiles nothing when the files there were made from the same sources by the same
// compiler.
//
//   node scripts/buildKernels.mjs

import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const kernelSources = join(root, "src/engine/kernels/wasm");
const mapSources = join(root, "src/engine/maps/wasm");
const threadSources = {
  "worker.js": join(root, "src/engine/kernels/worker.ts"),
  "crewThread.js": join(root, "src/engine/maps/crewThread.ts"),
  "mapThread.js": join(root, "src/engine/maps/mapThread.ts"),
};

/** Each variant is the same source with other instructions; src/engine/kernels/index.ts and src/engine/maps/crew.ts name them too. */
const variants = {
  simd: { sources: kernelSources, features: ["simd", "bulk-memory"] },
  "relaxed-fma": { sources: kernelSources, features: ["simd", "bulk-memory", "relaxed-simd"] },
  "simd-threads": { sources: kernelSources, features: ["simd", "bulk-memory", "threads"] },
  "relaxed-fma-threads": { sources: kernelSources, features: ["simd", "bulk-memory", "relaxed-simd", "threads"] },
  maps: { sources: mapSources, features: ["simd", "bulk-memory", "threads"] },
  "maps-relaxed": { sources: mapSources, features: ["simd", "bulk-memory", "relaxed-simd", "threads"] },
};
/** All that a build makes, but for the stamp. */
export const kernelFiles = [...Object.keys(variants).map(name => `${name}.wasm`), ...Object.keys(threadSources)];

/** A module that several threads run takes the shared memory of tfjs's threaded module, of its largest size. */
const sharedMemory = ["--sharedMemory", "--maximumMemory", "65536"];

// The memory is tfjs-backend-wasm's or a crew's, so the module must own no address of it: no runtime, no allocator, no static data.
// Without `abort` it imports nothing but the memory.
const compilerOptions = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--use", "abort="];

/** Builds all variants that are not up to date, and gives the folder they are in. */
export async function buildKernels() {
  const folder = join(root, "dist/kernels");
  await mkdir(folder, { recursive: true });
  await bundleThreads(folder);
  const stamp = await stampOfSources();
  const stampPath = join(folder, "stamp");
  if ((await readFile(stampPath, "utf8").catch(() => undefined)) === stamp) return folder;
  for (const [name, variant] of Object.entries(variants)) await compile(variant, join(folder, `${name}.wasm`));
  await replaceFile(stampPath, stamp); // last, so that a build that was cut off is done again
  return folder;
}

/** The threads' code is part of the engine's; to bundle it is quicker than to find out whether it has changed. */
async function bundleThreads(folder) {
  await Promise.all(Object.entries(threadSources).map(async ([name, source]) => {
    const thread = await esbuild.build({ entryPoints: [source], bundle: true, minify: true, platform: "node", format: "cjs", target: "node20", write: false, external: ["webgpu"] });
    await replaceFile(join(folder, name), thread.outputFiles[0].contents);
  }));
}

async function compile({ sources, features }, target) {
  const { default: asc } = await import("assemblyscript/asc"); // takes a second, and mostly nothing is to be compiled
  let bytes;
  const { error, stderr } = await asc.main(
    ["index.ts", "--baseDir", sources, "--outFile", "kernels.wasm", "--enable", features.join(), ...(features.includes("threads") ? sharedMemory : []), ...compilerOptions],
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
  const hash = createHash("sha256").update(createRequire(import.meta.url)("assemblyscript/package.json").version);
  const inFolder = async folder => (await readdir(folder)).filter(name => name.endsWith(".ts")).sort().map(name => join(folder, name));
  for (const path of [fileURLToPath(import.meta.url), ...(await inFolder(kernelSources)), ...(await inFolder(mapSources))]) {
    hash.update(await readFile(path));
  }
  return hash.digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildKernels());
