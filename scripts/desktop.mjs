// Opens the extension in a desktop VS Code: an installed one, or the one that @vscode/test-electron downloads.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { ToolError } from "../tools/lockedInstall.mjs";

const cache = path.resolve(import.meta.dirname, "../.vscode-host/desktop");

/**
 * @param {{ extension: string, folder: string, trusted: boolean, installedOnly?: boolean }} options `trusted`: do not ask
 *   whether to trust the folder
 */
export async function openDesktop({ extension, folder, trusted, installedOnly = false }) {
  const installed = installedCode();
  if (installedOnly && !installed) throw new ToolError("No desktop VS Code found: neither code nor code-insiders is in PATH. Name its executable in VSCODE_PATH.");
  const args = [folder, "--new-window", `--extensionDevelopmentPath=${extension}`, ...(trusted ? ["--disable-workspace-trust"] : [])];
  if (installedOnly) {
    // The user's own settings and extensions. The command returns when the window is open.
    run(installed, args);
    return console.log(`Latent Lens opens in ${installed}.`);
  }
  const executable = await downloadedCode();
  // Its own settings and extensions, so that an installed VS Code is left alone.
  const own = [`--user-data-dir=${path.join(cache, "data")}`, `--extensions-dir=${path.join(cache, "extensions")}`, "--skip-welcome", "--skip-release-notes", "--disable-telemetry"];
  console.log(`Latent Lens opens in VS Code (${executable}). Ctrl-C closes it.`);
  const child = spawn(executable, [...args, ...own], { stdio: "ignore", env: desktopEnvironment() });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => child.kill());
  await new Promise((resolve, reject) => {
    child.once("error", error => reject(new ToolError(`${executable} could not be started: ${error.message}`)));
    child.once("exit", resolve);
  });
}

/** VS Code as @vscode/test-electron downloads it: `$VSCODE_PATH` spares the download. */
export async function downloadedCode() {
  if (process.env.VSCODE_PATH) return installedCode();
  const { downloadAndUnzipVSCode } = await import("@vscode/test-electron");
  console.log("Looking for VS Code (downloaded once, about 150 MB)");
  return downloadAndUnzipVSCode({ version: "stable", cachePath: cache }).catch(error => {
    throw new ToolError(`VS Code could not be downloaded: ${error.message}\nName an installed one in VSCODE_PATH, or use npm start -- --desktop.`);
  });
}

/** Started from a terminal of VS Code, the new window would take that one's variables for its own. */
export function desktopEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VSCODE_(?!PATH)|ELECTRON_)/.test(name)));
}

function installedCode() {
  if (process.env.VSCODE_PATH) {
    if (!existsSync(process.env.VSCODE_PATH)) throw new ToolError(`VSCODE_PATH names ${process.env.VSCODE_PATH}, which does not exist.`);
    return process.env.VSCODE_PATH;
  }
  const names = process.platform === "win32" ? ["code.cmd", "code-insiders.cmd"] : ["code", "code-insiders"];
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  return names.flatMap(name => folders.map(folder => path.join(folder, name))).find(existsSync);
}

function run(command, args) {
  // A .cmd file is run by the shell, which splits at blanks.
  const shell = /\.cmd$/i.test(command);
  const result = spawnSync(shell ? `"${command}"` : command, shell ? args.map(argument => `"${argument}"`) : args, { stdio: "inherit", shell, env: desktopEnvironment() });
  if (result.error || result.status !== 0) throw new ToolError(`${command} failed: ${result.error?.message ?? `exit code ${result.status}`}`);
}
