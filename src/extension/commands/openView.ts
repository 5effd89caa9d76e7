import { visualizerIds, visualizers, visualizersOf, type VisualizerId } from "../../protocol/visualizers";
import { LatentError } from "../../protocol/errors";
import type { CommandHandler } from "./command";
import { checkpointOf, headerOf, openVisualizer } from "./target";
import * as vscode from "vscode";

/** `latentLens.open<Title>` for every registered visualizer. */
export const openCommands: Record<string, CommandHandler> = Object.fromEntries(visualizerIds.map(id => [`latentLens.open${visualizers[id].title}`, openCommand(id)]));

function openCommand(id: VisualizerId): CommandHandler {
  return async (services, target) => {
    const file = await checkpointOf(services, target, ({ header }) => header !== null && visualizersOf(header).includes(id));
    const header = headerOf(file);
    if (!visualizersOf(header).includes(id)) throw new LatentError("bad-request", vscode.l10n.t("{0} has no {1} view.", vscode.l10n.t(header.modelTitle), vscode.l10n.t(visualizers[id].title)));
    await openVisualizer(file.uri, id, { preserveFocus: false });
  };
}

/** Shows a checkpoint in the side bar's Latent Explorer. */
export const showInExplorer: CommandHandler = async (services, target) => {
  const file = await checkpointOf(services, target, ({ header }) => header?.capabilities.includes("decode") ?? false);
  headerOf(file);
  await services.explorerTarget.set(file.uri);
  await vscode.commands.executeCommand("latentLens.explorer.focus");
};
