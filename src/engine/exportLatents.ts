import { open, rename, rm } from "node:fs/promises";
import { basename } from "node:path";
import { LatentError, messageOf, throwIfCancelled } from "../protocol/errors";
import { latentNames } from "./colorings";
import type { OpenCheckpoint } from "./openCheckpoints";

/**
 * Writes the latents of all rows to `target`: as .npy (float32, [count, dim], version 1.0 of numpy's format) or as .csv
 * with a header, row number, name, label and one column per dimension. The target is replaced only when all is written.
 */
export async function exportLatents(checkpoint: OpenCheckpoint, format: "npy" | "csv", target: string, signal?: AbortSignal): Promise<void> {
  const latents = await checkpoint.latents();
  const temporary = `${target}.${process.pid}.tmp`;
  const file = await open(temporary, "w").catch((error: unknown) => {
    throw new LatentError("bad-request", `${basename(target)} cannot be written: ${messageOf(error)}`);
  });
  try {
    const chunks = format === "npy" ? npyChunks(latents, checkpoint.header.latent.dim) : csvChunks(checkpoint, latents);
    for await (const chunk of chunks) {
      throwIfCancelled(signal);
      await file.appendFile(chunk);
    }
    await file.close();
    await rename(temporary, target);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

function* npyChunks(latents: Float32Array, dim: number): Generator<Uint8Array> {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${latents.length / dim}, ${dim}), }`;
  // Magic, version and length take 10 bytes; the header ends with a line feed at a multiple of 64.
  const padded = `${dictionary.padEnd(Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 11)}\n`;
  yield Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 0xff, padded.length >> 8);
  yield new TextEncoder().encode(padded);
  yield new Uint8Array(latents.buffer, latents.byteOffset, latents.byteLength);
}

async function* csvChunks(checkpoint: OpenCheckpoint, latents: Float32Array): AsyncGenerator<string> {
  const { latent, schema } = checkpoint.header;
  const labels = await checkpoint.labels();
  const dataset = await checkpoint.dataset().catch(() => null);
  yield `${["row", "name", ...(labels ? [labels.name] : []), ...latentNames(latent)].map(quoted).join(",")}\n`;
  const perChunk = 1000;
  for (let start = 0; start < schema.count; start += perChunk) {
    let text = "";
    for (let row = start; row < Math.min(schema.count, start + perChunk); row++) {
      const label = labels ? [labels.kind === "classes" ? labels.classes[labels.values[row]!] ?? "" : String(labels.values[row])] : [];
      const z = Array.from(latents.subarray(row * latent.dim, (row + 1) * latent.dim), value => String(value));
      text += `${[String(row), quoted(dataset?.title(row) ?? ""), ...label.map(quoted), ...z].join(",")}\n`;
    }
    yield text;
  }
}

const quoted = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
