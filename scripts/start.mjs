// `npm start`: builds the extension and opens it in a real VS Code on the sample workspace.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { createSampleWorkspace } from "../samples/create.mjs";
import { ToolError } from "../tools/lockedInstall.mjs";
import { ensureHost } from "../tools/vscode-host/install.mjs";
import { isRunning } from "../tools/lock.mjs";
import { startServer } from "../tools/vscode-host/server.mjs";
import { openDesktop } from "./desktop.mjs";

const root = path.resolve(import.meta.dirname, "..");
const sampleFolder = path.join(root, ".sample-workspace");
const dataDir = path.join(root, ".vscode-host");
const runningFile = path.join(dataDir, "running.json");

const help = `npm start -- [options]

Builds the extension and opens it in VS Code on a workspace of sample data. On Linux a VS Code server is installed from npm
(once) and its address printed; on macOS and Windows a desktop VS Code is downloaded (once) and opened.

  --folder PATH    open this folder instead of the samples
  --port NUMBER    of the server; default 8123, or the next free one
  --desktop        use an installed desktop VS Code: $VSCODE_PATH, code or code-insiders
  --extension PATH open the extension in this folder, without building (default: this project's)
  --help`;

async function main() {
  const { values } = parseArgs({
    options: {
      folder: { type: "string" }, port: { type: "string" }, desktop: { type: "boolean" }, extension: { type: "string" }, help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(help);
  const port = Number(values.port ?? 8123);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new ToolError(`--port ${values.port}: not a port number`);
  const folder = values.folder ? path.resolve(values.folder) : sampleFolder;
  if (values.folder && !existsSync(folder)) throw new ToolError(`--folder ${values.folder}: no such folder`);
  const desktop = values.desktop || process.platform === "darwin" || process.platform === "win32";

  const running = desktop ? undefined : await runningServer();
  if (running) {
    console.log(`VS Code with Latent Lens is running already (process ${running.pid}):\n\n    ${addressFor(running, folder)}\n`);
    return console.log("It shows a new build after the command \"Developer: Reload Window\". End it with Ctrl-C where it was started.");
  }
  const extension = path.resolve(values.extension ?? root);
  if (!values.extension) build();
  if (folder === sampleFolder) await createSampleWorkspace(folder, { log: console.log });
  if (desktop) return openDesktop({ extension, folder, trusted: folder === sampleFolder, installedOnly: values.desktop });
  await ensureHost();
  await serve({ extension, folder, port, portChosen: values.port !== undefined });
}

function build() {
  console.log("Building the extension");
  const result = spawnSync(process.execPath, [path.join(root, "esbuild.mjs")], { cwd: root, stdio: "inherit" });
  if (result.status !== 0) throw new ToolError("The build failed; its messages are above.");
}

async function serve({ extension, folder, port, portChosen }) {
  const free = await freePort(port);
  if (free !== port) console.log(`Port ${port} is in use by another program${portChosen ? "" : " (choose one with --port)"}: taking ${free}.`);
  // The samples are ours and trusted; a folder of the user's is asked about, as in any VS Code.
  const server = await startServer({ extensions: [extension], folder, port: free, dataDir, trust: folder !== sampleFolder, settings: { "workbench.startupEditor": "readme" } });
  writeFileSync(runningFile, JSON.stringify({ pid: process.pid, port: server.port, url: server.url, folder }), { mode: 0o600 });
  process.once("exit", () => rmSync(runningFile, { force: true }));
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => (stopping = true));
  console.log(`\nVS Code with Latent Lens:\n\n    ${server.url}\n`);
  console.log(`It shows ${path.relative(process.cwd(), folder) || folder}. From another machine: ssh -L ${server.port}:127.0.0.1:${server.port} and the same address. Ctrl-C ends it.`);
  const code = await server.exited;
  if (stopping) return console.log("\nVS Code has stopped.");
  console.error(`The VS Code server ended (${code}):\n${server.log().slice(-2_000)}`);
  process.exitCode = 1;
}

/** The server of an earlier `npm start` that still answers. */
async function runningServer() {
  if (!existsSync(runningFile)) return undefined;
  try {
    const running = JSON.parse(readFileSync(runningFile, "utf8"));
    if (!isRunning(running.pid)) return undefined;
    // The process id may be in use again; that one does not answer as VS Code.
    const response = await fetch(`http://127.0.0.1:${running.port}/version`, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? running : undefined;
  } catch {
    return undefined;
  }
}

function addressFor(running, folder) {
  const address = new URL(running.url);
  address.searchParams.set("folder", folder);
  return address.href;
}

/** `port`, or the next one that nobody listens on. @param {number} port */
async function freePort(port) {
  for (let candidate = port; candidate < Math.min(port + 50, 65_536); candidate++) {
    const free = await new Promise(resolve => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen(candidate, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) return candidate;
  }
  throw new ToolError(`No free port from ${port} to ${port + 49}: choose one with --port.`);
}

mkdirSync(dataDir, { recursive: true });
await main().catch(error => {
  // A cause that the user can mend needs no stack.
  console.error(error instanceof ToolError || error.code?.startsWith("ERR_PARSE_ARGS") ? `\n${error.message}` : error);
  process.exitCode = 1;
});
