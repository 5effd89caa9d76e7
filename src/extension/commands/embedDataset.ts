import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { epochsDone } from "../../protocol/checkpointHeader";
import type { DatasetSource, HyperparameterValues } from "../../protocol/data";
import type { FitRequest } from "../../protocol/engineApi";
import { LatentError } from "../../protocol/errors";
import { visualizersOf } from "../../protocol/visualizers";
import { formatCount } from "../format";
import { newCheckpointFor } from "../newCheckpoint";
import type { Choices } from "../rememberedChoices";
import { runTitle } from "../runs";
import type { Services } from "../services";
import { readSettings } from "../settings";
import { titleOf, type CheckpointFile } from "../checkpoints";
import { askEmbed, askMap } from "./embedFlow";
import { pickDataset } from "./pickDataset";
import { checkpointOf, headerOf, openVisualizer, uriOf } from "./target";

/** Everything that the questions would ask, for tasks, keybindings and other extensions. */
export interface EmbedArguments {
  path: string;
  model: string;
  hyperparameters?: HyperparameterValues;
  choices?: Record<string, string[]>;
  seed?: number;
}

/** Embed Dataset…: asks, fits, opens. Resolves with the checkpoint's Uri. */
export async function embedDataset(services: Services, target?: unknown): Promise<vscode.Uri | undefined> {
  requireTrust();
  if (isEmbedArguments(target)) {
    const title = (await services.engine.remote.models())[target.model] ?? target.model; // the engine refuses an unknown one with the names it knows
    return embed(services, { path: target.path, choices: target.choices ?? {} }, target.model, title, target.hyperparameters ?? {}, target.seed === undefined ? {} : { seed: target.seed });
  }
  const uri = uriOf(target) ?? (await pickDataset());
  requireFile(uri);
  return ask(services, uri.fsPath, services.remembered.of(uri.fsPath));
}

/** Embed with Last Settings: as the dataset was embedded before; asks when it never was. */
export async function embedWithLastSettings(services: Services, target?: unknown): Promise<vscode.Uri | undefined> {
  requireTrust();
  const uri = uriOf(target) ?? (await pickDataset());
  requireFile(uri);
  const choices = services.remembered.of(uri.fsPath);
  const title = choices && (await services.engine.remote.models())[choices.model];
  if (!choices || !title) return ask(services, uri.fsPath, choices);
  return embed(services, { path: uri.fsPath, choices: choices.dataset }, choices.model, title, choices.hyperparameters[choices.model] ?? {});
}

/** Duplicate Settings…: the questions with a checkpoint's own answers. */
export async function duplicateSettings(services: Services, target?: unknown): Promise<vscode.Uri | undefined> {
  requireTrust();
  const file = await checkpointOf(services, target, ({ header }) => header !== null);
  const { uri } = file;
  const header = headerOf(file);
  const { source } = header.dataset;
  const choices = { dataset: source.choices, model: header.model, hyperparameters: { [header.model]: header.hyperparameters } };
  if (!header.basis) return ask(services, source.path, choices, rowsOf(file));
  const { model, hyperparameters } = await askMap(services, vscode.l10n.t("Map of {0}", header.basis.name), source, choices);
  return embed(services, source, model.id, model.title, hyperparameters, { basis: join(dirname(uri.fsPath), header.basis.relativePath), ...rowsOf(file) });
}

/** The rows that a checkpoint was fitted to, for a request; all of the dataset where it says nothing else. */
export function rowsOf({ uri, header }: CheckpointFile): Pick<FitRequest, "subset"> {
  return header?.subset ? { subset: { of: uri.fsPath, rows: null } } : {};
}

async function ask(services: Services, path: string, choices: Choices | undefined, rows: Pick<FitRequest, "subset"> = {}): Promise<vscode.Uri | undefined> {
  const { source, model, hyperparameters, answers } = await askEmbed(services, { path, choices: {} }, choices);
  await services.remembered.remember(path, { dataset: answers, model: model.id, hyperparameters: { ...choices?.hyperparameters, [model.id]: hyperparameters } });
  return embed(services, source, model.id, model.title, hyperparameters, rows);
}

/** Embed Selection…: the questions for the rows alone that are selected in a checkpoint's views. */
export async function embedSelection(services: Services, target?: unknown): Promise<vscode.Uri | undefined> {
  requireTrust();
  const file = await checkpointOf(services, target, ({ header }) => header !== null);
  const { dataset } = headerOf(file);
  const rows = services.selections.of(dataset.fingerprint);
  if (rows.length < 2) throw new LatentError("bad-request", vscode.l10n.t("Select at least two rows first: draw a box or a lasso in the scatter."));
  const choices = services.remembered.of(dataset.source.path);
  // The file has more rows than are fitted, and rows that were placed in a map are in another file.
  const title = vscode.l10n.t("Embed {0} selected rows of {1}", formatCount(rows.length), basename(dataset.source.path));
  const { source, model, hyperparameters, answers } = await askEmbed(services, dataset.source, choices && { ...choices, dataset: dataset.source.choices }, title);
  await services.remembered.remember(dataset.source.path, { dataset: answers, model: model.id, hyperparameters: { ...choices?.hyperparameters, [model.id]: hyperparameters } });
  return embed(services, source, model.id, model.title, hyperparameters, { subset: { of: file.uri.fsPath, rows: Int32Array.from(rows).sort() } });
}

/** Add Map…: a map of a checkpoint's latents. */
export async function addMap(services: Services, target?: unknown): Promise<vscode.Uri | undefined> {
  requireTrust();
  const file = await checkpointOf(services, target, ({ header }) => header?.state === "complete" && header.capabilities.includes("encode"));
  const header = headerOf(file);
  if (!header.capabilities.includes("encode")) throw new LatentError("bad-request", vscode.l10n.t("{0} has no latents that could be mapped.", titleOf(file)));
  const { source } = header.dataset;
  const { model, hyperparameters } = await askMap(services, vscode.l10n.t("Map of {0}", titleOf(file)), source, services.remembered.of(source.path));
  await services.remembered.rememberHyperparameters(source.path, model.id, hyperparameters);
  return embed(services, source, model.id, model.title, hyperparameters, { basis: file.uri.fsPath, ...rowsOf(file) });
}

async function embed(services: Services, source: DatasetSource, model: string, modelTitle: string, hyperparameters: HyperparameterValues, more: Pick<Partial<FitRequest>, "seed" | "basis" | "subset"> = {}): Promise<vscode.Uri | undefined> {
  const checkpoint = await newCheckpointFor(services, source.path, model);
  const settings = readSettings(checkpoint);
  const fitting = services.runs.start(runTitle(modelTitle, source.path), { source, model, hyperparameters, checkpointPath: checkpoint.fsPath, ...more, seed: more.seed ?? settings.seed });
  const { state } = await withTrainingView(services, checkpoint, fitting);
  services.checkpoints.refresh();
  if (state === "interrupted") {
    void offerResume(services, checkpoint);
    return checkpoint;
  }
  await openWhenDone(services, checkpoint);
  return checkpoint;
}

/** Opens the Training view as soon as a model that learns in epochs has its file, and the scatter as soon as a map has its first picture. */
export async function withTrainingView<T>(services: Services, checkpoint: vscode.Uri, fitting: Promise<T>): Promise<T> {
  let opened = false;
  const follow = services.runs.onDidChange(run => {
    if (opened || run.checkpoint.fsPath !== checkpoint.fsPath || run.progress?.phase !== "fitting" || run.progress.epochs === 0) return;
    const { isMap, losses } = run.progress;
    if (isMap && losses === null) return; // still among neighbours
    opened = true;
    void openVisualizer(checkpoint, isMap ? "scatter" : "training", { preserveFocus: true });
  });
  try {
    return await fitting;
  } finally {
    follow.dispose();
  }
}

export async function openWhenDone(services: Services, checkpoint: vscode.Uri): Promise<void> {
  const { header } = await services.checkpoints.at(checkpoint);
  if (header?.capabilities.includes("decode")) await services.explorerTarget.set(checkpoint);
  const { openWhenDone: wanted } = readSettings(checkpoint);
  // Whoever waits no longer is typing elsewhere, perhaps the answers for another dataset.
  if (header && wanted !== "none" && visualizersOf(header).includes(wanted)) await openVisualizer(checkpoint, wanted, { preserveFocus: true });
}

export async function offerResume(services: Services, checkpoint: vscode.Uri): Promise<void> {
  const resume = vscode.l10n.t("Resume Training");
  const { header } = await services.checkpoints.at(checkpoint);
  if (!header) return;
  const [done, all] = [epochsDone(header), header.epochs];
  const chosen = await vscode.window.showInformationMessage(header.capabilities.includes("map")
    ? vscode.l10n.t("Stopped at step {0} of {1}. The map is kept as it is.", done, all)
    : vscode.l10n.t("Stopped after {0} of {1} epochs. What was learned is kept.", done, all), resume);
  if (chosen === resume) await vscode.commands.executeCommand("latentLens.resumeTraining", checkpoint);
}

/** Throws `unsupported` where the workspace is not trusted. */
export function requireTrust(): void {
  if (!vscode.workspace.isTrusted) throw new LatentError("unsupported", vscode.l10n.t("this workspace is not trusted, so nothing is trained in it."));
}

/** Throws `unsupported` for what is not on this machine's disk. */
export function requireFile(uri: vscode.Uri): void {
  if (uri.scheme !== "file") throw new LatentError("unsupported", vscode.l10n.t("{0} is not on this machine's disk.", uri.toString(true)));
}

function isEmbedArguments(target: unknown): target is EmbedArguments {
  const candidate = target as Partial<EmbedArguments> | undefined;
  return typeof candidate === "object" && candidate !== null && typeof candidate.path === "string" && typeof candidate.model === "string" && !(target instanceof vscode.Uri);
}
