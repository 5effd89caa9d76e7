import { setTimeout as delay } from "node:timers/promises";
import type { HyperparameterValues } from "../protocol/data";
import { LatentError, messageOf } from "../protocol/errors";

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
