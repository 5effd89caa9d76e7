import { basename } from "node:path";
import * as vscode from "vscode";
import type { VisualizerId } from "../../protocol/visualizers";
import { LatentError } from "../../protocol/errors";
import { titleOf, type CheckpointFile } from "../checkpoints";
import { formatLoss } from "../format";
import { back, pickOne } from "../quickInput";
import type { Services } from "../services";

// What a command was called on. Menus hand over tree elements or Uris, keybindings and the palette nothing.

/** Something that stands for a file: a tree element. */
interface HasUri {
  uri: vscode.Uri;
}

/** The file that a menu's argument means, if it means one. */
export function uriOf(target: unknown): vscode.Uri | undefined {
  if (target instanceof vscode.Uri) return target;
  const uri = (target as Partial<HasUri> | undefined)?.uri;
  return uri instanceof vscode.Uri ? uri : undefined;
}

/** The checkpoint a command is about: its argument, the active Latent Lens editor, or one picked from all. */
export async function checkpointOf(services: Services, target: unknown, accepts: (file: CheckpointFile) => boolean = () => true): Promise<CheckpointFile> {
  const given = uriOf(target) ?? activeCheckpoint();
  if (given) return services.checkpoints.at(given);
  return pickCheckpoint(services, vscode.l10n.t("Checkpoint"), accepts);
}

/** Lets the user pick one of the workspace's checkpoints. */
export async function pickCheckpoint(services: Services, placeholder: string, accepts: (file: CheckpointFile) => boolean): Promise<CheckpointFile> {
  const files = (await services.checkpoints.all()).filter(accepts);
  if (files.length === 0) throw new LatentError("bad-request", vscode.l10n.t("There is no such checkpoint yet. Embed a dataset first."));
  const items = files.map(file => ({
    label: titleOf(file),
    description: file.header ? `${file.header.dataset.name} · ${vscode.l10n.t(file.header.modelTitle)}` : vscode.l10n.t("broken"),
    detail: file.header ? Object.entries(file.header.metrics).map(([name, value]) => `${vscode.l10n.t(name)} ${formatLoss(value)}`).join(" · ") : file.problem,
    file,
  }));
  const picked = await pickOne({ title: "Latent Lens", placeholder, items });
  if (picked === back) throw new LatentError("cancelled", "Cancelled.");
  return picked.file;
}

/** The checkpoint of the active Latent Lens editor; of the view `id` alone when that is given. */
export function activeCheckpoint(id = ""): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType.startsWith(`latentLens.${id}`) ? input.uri : undefined;
}

/** The header of a readable checkpoint; throws `bad-checkpoint` with the reason for a broken one. */
export function headerOf(file: CheckpointFile) {
  if (!file.header) throw new LatentError("bad-checkpoint", `${basename(file.uri.fsPath)}: ${file.problem}`);
  return file.header;
}

/** Opens a view on a checkpoint: in the group where Latent Lens views are, else beside the code. */
export async function openVisualizer(uri: vscode.Uri, id: VisualizerId, { preserveFocus }: { preserveFocus: boolean }): Promise<void> {
  const viewColumn = columnOfViews() ?? (vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active);
  await vscode.commands.executeCommand("vscode.openWith", uri, `latentLens.${id}`, { viewColumn, preserveFocus, preview: false });
}

function columnOfViews(): vscode.ViewColumn | undefined {
  const group = vscode.window.tabGroups.all.find(({ tabs }) => tabs.some(({ input }) => input instanceof vscode.TabInputCustom && input.viewType.startsWith("latentLens.")));
  return group?.viewColumn;
}
