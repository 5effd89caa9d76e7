// `npm run test:electron`: the suite of `npm test`'s stage "vscode" in a desktop VS Code, which @vscode/test-electron
// downloads, or the one in VSCODE_PATH. On Linux it needs a display (xvfb-run serves).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runTests } from "@vscode/test-electron";
import { chromium } from "playwright-core";
import { createSampleWorkspace } from "../samples/create.mjs";
import { ToolError } from "../tools/lockedInstall.mjs";
import { startDriver } from "../tools/vscode-host/driver.mjs";
import { record } from "../tools/vscode-host/recorder.mjs";
import { defaultSettings } from "../tools/vscode-host/server.mjs";
import { createWorkbench } from "../tools/vscode-host/workbench.mjs";
import { downloadedCode } from "./desktop.mjs";
import { collect, compileSuite, linkTo } from "./vscodeTest.mjs";

const root = path.resolve(import.meta.dirname, "..");

async function main() {
  const { values } = parseArgs({ options: { grep: { type: "string" }, folder: { type: "string" } } });
  const vscodeExecutablePath = await downloadedCode();
  const extensionTestsPath = await compileSuite();
  const temporary = mkdtempSync(path.join(tmpdir(), "latent-lens-electron-"));
  const folder = values.folder ?? (await createSampleWorkspace(path.join(temporary, "workspace"), { log: console.log }));
  const settings = path.join(temporary, "data/User/settings.json");
  mkdirSync(path.dirname(settings), { recursive: true });
  writeFileSync(settings, JSON.stringify({ ...defaultSettings, "window.titleBarStyle": "custom" }));

  const outcome = { passed: 0, failed: 0, skipped: 0, code: 1, failures: [] };
  const report = collect(outcome, console.log);
  const debuggingPort = await freePort();
  let ended = false;
  let browser;
  const tools = connect(debuggingPort, () => ended).then(window => {
    browser = window.browser;
    return window;
  });
  tools.catch(() => {}); // told to the test that asks for the window; a suite may need none
  const driver = await startDriver({ tools, onReport: report.receive });
  try {
    outcome.code = await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: linkTo(root, temporary),
      extensionTestsPath,
      extensionTestsEnv: { LATENT_LENS_DRIVER: driver.address, LATENT_LENS_GREP: values.grep ?? "" },
      launchArgs: [
        folder,
        `--remote-debugging-port=${debuggingPort}`,
        `--user-data-dir=${path.join(temporary, "data")}`,
        `--extensions-dir=${path.join(temporary, "extensions")}`,
        "--disable-extensions", "--disable-workspace-trust", "--disable-telemetry", "--skip-welcome", "--skip-release-notes",
        ...(process.platform === "linux" ? ["--no-sandbox", "--disable-dev-shm-usage"] : []), // containers
      ],
    }).catch(error => {
      console.error(error.message);
      return 1;
    });
  } finally {
    ended = true;
    await browser?.close().catch(() => {}); // only the connection: VS Code is gone
    await driver.close();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
  if (!report.ended || (outcome.code !== 0 && outcome.failed === 0)) outcome.failed++;
  console.log(`${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped`);
  process.exitCode = outcome.failed > 0 ? 1 : 0;
}

/** Playwright in VS Code's window, as soon as there is one. @param {number} port @param {() => boolean} isOver */
async function connect(port, isOver) {
  const page = await until(60_000, isOver, async () => {
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    const found = browser.contexts().flatMap(context => context.pages()).find(candidate => candidate.url().includes("workbench.html"));
    if (!found) await browser.close(); // the connection, not VS Code
    return found;
  });
  const context = page.context();
  const vscode = createWorkbench(page, { screenshotDir: path.join(root, "out/screenshots-electron") });
  await vscode.ready();
  // Connections of the processes are not recorded here: Electron takes no --require.
  const recorder = { ...record(context), connections: () => [] };
  return { browser: context.browser(), context, page, vscode, webview: vscode.webview, recorder };
}

/** The first answer that is there; what fails meanwhile is tried again. */
async function until(patience, isOver, attempt) {
  let last;
  for (const end = Date.now() + patience; Date.now() < end && !isOver(); await delay(250)) {
    try {
      const answer = await attempt();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
  }
  throw new ToolError(`VS Code's window could not be reached: ${last?.message ?? "there is none"}`);
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

await main().catch(error => {
  console.error(error instanceof ToolError ? error.message : error);
  process.exitCode = 1;
});
