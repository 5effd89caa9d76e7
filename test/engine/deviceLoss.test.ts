import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/engine/checkpoint";
import { deviceLostExitCode } from "../../src/protocol/engineApi";
import { bundleEngine, gpuTimeout, testedBackends } from "../helpers/backends";
import { startEngine, type EngineUnderTest } from "../helpers/engineProcess";
import { writeSmallDigits } from "../helpers/memoryDataset";

// A real engine process whose GPU goes away in the midst of training. The process is given a signal handler that destroys the
// device that the engine asked for; all else is the engine's own doing.

const loseDeviceAtSignal = `
let device;
Object.defineProperty(globalThis, "GPUAdapter", {
  configurable: true,
  set(GPUAdapter) {
    Object.defineProperty(globalThis, "GPUAdapter", { value: GPUAdapter, writable: true, configurable: true });
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      return (device = await requestDevice.call(this, descriptor));
    };
  },
});
process.on("SIGUSR2", () => device.destroy());
`;

const hasGpu = testedBackends.includes("webgpu") && process.platform !== "win32"; // Windows has no such signal
const hyperparameters = { latentDim: 2, hidden: [], epochs: 3, batchSize: 16, patience: 0, validation: 0 };

describe.skipIf(!hasGpu)("a GPU that goes away", () => {
  let folder: string;
  let script: string;
  let dataset: string;
  const engines: EngineUnderTest[] = [];

  beforeAll(async () => {
    const out = resolve(import.meta.dirname, "../../out");
    mkdirSync(out, { recursive: true });
    folder = mkdtempSync(join(out, "device-loss-")); // inside the project, where the process finds the package webgpu
    script = await bundleEngine(folder);
    writeFileSync(join(folder, "loseDevice.cjs"), loseDeviceAtSignal);
    dataset = await writeSmallDigits(folder, 32);
  });
  afterAll(async () => {
    for (const { child, ended } of engines) {
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  function start(): EngineUnderTest {
    const environment = { LATENT_LENS_BACKEND: "webgpu", LATENT_LENS_GPU_ADAPTER: process.env["VK_ICD_FILENAMES"] ? "software" : "" };
    const engine = startEngine(script, environment, ["--require", join(folder, "loseDevice.cjs")]);
    engines.push(engine);
    return engine;
  }
  const request = (name: string) => ({
    runId: name, source: { path: dataset, choices: {} }, model: "autoencoder", hyperparameters, seed: 5,
    checkpointPath: join(folder, `${name}.latent.safetensors`),
  });
  async function headerOf(name: string) {
    const file = await openCheckpoint(request(name).checkpointPath);
    await file.close();
    return file.header;
  }
  async function lossesOf(name: string) {
    return (await headerOf(name)).losses.map(({ epoch, train, validation }) => ({ epoch, train, validation }));
  }

  it("ends the engine with an error that says so, keeps the last save, and resumes to the same losses", async () => {
    const first = start();
    await first.engine.fit(request("whole"));
    const expected = await lossesOf("whole");
    expect(expected).toHaveLength(hyperparameters.epochs);

    let sent = false;
    first.onProgress((runId, { phase, epoch }) => {
      if (runId !== "lost" || phase !== "fitting" || epoch < 1 || sent) return;
      sent = true;
      first.child.kill("SIGUSR2");
    });
    const error = await first.engine.fit(request("lost")).then(() => undefined, (reason: unknown) => reason);
    expect(error).toMatchObject({ code: "device-lost" });
    expect(await first.ended).toBe(deviceLostExitCode);
    expect(first.said.log.join()).toContain("the device was lost");
    const header = await headerOf("lost");
    expect(header.state).toBe("interrupted");
    expect(header.position!.epoch).toBeLessThan(hyperparameters.epochs);
    expect(header.stopReason).toContain("destroyed");

    const second = start();
    const { state } = await second.engine.resume({ runId: "resumed", checkpointPath: request("lost").checkpointPath });
    expect(state).toBe("complete");
    expect(await lossesOf("lost")).toEqual(expected);
  }, gpuTimeout);
});
