import type { CheckpointHeader } from "../../protocol/checkpointHeader";
import { epochsDone } from "../../protocol/checkpointHeader";
import type { Progress } from "../../protocol/data";
import { formatPercent } from "../shared/format";
import { t } from "../shared/host";

/** How far a run has come, in a few words. */
export function progressText({ phase, isMap, losses, epoch, epochs, fraction }: Progress): string {
  if (phase === "waiting") return t("waiting");
  if (isMap && losses === null) return t("preparing the map, {0}", formatPercent(fraction, 0));
  if (isMap && epochs > 0) return t("step {0} of {1}", epoch, epochs);
  return epochs > 0 ? t("epoch {0} of {1}", Math.min(epochs, epoch + 1), epochs) : formatPercent(fraction, 0);
}

/** Where a model was stopped; empty when it is complete. */
export function stoppedText(header: CheckpointHeader): string {
  return header.state === "interrupted" ? t("stopped at {0} of {1}", epochsDone(header), header.epochs) : "";
}
