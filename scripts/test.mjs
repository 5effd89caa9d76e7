// `npm test`: every check of the project, stage by stage, and one line that sums them up. A failing stage does not stop the
// next: one run shows all that is wrong.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { createSampleWorkspace } from "../samples/create.mjs";
import { ToolError } from "../tools/lockedInstall.mjs";
import { swiftShaderEnvironment } from "../tools/vscode-host/chromium.mjs";
import { ensureHost } from "../tools/vscode-host/install.mjs";
import { endWithThisProcess, signalGroup } from "../tools/lifecycle.mjs";

const root = path.resolve(import.meta.dirname, "..");
const out = path.join(root, "out");

/**
 * @typedef {{ passed: number, failed: number, skipped: number, failures?: string[] }} Counts failures: what failed, and how
 * @typedef {(line: string) => void} Log
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} about
 * @property {boolean} [besideLast] runs beside the stage before it: it waits more than it computes
 * @property {(log: Log) => Promise<Counts>} run
 */

const { values: options } = parseArgs({ options: { only: { type: "string" }, grep: { type: "string" }, help: { type: "boolean", short: "h" } } });

/** @type {Stage[]} */
const stages = [
  { name: "lint", about: "eslint", run: () => single(bin("eslint/bin/eslint.js"), ["."]) },
  { name: "types", about: "tsc -b", run: () => single(bin("typescript/bin/tsc"), ["-b"]) },
  { name: "host", about: "VS Code server, browser and packaging tool, installed on first use", run: async () => (await installed, nothing) },
  { name: "build", about: "esbuild", run: () => single(path.join(root, "esbuild.mjs"), []) },
  { name: "unit", about: "vitest, no VS Code", run: () => vitest("unit") },
  { name: "vscode", about: "mocha inside a real VS Code", besideLast: true, run: inVsCode },
  { name: "pages", about: "each webview in a browser", run: () => vitest("pages") },
  { name: "package", about: "the .vsix of this platform, installed and tried", run: packaged },
];

/** @type {Promise<void> | undefined} */
let installed;

async function install() {
  await ensureHost();
  const { ensureVsce } = await import("./package.mjs");
  await ensureVsce();
}

const nothing = { passed: 0, failed: 0, skipped: 0 };

async function main() {
  if (options.help) return console.log(`npm test -- [--only ${stages.map(stage => stage.name).join(",")}] [--grep TEXT]`);
  const only = options.only?.split(",").map(name => name.trim());
  const unknown = only?.filter(name => !stages.some(stage => stage.name === name)) ?? [];
  if (unknown.length) throw new ToolError(`--only ${unknown.join(",")}: the stages are ${stages.map(stage => stage.name).join(", ")}`);
  mkdirSync(out, { recursive: true });
  // What is downloaded comes while the sources are checked.
  if (!only || only.includes("host")) (installed = install()).catch(() => undefined); // its stage tells
  const total = { ...nothing };
  const lines = [];
  const failures = [];
  const chosen = stages.filter(({ name }) => !only || only.includes(name));
  while (chosen.length > 0) {
    const together = [chosen.shift(), ...(chosen[0]?.besideLast ? [chosen.shift()] : [])];
    const [first, second] = together;
    if (second) console.log(`\n━━ ${second.name} runs beside the next, and is told after it`);
    console.log(`\n━━ ${first.name}: ${first.about}`);
    // What the second says is kept, so that the two are not mixed.
    const kept = second ? [`\n━━ ${second.name}: ${second.about}`] : [];
    const results = together.map((stage, i) => timed(stage, i === 0 ? console.log : line => kept.push(line)));
    for (const [i, result] of results.entries()) {
      const { counts, seconds } = await result;
      if (i > 0) console.log(kept.join("\n"));
      for (const key of Object.keys(total)) total[key] += counts[key];
      failures.push(...(counts.failures ?? []).map(failure => `✗ ${together[i].name}: ${failure}`));
      lines.push(`${together[i].name.padEnd(8)} ${counts.failed ? "✗" : "✓"} ${sum(counts)}, ${seconds.toFixed(1)} s`);
      console.log(`━━ ${lines.at(-1)}`);
    }
  }
  console.log(`\n${lines.join("\n")}\n`);
  // Once more at the end: what a stage printed is far above.
  if (failures.length > 0) console.log(`${failures.join("\n")}\n`);
  // The last line: machines read it.
  console.log(sum(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}

/** @param {Stage} stage @param {Log} log */
async function timed(stage, log) {
  const started = Date.now();
  const counts = await stage.run(log).catch(error => {
    log(error instanceof ToolError ? error.message : (error?.stack ?? String(error)));
    return { ...nothing, failed: 1 };
  });
  return { counts, seconds: (Date.now() - started) / 1000 };
}

const sum = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;
const bin = file => path.join(root, "node_modules", file);

/** A stage without tests of its own counts as one. */
async function single(script, args) {
  const code = await node(script, args);
  return code === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 };
}

async function vitest(project) {
  const report = path.join(out, `${project}.json`);
  rmSync(report, { force: true });
  // A software GPU, so that the WebGPU backend is tested on every machine; a running process takes no new library path.
  const env = await swiftShaderEnvironment().catch(() => ({}));
  const code = await node(bin("vitest/vitest.mjs"), [
    "run", "--project", project, "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`,
    ...(options.grep ? ["-t", options.grep] : []),
  ], env);
  if (!existsSync(report)) return { ...nothing, failed: code === 0 ? 0 : 1 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  // A file that could not be loaded has failed without a failed test in it.
  const files = testResults.filter(file => file.status === "failed" && !file.assertionResults.some(test => test.status === "failed")).length;
  let failed = numFailedTests + files;
  // Nor is an error outside of any test, or a worker that died, counted among the tests.
  if (code !== 0 && failed === 0) failed = 1;
  const failures = testResults.flatMap(file => [
    ...(file.status === "failed" && file.message ? [`${path.relative(root, file.name)}: ${start(file.message)}`] : []),
    ...file.assertionResults.filter(test => test.status === "failed").map(test => `${path.relative(root, file.name)}: ${test.fullName}: ${start(test.failureMessages.join("\n"))}`),
  ]);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests, failures };
}

/** The main suite, then what differs in a workspace without trust: the same one, with the checkpoints that the first left. */
async function inVsCode(log) {
  const { compileSuite, runHostTests } = await import("./vscodeTest.mjs");
  const folder = await workspace("vscode");
  const trusted = counted(await runHostTests({ folder, grep: options.grep, log }));
  if (options.grep && !options.grep.includes("untrusted")) return trusted;
  const suite = await compileSuite({ source: path.join(root, "test/vscode/untrusted"), outDir: path.join(out, "untrusted-tests") });
  const untrusted = counted(await runHostTests({ folder, suite, trust: true, settings: { "security.workspace.trust.startupPrompt": "never" }, grep: options.grep, log }));
  return sumOf(trusted, untrusted);
}

const sumOf = (a, b) => ({
  passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped,
  failures: [...(a.failures ?? []), ...(b.failures ?? [])],
});

/** The first lines of a message. */
const start = message => message.split("\n").slice(0, 3).join("\n").slice(0, 500);

async function packaged() {
  const { currentTarget, packageExtension } = await import("./package.mjs");
  const target = currentTarget();
  if (!target) return { ...nothing, skipped: 1 };
  const { file } = await packageExtension(target, { log: console.log });
  const { compileSuite, runHostTests } = await import("./vscodeTest.mjs");
  const suite = await compileSuite({ source: path.join(root, "test/vscode/vsix"), outDir: path.join(out, "vsix-tests") });
  const installed = counted(await runHostTests({ vsix: file, suite, folder: await workspace("vsix"), grep: options.grep }));
  return sumOf({ ...nothing, passed: 1 }, installed); // the package itself was checked
}

/** A fresh copy of the samples: tests leave checkpoints in it. */
async function workspace(name) {
  const folder = path.join(out, `workspace-${name}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(await createSampleWorkspace(path.join(out, "samples")), folder, { recursive: true });
  return folder;
}

// An exit code that no failed test explains is a failure, too.
function counted({ passed, failed, skipped, code, failures }) {
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped, failures: failures.map(start) };
}

/** Runs a script under this Node, and ends it with this process. @returns {Promise<number | string>} */
function node(script, args, env = {}) {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"], detached: process.platform !== "win32" });
  const kill = () => signalGroup(child.pid, "SIGKILL");
  const untie = endWithThisProcess({ stop: kill, kill });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? signal));
  }).finally(untie);
}

await main().catch(error => {
  console.error(error instanceof ToolError ? error.message : error);
  process.exitCode = 1;
});
