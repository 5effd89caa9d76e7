import { decode, encode } from "./wire";
import { themeOf, type ThemeName } from "./themes";
import { audit } from "./audit";

// Runs in the page before anything else, as VS Code's own script does in a webview: gives it the API, the state that
// survives it, the theme; and notes what the policy refused.

declare global {
  interface Window {
    /** Playwright's: to the test. */
    latentLensPost(opening: string, message: string): Promise<void>;
    latentLensFault(opening: string, fault: string): Promise<void>;
    /** From the test. */
    latentLens: { receive(opening: string, message: string): void; applyTheme(name: ThemeName): void; audit: typeof audit };
    acquireVsCodeApi(): unknown;
  }
}

/** The view that this page is; a tab shows one after the other. */
const parameters = new URLSearchParams(location.search);
const opening = parameters.get("opening")!;
const stateKey = `state of view ${opening}`;

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
    postMessage: (message: unknown) => void window.latentLensPost(opening, encode(message)),
    getState: () => JSON.parse(sessionStorage.getItem(stateKey) ?? "null") ?? undefined,
    setState: (state: unknown) => sessionStorage.setItem(stateKey, JSON.stringify(state)),
  };
};

const applyTheme = (name: ThemeName) => {
  const { bodyClass, variables } = themeOf(name);
  document.body.className = bodyClass;
  for (const [name, value] of Object.entries(variables)) {
    if (value === "") document.documentElement.style.removeProperty(name);
    else document.documentElement.style.setProperty(name, value);
  }
};

const receive = (to: string, message: string) => {
  // At once, not through a task of its own: what is asked of the page next comes after it.
  if (to === opening) window.dispatchEvent(new MessageEvent("message", { data: decode(message) }));
};

window.latentLens = { receive, applyTheme, audit };

// There before the page's module runs, which waits for the document to be "interactive".
document.addEventListener("readystatechange", () => {
  if (document.readyState === "interactive") applyTheme(parameters.get("theme") as ThemeName);
});

document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
  void window.latentLensFault(opening, `refused by ${violatedDirective}: ${blockedURI} at ${sourceFile}:${lineNumber}`);
});

const sheet = new CSSStyleSheet();
sheet.replaceSync(hostStyles);
document.adoptedStyleSheets = [sheet];
