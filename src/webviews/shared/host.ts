import * as l10n from "@vscode/l10n";
import { connect, expose, type Message, type Port } from "../../protocol/rpc";
import type { ViewApi, ViewEvents } from "../../protocol/viewApi";

// The page's only way out: calls to the extension, events from it, state that survives being hidden.

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const vscode = acquireVsCodeApi();

const bundle = document.getElementById("l10n")?.textContent;
l10n.config({ contents: bundle ? (JSON.parse(bundle) as Record<string, string>) : {} });

const port: Port = {
  post: message => vscode.postMessage(message),
  listen: receive => window.addEventListener("message", event => receive(event.data as Message)),
};

/** The extension's answers to this page. */
export const host: ViewApi = connect<ViewApi>(port).remote;

window.addEventListener("error", event => void host.report(String((event.error as Error | undefined)?.stack ?? event.message)));
window.addEventListener("unhandledrejection", event => void host.report(String((event.reason as Error | undefined)?.stack ?? event.reason)));

type Listener = Partial<ViewEvents>;
const listeners = new Set<Listener>();
expose<ViewEvents>(port, {
  didSelect: rows => listeners.forEach(listener => listener.didSelect?.(rows)),
  didProgress: progress => listeners.forEach(listener => listener.didProgress?.(progress)),
  didProgressOf: (member, progress) => listeners.forEach(listener => listener.didProgressOf?.(member, progress)),
  didChangeState: state => listeners.forEach(listener => listener.didChangeState?.(state)),
});

/** Hears what the extension tells the page, until the returned function is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A localized text with its arguments put in; the English text is the key. */
export const t = l10n.t;

/** What the user arranged in this page; the engine's data is never kept here. */
export function readState<T>(key: string, fallback: T): T {
  const state = vscode.getState() as Record<string, T> | undefined;
  return state && Object.hasOwn(state, key) ? state[key]! : fallback;
}

export function hasState(key: string): boolean {
  return Object.hasOwn((vscode.getState() ?? {}) as object, key);
}

export function writeState(key: string, value: unknown): void {
  vscode.setState({ ...(vscode.getState() as object | undefined), [key]: value });
}
