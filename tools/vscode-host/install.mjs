// Installs the VS Code server, its Node and the browser that lie in this folder's own lockfile. They are not among the
// project's dependencies, because they are large and their install scripts refuse to run under every Node but one.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ToolError, installLocked } from "../lockedInstall.mjs";

/** The folder with the host's own package.json and lockfile. */
export const hostFolder = import.meta.dirname;
const modules = path.join(hostFolder, "node_modules");
/** The VS Code server inside code-server, whose own wrapper (login, proxy) is not used. */
export const vscodeFolder = path.join(modules, "code-server/lib/vscode");

// Two native modules of the server come as source only; small replacements spare a compiler.
const standIns = {
  "standIns/spdlog.cjs": "node_modules/@vscode/spdlog/index.js",
  "standIns/watchdog.cjs": "node_modules/@vscode/native-watchdog/build/Release/watchdog.js",
};

/** Installs what is missing; returns at once when nothing is. @param {{ log?: (line: string) => void }} [options] */
export async function ensureHost({ log = console.log } = {}) {
  await installLocked({
    folder: hostFolder,
    about: "a VS Code server and a browser (350 MB to download, 1 GB on disk)",
    files: Object.keys(standIns),
    log,
    async finish(npm) {
      if (!existsSync(path.join(vscodeFolder, "out/server-main.js"))) throw new ToolError(`npm did not install code-server. Delete ${modules} and try again.`);
      // The server's dependencies come with shrinkwrap files, slightly out of step with its package.json: `npm ci` refuses them.
      await npm("the server's dependencies", vscodeFolder, ["install", "--omit=dev"]);
      await npm("its extensions' dependencies", path.join(vscodeFolder, "extensions"), ["install", "--omit=dev"]);
      for (const [source, target] of Object.entries(standIns)) {
        mkdirSync(path.dirname(path.join(vscodeFolder, target)), { recursive: true });
        copyFileSync(path.join(hostFolder, source), path.join(vscodeFolder, target));
      }
    },
  });
}

/** The Node that runs the server: the one from the lockfile, or else this one if it is new enough. */
export async function serverNode() {
  const packaged = path.join(modules, `node-${process.platform}-${process.arch}/bin/node`);
  // It may be there and not run: on a Linux without glibc.
  if (existsSync(packaged) && spawnSync(packaged, ["--version"]).status === 0) return packaged;
  // What the server needs that older ones lack, whatever their version number says.
  if (typeof (await import("node:module")).registerHooks === "function") return process.execPath;
  throw new ToolError(`The VS Code server needs Node 22.15 or newer; this is ${process.version}, and no Node from npm runs on ${process.platform}-${process.arch}. Run the command under a newer Node.`);
}

// `node tools/vscode-host/install.mjs` prepares a machine beforehand.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureHost().catch(error => {
    console.error(error instanceof ToolError ? error.message : error);
    process.exitCode = 1;
  });
}
