import * as vscode from "vscode";
import { LatentError } from "../../protocol/errors";
import { titleOf } from "../checkpoints";
import { runTitle } from "../runs";
import type { CommandHandler } from "./command";
import { offerResume, openWhenDone, withTrainingView } from "./embedDataset";
import { checkpointOf, headerOf, openVisualizer, pickCheckpoint, uriOf } from "./target";
import { back, pickOne } from "../quickInput";

/** Resume Training: goes on with an interrupted fit as if it had never stopped. */
export const resumeTraining: CommandHandler = async (services, target) => {
  if (!vscode.workspace.isTrusted) throw new LatentError("unsupported", vscode.l10n.t("this workspace is not trusted, so nothing is trained in it."));
  const file = await checkpointOf(services, target, ({ header }) => header?.state === "interrupted");
  const header = headerOf(file);
  if (header.state !== "interrupted") throw new LatentError("bad-request", vscode.l10n.t("{0} is complete: there is nothing to resume.", titleOf(file)));
  if (services.runs.at(file.uri)) throw new LatentError("bad-request", vscode.l10n.t("{0} is being trained already.", titleOf(file)));
  const fitting = services.runs.resume(runTitle(header.modelTitle, header.dataset.name), file.uri);
  const { state } = await withTrainingView(services, file.uri, fitting);
  services.checkpoints.refresh();
  if (state === "interrupted") void offerResume(services, file.uri);
  else await openWhenDone(services, file.uri);
  return file.uri;
};

/** Stop Training: the run of the tree element or checkpoint, or the only one, or one of several. */
export const cancelRun: CommandHandler = async (services, target) => {
  const uri = uriOf(target);
  const runs = services.runs.all;
  const run = (uri && services.runs.at(uri)) ?? runs.find(({ id }) => id === (target as { runId?: string } | undefined)?.runId);
  if (run) return services.runs.cancel(run);
  if (runs.length === 1) return services.runs.cancel(runs[0]!);
  if (runs.length === 0) return void vscode.window.showInformationMessage(vscode.l10n.t("Nothing is being trained."));
  const picked = await pickOne({ title: vscode.l10n.t("Stop Training"), placeholder: vscode.l10n.t("Run"), items: runs.map(one => ({ label: one.title, run: one })) });
  if (picked !== back) services.runs.cancel(picked.run);
};

/** Compare Losses with…: draws another checkpoint's losses in the Training view of this one. */
export const compareLosses: CommandHandler = async (services, target) => {
  const hasLosses = ({ header }: { header: { losses: unknown[] } | null }) => (header?.losses.length ?? 0) > 0;
  const file = await checkpointOf(services, target, hasLosses);
  headerOf(file);
  const other = await pickCheckpoint(services, vscode.l10n.t("Compare with the losses of"), candidate => hasLosses(candidate) && candidate.uri.fsPath !== file.uri.fsPath);
  services.comparisons.add(file.uri, other.uri);
  await openVisualizer(file.uri, "training", { preserveFocus: false });
};
