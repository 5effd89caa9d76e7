import { createRequire } from "node:module";
import { join } from "node:path";
import * as nodeUtil from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { LatentError, messageOf } from "../../protocol/errors";
import { BrokenBackend, type BackendOptions, type Opened } from "./opened";

const name = "@tensorflow/tfjs-node-gpu";

/**
 * TensorFlow through its Node binding: from the folder where the command installed it, else from this package's own modules.
 * Throws `BrokenBackend` where it is installed and does not start, or finds no GPU while `auto` could choose another backend.
 */
export async function openTensorflow({ tensorflowFolder, choice, adapter = "" }: BackendOptions): Promise<Opened> {
  const load = findPackage([tensorflowFolder, __dirname].filter(folder => folder !== undefined));
  if (!load) throw new LatentError("unsupported", "it is not installed (command: Install CUDA Backend)");
  restoreNodeUtil();
  try {
    load(name);
  } catch (error) {
    throw new BrokenBackend(`${firstLine(messageOf(error))} ${needs}`);
  }
  if (!(await tf.setBackend("tensorflow"))) throw new BrokenBackend("TensorFlow.js could not initialize its tensorflow backend");
  await tf.ready();
  // Without CUDA's libraries TensorFlow does not fail: it computes on the CPU, and only says so on stderr.
  const onGpu = (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice !== false;
  if (!onGpu && choice === "auto") {
    tf.removeBackend("tensorflow");
    throw new BrokenBackend(`TensorFlow found no GPU that it can use. ${needs}`);
  }
  const { version } = load(`${name}/package.json`) as { version: string };
  return {
    device: onGpu ? "TensorFlow (CUDA)" : "CPU · TensorFlow",
    versions: { "tfjs-node-gpu": version },
    details: () => ({}),
    gflops: null,
    // The same card through Vulkan; maps without it are the processor's, and say so.
    mapAdapter: onGpu && adapter.trim() !== "software" ? adapter : null,
    lost: null,
  };
}

const needs = "It needs an NVIDIA GPU with its driver, CUDA 11.2 and cuDNN 8.1.";

/** `require` as seen from the first of the folders that has the package. */
function findPackage(folders: string[]): NodeJS.Require | undefined {
  return folders.map(folder => createRequire(join(folder, "index.js"))).find(load => {
    try {
      load.resolve(`${name}/package.json`);
      return true;
    } catch {
      return false;
    }
  });
}

/** tfjs-node 4.22 still calls util.isNullOrUndefined, which Node 23 removed. */
function restoreNodeUtil(): void {
  const util = nodeUtil as unknown as Record<string, unknown>;
  const patched = createRequire(__filename)("node:util") as Record<string, unknown>;
  if (typeof util["isNullOrUndefined"] !== "function") patched["isNullOrUndefined"] = (value: unknown) => value === null || value === undefined;
}

const firstLine = (text: string) => text.split("\n", 1)[0]!;
