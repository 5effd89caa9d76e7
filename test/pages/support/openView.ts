import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import type { Browser, Locator, Page } from "playwright-core";
import { afterEach, expect } from "vitest";
import { launchChromium, type Gpu } from "../../../tools/vscode-host/chromium.mjs";
import type { Message } from "../../../src/protocol/rpc";
import type { ViewState } from "../../../src/protocol/viewApi";
import type { VisualizerId } from "../../../src/protocol/visualizers";
import { checkpoints, type CheckpointName } from "./checkpoints";
import { FakeHost } from "./fakeHost";
import { servePages } from "./pageServer";
import { themeOf, type ThemeName } from "./themes";
import { decode, encode } from "./wire";

export type ViewId = VisualizerId | "explorer";

export interface Opening {
  checkpoint?: CheckpointName | null;
  /** Selected rows when the page asks first. */
  selection?: Int32Array;
  /** The name that the user gave the checkpoint. */
  title?: string;
  state?: Partial<ViewState>;
  width?: number;
  height?: number;
  theme?: ThemeName;
  /** `en`, or `xx` for texts half as long again. */
  language?: "en" | "xx";
  gpu?: Gpu;
  /** Runs before the page asks anything. */
  prepare?(host: FakeHost): void;
}

/** An open page and the host behind it. */
export interface View {
  page: Page;
  host: FakeHost;
  /** What went wrong so far: refused by the policy, thrown, complained about in the console, asked of another origin. */
  faults: string[];
  find(selector: string): Locator;
  /** Waits until the page has all its answers and has drawn them. */
  settled(): Promise<void>;
  setTheme(theme: ThemeName): Promise<void>;
  resize(width: number, height?: number): Promise<void>;
  close(): Promise<void>;
}

const browsers = new Map<Gpu, Promise<Browser>>();
const server = servePages(language => (language === "en" ? {} : longerTexts()));
const pageScript = build({ entryPoints: [resolve(import.meta.dirname, "pageSide.ts")], bundle: true, write: false, format: "iife", target: "es2022" }).then(({ outputFiles }) => outputFiles[0]!.text);
const open = new Set<View>();

// Every test checks this: a page that shows the right thing may still have been refused another.
afterEach(async () => {
  const views = [...open];
  await Promise.all(views.map(view => view.close()));
  expect(views.flatMap(({ faults }) => faults)).toEqual([]);
});

/** Opens a view as VS Code does, and waits until it shows what it has. */
export async function openView(id: ViewId, { checkpoint = "penguins", selection = new Int32Array(0), title, state = {}, width = 1000, height = 700, theme = "dark", language = "en", gpu = "webgl", prepare }: Opening = {}): Promise<View> {
  if (!browsers.has(gpu)) browsers.set(gpu, launchChromium({ gpu }));
  const [browser, { origin }, script, { engine, ...made }] = await Promise.all([browsers.get(gpu)!, server, pageScript, checkpoints()]);
  const t0 = performance.now(); const lap = (n: string) => process.stdout.write(`${n} ${Math.round(performance.now() - t0)}  `);
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(`thrown: ${error.stack ?? error.message}`));
  page.on("console", message => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("request", request => {
    if (!request.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(request.url())) faults.push(`asked for ${request.url()}`);
  });
  await page.exposeFunction("latentLensFault", (fault: string) => void faults.push(fault));

  const receivers: ((message: Message) => void)[] = [];
  await page.exposeFunction("latentLensPost", (text: string) => receivers.forEach(receive => receive(decode(text) as Message)));
  const host = new FakeHost({
    // A page that was closed or reloaded gets no answer, as in VS Code.
    post: message => void page.evaluate(text => window.latentLens.receive(text), encode(message)).catch(() => undefined),
    listen: receive => receivers.push(receive),
  }, engine, checkpoint && made[checkpoint], {
    checkpoint: checkpoint && { fileName: made[checkpoint].fileName, title: title ?? `${made[checkpoint].header.modelTitle} of ${made[checkpoint].header.dataset.name}`, header: made[checkpoint].header },
    selection, progress: null, trusted: true, comparisons: [], ...state,
  });
  prepare?.(host);
  // The theme is there before the page's module runs, which a document that is "interactive" waits for.
  const initialTheme = `addEventListener("readystatechange", () => document.readyState === "interactive" && latentLens.applyTheme(${JSON.stringify(themeOf(theme))}), true);`;
  await page.addInitScript({ content: `${script}\n${initialTheme}` });

  const view: View = {
    page, host, faults,
    find: selector => page.locator(selector),
    settled: () => settled(page, host),
    setTheme: async name => {
      await page.evaluate(variables => window.latentLens.applyTheme(variables), themeOf(name));
      await settled(page, host);
    },
    resize: async (newWidth, newHeight = height) => {
      await page.setViewportSize({ width: newWidth, height: newHeight });
      await settled(page, host);
    },
    close: async () => {
      open.delete(view);
      faults.push(...host.argsOf("report").map(([fault]) => `reported: ${String(fault)}`));
      await context.close();
    },
  };
  open.add(view);
  lap("prepared");
  await page.goto(`${origin}/${id}?language=${language}`);
  lap("gone");
  await view.settled();
  return view;
}

async function settled(page: Page, host: FakeHost): Promise<void> {
  for (let seen = -1; ;) {
    // Two frames: one in which elements react to an answer, one in which those inside them do.
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
    if (host.pending === 0 && host.calls.length === seen) return;
    seen = host.calls.length;
    await delay(10);
  }
}

/** Every text in brackets and half as long again, as other languages are; the placeholders stay. */
function longerTexts(): Record<string, string> {
  const english = Object.keys(JSON.parse(readFileSync(resolve(import.meta.dirname, "../../../l10n/bundle.l10n.json"), "utf8")));
  return Object.fromEntries(english.map(text => [text, `[${text}${" lorem".repeat(Math.ceil(text.length / 12))}]`]));
}
