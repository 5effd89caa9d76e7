/**
 * Loaded by VS Code's extension host: runs every *.test.ts of this folder with mocha. The same file serves the server from
 * npm and a desktop VS Code. Results go to the runner as events, since the host's console is full of VS Code's own lines.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";
import Mocha from "mocha";
import { driver, hasDriver } from "./driver";

/** Resolves when all tests passed; a rejection makes the extension host's exit code 1. */
export async function run(): Promise<void> {
  const mocha = new Suite({
    ui: "bdd",
    color: false,
    timeout: 180_000,
    grep: process.env.LATENT_LENS_GREP || undefined,
    reporter: hasDriver ? Report : "spec",
    rootHooks: { afterEach: screenshotOfFailure },
  });
  const restoreConsole = hasDriver ? sendConsole() : () => {};
  try {
    for (const file of readdirSync(__dirname).sort()) if (file.endsWith(".test.js")) mocha.addFile(join(__dirname, file));
    mocha.load();
  } catch (error) {
    tell({ kind: "failed", title: "loading the tests", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    tell({ kind: "end" });
    await reported;
    restoreConsole();
    throw error;
  }
  try {
    const failures = await new Promise<number>(resolve => mocha.run(resolve));
    await reported;
    if (failures > 0) throw new Error(`${failures} tests failed`);
  } finally {
    restoreConsole();
  }
}

// One after the other, so that they arrive in order.
let reported: Promise<unknown> = Promise.resolve();
function tell(event: Record<string, unknown>): void {
  reported = reported.then(() => driver.report(event)).catch(() => {}); // a runner that is gone reads nothing
}

class Suite extends Mocha {
  /** Loads the files now, where an error can be reported; run() would load them otherwise. */
  load(): void {
    this.loadFiles();
    this.files = [];
  }
}

class Report extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = Mocha.Runner.constants;
    runner.on(EVENT_TEST_PASS, test => tell({ kind: "passed", title: test.fullTitle(), duration: test.duration }));
    runner.on(EVENT_TEST_PENDING, test => tell({ kind: "skipped", title: test.fullTitle() }));
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => tell({ kind: "failed", title: test.fullTitle(), message: error.stack ?? String(error) }));
    runner.on(EVENT_RUN_END, () => tell({ kind: "end" }));
  }
}

async function screenshotOfFailure(this: Mocha.Context): Promise<void> {
  const test = this.currentTest;
  if (!hasDriver || test?.state !== "failed") return;
  await driver.screenshot(`failed/${test.fullTitle().slice(0, 100)}`).catch(() => {});
  for (let open = 0; open < 2; open++) await driver.press("Escape").catch(() => {}); // a menu or question left open would fail the next test, too
}

// VS Code makes the methods of console read-only, so the whole object is replaced.
function sendConsole(): () => void {
  const original = globalThis.console;
  const print = (...args: unknown[]) => tell({ kind: "log", text: format(...args) });
  globalThis.console = new Proxy(original, { get: (target, key) => (["log", "info", "warn", "error"].includes(String(key)) ? print : Reflect.get(target, key)) });
  return () => {
    globalThis.console = original;
  };
}
