/**
 * Drives the window that the test runs in, from inside its extension host: clicks, keys, webviews, screenshots. The page is
 * on the other side of a socket, so everything here is a request to the runner, which carries it out with Playwright.
 */
import { request } from "node:http";
import type { Browser, BrowserContext, Frame, Page } from "playwright-core";
import type { Recorder, Workbench } from "../../tools/vscode-host/workbench.mjs";

export type { PageMessage, PageRequest, Target } from "../../tools/vscode-host/workbench.mjs";

/** What a function given to `driver.run` receives. */
export interface DriverTools {
  page: Page;
  context: BrowserContext;
  browser: Browser;
  /** The frame of the webview on screen that holds something matching `marker`. */
  webview(marker: string, options?: { nth?: number; timeout?: number }): Promise<Frame>;
  vscode: Workbench;
  recorder: Recorder;
}

/** Methods that answer with data; those that answer with a frame or a locator are for `driver.run`. */
type Remote<T> = {
  [K in Exclude<keyof T, "page" | "webview" | "locate" | "treeRow" | "explorerRow">]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

interface RunOwn {
  /**
   * Runs a function beside the page, with all of Playwright. Its source is sent, so it sees its two parameters and nothing
   * from around it; `argument` and the answer travel as JSON.
   */
  run<R, A = undefined>(action: (tools: DriverTools, argument: A) => Promise<R> | R, argument?: A): Promise<R>;
  /** Runs a function inside the webview that `marker` finds, as its page's own code would run. */
  evaluate<R, A = undefined>(marker: string, action: (argument: A) => Promise<R> | R, argument?: A): Promise<R>;
  /** Tells the runner's console something, in order with the test results. */
  report(event: Record<string, unknown>): Promise<void>;
}

const own: RunOwn = {
  run: (action, argument) => send({ source: String(action), argument }),
  evaluate: (marker, action, argument) =>
    send({
      source: String(async (tools: DriverTools, [at, source, value]: [string, string, unknown]) =>
        (await tools.webview(at)).evaluate(
          // Not in the page, whose Content-Security-Policy forbids to make code of a text: Playwright evaluates the function.
          new Function(`return (${source})`)() as (value: unknown) => unknown,
          value,
        ),
      ),
      argument: [marker, String(action), argument],
    }),
  report: event => send({ report: event }),
};

/** The window's driver: the methods of `Workbench` and `Recorder`, and `run` for everything else. */
export const driver = new Proxy(own, {
  get: (target, method) =>
    method in target
      ? target[method as keyof RunOwn]
      : method === "then"
        ? undefined
        : (...args: unknown[]) => send({ on: recorderMethods.has(String(method)) ? "recorder" : "vscode", method, args }),
}) as RunOwn & Remote<Workbench> & Remote<Recorder>;

const recorderMethods = new Set<string>(["violations", "errors", "requests", "forget", "connections"] satisfies (keyof Recorder)[]);

/** Whether a runner is there to drive the window. */
export const hasDriver = process.env.LATENT_LENS_DRIVER !== undefined;

// Not fetch: VS Code replaces it and looks for proxies first.
function send<T>(command: object): Promise<T> {
  const address = process.env.LATENT_LENS_DRIVER;
  if (!address) return Promise.reject(new Error("no driver: start the suite with scripts/vscodeTest.mjs or scripts/testElectron.mjs"));
  // Made here, so that the stack names the line of the test.
  const failure = new Error();
  return new Promise((resolve, reject) => {
    const call = request(address, { method: "POST" }, response => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => (body += part));
      response.on("end", () => {
        const answer = JSON.parse(body) as { value: T; error?: string };
        if (answer.error === undefined) return resolve(answer.value);
        const calls = failure.stack?.split("\n").filter(line => /^\s+at (?!send |Proxy)/.test(line)) ?? [];
        failure.message = answer.error;
        failure.stack = [`Error: ${answer.error}`, ...calls].join("\n");
        reject(failure);
      });
    });
    call.on("error", reject);
    call.end(JSON.stringify(command));
  });
}
