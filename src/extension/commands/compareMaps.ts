import { basename } from "node:path";
import * as vscode from "vscode";
import { checkpointExtension } from "../../protocol/checkpointHeader";
import type { DatasetDescription, DatasetSource, HyperparameterValues, ModelDescription } from "../../protocol/data";
import { isCancelled, LatentError } from "../../protocol/errors";
import { maxMaps } from "../../protocol/viewApi";
import type { CheckpointFile } from "../checkpoints";
import { newCheckpointFor } from "../newCheckpoint";
import { describeProgress, runTitle } from "../runs";
import type { Services } from "../services";
import { readSettings } from "../settings";
import { formatCount } from "../format";
import { requireFile, requireTrust, rowsOf } from "./embedDataset";
import { pickDataset } from "./pickDataset";
import { inspect } from "./embedFlow";
import { activeCheckpoint, headerOf, openVisualizer, uriOf } from "./target";

/** A model whose map is compared, with what must be so of its hyperparameters; the others take their defaults. */
interface Recipe {
  model: string;
  hyperparameters: HyperparameterValues;
}

/** The maps that are compared, in the order in which they are drawn; a dataset's rows need not suit all of them. */
const recipes: readonly Recipe[] = [
  { model: "pca", hyperparameters: { whiten: false } },
  { model: "mds", hyperparameters: { dimensions: "2" } },
  { model: "tsne", hyperparameters: { dimensions: "2" } },
  { model: "autoencoder", hyperparameters: { latentDim: 2 } },
];

/** A map to compare: a checkpoint that is there, or that a run shall make. */
interface ComparedMap {
  uri: vscode.Uri;
  /** Undefined for a checkpoint that is there. */
  fit?: { title: string; recipe: Recipe };
}

/**
 * Compare Maps of This Dataset: finds or makes a checkpoint of each map and shows them side by side, as soon as the first is
 * there. Resolves with the checkpoint whose compare view it is.
 */
export async function compareMaps(services: Services, target?: unknown): Promise<vscode.Uri | undefined> {
  requireTrust();
  const given = uriOf(target) ?? activeCheckpoint();
  const { source, some } = await meant(services, given);
  const title = some ? vscode.l10n.t("Maps of {0} rows of {1}", formatCount(some.header!.schema.count), basename(source.path)) : vscode.l10n.t("Maps of {0}", basename(source.path));
  const description = await inspect(services, title, source);
  const maps = await mapsOf(services, description, some);
  const [first] = maps;
  if (!first) throw new LatentError("unsupported", vscode.l10n.t("no map can be made of {0}.", basename(source.path)));
  // Called from the compare view of another model of these rows, they are drawn there.
  const opened = given && activeCheckpoint("compare")?.fsPath === given.fsPath ? given : undefined;
  const toFit = maps.filter(({ fit }) => fit);
  const show = async () => {
    const place = opened ?? first.uri;
    for (const { uri } of maps) await addBeside(services, place, uri);
    if (!opened) await openVisualizer(place, "compare", { preserveFocus: false });
    return place;
  };
  if (toFit.length === 0) return show();
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (notification, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const follow = reportRuns(services, toFit.map(({ uri }) => uri.fsPath), notification);
    try {
      // The engine takes one after the other; what waits is in its place in the view already, and says so.
      const fits = new Map(toFit.map(map => [map, fit(services, description.source, map, some ? rowsOf(some) : {}, abort.signal)]));
      for (const fitting of fits.values()) fitting.catch(() => undefined); // its end is looked at below
      if (!opened) await fits.get(first);
      const place = await show();
      const ends = await Promise.allSettled(fits.values());
      await Promise.all(ends.map(async (end, i) => end.status === "rejected" && removeBeside(services, place, toFit[i]!.uri)));
      const failure = ends.find((end): end is PromiseRejectedResult => end.status === "rejected" && !isCancelled(end.reason));
      if (failure) throw failure.reason;
      return place;
    } finally {
      follow.dispose();
      services.checkpoints.refresh();
    }
  });
}

/**
 * The dataset that is meant: a checkpoint's own as it was read for it, a file as it was read last, or one that is picked; and `some`, the
 * checkpoint whose rows they are where these are not all.
 */
async function meant(services: Services, given: vscode.Uri | undefined): Promise<{ source: DatasetSource; some: CheckpointFile | null }> {
  if (given?.fsPath.endsWith(checkpointExtension)) {
    const file = await services.checkpoints.at(given);
    const { dataset, subset } = headerOf(file);
    return { source: dataset.source, some: subset ? file : null };
  }
  const uri = given ?? (await pickDataset());
  requireFile(uri);
  return { source: { path: uri.fsPath, choices: services.remembered.of(uri.fsPath)?.dataset ?? {} }, some: null };
}

/** The maps that can be had of a dataset, or of the rows of `some`: made before, or to be fitted. */
async function mapsOf(services: Services, description: DatasetDescription, some: CheckpointFile | null): Promise<ComparedMap[]> {
  const rows = some ? { fingerprint: headerOf(some).dataset.fingerprint, count: headerOf(some).schema.count } : { fingerprint: description.fingerprint, count: description.schema.count };
  const files = await services.checkpoints.all();
  const known = recipes.flatMap(recipe => {
    const model = description.models.find(({ id }) => id === recipe.model);
    return model ? [{ recipe, model }] : [];
  });
  return Promise.all(known.map(async ({ recipe, model }: { recipe: Recipe; model: ModelDescription }): Promise<ComparedMap> => {
    const made = files.find(file => isMade(file, recipe, description.source, rows) && !services.runs.at(file.uri));
    if (made) return { uri: made.uri };
    const path = description.source.path;
    return { uri: await newCheckpointFor(services, path, model.id), fit: { title: runTitle(model.title, path), recipe } };
  }));
}

/** True for a complete checkpoint of such a map of the rows themselves, read in the same way. */
function isMade({ header }: CheckpointFile, { model, hyperparameters }: Recipe, source: DatasetDescription["source"], { fingerprint, count }: { fingerprint: string; count: number }): boolean {
  if (header?.state !== "complete" || header.model !== model || header.basis || header.dataset.fingerprint !== fingerprint || header.schema.count !== count) return false;
  if (header.latent.dim < 2) return false;
  const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const { reader, choices } = header.dataset.source;
  return reader === source.reader && Object.entries(source.choices).every(([id, answer]) => isSame(choices[id], answer))
    && Object.entries(hyperparameters).every(([name, value]) => isSame(header.hyperparameters[name], value));
}

async function fit(services: Services, source: DatasetSource, { uri, fit: wanted }: ComparedMap, rows: ReturnType<typeof rowsOf>, signal: AbortSignal): Promise<void> {
  const { title, recipe: { model, hyperparameters } } = wanted!;
  await services.runs.start(title, { source, model, hyperparameters, seed: readSettings(uri).seed, checkpointPath: uri.fsPath, ...rows }, signal);
}

/** Tells the progress of several runs as one, in words that of the one under way. */
function reportRuns(services: Services, paths: string[], notification: vscode.Progress<{ message?: string; increment?: number }>): vscode.Disposable {
  const fractions = new Map<string, number>();
  let shown = 0;
  return services.runs.onDidChange(run => {
    const path = run.checkpoint.fsPath;
    if (!paths.includes(path) || !run.progress) return;
    fractions.set(path, services.runs.all.includes(run) ? run.progress.fraction : 1);
    const percent = [...fractions.values()].reduce((sum, fraction) => sum + (100 * fraction) / paths.length, 0);
    const message = run.progress.phase === "waiting" ? {} : { message: `${run.title}: ${describeProgress(run.progress)}` };
    notification.report({ ...message, increment: Math.max(0, percent - shown) });
    shown = Math.max(shown, percent);
  });
}

/** Draws a map beside a checkpoint's own, unless it is there already or there is no room. */
async function addBeside({ mapComparisons }: Services, checkpoint: vscode.Uri, other: vscode.Uri): Promise<void> {
  const compared = mapComparisons.of(checkpoint);
  const isThere = other.fsPath === checkpoint.fsPath || compared.some(({ path }) => path === other.fsPath);
  if (!isThere && compared.length < maxMaps - 1) await mapComparisons.add(checkpoint, other);
}

async function removeBeside({ mapComparisons }: Services, checkpoint: vscode.Uri, other: vscode.Uri): Promise<void> {
  for (const { id } of mapComparisons.of(checkpoint).filter(({ path }) => path === other.fsPath)) await mapComparisons.remove(checkpoint, id);
}
