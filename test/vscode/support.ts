import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as vscode from "vscode";
import { driver } from "./driver";
import { parseCheckpointHeader, parseHeaderLength, type CheckpointHeader } from "../../src/protocol/checkpointHeader";
import type { HyperparameterValues } from "../../src/protocol/data";

/** The workspace's folder. */
export const workspaceFolder = (): string => vscode.workspace.workspaceFolders![0]!.uri.fsPath;
export const inWorkspace = (...path: string[]): string => join(workspaceFolder(), ...path);

export const smallFit: HyperparameterValues = { latentDim: 2, hidden: [32], epochs: 3, batchSize: 64, patience: 0 };

/** Embeds without questions, as a task or a keybinding would; the checkpoint's file. */
export async function embed(path: string, model: string, hyperparameters: HyperparameterValues = {}): Promise<vscode.Uri> {
  const uri = await vscode.commands.executeCommand<vscode.Uri | undefined>("latentLens.embedDataset", { path: inWorkspace(path), model, hyperparameters });
  assert(uri, `${model} of ${path} gave no checkpoint`);
  return uri;
}

/** Waits until `condition` gives something that is not false or undefined. */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeout = 90_000): Promise<Exclude<NonNullable<T>, false | "" | 0>> {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<NonNullable<T>, false | "" | 0>;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`);
    await delay(50);
  }
}

export async function headerOf(uri: vscode.Uri): Promise<CheckpointHeader> {
  const file = await open(uri.fsPath, "r");
  try {
    const { size } = await file.stat();
    const first = Buffer.alloc(8);
    await file.read(first, 0, 8, 0);
    const length = parseHeaderLength(first, size);
    const text = Buffer.alloc(length);
    await file.read(text, 0, length, 8);
    return parseCheckpointHeader(text.toString(), size - 8 - length);
  } finally {
    await file.close();
  }
}

export async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}

/** The view types of the open Latent Lens tabs. */
export function openViews(): string[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.flatMap(({ input }) => (input instanceof vscode.TabInputCustom ? [input.viewType] : [])));
}

/** Process ids of the engines that this extension host started. */
export function engines(): number[] {
  const lines = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n").map(line => line.trim().split(/\s+/));
  return lines.filter(([, parent, ...args]) => Number(parent) === process.pid && args.some(argument => argument.endsWith("engine.js"))).map(([pid]) => Number(pid));
}

/** Ends what a failed test left running, which would keep the next one waiting. */
export function endEngine(): void {
  for (const pid of engines()) process.kill(pid, "SIGKILL");
}

/** The rows of the open quick pick in full: label, description and detail. */
export const questions = (): Promise<string[]> => driver.texts(".quick-input-list .monaco-list-row");

/** Waits for a row of the open quick pick that holds all the words, and returns it. */
export function question(...words: string[]): Promise<string> {
  return until(`a question with ${words.join(", ")}`, async () => (await questions()).find(row => words.every(word => row.includes(word))));
}

/** Clicked, it makes room for the tree: rows beyond its edge are not in the page. */
export const explorerHeader = ".pane-header[aria-label^='Latent Explorer']";

/** Parts of the views, as the driver finds them. */
export const view = {
  scatter: (selector?: string) => ({ webview: "latent-scatter", ...(selector ? { selector } : {}) }),
  compare: (selector?: string) => ({ webview: "latent-compare", ...(selector ? { selector } : {}) }),
  reconstructions: (selector?: string) => ({ webview: "latent-reconstructions", ...(selector ? { selector } : {}) }),
  traversal: (selector?: string) => ({ webview: "latent-traversal", ...(selector ? { selector } : {}) }),
  training: (selector?: string) => ({ webview: "latent-training", ...(selector ? { selector } : {}) }),
  explorer: (selector?: string) => ({ webview: "latent-explorer", ...(selector ? { selector } : {}) }),
};
