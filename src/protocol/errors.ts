// One error type crosses every boundary of Latent Lens. The code says what the caller can do about it, the message
// holds the facts (file, line, shapes) in plain English; the extension turns the code into a localized sentence.

export const errorCodes = [
  "cancelled",
  "bad-dataset",
  "bad-checkpoint",
  "bad-request",
  "unsupported",
  "out-of-memory",
  "device-lost",
  "diverged",
  "engine-exited",
  "internal",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** An error whose cause is known. `message` states what was wrong, where, and what to do. */
export class LatentError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
    this.name = "LatentError";
  }
}

/** True when `error` is the user's own cancel, which is never shown. */
export function isCancelled(error: unknown): boolean {
  return error instanceof LatentError && error.code === "cancelled";
}

/** Throws `cancelled` when `signal` is aborted; called between the steps of long work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LatentError("cancelled", "Cancelled.");
}

/** What is sent of an error: code and message of a known one, the stack of an unexpected one. */
export function toWire(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof LatentError) return { code: error.code, message: error.message };
  if (error instanceof Error) return { code: "internal", message: error.stack ?? error.message };
  return { code: "internal", message: String(error) };
}

/** The one-line message of any thrown value, for a log or a status. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
