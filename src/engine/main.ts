import { join } from "node:path";
import { connect, expose, type Message, type Port } from "../protocol/rpc";
import type { BackendChoice, EngineApi, EngineEvents } from "../protocol/engineApi";
import { createEngine } from "./engine";

// Entry of the engine process: options come in the environment, messages over the IPC channel of `fork`.

const port: Port = {
  // A message that cannot be sent means that the host is gone, and so shall we be.
  post: message => process.send?.(message, undefined, {}, error => error && process.exit(0)),
  listen: receive => process.on("message", message => receive(message as Message)),
};

const events = connect<EngineEvents>(port).remote;
const { close, ...engine } = createEngine({
  backend: (process.env["LATENT_LENS_BACKEND"] as BackendChoice | undefined) ?? "auto",
  adapter: process.env["LATENT_LENS_GPU_ADAPTER"] ?? "",
  threads: Number(process.env["LATENT_LENS_THREADS"] ?? 0),
  tensorflowFolder: process.env["LATENT_LENS_TENSORFLOW"],
  wasmFolder: join(__dirname, "wasm"),
  kernelsFolder: join(__dirname, "kernels"),
}, events);
expose<EngineApi>(port, engine);

process.on("disconnect", () => {
  void close().finally(() => process.exit(0));
  // Closing must not keep a process alive whose host is gone.
  setTimeout(() => process.exit(0), 1000).unref();
});
