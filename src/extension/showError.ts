import * as vscode from "vscode";
import { isCancelled, LatentError, messageOf, type ErrorCode } from "../protocol/errors";
import { RunFailure } from "./runs";
import type { Services } from "./services";

interface Action {
  title: string;
  command: string;
  arguments?: unknown[];
}

/** Shows an error as a localized sentence with its facts and what can be done about it; the user's own cancel is silent. */
export async function showError(services: Services, error: unknown): Promise<void> {
  if (isCancelled(error)) return;
  const code: ErrorCode = error instanceof LatentError ? error.code : "internal";
  services.log.error(`${code}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const { sentence, action } = explain(code, code === "internal" ? firstLine(messageOf(error)) : messageOf(error));
  const actions = [...(await resumeOf(services, error)), action];
  const chosen = await vscode.window.showErrorMessage(sentence, ...actions.map(({ title }) => title));
  const taken = actions.find(({ title }) => title === chosen);
  if (taken) await vscode.commands.executeCommand(taken.command, ...(taken.arguments ?? []));
}

/** Resuming a run that ended for a reason outside of it; the engine starts again by itself. */
async function resumeOf(services: Services, error: unknown): Promise<Action[]> {
  if (!(error instanceof RunFailure) || !["device-lost", "engine-exited", "out-of-memory"].includes(error.code)) return [];
  services.checkpoints.refresh();
  const { header } = await services.checkpoints.at(error.checkpoint);
  if (header?.state !== "interrupted") return [];
  return [{ title: vscode.l10n.t("Resume Training"), command: "latentLens.resumeTraining", arguments: [error.checkpoint] }];
}

function explain(code: ErrorCode, facts: string): { sentence: string; action: Action } {
  const showLog = { title: vscode.l10n.t("Show Log"), command: "latentLens.showLog" };
  const restart = { title: vscode.l10n.t("Restart Engine"), command: "latentLens.restartEngine" };
  switch (code) {
    case "bad-dataset": return { sentence: vscode.l10n.t("The dataset cannot be read: {0}", facts), action: showLog };
    case "bad-checkpoint": return { sentence: vscode.l10n.t("The checkpoint cannot be read: {0}", facts), action: showLog };
    case "bad-request": return { sentence: facts, action: showLog };
    case "unsupported": return { sentence: vscode.l10n.t("Not possible here: {0}", facts), action: showLog };
    case "out-of-memory": return { sentence: vscode.l10n.t("Memory ran out: {0} A smaller batch size or fewer hidden units need less.", facts), action: showLog };
    case "diverged": return { sentence: vscode.l10n.t("Training diverged. {0}", facts), action: showLog };
    case "device-lost": return { sentence: vscode.l10n.t("The GPU went away: {0} What was learned up to the last save is kept; resume when it is back.", facts), action: restart };
    case "engine-exited": return { sentence: vscode.l10n.t("The engine stopped: {0} It starts again with the next command; checkpoints are kept.", facts), action: showLog };
    case "internal": return { sentence: vscode.l10n.t("Something went wrong in Latent Lens: {0}", facts), action: showLog };
    case "cancelled": return { sentence: vscode.l10n.t("Cancelled."), action: showLog };
    default: return code satisfies never;
  }
}

/** Says once that what the user installed does not work, and what is used instead. */
export async function showFallBack({ broken, device }: { broken: string; device: string }): Promise<void> {
  const info = vscode.l10n.t("Show Engine Info");
  const chosen = await vscode.window.showWarningMessage(vscode.l10n.t("Latent Lens runs on {0}, because a backend that is installed does not work: {1}", device, broken), info);
  if (chosen === info) await vscode.commands.executeCommand("latentLens.showEngineInfo");
}

const firstLine = (text: string) => text.split("\n", 1)[0]!;
