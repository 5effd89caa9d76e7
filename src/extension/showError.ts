import * as vscode from "vscode";
import { isCancelled, LatentError, messageOf, type ErrorCode } from "../protocol/errors";
import type { Services } from "./services";

/** Shows an error as a localized sentence with its facts and one thing to do about it; the user's own cancel is silent. */
export async function showError(services: Services, error: unknown): Promise<void> {
  if (isCancelled(error)) return;
  const code: ErrorCode = error instanceof LatentError ? error.code : "internal";
  services.log.error(`${code}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const { sentence, action } = explain(code, code === "internal" ? firstLine(messageOf(error)) : messageOf(error));
  const chosen = await vscode.window.showErrorMessage(sentence, action.title);
  if (chosen) await vscode.commands.executeCommand(action.command);
}

function explain(code: ErrorCode, facts: string): { sentence: string; action: { title: string; command: string } } {
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

const firstLine = (text: string) => text.split("\n", 1)[0]!;
