import type { BackendChoice, BackendDetails } from "../../protocol/engineApi";
import { LatentError } from "../../protocol/errors";

// What is asked of a backend and what is known of one that opened; its file in this folder is the one that knows how to.

export interface BackendOptions {
  choice: BackendChoice;
  /** Folder with tfjs-backend-wasm's .wasm files. */
  wasmFolder: string;
  /** Folder with our own kernels for it (kernels/). */
  kernelsFolder: string;
  /** Threads of the wasm backend; 0 or nothing chooses by the machine's cores. */
  threads?: number;
  /** Folder where `@tensorflow/tfjs-node-gpu` was installed by command, searched before this package's own modules. */
  tensorflowFolder?: string;
  /** Part of the name of the GPU to use; any when empty. "software" admits a software adapter. */
  adapter?: string;
}

/** A backend that is the active one of TensorFlow.js now. */
export interface Opened {
  /** "WebGPU · NVIDIA H200", "CPU · wasm ×2" */
  device: string;
  versions: Record<string, string>;
  /** How it runs at this moment. */
  details(): BackendDetails;
  /** Measures matrix products, in 10⁹ operations a second; null where it is not offered. */
  gflops: (() => Promise<number>) | null;
  /** How maps find the GPU that they are made on (`BackendOptions.adapter`); null where there is none, or only a software one. */
  mapAdapter: string | null;
  /** Resolves with the reason when the device is gone and the engine must be restarted; null where that does not happen. */
  lost: Promise<string> | null;
}

/** Thrown for a backend that was installed by the user and does not work: that must not go unnoticed. */
export class BrokenBackend extends LatentError {
  constructor(message: string) {
    super("unsupported", message);
  }
}
