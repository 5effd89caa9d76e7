// `npm test`: every check of the project, stage by stage, and one line that sums them up. A failing stage does not stop the
// next: one run shows all that is wrong.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
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
 * @property {(log: Log) => Promise<Counts>} run
 */

const { values: options } = parseArgs({ options: { only: { type: "string" }, grep: { type: "string" }, help: { type: "boolean", short: "h" } } });

/**
 * One group after the other; the stages of a group run beside each other, since each by itself leaves cores idle: the first
 * ones take one thread, the in-host tests wait more than they compute; pages take all that two cores have. No stage needs what another of its group makes.
 * @type {Stage[][]}
 */
const groups = [
  [
    { name: "lint", about: "eslint", run: log => single(bin("eslint/bin/eslint.js"), ["."], log) },
    { name: "types", about: "tsc -b", run: log => single(bin("typescript/bin/tsc"), ["-b"], log) },
    { name: "host", about: "VS Code server, browser and packaging tool, installed on first use", run: installed },
    { name: "build", about: "esbuild", run: log => single(path.join(root, "esbuild.mjs"), [], log) },
  ],
  [
    { name: "unit", about: "vitest, no VS Code", run: log => vitest("unit", log) },
    { name: "vscode", about: "mocha inside a real VS Code", run: inVsCode },
  ],
  [{ name: "pages", about: "each webview in a browser", run: log => vitest("pages", log) }],
  [{ name: "package", about: "the .vsix of this platform, installed and tried", run: packaged }],
];
const stages = groups.flat();

const nothing = { passed: 0, failed: 0, skipped: 0 };

async function main() {
  if (options.help) return console.log(`npm test -- [--only ${stages.map(stage => stage.name).join(",")}] [--grep TEXT]`);
  const only = options.only?.split(",").map(name => name.trim());
  const unknown = only?.filter(name => !stages.some(stage => stage.name === name)) ?? [];
  if (unknown.length) throw new ToolError(`--only ${unknown.join(",")}: the stages are ${stages.map(stage => stage.name).join(", ")}`);
  mkdirSync(out, { recursive: true });
  const total = { ...nothing };
  const lines = [];
  const failures = [];
  for (const group of groups) {
    const together = group.filter(({ name }) => !only || only.includes(name));
    const [first, ...others] = together;
    if (!first) continue;
    if (others.length) console.log(`\n━━ beside the next, and told after it: ${others.map(({ name }) => name).join(", ")}`);
    console.log(`\n━━ ${first.name}: ${first.about}`);
    // What the others say is kept, so that they are not mixed.
    const kept = others.map(({ name, about }) => [`\n━━ ${name}: ${about}`]);
    const results = [timed(first, console.log), ...others.map((stage, i) => timed(stage, line => kept[i].push(line)))];
    for (const [i, result] of results.entries()) {
      const { counts, seconds } = await result;
      if (i > 0) console.log(kept[i - 1].join("\n"));
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
async function single(script, args, log) {
  const code = await node(script, args, log);
  return code === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 };
}

async function installed(log) {
  await ensureHost({ log });
  const { ensureVsce } = await import("./package.mjs");
  await ensureVsce(log);
  return nothing;
}

async function vitest(project, log) {
  const report = path.join(out, `${project}.json`);
  rmSync(report, { force: true });
  // A software GPU, so that the WebGPU backend is tested on every machine; a running process takes no new library path.
  const env = await swiftShaderEnvironment().catch(() => ({}));
  const code = await node(bin("vitest/vitest.mjs"), [
    "run", "--project", project, "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`,
    ...(options.grep ? ["-t", options.grep] : []),
  ], log, env);
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

async function packaged(log) {
  const { currentTarget, packageExtension } = await import("./package.mjs");
  const target = currentTarget();
  if (!target) return { ...nothing, skipped: 1 };
  const { file } = await packageExtension(target, { log });
  const { compileSuite, runHostTests } = await import("./vscodeTest.mjs");
  const suite = await compileSuite({ source: path.join(root, "test/vscode/vsix"), outDir: path.join(out, "vsix-tests") });
  const installed = counted(await runHostTests({ vsix: file, suite, folder: await workspace("vsix"), grep: options.grep, log }));
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

/** Runs a script under this Node, and ends it with this process. What it prints goes to `log`. @returns {Promise<number | string>} */
function node(script, args, log, env = {}) {
  // Straight to the terminal where nothing is kept: colours, and lines that are overwritten.
  const output = log === console.log ? "inherit" : "pipe";
  const child = spawn(process.execPath, [script, ...args], { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", output, output], detached: process.platform !== "win32" });
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on("line", log);
  const kill = () => signalGroup(child.pid, "SIGKILL");
  const untie = endWithThisProcess({ stop: kill, kill });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal));
  }).finally(untie);
}

await main().catch(error => {
  console.error(error instanceof ToolError ? error.message : error);
  process.exitCode = 1;
});
