// The contract of workbench.mjs and recorder.mjs: the tests inside VS Code see these methods through a driver.
import type { Frame, Locator, Page } from "playwright-core";

/**
 * Something on screen: a Playwright selector in VS Code's own page, or one inside a webview. `webview` is a selector too,
 * of anything that this webview alone shows, such as its root element; open shadow roots are looked into. Without
 * `selector` the target is what `webview` matches; `nth` chooses among several webviews that match.
 */
export type Target = string | { webview: string; selector?: string; nth?: number };
export interface ClickOptions { modifiers?: ("Alt" | "Control" | "Meta" | "Shift")[]; position?: { x: number; y: number }; clickCount?: number; force?: boolean; timeout?: number }
/** A place in an element, as parts of its width and height; the middle is the default. */
export interface Place { x: number; y: number }

/** What can be done in a VS Code window. Waits up to 20 seconds for what it needs. */
export interface Workbench {
  click(target: Target, options?: ClickOptions): Promise<void>;
  doubleClick(target: Target, options?: ClickOptions): Promise<void>;
  rightClick(target: Target, options?: ClickOptions): Promise<void>;
  hover(target: Target, options?: Omit<ClickOptions, "clickCount">): Promise<void>;
  /** With the mouse, from one thing to another, or from one place in a thing to another. */
  drag(from: Target, to: Target, options?: { fromAt?: Place; toAt?: Place; steps?: number }): Promise<void>;
  /** A key or a combination, as Playwright names them ("Shift+ArrowRight"), in `target` or where the focus is. */
  press(keys: string, target?: Target): Promise<void>;
  type(text: string): Promise<void>;
  /** Sets a text field, a slider (`<input type=range>`) or a select, with the events that a person causes. */
  setInput(target: Target, value: string | number): Promise<void>;
  text(target: Target): Promise<string>;
  /** The texts of all that match. */
  texts(target: Target): Promise<string[]>;
  attribute(target: Target, name: string): Promise<string | null>;
  count(target: Target): Promise<number>;
  waitFor(target: Target, options?: { state?: "visible" | "hidden" | "attached" | "detached"; text?: string; timeout?: number }): Promise<void>;
  /** Writes a PNG of the window, or of one thing in it, and returns its path. */
  screenshot(name: string, target?: Target): Promise<string>;

  /** Waits until the window is there. */
  ready(): Promise<void>;
  /** Runs a command by the title it has in the command palette. */
  runCommand(title: string): Promise<void>;
  /** Chooses a row of the open quick pick by its label. */
  pick(label: string): Promise<void>;
  quickPickItems(): Promise<string[]>;
  /** Fills the open input box and accepts it. */
  answer(value: string | number): Promise<void>;
  /** Opens a view container by its title in the activity bar. */
  showView(title: string): Promise<void>;
  /** Right-clicks a file, by its path in the workspace, and chooses from the menu. Answers what the menu offers. */
  rightClickInExplorer(file: string, ...menu: string[]): Promise<string[]>;
  /** Right-clicks a row of the tree that the side bar shows, and chooses from the menu. Answers what the menu offers. */
  rightClickInTree(label: string, ...menu: string[]): Promise<string[]>;
  /** The enabled entries of the open context menu. */
  menuItems(): Promise<string[]>;
  openFile(file: string): Promise<void>;
  setTheme(theme: string): Promise<void>;
  setViewport(width: number, height: number): Promise<void>;
  /** The texts in the notification center (tests see no toasts: VS Code hides them). */
  notifications(): Promise<string[]>;

  // Of use only where the page is: in driver.run and in the scenes of the screenshots.
  page: Page;
  webview(marker: string, options?: { nth?: number; timeout?: number }): Promise<Frame>;
  locate(target: Target, timeout?: number): Promise<Locator>;
  treeRow(label: string): Promise<Locator>;
  explorerRow(file: string): Promise<Locator>;
}

export interface PageMessage { text: string; url: string; /** from a webview, not from VS Code's own page */ webview: boolean }
export interface PageRequest { url: string; type: string; webview: boolean; /** leads out of this machine */ external: boolean; status: string }

/** A connection that a Node process (server, extension host, engine) opened to the outside, or a name it looked up. */
export interface ProcessConnection { pid: number; /** its command line */ process: string; host: string; port: number | string; stack: string }

/** What the pages complained about and asked for since the start, or since `forget`. */
export interface Recorder {
  violations(): PageMessage[];
  errors(): PageMessage[];
  requests(): PageRequest[];
  /** Of all processes since the start. VS Code itself may be among them: look at `process` and `stack`. */
  connections(): ProcessConnection[];
  /** Empties the lists of the pages. */
  forget(): void;
}

export function createWorkbench(page: Page, options?: { screenshotDir?: string }): Workbench;
export function isWebview(frame: Frame): boolean;
