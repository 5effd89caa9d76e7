import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/engine/checkpoint";
import { createEngine } from "../../src/engine/engine";
import { asWasmBackend } from "../../src/engine/kernels/wasmBackend";
import type { Progress } from "../../src/protocol/data";
import { backendOptions, gpuTimeout, testedBackends } from "../helpers/backends";
import { writeDigits } from "../helpers/memoryDataset";

// Memory that runs out in the midst of training, on the backend's own way: Dawn is asked for a buffer that no GPU has, the
// wasm heap is filled up.

interface Memory {
  /** Called before the backend opens. */
  prepare(): Promise<void>;
  exhaust(): void;
  giveBack(): void;
}

const webgpuMemory: Memory = (() => {
  let largest = Infinity;
  return {
    prepare: async () => {
      const { globals } = (await import("webgpu")) as unknown as { globals: { GPUDevice: { prototype: { createBuffer(descriptor: { size: number }): object } } } };
      const { prototype } = globals.GPUDevice;
      const { createBuffer } = prototype;
      prototype.createBuffer = function (descriptor) {
        return createBuffer.call(this, descriptor.size > largest ? { ...descriptor, size: 2 ** 50 } : descriptor);
      };
    },
    exhaust: () => (largest = 1000),
    giveBack: () => (largest = Infinity),
  };
})();

const wasmMemory: Memory = (() => {
  const taken: number[] = [];
  return {
    prepare: async () => undefined,
    exhaust: () => {
      const { wasm } = asWasmBackend(tf.backend());
      for (let bytes = 2 ** 31; bytes >= 256; ) {
        try {
          taken.push(wasm._malloc(bytes)); // never touched, so it costs nothing
        } catch {
          bytes /= 2;
        }
      }
    },
    giveBack: () => {
      const { wasm } = asWasmBackend(tf.backend());
      for (const address of taken.splice(0)) wasm._free(address);
    },
  };
})();

const backends = [["wasm", wasmMemory], ...(testedBackends.includes("webgpu") ? [["webgpu", webgpuMemory] as const] : [])] as const;

describe.each(backends)("memory that runs out on %s", (backend, memory) => {
  const folder = mkdtempSync(join(tmpdir(), "latent-memory-"));
  const listeners = new Set<(progress: Progress) => void>();
  let engine: ReturnType<typeof createEngine>;

  beforeAll(async () => {
    await memory.prepare();
    engine = createEngine({ ...(await backendOptions()), backend }, {
      didProgress: (_, progress) => listeners.forEach(listener => listener(progress)),
      didOpenBackend: () => undefined,
      didLog: () => undefined,
    });
  });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends the fit with the batch size, keeps what was saved, and lets it be resumed", async () => {
    const checkpointPath = join(folder, "digits.latent.safetensors");
    const source = { path: writeDigits(folder, 32), choices: {} };
    // Enough epochs that progress is told in the midst of them: ten times a second.
    const hyperparameters = { latentDim: 2, hidden: [], epochs: backend === "wasm" ? 1000 : 3, batchSize: 16, patience: 0, validation: 0 };
    const exhaustOnce = ({ phase, epoch }: Progress) => {
      if (phase !== "fitting" || epoch < 1) return;
      listeners.delete(exhaustOnce);
      memory.exhaust();
    };
    listeners.add(exhaustOnce);
    const fitting = engine.fit({ runId: "1", source, model: "autoencoder", hyperparameters, seed: 2, checkpointPath }, new AbortController().signal);
    await expect(fitting).rejects.toMatchObject({ code: "out-of-memory", message: expect.stringMatching(/ MB .*The batch size was 16; 8 needs/) as string });
    const file = await openCheckpoint(checkpointPath);
    await file.close();
    expect(file.header.state).toBe("interrupted");
    expect(file.header.stopReason).toContain("batch size was 16");

    memory.giveBack();
    const { state } = await engine.resume({ runId: "2", checkpointPath }, new AbortController().signal);
    expect(state).toBe("complete");
  }, gpuTimeout);
});
