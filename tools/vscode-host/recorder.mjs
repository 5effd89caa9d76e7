// What the pages of a VS Code window complained about and asked for: violations of a Content-Security-Policy, errors,
// requests. VS Code writes over a webview's document, which removes listeners inside it; so this listens outside.
import { isWebview } from "./workbench.mjs";

/** @param {import("playwright-core").BrowserContext} context @returns {Omit<import("./workbench.mjs").Recorder, "connections">} */
export function record(context) {
  const violations = [];
  const errors = [];
  const requests = [];
  context.on("console", message => {
    if (message.type() !== "error") return;
    const entry = { text: message.text(), url: message.location().url };
    if (/Content[ -]Security[ -]Policy/i.test(entry.text)) violations.push({ ...entry, webview: fromWebview(entry.url) });
    else errors.push({ ...entry, webview: fromWebview(entry.url) });
  });
  context.on("weberror", event => {
    const error = event.error();
    errors.push({ text: String(error.stack ?? error), url: "", webview: /\/fake\.html|webview/.test(String(error.stack)) });
  });
  context.on("request", request => {
    const entry = { url: request.url(), type: request.resourceType(), webview: false, external: isExternal(request.url()), status: "pending" };
    try {
      entry.webview = isWebview(request.frame());
    } catch {
      // a service worker's own request has no frame
    }
    requests.push(entry);
    void request.response().then(
      response => {
        entry.status = response ? String(response.status()) : `failed: ${request.failure()?.errorText}`;
        // Answered by VS Code's service worker inside the browser: such an address stands for a file.
        if (response?.fromServiceWorker()) entry.external = false;
      },
      () => (entry.status = "failed"),
    );
  });
  return {
    violations: () => violations,
    errors: () => errors,
    requests: () => requests,
    forget() {
      for (const list of [violations, errors, requests]) list.length = 0;
    },
  };
}

const fromWebview = url => /\/webview\/browser\/pre\/|^vscode-webview:|vscode-resource/.test(url);

/** Whether the address leads out of this machine. @param {string} url */
export function isExternal(url) {
  const { protocol, hostname } = new URL(url);
  return /^(https?|wss?):$/.test(protocol) && !["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}
