import { basename } from "node:path";
import * as vscode from "vscode";
import { canPlaceIn } from "../../protocol/checkpointHeader";
import type { DatasetSource } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import { titleOf, type CheckpointFile } from "../checkpoints";
import { localized } from "../localized";
import { whileBusy } from "../quickInput";
import { describeProgress } from "../runs";
import type { Services } from "../services";
import { requireFile, requireTrust } from "./embedDataset";
import { askReading } from "./embedFlow";
import { pickDataset } from "./pickDataset";
import { activeCheckpoint, headerOf, openVisualizer, pickCheckpoint, uriOf } from "./target";

/** Everything that the questions would ask, for tasks, keybindings and other extensions. */
export interface PlaceArguments {
  /** The map's checkpoint file. */
  map: string;
  /** The dataset whose rows are placed. */
  path: string;
  /** How it is read; as the map's own dataset where that is left out. */
  choices?: DatasetSource["choices"];
}

/** Place Rows in Map…: asks for a dataset, places its rows, shows the map. Resolves with the map's Uri. */
export async function placeRows(services: Services, target?: unknown): Promise<vscode.Uri> {
  requireTrust();
  const given = isPlaceArguments(target) ? target : undefined;
  const file = given ? await services.checkpoints.at(vscode.Uri.file(given.map)) : await mapOf(services, target);
  checkMap(file);
  const title = vscode.l10n.t("Place Rows in {0}", titleOf(file));
  const dataset = given ? vscode.Uri.file(given.path) : await pickDataset({ title, verb: vscode.l10n.t("Place") });
  requireFile(dataset);
  const look = (choices: DatasetSource["choices"] | null, signal?: AbortSignal) => services.engine.remote.inspectFor(file.uri.fsPath, { path: dataset.fsPath, choices }, signal);
  const found = await whileBusy(title, vscode.l10n.t("Reading {0}…", basename(dataset.fsPath)), signal => look(given?.choices ?? null, signal)).then(localized);
  const { source } = given ? found : await askReading(title, found, look);
  await place(services, file, source);
  services.checkpoints.refresh();
  await openVisualizer(file.uri, "scatter", { preserveFocus: false });
  return file.uri;
}

/** The menu's map, else that of the active view if it is one, else one picked from those that take rows. */
async function mapOf(services: Services, target: unknown): Promise<CheckpointFile> {
  const given = uriOf(target);
  if (given) return services.checkpoints.at(given);
  const active = activeCheckpoint();
  const shown = active && (await services.checkpoints.at(active));
  if (shown?.header && canPlaceIn(shown.header)) return shown;
  const maps = (await services.checkpoints.all()).filter(({ header }) => header && canPlaceIn(header));
  if (maps.length === 0) throw new LatentError("bad-request", vscode.l10n.t("There is no map yet that rows could be placed in. Embed a dataset with t-SNE, UMAP or MDS first."));
  return pickCheckpoint(services, vscode.l10n.t("The map that rows are placed in"), ({ header }) => header !== null && canPlaceIn(header));
}

/** Says at once what the engine would say after all questions. */
function checkMap(file: CheckpointFile): void {
  const header = headerOf(file);
  if (canPlaceIn(header)) return;
  const name = titleOf(file);
  if (!header.capabilities.includes("map")) throw new LatentError("bad-request", vscode.l10n.t("{0} is no map. Rows are placed in maps by t-SNE, UMAP or MDS.", name));
  if (header.state !== "complete") throw new LatentError("bad-request", vscode.l10n.t("{0} was stopped, and would move when it is resumed. Resume it first, then place the rows.", name));
  throw new LatentError("bad-request", vscode.l10n.t("{0} is a map of distances. New rows have no place in it, since their distances to its rows are not known.", name));
}

let lastId = 0;

async function place(services: Services, file: CheckpointFile, source: DatasetSource): Promise<void> {
  const runId = `place ${++lastId}`;
  const title = vscode.l10n.t("Placing {0} in {1}", basename(source.path), titleOf(file));
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (notification, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    let shown = 0;
    const follow = services.engine.onDidProgress(({ runId: id, progress }) => {
      if (id !== runId) return;
      const percent = 100 * progress.fraction;
      notification.report({ message: describeProgress(progress), increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    });
    try {
      await services.engine.remote.place({ runId, path: file.uri.fsPath, source }, abort.signal);
    } finally {
      follow.dispose();
    }
  });
}

function isPlaceArguments(target: unknown): target is PlaceArguments {
  const candidate = target as Partial<PlaceArguments> | undefined;
  return typeof candidate === "object" && candidate !== null && typeof candidate.map === "string" && typeof candidate.path === "string" && !(target instanceof vscode.Uri);
}
