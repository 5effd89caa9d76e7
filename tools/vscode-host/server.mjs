// The VS Code server from npm, without code-server's wrapper: a real VS Code in the browser, with a real Node extension
// host, on this machine only.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ToolError } from "../lockedInstall.mjs";
import { ensureHost, serverNode, vscodeFolder } from "./install.mjs";
import { endWithThisProcess, signalGroup } from "../lifecycle.mjs";

const serverMain = path.join(vscodeFolder, "out/server-main.js");

/** Quiet beginnings: no welcome page, no AI features, no look-ups in an extension gallery. */
export const defaultSettings = {
  "workbench.startupEditor": "none",
  "workbench.colorTheme": "Dark Modern",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "chat.disableAIFeatures": true,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "git.openRepositoryInParentFolders": "never",
};

/**
 * @typedef {object} ServerOptions
 * @property {string[]} [extensions] folders of extensions; linked, so that a rebuild and "Reload Window" shows the new code
 * @property {string} [folder] the workspace that the plain address opens
 * @property {number} [port] without it, any free one
 * @property {string} [dataDir] settings, state and extensions; without it, a temporary folder that stop() removes
 * @property {Record<string, string>} [env] added to the environment of the server and of the extension host
 * @property {string[]} [preload] CommonJS files loaded first in the server, the extension host and what it forks
 * @property {boolean} [testDriver] lets a page name an extension and a test suite to load; also hides notification toasts
 * @property {Record<string, unknown>} [settings] added to the default settings; those changed by the user are kept
 * @property {boolean} [trust] whether untrusted workspaces are asked about; without it every workspace is trusted
 *
 * @typedef {object} Server
 * @property {string} url opens `folder`; holds the token, without which the server answers nobody
 * @property {number} port
 * @property {number} pid
 * @property {string} dataDir
 * @property {(options: { folder?: string, extensionPath?: string, testsPath?: string }) => string} address
 * @property {() => string} log the last 200 kB that the server printed
 * @property {Promise<number | string>} exited settles with the exit code or signal
 * @property {() => Promise<void>} stop ends the server with all its children, within three seconds
 */

/** Starts the server and waits until it answers. @param {ServerOptions} [options] @returns {Promise<Server>} */
export async function startServer({ extensions = [], folder, port = 0, dataDir, env = {}, preload = [], testDriver = false, settings = {}, trust = false } = {}) {
  await ensureHost();
  const temporary = dataDir === undefined;
  const data = temporary ? mkdtempSync(path.join(tmpdir(), "vscode-server-")) : path.resolve(dataDir);
  writeSettings(data, settings);
  linkExtensions(data, extensions);
  const token = connectionToken(data);
  const child = spawn(
    await serverNode(),
    [
      ...[path.join(import.meta.dirname, "endWithParent.cjs"), ...preload].flatMap(file => ["--require", file]),
      serverMain,
      "--host", "127.0.0.1",
      "--port", String(port),
      "--connection-token-file", token.file,
      "--accept-server-license-terms",
      "--server-data-dir", data,
      "--telemetry-level", "off",
      ...(folder ? ["--default-folder", path.resolve(folder)] : []),
      ...(trust ? [] : ["--disable-workspace-trust"]),
      ...(testDriver ? ["--enable-smoke-test-driver"] : []),
    ],
    // A group of its own: its children, and theirs, are ended together.
    { stdio: ["ignore", "pipe", "pipe"], detached: true, env: { ...serverEnvironment(), ...env } },
  );
  const { exited, log, listening } = watch(child);
  const removeData = () => temporary && rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  const untie = endWithThisProcess({
    stop: () => stop(),
    kill() {
      signalGroup(child.pid, "SIGKILL");
      removeData();
    },
  });

  let stopped;
  const stop = () => (stopped ??= stopOnce());
  async function stopOnce() {
    signalGroup(child.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), 1_500);
    await exited;
    clearTimeout(timer);
    signalGroup(child.pid, "SIGKILL"); // a child that ignored the first signal outlives the server
    removeData();
    untie();
  }

  const actualPort = await listening.catch(async error => {
    await stop();
    throw error;
  });
  const origin = `http://127.0.0.1:${actualPort}/`;
  return {
    // The folder is named although it is the default one: VS Code would give it another authority than files have, and take
    // them for files outside of the workspace.
    url: `${origin}?${new URLSearchParams({ tkn: token.value, ...(folder ? { folder: path.resolve(folder) } : {}) })}`,
    port: actualPort,
    pid: child.pid,
    dataDir: data,
    address({ folder: other, extensionPath, testsPath }) {
      // The authority must be the page's own host and port.
      const uri = file => `vscode-remote://127.0.0.1:${actualPort}${path.resolve(file)}`;
      const payload = [["skipWelcome", "true"]];
      if (extensionPath) payload.push(["extensionDevelopmentPath", uri(extensionPath)]);
      if (testsPath) payload.push(["extensionTestsPath", uri(testsPath)]);
      const query = new URLSearchParams({ tkn: token.value, payload: JSON.stringify(payload) });
      if (other) query.set("folder", path.resolve(other));
      return `${origin}?${query}`;
    },
    log,
    exited,
    stop,
  };
}

/** What the server prints, when it listens and on which port, and when it ends. @param {import("node:child_process").ChildProcess} child */
function watch(child) {
  let output = "";
  const exited = new Promise(resolve => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
    child.once("error", error => resolve(error.message)); // it never started
  });
  const listening = new Promise((resolve, reject) => {
    const read = chunk => {
      output = (output + chunk).slice(-200_000);
      const port = /agent listening on (\d+)/.exec(output)?.[1];
      if (port) resolve(Number(port));
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    void exited.then(code => {
      const error = new ToolError(`The VS Code server ended at once (${code}):\n${output.slice(-2_000)}`);
      reject(Object.assign(error, /EADDRINUSE/.test(output) ? { code: "EADDRINUSE" } : {}));
    });
  });
  return { exited, listening, log: () => output };
}

/** Installs a .vsix into a data folder, as `startServer({ dataDir })` uses it. @param {string} vsix @param {string} dataDir */
export async function installVsix(vsix, dataDir) {
  await ensureHost();
  const result = spawnSync(
    await serverNode(),
    [serverMain, "--accept-server-license-terms", "--server-data-dir", path.resolve(dataDir), "--install-extension", path.resolve(vsix), "--force"],
    { encoding: "utf8", env: serverEnvironment() },
  );
  // It exits with 0 for a file it could not install.
  if (result.status !== 0 || !/successfully installed/.test(result.stdout)) throw new ToolError(`${path.basename(vsix)} could not be installed:\n${result.stdout}\n${result.stderr}`);
}

// Whoever can talk to the server can run programs as this user: other users of the machine, and pages in a browser.
function connectionToken(data) {
  const file = path.join(data, "token");
  if (!existsSync(file)) writeFileSync(file, randomBytes(16).toString("hex"), { mode: 0o600 });
  return { file, value: readFileSync(file, "utf8").trim() };
}

function writeSettings(data, settings) {
  const file = path.join(data, "data/User/settings.json");
  mkdirSync(path.dirname(file), { recursive: true });
  // Kept when it exists: a person may have changed it. VS Code allows comments in it, so it is not parsed.
  if (existsSync(file)) return;
  writeFileSync(file, JSON.stringify({ ...defaultSettings, ...settings }, null, 2));
}

function linkExtensions(data, extensions) {
  const folder = path.join(data, "extensions");
  mkdirSync(folder, { recursive: true });
  if (extensions.length === 0) return;
  rmSync(path.join(folder, "extensions.json"), { force: true }); // a cache: without it the folder is scanned anew
  for (const extension of extensions) {
    const { publisher, name, version } = JSON.parse(readFileSync(path.join(extension, "package.json"), "utf8"));
    for (const entry of readdirSync(folder)) if (entry.startsWith(`${publisher}.${name}-`)) rmSync(path.join(folder, entry), { recursive: true }); // also of an older version
    const link = path.join(folder, `${publisher}.${name}-${version}`);
    symlinkSync(path.resolve(extension), link, "junction");
  }
}

// Started from a terminal of VS Code, the server would take that one's variables for its own.
function serverEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_|npm_|NODE_OPTIONS$)/.test(name)));
}
