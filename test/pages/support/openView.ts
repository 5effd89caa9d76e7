import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";
import type { BrowserContext, ConsoleMessage, Locator, Page, Request } from "playwright-core";
import { expect } from "vitest";
import { launchChromium, type Gpu } from "../../../tools/vscode-host/chromium.mjs";
import type { Message } from "../../../src/protocol/rpc";
import type { ViewState } from "../../../src/protocol/viewApi";
import type { VisualizerId } from "../../../src/protocol/visualizers";
import { checkpointNames, checkpoints, type Checkpoint, type CheckpointName } from "./checkpoints";
import { FakeHost } from "./fakeHost";
import { servePages } from "./pageServer";
import type { ThemeName } from "./themes";
import { decode, encode } from "./wire";

export type ViewId = VisualizerId | "explorer";

export interface Opening {
  checkpoint?: CheckpointName | null;
  /** Selected rows when the page asks first. */
  selection?: Int32Array;
  /** The name that the user gave the checkpoint. */
  title?: string;
  state?: Partial<ViewState>;
  /** The maps beside its own; in the compare view all of the same rows unless given. */
  members?: CheckpointName[];
  width?: number;
  height?: number;
  theme?: ThemeName;
  /** `en`, or `xx` for texts half as long again. */
  language?: "en" | "xx";
  gpu?: Gpu;
  /** For tests that compare screenshots: two of the same page are then the same to the bit, at the price of a slower page. */
  screenshots?: boolean;
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

/** By GPU, and whether for screenshots. */
const browsers = new Map<string, Promise<Browser>>();
interface Browser {
  context: BrowserContext;
  /** Tabs whose view was closed, for the next one: a new tab is a new process. */
  tabs: Page[];
}
const server = servePages(language => (language === "en" ? {} : longerTexts()));
/** By a number that the page has in its address, so that nothing a tab did before is taken for what its next view does. */
const open = new Map<string, View & { receive(message: Message): void }>();
let openings = 0;

/** Closes all views. Fails with what went wrong in them: a page that shows the right thing may still have been refused another. */
export async function closeViews(): Promise<void> {
  const views = [...open.values()];
  await Promise.all(views.map(view => view.close()));
  expect(views.flatMap(({ faults }) => faults)).toEqual([]);
}

/** Opens a view as VS Code does, and waits until it shows what it has. */
export async function openView(id: ViewId, { checkpoint = "penguins", selection = new Int32Array(0), title, state = {}, members, width = 800, height = 560, theme = "dark", language = "en", gpu = "webgl", screenshots = false, prepare }: Opening = {}): Promise<View> {
  const browser = `${gpu} ${screenshots}`;
  if (!browsers.has(browser)) browsers.set(browser, startBrowser(gpu, screenshots));
  const [{ context, tabs }, { origin }, { engine, ...made }] = await Promise.all([browsers.get(browser)!, server, checkpoints()]);
  const opening = String(++openings);
  const page = tabs.pop() ?? (await context.newPage());
  await page.setViewportSize({ width, height });
  const faults: string[] = [];
  const stopWatching = watch(page, origin, faults);

  const beside = (members ?? (id === "compare" && checkpoint ? sameRows(made, checkpoint) : [])).map(name => made[name]);
  const receivers: ((message: Message) => void)[] = [];
  const host = new FakeHost({
    // A page that was closed or reloaded gets no answer, as in VS Code.
    post: message => void page.evaluate(([to, text]) => window.latentLens.receive(to, text), [opening, encode(message)] as const).catch(() => undefined),
    listen: receive => receivers.push(receive),
  }, engine, checkpoint && made[checkpoint], {
    checkpoint: checkpoint && { fileName: made[checkpoint].fileName, title: title ?? titleOf(made[checkpoint]), header: made[checkpoint].header },
    selection, progress: null, trusted: true, comparisons: [], ...state,
    members: state.members ?? beside.map((member, i) => ({ id: i + 1, fileName: member.fileName, title: title ?? titleOf(member), header: member.header, problem: "", progress: null })),
  }, beside);
  prepare?.(host);

  const view: View = {
    page, host, faults,
    find: selector => page.locator(selector),
    settled: () => settled(page, host),
    setTheme: async name => {
      await page.evaluate(theme => window.latentLens.applyTheme(theme), name);
      await settled(page, host);
    },
    resize: async (newWidth, newHeight = height) => {
      await page.setViewportSize({ width: newWidth, height: newHeight });
      await settled(page, host);
    },
    close: async () => {
      if (!open.delete(opening)) return;
      faults.push(...host.argsOf("report").map(([fault]) => `reported: ${String(fault)}`));
      stopWatching();
      await page.goto("about:blank"); // what still moves in it would be drawn beside the next view
      tabs.push(page);
    },
  };
  open.set(opening, { ...view, receive: message => receivers.forEach(receive => receive(message)) });
  await page.goto(`${origin}/${id}?${new URLSearchParams({ opening, language, theme })}`);
  await page.mouse.move(0, 0); // a tab that was used before lights up what the pointer was left on
  await view.settled();
  return view;
}

const titleOf = ({ header }: Checkpoint) => `${header.modelTitle} of ${header.dataset.name}`;

/** The other checkpoints of the same rows. */
function sameRows(made: Record<CheckpointName, Checkpoint>, checkpoint: CheckpointName): CheckpointName[] {
  const { dataset, schema } = made[checkpoint].header;
  return checkpointNames.filter(name => name !== checkpoint && made[name].header.dataset.fingerprint === dataset.fingerprint && made[name].header.schema.count === schema.count);
}

/** Notes what goes wrong in a page, until the returned function is called. */
function watch(page: Page, origin: string, faults: string[]): () => void {
  const thrown = (error: Error) => faults.push(`thrown: ${error.stack ?? error.message}`);
  const logged = (message: ConsoleMessage) => message.type() === "error" && faults.push(`console: ${message.text()}`);
  const asked = (request: Request) => (request.url().startsWith(`${origin}/`) || /^(data|blob):/.test(request.url())) || faults.push(`asked for ${request.url()}`);
  page.on("pageerror", thrown).on("console", logged).on("request", asked);
  return () => page.off("pageerror", thrown).off("console", logged).off("request", asked);
}

/** Keeps from a page that no GPU draws its WebGL, or the point cloud would draw with Canvas2D and its WebGL be left untested. */
function drawWithWebgl(): void {
  const { getExtension } = WebGL2RenderingContext.prototype as { getExtension(name: string): unknown };
  Object.assign(WebGL2RenderingContext.prototype, {
    getExtension(this: WebGL2RenderingContext, name: string) {
      return name === "WEBGL_debug_renderer_info" ? null : getExtension.call(this, name);
    },
  });
}

/** A browser for the views of all test files; each has a state of its own. */
async function startBrowser(gpu: Gpu, screenshots: boolean): Promise<Browser> {
  // A GPU in software that only puts the page together costs more than to do without it; but text may then differ by a shade.
  const context = await (await launchChromium({ gpu, args: screenshots ? [] : ["--disable-gpu-compositing"] })).newContext();
  await context.exposeFunction("latentLensPost", (opening: string, text: string) => open.get(opening)?.receive(decode(text) as Message));
  await context.exposeFunction("latentLensFault", (opening: string, fault: string) => void open.get(opening)?.faults.push(fault));
  const { outputFiles } = await build({ entryPoints: [resolve(import.meta.dirname, "pageSide.ts")], bundle: true, write: false, format: "iife", target: "es2022" });
  await context.addInitScript({ content: outputFiles[0]!.text });
  if (gpu !== "none") await context.addInitScript(drawWithWebgl);
  return { context, tabs: [] };
}

async function settled(page: Page, host: FakeHost): Promise<void> {
  for (;;) {
    const [calls, isIdle] = [host.calls.length, host.pending === 0];
    // Two frames: one in which elements react to an answer, one in which those inside them do. What they ask in them has
    // arrived here before the answer to this does.
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
    if (isIdle && host.calls.length === calls) return;
  }
}

/** Every text in brackets and half as long again, as other languages are; the placeholders stay. */
function longerTexts(): Record<string, string> {
  const english = Object.keys(JSON.parse(readFileSync(resolve(import.meta.dirname, "../../../l10n/bundle.l10n.json"), "utf8")));
  return Object.fromEntries(english.map(text => [text, `[${text}${" lorem".repeat(Math.ceil(text.length / 12))}]`]));
}
