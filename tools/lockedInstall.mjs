// Installs a tool folder that has a lockfile of its own, on first use: what only some commands need, or what `npm ci` of the
// project could not install.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { endWithThisProcess, signalGroup } from "./lifecycle.mjs";
import { withLock } from "./lock.mjs";

/** Says what went wrong and what the user can do about it; commands print the message without a stack. */
export class ToolError extends Error {}

/**
 * @typedef {object} LockedInstall
 * @property {string} folder with a package.json and a package-lock.json
 * @property {string} about what is installed, and how large it is
 * @property {string[]} [files] further files that the result depends on, relative to the folder
 * @property {(npm: (step: string, cwd: string, args: string[]) => Promise<void>) => void | Promise<void>} [finish] what follows `npm ci`
 * @property {(line: string) => void} [log]
 */

/** Installs what is missing; returns at once when nothing is. Of several processes one installs, the others wait. @param {LockedInstall} options */
export async function installLocked({ folder, about, files = [], finish = () => {}, log = console.log }) {
  // Below node_modules, so that whoever deletes that folder deletes the stamp with it.
  const stampFile = path.join(folder, "node_modules/.installed-by-latent-lens");
  const isInstalled = () => existsSync(stampFile) && readFileSync(stampFile, "utf8") === wantedStamp(folder, files);
  if (isInstalled()) return;
  await withLock(path.join(folder, ".install-lock"), { onWait: () => log("Another process is installing the same; waiting for it") }, async () => {
    if (isInstalled()) return;
    log(`Installing ${about} from the npm registry, once`);
    const started = Date.now();
    // `npm ci` deletes node_modules first: whatever an interrupted install left is gone.
    await npm(path.basename(folder), folder, ["ci"], log);
    await finish((step, cwd, args) => npm(step, cwd, args, log));
    writeFileSync(stampFile, wantedStamp(folder, files));
    log(`Installed in ${seconds(started)} s`);
  });
}

/** What is installed: a hash of what decides it, and the platform, since a folder may be shared between machines. */
function wantedStamp(folder, files) {
  const hash = createHash("sha256");
  for (const file of ["package.json", "package-lock.json", ...files]) hash.update(readFileSync(path.join(folder, file)));
  return `${hash.digest("hex")} ${process.platform}-${process.arch}\n`;
}

/**
 * Runs npm without install scripts (none is needed: the packages carry their binaries) and reports how far it is.
 * @param {string} step @param {string} cwd @param {string[]} args @param {(line: string) => void} log
 */
export async function npm(step, cwd, args, log) {
  const started = Date.now();
  const [command, ...first] = npmCommand();
  const child = spawn(command, [...first, ...args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http"], {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
    env: npmEnvironment(),
    detached: process.platform !== "win32", // so that it is ended together with what it started
    shell: process.platform === "win32" && first.length === 0, // npm.cmd is not an executable
  });
  let packages = 0;
  const problems = [];
  createInterface(child.stderr).on("line", line => {
    if (/^npm http .*\.tgz\b/.test(line)) packages++;
    // A file that could not be written is only a warning to npm.
    else if (/^npm (error|ERR!)|TAR_ENTRY_ERROR|ENOSPC/.test(line)) problems.push(line);
  });
  const kill = () => signalGroup(child.pid, "SIGKILL");
  const untie = endWithThisProcess({ stop: kill, kill });
  const report = () => log(`  ${step}: ${packages} packages, ${seconds(started)} s`);
  const timer = setInterval(report, 5_000);
  const code = await new Promise((resolve, reject) => {
    child.on("error", error => reject(new ToolError(`npm could not be started: ${error.message}`)));
    child.on("close", (exitCode, signal) => resolve(exitCode ?? signal));
  }).finally(() => {
    clearInterval(timer);
    untie();
  });
  if (code !== 0 || problems.some(line => /TAR_ENTRY_ERROR|ENOSPC/.test(line))) throw new ToolError(explain(step, cwd, code, problems));
  report();
}

/** npm, as the one that runs this process or else the one in PATH. @returns {string[]} */
function npmCommand() {
  const running = process.env.npm_execpath;
  return running && /npm-cli\.c?js$/.test(running) ? [process.execPath, running] : ["npm"];
}

/** The environment without what `npm run` adds: an inherited setting such as `npm_config_omit` would change the install. */
function npmEnvironment() {
  const inherited = /^npm_(config_(omit|include|prefix|local_prefix|global|workspaces?|dry_run|package_lock|os|cpu|libc)|package_.*|lifecycle_.*|command)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)));
}

/** @param {string} step @param {string} cwd @param {number | string | null} code @param {string[]} problems */
function explain(step, cwd, code, problems) {
  const text = problems.join("\n");
  if (/ENOSPC/.test(text)) return `The disk is full (npm, "${step}", in ${cwd}). Make room and run the command again.`;
  const cause = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|ENOTCACHED/.exec(text)?.[0];
  if (cause) return `The npm registry cannot be reached (${cause}): "${step}" is downloaded from it once. Check the network, or npm's registry and proxy settings, and run the command again.`;
  return `npm failed at "${step}" (${code}):\n${problems.slice(0, 12).join("\n")}`;
}

const seconds = started => ((Date.now() - started) / 1000).toFixed(0);
