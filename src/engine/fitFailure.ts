import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { CheckpointRecord } from "../protocol/checkpointHeader";
import type { HyperparameterValues } from "../protocol/data";
import { isCancelled, LatentError, messageOf, type ErrorCode } from "../protocol/errors";
import { openCheckpoint, writeCheckpoint } from "./checkpoint";

/** The loss of a device is told a moment after the calls that it made fail (ms). */
const lossIsToldWithin = 300;

/** What an error of work on this backend really says: `device-lost`, `out-of-memory` or the error itself. */
export async function causeOf(error: unknown, { lost }: { lost: Promise<string> | null }): Promise<unknown> {
  if (error instanceof LatentError && error.code !== "internal") return error;
  const reason = lost && (await Promise.race([lost, delay(lossIsToldWithin, null, { ref: false })]));
  if (reason !== null) return deviceLost(reason);
  if (error instanceof RangeError && /allocation failed|array (buffer )?length|out of memory/i.test(error.message)) return new LatentError("out-of-memory", `${error.message}.`);
  return error;
}

/** The error of everything that is asked of a GPU that went away. */
export function deviceLost(reason: string): LatentError {
  return new LatentError("device-lost", `${reason.split("\n", 1)[0]!.replace(/\.?$/, ".")}`);
}

/** The cause of a fit's failure, with the batch size that it had where memory ran out: that is what helps most. */
export async function causeOfFitFailure(error: unknown, backend: { lost: Promise<string> | null }, { batchSize }: HyperparameterValues): Promise<unknown> {
  const cause = await causeOf(error, backend);
  if (!(cause instanceof LatentError) || cause.code !== "out-of-memory" || typeof batchSize !== "number") return cause;
  const smaller = Math.max(1, 2 ** Math.floor(Math.log2(batchSize / 2)));
  return new LatentError("out-of-memory", `${messageOf(cause)} The batch size was ${batchSize}; ${smaller} needs about ${smaller * 2 === batchSize ? "half" : "half or less"} for a step.`);
}

/** What another answer or another file would change, and time would not. */
const refusals: ReadonlySet<ErrorCode> = new Set(["bad-dataset", "bad-request"]);

/**
 * Keeps the reason in the fit's file, if that is there already: a failed fit without a file has nothing to keep. What was refused before
 * its first step leaves no file, unless it was there before (`isNew` false): it would hold nothing, and a resume would be refused as well.
 */
export async function noteFailure(path: string, isNew: boolean, { position }: CheckpointRecord, error: unknown): Promise<void> {
  if (position === null || isCancelled(error)) return;
  if (isNew && position.epoch === 0 && position.batch === 0 && error instanceof LatentError && refusals.has(error.code)) {
    return rm(path, { force: true }).catch(() => undefined);
  }
  const file = await openCheckpoint(path).catch(() => undefined);
  if (!file) return;
  const { tensors: _, ...saved } = file.header;
  const tensors = await file.readAll("").finally(() => file.close());
  await writeCheckpoint(path, { ...saved, stopReason: messageOf(error) }, tensors).catch(() => undefined);
}
