import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import { LatentError } from "../../protocol/errors";
import { embeddableFile } from "../embeddable";
import { back, pickOne } from "../quickInput";

/** What a dataset is picked for: the question's title, and the button of the dialog. */
export interface Purpose {
  title: string;
  verb: string;
}

/** Lets the user pick a dataset: those found in the workspace first, then a dialog. Escape throws `cancelled`. */
export async function pickDataset(purpose: Purpose = { title: vscode.l10n.t("Embed Dataset"), verb: vscode.l10n.t("Embed") }): Promise<vscode.Uri> {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
  const openFile = tab?.input instanceof vscode.TabInputText || tab?.input instanceof vscode.TabInputCustom ? tab.input.uri : undefined;
  const found = await vscode.workspace.findFiles("**/{*.idx,*.idx.gz,*ubyte,*ubyte.gz,*.npy,*.npz,*.csv,*.tsv}", "**/{node_modules,.git}/**", 200);
  const first = openFile && embeddableFile.test(basename(openFile.fsPath)) ? [openFile] : [];
  const uris = [...first, ...found.filter(uri => uri.fsPath !== first[0]?.fsPath).sort((a, b) => a.fsPath.localeCompare(b.fsPath))];
  const items = uris.map(uri => ({ label: `$(file) ${basename(uri.fsPath)}`, description: folderOf(uri), uri, browse: "" }));
  const picked = await pickOne({
    title: purpose.title, placeholder: vscode.l10n.t("A dataset of this workspace, or any other"),
    items: [
      ...items,
      { label: "", kind: vscode.QuickPickItemKind.Separator },
      { label: `$(folder-opened) ${vscode.l10n.t("Browse for a file…")}`, browse: "file" },
      { label: `$(file-media) ${vscode.l10n.t("Browse for a folder of images…")}`, browse: "folder" },
    ] as { label: string; browse: string; uri?: vscode.Uri }[],
  });
  if (picked === back) throw new LatentError("cancelled", "Cancelled.");
  if (picked.uri) return picked.uri;
  const [chosen] = (await vscode.window.showOpenDialog({
    canSelectFiles: picked.browse === "file", canSelectFolders: picked.browse === "folder", openLabel: purpose.verb,
    ...(picked.browse === "file" ? { filters: { [vscode.l10n.t("Datasets")]: ["npy", "npz", "csv", "tsv", "idx", "gz"], [vscode.l10n.t("All files")]: ["*"] } } : {}),
  })) ?? [];
  if (!chosen) throw new LatentError("cancelled", "Cancelled.");
  return chosen;
}

/** The folder of a file as the workspace names it; "" for what lies in the workspace's own folder. */
function folderOf(uri: vscode.Uri): string {
  const folder = dirname(vscode.workspace.asRelativePath(uri));
  return folder === "." ? "" : folder;
}
