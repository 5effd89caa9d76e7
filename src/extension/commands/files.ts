import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { visualizersOf } from "../../protocol/visualizers";
import { titleOf } from "../checkpoints";
import { back, inputText, pickOne } from "../quickInput";
import type { CommandHandler } from "./command";
import { checkpointOf, headerOf } from "./target";

/** Rename…: the name shown for the checkpoint; the file keeps its own. */
export const renameCheckpoint: CommandHandler = async (services, target) => {
  const file = await checkpointOf(services, target, ({ header }) => header !== null);
  headerOf(file);
  const name = await inputText({
    title: vscode.l10n.t("Rename {0}", titleOf(file)), prompt: vscode.l10n.t("Name to show; empty shows the file's name"), value: file.header?.name ?? "",
    validate: text => (text.length > 200 ? vscode.l10n.t("At most {0} characters", 200) : undefined),
  });
  if (name === back) return;
  await services.engine.remote.rename(file.uri.fsPath, name.trim());
  services.checkpoints.refresh();
};

/** Export Latents…: all rows' latents as .npy or .csv. */
export const exportLatents: CommandHandler = async (services, target) => {
  const file = await checkpointOf(services, target, ({ header }) => header !== null && visualizersOf(header).includes("scatter"));
  headerOf(file);
  const format = await pickOne({
    title: vscode.l10n.t("Export Latents of {0}", titleOf(file)), placeholder: vscode.l10n.t("Format"),
    items: [
      { label: ".npy", detail: vscode.l10n.t("for numpy: float32, one row each"), format: "npy" as const },
      { label: ".csv", detail: vscode.l10n.t("with row number, name and label"), format: "csv" as const },
    ],
  });
  if (format === back) return;
  const suggested = vscode.Uri.file(join(dirname(file.uri.fsPath), `${basename(file.uri.fsPath).split(".latent.")[0]}-latents.${format.format}`));
  const place = await vscode.window.showSaveDialog({ defaultUri: suggested, filters: { [format.label]: [format.format] } });
  if (!place) return;
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t("Exporting latents"), cancellable: true }, async (_, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    await services.engine.remote.exportLatents(file.uri.fsPath, { format: format.format, target: place.fsPath }, abort.signal);
  });
  const open = vscode.l10n.t("Show");
  void vscode.window.showInformationMessage(vscode.l10n.t("Latents written to {0}.", basename(place.fsPath)), open).then(chosen => chosen && vscode.commands.executeCommand("revealInExplorer", place));
  return place;
};

/** Locate Dataset…: tells a checkpoint where its dataset lies now. */
export const locateDataset: CommandHandler = async (services, target) => {
  const file = await checkpointOf(services, target, ({ header }) => header !== null);
  const header = headerOf(file);
  const isFolder = header.dataset.source.reader === "imageFolder";
  const [place] = (await vscode.window.showOpenDialog({ canSelectFiles: !isFolder, canSelectFolders: isFolder, openLabel: vscode.l10n.t("Use as {0}", header.dataset.name) })) ?? [];
  if (!place) return;
  await services.engine.remote.locateDataset(file.uri.fsPath, place.fsPath);
  services.checkpoints.refresh();
};

/** Reveal File: in the Explorer when it lies in the workspace, else in the system's file manager. */
export const revealCheckpoint: CommandHandler = async (services, target) => {
  const { uri } = await checkpointOf(services, target);
  await vscode.commands.executeCommand(vscode.workspace.getWorkspaceFolder(uri) ? "revealInExplorer" : "revealFileInOS", uri);
};

/** Delete: to the trash where the file system has one. */
export const deleteCheckpoint: CommandHandler = async (services, target) => {
  const file = await checkpointOf(services, target);
  const remove = vscode.l10n.t("Delete");
  const chosen = await vscode.window.showWarningMessage(vscode.l10n.t("Delete the checkpoint {0}?", titleOf(file)), { modal: true, detail: vscode.l10n.t("The file goes to the trash.") }, remove);
  if (chosen !== remove) return;
  const run = services.runs.at(file.uri);
  if (run) await services.runs.end(run); // its last save would bring the file back
  if (services.engine.isRunning) await services.engine.remote.release(file.uri.fsPath);
  try {
    await vscode.workspace.fs.delete(file.uri, { useTrash: true });
  } catch {
    const forever = vscode.l10n.t("Delete Permanently");
    const again = await vscode.window.showWarningMessage(vscode.l10n.t("There is no trash here. Delete {0} permanently?", titleOf(file)), { modal: true }, forever);
    if (again !== forever) return;
    await vscode.workspace.fs.delete(file.uri, { useTrash: false });
  }
  services.checkpoints.refresh();
};

/** Refresh Checkpoints: looks at the folders again. */
export const refreshCheckpoints: CommandHandler = async services => services.checkpoints.refresh();
