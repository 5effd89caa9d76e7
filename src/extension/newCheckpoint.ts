import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { checkpointExtension } from "../protocol/checkpointHeader";
import type { Services } from "./services";
import { checkpointFolderOf } from "./settings";

/** Where a new fit of a model to a dataset is kept; nothing is there, and no run writes there. */
export async function newCheckpointFor(services: Services, datasetPath: string, model: string): Promise<vscode.Uri> {
  const folder = await checkpointFolderFor(services, datasetPath);
  const running = new Set(services.runs.all.map(run => run.checkpoint.fsPath));
  return vscode.Uri.file(freePath(folder, datasetPath, model, path => running.has(path) || existsSync(path)));
}

/** The workspace's own checkpoint folder, or one beside a dataset that lies outside the workspace. */
async function checkpointFolderFor(services: Services, datasetPath: string): Promise<string> {
  const workspace = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(datasetPath)) ?? vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file");
  if (workspace) return checkpointFolderOf(workspace);
  const folder = join(dirname(datasetPath), "latents");
  await services.checkpoints.addFolder(folder);
  return folder;
}

/** `<dataset>-<model>-<number>`, the first number that is free; endings that only name a format are left out. */
function freePath(folder: string, datasetPath: string, model: string, isTaken: (path: string) => boolean): string {
  const name = basename(datasetPath).replace(/\.(csv|tsv|npy|npz|gz|idx)$/i, "").replace(/[-.]idx\d-?ubyte$|[-.]ubyte$/i, "");
  const dataset = name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60) || "dataset";
  for (let number = 1; ; number++) {
    const path = join(folder, `${dataset}-${model}-${number}${checkpointExtension}`);
    if (!isTaken(path)) return path;
  }
}
