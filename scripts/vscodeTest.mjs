// Runs a mocha suite inside the extension host of a real VS Code: the server from npm, a headless browser, and a driver
// through which the suite clicks and reads the window it runs in.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { format, parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { endWithThisProcess } from "../tools/lifecycle.mjs";
import { launchChromium, swiftShaderEnvironment } from "../tools/vscode-host/chromium.mjs";
import { startDriver } from "../tools/vscode-host/driver.mjs";
import { record } from "../tools/vscode-host/recorder.mjs";
import { installVsix, startServer } from "../tools/vscode-host/server.mjs";
import { createWorkbench } from "../tools/vscode-host/workbench.mjs";

const root = path.resolve(import.meta.dirname, "..");

/**
 * Bundles the *.test.ts of one folder (test/vscode; its subfolders are suites of their own) and suite.ts, each into a file of
 * its own, and returns the suite for VS Code to load.
 * @param {{ source?: string, outDir?: string }} [options]
 */
export async function compileSuite({ source = path.join(root, "test/vscode"), outDir = path.join(root, "out/vscode-tests") } = {}) {
  rmSync(outDir, { recursive: true, force: true });
  const tests = readdirSync(source).filter(file => file.endsWith(".test.ts"));
  await esbuild.build({
    // Flat, since suite.ts looks beside itself.
    entryPoints: [
      { in: path.join(root, "test/vscode/suite.ts"), out: "suite" },
      ...tests.map(file => ({ in: path.join(source, file), out: file.replace(/\.ts$/, "") })),
    ],
    outdir: outDir,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "es2022", // the functions that driver.run sends must run as they are written here
    external: ["vscode", "mocha", "playwright-core"],
    sourcemap: "inline",
    logLevel: "warning",
  });
  return path.join(outDir, "suite");
}

/**
 * @typedef {object} HostTestOptions
 * @property {string} [extensionPath] the extension under test, loaded from its folder
 * @property {string} [vsix] or installed from a package; the suite then travels in an empty extension
 * @property {string} [suite] a CommonJS module that exports run(), without .js; compiled from test/vscode when left out
 * @property {string} folder the workspace
 * @property {Record<string, string>} [env] added to the environment of the extension host
 * @property {string} [grep]
 * @property {string} [screenshotDir]
 * @property {import("../tools/vscode-host/chromium.mjs").Gpu} [gpu]
 * @property {Record<string, unknown>} [settings]
 * @property {boolean} [trust] ask whether to trust the workspace, as a desktop VS Code does
 * @property {number} [timeout] of the whole run, in seconds
 * @property {boolean} [verbose] print the log of VS Code, too
 * @property {(line: string) => void} [log]
 *
 * @typedef {{ passed: number, failed: number, skipped: number, code: number, failures: string[] }} HostTestResult
 */

/** Runs the suite and prints its results as they come. @param {HostTestOptions} options @returns {Promise<HostTestResult>} */
export async function runHostTests({
  extensionPath = root, vsix, suite, folder, env = {}, grep, screenshotDir = path.join(root, "out/screenshots"),
  gpu = "webgl", settings, trust = false, timeout = 480, verbose = false, log = console.log,
}) {
  const started = Date.now();
  const testsPath = suite ?? (await compileSuite());
  const temporary = mkdtempSync(path.join(tmpdir(), "latent-lens-test-"));
  const networkLog = path.join(temporary, "network.jsonl");
  const dataDir = path.join(temporary, "data");
  const removeTemporary = () => rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  const untie = endWithThisProcess({ stop: () => {}, kill: removeTemporary });
  let server, browser, driver;
  const outcome = { passed: 0, failed: 0, skipped: 0, code: 1, failures: [] };
  try {
    if (vsix) await installVsix(vsix, dataDir);
    const report = collect(outcome, log);
    let provide;
    driver = await startDriver({ tools: new Promise(resolve => (provide = resolve)), onReport: report.receive });
    server = await startServer({
      dataDir,
      testDriver: true,
      // Spinners that are drawn in software take a core from what is tested.
      settings: { "workbench.reduceMotion": "on", ...settings },
      trust,
      preload: [path.join(root, "tools/vscode-host/networkRecorder.cjs")],
      env: {
        ...(await swiftShaderEnvironment()),
        EXTENSIONS_GALLERY: "{}", // without it VS Code asks a gallery about what is installed
        LATENT_LENS_NETWORK_LOG: networkLog,
        LATENT_LENS_DRIVER: driver.address,
        LATENT_LENS_GREP: grep ?? "",
        ...env,
      },
    });
    // Names of the outside are not even looked up.
    // Without a GPU's help the workbench is put together in half the time that a software GPU takes. A picture may then come a
    // frame after what it shows, so tests of pixels (test/pages) do without this.
    browser = await launchChromium({ gpu, args: ["--disable-gpu-compositing", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"] });
    // High, because tree rows beyond a view's edge are not in the page.
    const context = await browser.newContext({ viewport: { width: 1280, height: 1300 }, permissions: ["clipboard-read", "clipboard-write"] });
    const recorder = { ...record(context), connections: () => readConnections(networkLog) };
    const page = await context.newPage();
    const vscode = createWorkbench(page, { screenshotDir });
    provide({ browser, context, page, vscode, webview: vscode.webview, recorder });
    outcome.code = await exitCode(page, server, timeout, {
      address: server.address({ folder, extensionPath: vsix ? emptyExtension(temporary) : linkTo(extensionPath, temporary), testsPath }),
      onLog: verbose ? log : () => {},
    });
    if (!report.ended) throw new Error(`the extension host ended with code ${outcome.code} before the suite did`);
  } catch (error) {
    outcome.code = 1;
    outcome.failed++;
    outcome.failures.push(`the run itself: ${error.message}`);
    log(`  ✗ the run itself\n${indent(error.stack ?? error)}`);
    await browser?.contexts()[0]?.pages()[0]?.screenshot({ path: path.join(screenshotDir, "failed/run.png") }).catch(() => {});
    if (server) log(indent(server.log().slice(-1_500)));
  } finally {
    await browser?.close().catch(() => {});
    await server?.stop();
    await driver?.close();
    removeTemporary();
    untie();
  }
  log(`  ${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return outcome;
}

/** Counts and prints what the suite reports. @param {HostTestResult} outcome @param {(line: string) => void} log */
export function collect(outcome, log) {
  const report = {
    ended: false,
    receive(event) {
      if (event.kind === "log") log(indent(event.text));
      if (event.kind === "end") report.ended = true;
      if (event.kind === "passed") log(`  ✓ ${event.title} (${event.duration} ms)`);
      if (event.kind === "skipped") log(`  - ${event.title}`);
      if (event.kind === "failed") {
        const message = inSources(event.message);
        log(`  ✗ ${event.title}\n${indent(message)}`);
        outcome.failures.push(`${event.title}: ${message}`);
      }
      if (event.kind in outcome && typeof outcome[event.kind] === "number") outcome[event.kind]++;
    },
  };
  return report;
}

/** Opens the window and waits until the extension host has run the suite. */
async function exitCode(page, server, timeout, { address, onLog }) {
  let timer;
  try {
    const exited = new Promise((resolve, reject) => {
      // The workbench calls these two when they exist; this is how VS Code's own tests learn the result.
      void page.exposeFunction("codeAutomationExit", resolve);
      void page.exposeFunction("codeAutomationLog", (type, args) => onLog(`[${type}] ${format(...args)}`));
      page.once("crash", () => reject(new Error("the page crashed")));
      void server.exited.then(code => reject(new Error(`the VS Code server ended (${code})`)));
      timer = setTimeout(() => reject(new Error(`no result after ${timeout} s`)), timeout * 1000);
    });
    exited.catch(() => {}); // it may be rejected while goto still waits
    await page.goto(address, { timeout: 60_000 });
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A link to the extension's folder. VS Code takes everything below the folder under development for new, also its own themes
 * (and shows the first of them) where it is installed in the project.
 * @param {string} extensionPath @param {string} parent
 */
export function linkTo(extensionPath, parent) {
  const link = path.join(parent, "extension");
  symlinkSync(path.resolve(extensionPath), link, "junction");
  return link;
}

// A suite is loaded only beside an extension under development; this one does nothing.
function emptyExtension(parent) {
  const folder = path.join(parent, "carrier");
  mkdirSync(folder);
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "carrier", publisher: "latent-lens-test", version: "0.0.0", engines: { vscode: "*" } }));
  return folder;
}

function readConnections(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line));
}

/** A stack with the lines of the bundles replaced by those of their sources: VS Code's extension host ignores source maps. */
function inSources(stack) {
  return String(stack).replaceAll(/([^\s()]+\.js):(\d+):(\d+)/g, (whole, file, line, column) => {
    const bundle = path.resolve(root, file);
    const encoded = existsSync(bundle) && /\n\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(readFileSync(bundle, "utf8"))?.[1];
    if (!encoded) return whole;
    const { originalSource, originalLine, originalColumn } = new SourceMap(JSON.parse(Buffer.from(encoded, "base64").toString())).findEntry(line - 1, column - 1);
    if (!originalSource) return whole;
    return `${path.relative(process.cwd(), path.resolve(path.dirname(bundle), originalSource))}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

const indent = text => String(text).replaceAll(/^/gm, "    ");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      extension: { type: "string" }, suite: { type: "string" }, folder: { type: "string" }, grep: { type: "string" },
      gpu: { type: "string" }, timeout: { type: "string" }, verbose: { type: "boolean" },
    },
  });
  const { createSampleWorkspace } = await import("../samples/create.mjs");
  const folder = values.folder ?? (await createSampleWorkspace(path.join(root, ".sample-workspace")));
  const result = await runHostTests({
    ...values, extensionPath: values.extension, folder, timeout: values.timeout ? Number(values.timeout) : undefined,
    suite: values.suite && path.resolve(values.suite),
  });
  process.exit(result.failed > 0 || result.code !== 0 ? 1 : 0);
}
