import { fingerprintOf, openFileSource, type ByteSource } from "./byteSource";
import { closeAll } from "./opening";

/** Fingerprint over files as they lie, packed ones packed. */
export async function fingerprintOfFiles(paths: readonly string[]): Promise<string> {
  const sources: ByteSource[] = [];
  try {
    for (const path of paths) sources.push(await openFileSource(path));
    return await fingerprintOf(sources);
  } finally {
    await closeAll(sources);
  }
}
