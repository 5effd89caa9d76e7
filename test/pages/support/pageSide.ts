import { decode, encode } from "./wire";
import type { Theme } from "./themes";
import { audit } from "./audit";

// Runs in the page before anything else, as VS Code's own script does in a webview: gives it the API, the state that
// survives it, the theme; and notes what the policy refused.

declare global {
  interface Window {
    /** Playwright's: to the test. */
    latentLensPost(message: string): Promise<void>;
    latentLensFault(fault: string): Promise<void>;
    /** From the test. */
    latentLens: { receive(message: string): void; applyTheme(theme: Theme): void; audit: typeof audit };
    acquireVsCodeApi(): unknown;
  }
}

const stateKey = "state of the webview";

/** VS Code's own style sheet for webviews, as far as it touches ours. It has a layer: page.css has the last word. */
const hostStyles = `@layer host {
  body { background: transparent; color: var(--vscode-editor-foreground); font: var(--vscode-font-weight) var(--vscode-font-size) var(--vscode-font-family); margin: 0; padding: 0 20px; }
  ::-webkit-scrollbar { width: 10px; height: 10px; }
  ::-webkit-scrollbar-thumb { background: var(--vscode-scrollbarSlider-background); }
}`;

let acquired = false;
window.acquireVsCodeApi = () => {
  if (acquired) throw new Error("the API was acquired before");
  acquired = true;
  return {
    postMessage: (message: unknown) => void window.latentLensPost(encode(message)),
    getState: () => JSON.parse(sessionStorage.getItem(stateKey) ?? "null") ?? undefined,
    setState: (state: unknown) => sessionStorage.setItem(stateKey, JSON.stringify(state)),
  };
};

const applyTheme = ({ bodyClass, variables }: Theme) => {
  document.body.className = bodyClass;
  for (const [name, value] of Object.entries(variables)) {
    if (value === "") document.documentElement.style.removeProperty(name);
    else document.documentElement.style.setProperty(name, value);
  }
};

window.latentLens = { receive: message => window.postMessage(decode(message), "*"), applyTheme, audit };

document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
  void window.latentLensFault(`refused by ${violatedDirective}: ${blockedURI} at ${sourceFile}:${lineNumber}`);
});

const sheet = new CSSStyleSheet();
sheet.replaceSync(hostStyles);
document.adoptedStyleSheets = [sheet];
