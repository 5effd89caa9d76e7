import { tmpdir } from "node:os";
import { LatentError } from "../../protocol/errors";

// What every reader does around its own work: give back what it opened when it fails half way, and turn the errors of
// files, archives and decoders into ones that say what to do.

interface Closable {
  close(): Promise<void>;
}

/**
 * Runs `build`, which passes everything it opens through `keep`. When it fails, all of it is closed in reverse order and
 * the error is thrown with a known code where its cause is in the data; `path` names the dataset in the message.
 */
export async function opening<T>(path: string, build: (keep: <R extends Closable>(resource: R) => R) => Promise<T>): Promise<T> {
  const kept: Closable[] = [];
  try {
    return await build(resource => {
      kept.push(resource);
      return resource;
    });
  } catch (error) {
    await closeAll(kept);
    throw datasetError(error, path);
  }
}

/** Closes in reverse order of opening; one that fails does not keep the others open. */
export async function closeAll(resources: readonly Closable[]): Promise<void> {
  for (const resource of [...resources].reverse()) await resource.close().catch(() => undefined);
}

/** The error to show for one that `path`'s content or place caused; any other is returned as it is. */
export function datasetError(error: unknown, path: string): unknown {
  if (error instanceof LatentError || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (code === "ENOSPC") return new LatentError("out-of-memory", `the folder for temporary files, ${tmpdir()}, is full: unpacking ${path} needs more room there`);
  if (code.startsWith("Z_")) return new LatentError("bad-dataset", `${path} cannot be unpacked (${error.message}): the file is damaged`);
  if (/^E[A-Z0-9]+$/.test(code)) return new LatentError("bad-dataset", `${path} cannot be read: ${error.message}`);
  if (error instanceof RangeError && /allocation|array length|buffer length/i.test(error.message)) {
    return new LatentError("out-of-memory", `${path} does not fit into memory: ${error.message}`);
  }
  return error;
}
