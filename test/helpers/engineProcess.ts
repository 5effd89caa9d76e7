import { fork, type ChildProcess } from "node:child_process";
import type { Progress } from "../../src/protocol/data";
import type { EngineApi, EngineEvents } from "../../src/protocol/engineApi";
import { LatentError } from "../../src/protocol/errors";
import { connect, expose, type Message, type Port } from "../../src/protocol/rpc";

/** A real engine process, as the extension starts it. */
export interface EngineUnderTest {
  child: ChildProcess;
  engine: EngineApi;
  /** Resolves with the exit code. */
  ended: Promise<number | null>;
  /** Called with every progress of any run. */
  onProgress(listener: (runId: string, progress: Progress) => void): void;
  /** What the engine said while it opened its backend, and its log. */
  said: { broken: string | null; log: string[] };
}

/** Starts the script that `bundleEngine` made, with further environment and Node options. */
export function startEngine(script: string, environment: Record<string, string>, execArgv: string[] = []): EngineUnderTest {
  const child = fork(script, [], { serialization: "advanced", execArgv, env: { ...process.env, ...environment } });
  const port: Port = {
    post: message => child.connected && child.send(message, () => undefined),
    listen: receive => child.on("message", message => receive(message as Message)),
  };
  const { remote, close } = connect<EngineApi>(port);
  const listeners: ((runId: string, progress: Progress) => void)[] = [];
  const said: EngineUnderTest["said"] = { broken: null, log: [] };
  expose<EngineEvents>(port, {
    didProgress: (runId, progress) => listeners.forEach(listener => listener(runId, progress)),
    didOpenBackend: (_, broken) => (said.broken = broken),
    didLog: (level, text) => said.log.push(`${level}: ${text}`),
  });
  const ended = new Promise<number | null>(resolve => child.on("exit", code => {
    close(new LatentError("engine-exited", `exit code ${code}`));
    resolve(code);
  }));
  return { child, engine: remote, ended, onProgress: listener => listeners.push(listener), said };
}
