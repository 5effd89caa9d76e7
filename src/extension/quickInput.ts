import * as vscode from "vscode";
import { LatentError } from "../protocol/errors";

// Quick picks and input boxes as promises that know a Back button. Leaving one with Escape throws `cancelled`, which the
// command wrapper keeps silent.

export const back = Symbol("back");

export interface PickOptions<T extends vscode.QuickPickItem> {
  title: string;
  placeholder: string;
  items: readonly (T | vscode.QuickPickItem)[];
  /** The item that Enter takes. */
  active?: T;
  step?: [current: number, total: number];
  canGoBack?: boolean;
}

/** One item, or `back`. Separators and items without the caller's own fields cannot be picked. */
export async function pickOne<T extends vscode.QuickPickItem>(options: PickOptions<T>): Promise<T | typeof back> {
  const [picked] = await show(options, false);
  return picked === back ? back : (picked as T);
}

/** Any number of items, or `back`. */
export async function pickMany<T extends vscode.QuickPickItem>(options: Omit<PickOptions<T>, "active"> & { selected: T[] }): Promise<T[] | typeof back> {
  const picked = await show(options, true);
  return picked[0] === back ? back : (picked as T[]);
}

async function show<T extends vscode.QuickPickItem>(options: PickOptions<T> & { selected?: T[] }, many: boolean): Promise<(T | typeof back)[]> {
  const pick = vscode.window.createQuickPick<T>();
  pick.title = options.title;
  pick.placeholder = options.placeholder;
  pick.canSelectMany = many;
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true; // looking something up in the editor must not throw the answers away
  pick.items = options.items as T[];
  if (options.step) [pick.step, pick.totalSteps] = options.step;
  if (options.canGoBack) pick.buttons = [vscode.QuickInputButtons.Back];
  if (options.active) pick.activeItems = [options.active];
  if (options.selected) pick.selectedItems = options.selected;
  try {
    return await new Promise((resolve, reject) => {
      pick.onDidAccept(() => {
        if (many) resolve([...pick.selectedItems]);
        // Enter on a search that finds nothing chooses nothing.
        else if (pick.selectedItems.length > 0) resolve(pick.selectedItems.slice(0, 1));
      });
      pick.onDidTriggerButton(button => button === vscode.QuickInputButtons.Back && resolve([back]));
      pick.onDidHide(() => reject(new LatentError("cancelled", "Cancelled.")));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}

export interface InputOptions {
  title: string;
  prompt: string;
  value: string;
  /** The problem with a value, or undefined. */
  validate(value: string): string | undefined;
  canGoBack?: boolean;
}

/** A line of text that passes `validate`, or `back`. */
export async function inputText({ title, prompt, value, validate, canGoBack }: InputOptions): Promise<string | typeof back> {
  const box = vscode.window.createInputBox();
  box.title = title;
  box.prompt = prompt;
  box.value = value;
  box.ignoreFocusOut = true;
  if (canGoBack) box.buttons = [vscode.QuickInputButtons.Back];
  try {
    return await new Promise((resolve, reject) => {
      box.onDidChangeValue(text => (box.validationMessage = validate(text)));
      box.onDidAccept(() => {
        box.validationMessage = validate(box.value);
        if (!box.validationMessage) resolve(box.value);
      });
      box.onDidTriggerButton(button => button === vscode.QuickInputButtons.Back && resolve(back));
      box.onDidHide(() => reject(new LatentError("cancelled", "Cancelled.")));
      box.show();
    });
  } finally {
    box.dispose();
  }
}

/** Shows a busy quick pick while `work` runs; Escape aborts the work. */
export async function whileBusy<T>(title: string, placeholder: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const pick = vscode.window.createQuickPick();
  pick.title = title;
  pick.placeholder = placeholder;
  pick.busy = true;
  pick.enabled = false;
  pick.ignoreFocusOut = true;
  const abort = new AbortController();
  const hidden = pick.onDidHide(() => abort.abort());
  // Most files answer before anyone could read this.
  const timer = setTimeout(() => pick.show(), 150);
  try {
    return await work(abort.signal);
  } finally {
    clearTimeout(timer);
    hidden.dispose();
    pick.dispose();
  }
}
