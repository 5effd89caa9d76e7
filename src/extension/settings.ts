import { isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import type { BackendChoice } from "../protocol/engineApi";
import type { VisualizerId } from "../protocol/visualizers";

/** The settings by name; defaults live in package.json alone. */
export interface Settings {
  checkpointFolder: string;
  openWhenDone: Exclude<VisualizerId, "compare" | "training"> | "none";
  seed: number;
  backend: BackendChoice;
  gpuAdapter: string;
  threads: number;
  engineNodePath: string;
}

export function readSettings(scope?: vscode.Uri): Settings {
  const configuration = vscode.workspace.getConfiguration("latentLens", scope);
  const read = <K extends keyof Settings>(key: K) => configuration.get(key) as Settings[K];
  return {
    checkpointFolder: read("checkpointFolder").trim() || "latents",
    openWhenDone: read("openWhenDone"),
    seed: read("seed"),
    backend: read("backend"),
    gpuAdapter: read("gpuAdapter").trim(),
    threads: read("threads"),
    engineNodePath: read("engineNodePath").trim(),
  };
}

/** The folder where checkpoints of datasets in this workspace folder are kept. */
export function checkpointFolderOf(folder: vscode.WorkspaceFolder): string {
  const { checkpointFolder } = readSettings(folder.uri);
  return isAbsolute(checkpointFolder) ? checkpointFolder : join(folder.uri.fsPath, checkpointFolder);
}
