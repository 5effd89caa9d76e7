import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Progress } from "../../src/protocol/data";
import type { EngineApi, EngineEvents } from "../../src/protocol/engineApi";
import { connect, expose, type Message, type Port } from "../../src/protocol/rpc";

// The engine's process as the extension starts it, asked to decode as a moving slider asks, first alone and then beside a map
// of all digits. Arguments: the engine's script, the digits' file, seconds to measure. Prints JSON.

const [script, digits, seconds] = process.argv.slice(2) as [string, string, string];
/** A hand that moves a slider gives a new value with each of the screen's frames that the last picture left free (ms). */
const pause = 33;

const child = fork(script, [], { serialization: "advanced" });
const port: Port = { post: message => child.send(message), listen: receive => child.on("message", message => receive(message as Message)) };
const engine = connect<EngineApi>(port).remote;
let listen: (runId: string, progress: Progress) => void = () => undefined;
expose<EngineEvents>(port, { didProgress: (runId, progress) => listen(runId, progress), didOpenBackend: () => undefined, didLog: () => undefined });

void (async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-slider-"));
  const source = { path: digits, choices: {} };
  const file = (name: string) => join(folder, `${name}.latent.safetensors`);
  await engine.fit({ runId: "vae", source, model: "vae", hyperparameters: { latentDim: 2, epochs: 1 }, seed: 1, checkpointPath: file("vae") });

  async function slide(duration: number): Promise<number[]> {
    const milliseconds: number[] = [];
    const end = performance.now() + duration;
    for (let i = 0; performance.now() < end; i++) {
      const began = performance.now();
      await engine.decode(file("vae"), { shape: [1, 2], data: Float32Array.of(2 * Math.sin(i / 10), 2 * Math.cos(i / 17)) });
      milliseconds.push(performance.now() - began);
      await delay(pause);
    }
    return milliseconds;
  }

  await slide(1000);
  const alone = await slide(5000);
  const abort = new AbortController();
  let frames = 0;
  const phases = [{ name: "nothing else runs", milliseconds: alone }];
  const preparing = new Promise<void>(resolve => (listen = (_, { phase, epoch }) => {
    if (phase !== "fitting" || epoch < 1) return;
    frames++;
    resolve();
  }));
  const fitting = engine.fit({ runId: "tsne", source, model: "tsne", hyperparameters: { iterations: 5000 }, seed: 1, checkpointPath: file("tsne") }, abort.signal);
  const early = slide(1000 * Number(seconds) / 2);
  phases.push({ name: "t-SNE of 60,000 digits begins (PCA, neighbours, first steps)", milliseconds: await early });
  await preparing;
  phases.push({ name: "t-SNE of 60,000 digits runs", milliseconds: await slide(1000 * Number(seconds) / 2) });
  abort.abort();
  await fitting;
  child.disconnect();
  rmSync(folder, { recursive: true });
  console.log(JSON.stringify({ phases, frames }));
})();
