import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Progress } from "../protocol/data";
import { deviceLostExitCode, type EngineApi, type EngineDescription, type EngineEvents } from "../protocol/engineApi";
import { LatentError } from "../protocol/errors";
import { connect, expose, type Message, type Port } from "../protocol/rpc";
import { Disposable } from "./disposable";
import { readSettings } from "./settings";

interface Running {
  child: ChildProcess;
  remote: EngineApi;
  close(reason: LatentError): void;
}

/**
 * The engine as a child process: started by the first call, its death fails the calls in flight with what it said last,
 * the next call starts it anew. Nothing is lost by it: the checkpoint files are the state.
 */
export class EngineProcess extends Disposable {
  private running: Running | undefined;
  private lastDevice: string | undefined;
  private readonly progress = this.own(new vscode.EventEmitter<{ runId: string; progress: Progress }>());
  private readonly changed = this.own(new vscode.EventEmitter<void>());
  private readonly brokenBackend = this.own(new vscode.EventEmitter<{ broken: string; device: string }>());
  readonly onDidProgress = this.progress.event;
  /** Fires when a backend that the user installed does not work, with the device that is used instead. */
  readonly onDidFallBack = this.brokenBackend.event;
  /** Fires when the engine starts, says what it runs on, or ends. */
  readonly onDidChange = this.changed.event;

  /** Every method starts the engine if need be and runs there. */
  readonly remote: EngineApi = new Proxy({} as EngineApi, {
    get: (_, method) => async (...args: unknown[]) => {
      const { remote } = (this.running ??= this.start());
      return (remote as unknown as Record<string | symbol, (...rest: unknown[]) => Promise<unknown>>)[method]!(...args);
    },
  });

  constructor(private readonly context: vscode.ExtensionContext, private readonly log: vscode.LogOutputChannel) {
    super();
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  get pid(): number | undefined {
    return this.running?.child.pid;
  }

  /** The device the running engine computes on; undefined until it has said so. */
  get device(): string | undefined {
    return this.lastDevice;
  }

  async describe(): Promise<EngineDescription> {
    const description = await this.remote.describe();
    this.noteDevice(description.device);
    return description;
  }

  private noteDevice(device: string): void {
    if (device === this.lastDevice) return;
    this.lastDevice = device;
    this.changed.fire();
  }

  /** Ends the engine; the next call starts one with the settings of that moment. */
  async stop(): Promise<void> {
    const running = this.running;
    if (!running) return;
    this.end(running, new LatentError("cancelled", "The engine was stopped."));
    await new Promise<void>(resolve => {
      if (running.child.exitCode !== null || running.child.signalCode !== null) return resolve();
      running.child.once("exit", () => resolve());
      running.child.kill("SIGKILL"); // files are written so that this is safe at any moment
    });
  }

  override dispose(): void {
    void this.stop();
    super.dispose();
  }

  /** Folder where the CUDA backend is installed on request. */
  get tensorflowFolder(): string {
    return join(this.context.globalStorageUri.fsPath, "tensorflow");
  }

  private start(): Running {
    const { backend, gpuAdapter, threads, engineNodePath } = readSettings();
    this.log.info("starting the engine");
    const child = fork(join(this.context.extensionPath, "dist", "engine.js"), [], {
      serialization: "advanced", // typed arrays travel as they are
      silent: true,
      execArgv: [],
      execPath: engineNodePath || process.execPath,
      env: {
        ...process.env,
        ELECTRON_RUN_AS_NODE: "1",
        LATENT_LENS_BACKEND: backend,
        LATENT_LENS_GPU_ADAPTER: gpuAdapter,
        LATENT_LENS_THREADS: String(threads),
        LATENT_LENS_TENSORFLOW: this.tensorflowFolder,
      },
    });
    const port: Port = {
      post: message => child.connected && child.send(message, () => undefined), // a failed send is followed by an exit
      listen: receive => child.on("message", message => receive(message as Message)),
    };
    const { remote, close } = connect<EngineApi>(port);
    expose<EngineEvents>(port, {
      // The progress' device may be a map's own; the engine's is told when it opens.
      didProgress: (runId, progress) => this.progress.fire({ runId, progress }),
      didOpenBackend: (device, broken) => {
        this.noteDevice(device);
        if (broken !== null) this.brokenBackend.fire({ broken, device });
      },
      didLog: (level, text) => this.log[level](text),
    });
    const running = { child, remote, close };
    let lastWords = "";
    const listen = (chunk: Buffer) => {
      lastWords = (lastWords + String(chunk)).slice(-2000);
      this.log.debug(String(chunk).trimEnd());
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.on("error", error => this.end(running, new LatentError("engine-exited", `it could not be started: ${error.message}.`)));
    child.on("exit", (code, signal) => this.end(running, reasonOf(code, signal, lastWords)));
    this.changed.fire();
    return running;
  }

  private end(running: Running, reason: LatentError): void {
    running.close(reason);
    if (this.running !== running) return;
    this.log.info(`the engine ended: ${reason.message}`);
    this.running = undefined;
    this.lastDevice = undefined;
    this.changed.fire();
  }
}

function reasonOf(code: number | null, signal: NodeJS.Signals | null, lastWords: string): LatentError {
  if (code === deviceLostExitCode) return new LatentError("device-lost", "the graphics driver reported a lost device.");
  const line = lastWords.trim().split("\n").findLast(text => /error|fatal|abort/i.test(text))?.trim();
  if (/heap out of memory|Array buffer allocation failed|bad_alloc/i.test(lastWords)) return new LatentError("out-of-memory", "the engine needed more memory than there is.");
  const how = signal ? `ended by ${signal}` : `exit code ${code}`;
  return new LatentError("engine-exited", `${how}${line ? ` (${line})` : ""}.`);
}
