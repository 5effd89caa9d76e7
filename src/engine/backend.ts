import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import type { BackendId } from "../protocol/engineApi";
import { LatentError, messageOf } from "../protocol/errors";
import { BrokenBackend, type BackendOptions, type Opened } from "./backends/opened";
import { openTensorflow } from "./backends/tensorflow";
import { openWasm } from "./backends/wasm";
import { openWebgpu } from "./backends/webgpu";

// Where TensorFlow.js meets CUDA, Dawn, WebAssembly and plain JavaScript. Each backend either opens or says why it is absent;
// `auto` takes the first that opens.

export interface OpenedBackend extends Opened {
  id: BackendId;
  /** Why each of the other backends is not in use. */
  unavailable: Partial<Record<BackendId, string>>;
  /** What is installed and yet does not work, and why; null when all does. */
  broken: string | null;
}

/** Throws with the reason when the backend is not to be had here. */
type Opener = (options: BackendOptions) => Promise<Opened>;

const openers: Record<BackendId, Opener> = { tensorflow: openTensorflow, webgpu: openWebgpu, wasm: openWasm, cpu: openCpu };
const order = Object.keys(openers) as BackendId[];

/** Opens the chosen backend, or with `auto` the first that this machine has; throws `unsupported` with all reasons. */
export async function openBackend(options: BackendOptions): Promise<OpenedBackend> {
  const { choice } = options;
  const unavailable: OpenedBackend["unavailable"] = {};
  let broken: string | null = null;
  for (const id of choice === "auto" ? order : [choice]) {
    try {
      const opened = await openers[id](options);
      const notTried = choice === "auto" ? `not tried: ${id} comes first` : `not tried: the setting latentLens.backend chooses ${id}`;
      for (const other of order) if (other !== id) unavailable[other] ??= notTried;
      return { id, unavailable, broken, ...opened };
    } catch (error) {
      unavailable[id] = messageOf(error);
      if (error instanceof BrokenBackend) broken = `${id}: ${messageOf(error)}`;
    }
  }
  const reasons = Object.entries(unavailable).map(([id, reason]) => `${id}: ${reason}`);
  throw new LatentError("unsupported", `No backend could be opened. ${reasons.join("; ")}`);
}

async function openCpu(): Promise<Opened> {
  await import("@tensorflow/tfjs-backend-cpu");
  if (!(await tf.setBackend("cpu"))) throw new Error("TensorFlow.js could not initialize its cpu backend");
  await tf.ready();
  return { device: "CPU · plain JavaScript", versions: {}, details: () => ({}), gflops: null, mapAdapter: null, lost: null };
}
