import { open, rename, rm } from "node:fs/promises";
import { basename } from "node:path";
import type { Labels } from "../protocol/data";
import { LatentError, messageOf, throwIfCancelled } from "../protocol/errors";
import { latentNames } from "./colorings";
import type { Dataset } from "./datasets/dataset";
import type { OpenCheckpoint } from "./openCheckpoints";

/**
 * Writes the latents of all rows to `target`: as .npy (float32, [count, dim], version 1.0 of numpy's format) or as .csv
 * with a header, row number, name, label and one column per dimension. Rows that were placed in a map follow its own; a .csv then has a
 * column that says of which dataset a row is. The target is replaced only when all is written.
 */
export async function exportLatents(checkpoint: OpenCheckpoint, format: "npy" | "csv", target: string, signal?: AbortSignal): Promise<void> {
  const parts = await partsOf(checkpoint);
  const temporary = `${target}.${process.pid}.tmp`;
  const file = await open(temporary, "w").catch((error: unknown) => {
    throw new LatentError("bad-request", `${basename(target)} cannot be written: ${messageOf(error)}`);
  });
  try {
    const chunks = format === "npy" ? npyChunks(parts, checkpoint.header.latent.dim) : csvChunks(checkpoint, parts);
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

/** The rows of one dataset. */
interface Part {
  name: string;
  count: number;
  latents: Float32Array;
  labels: Labels | null;
  dataset(): Promise<Dataset>;
}

async function partsOf(checkpoint: OpenCheckpoint): Promise<Part[]> {
  const { header, schema, placed } = checkpoint;
  const own: Part = { name: header.dataset.name, count: schema.count, latents: await checkpoint.latents(), labels: await checkpoint.labels(), dataset: () => checkpoint.dataset() };
  return [own, ...(await Promise.all(placed.map(async (set): Promise<Part> => ({
    name: set.record.dataset.name, count: set.record.count, latents: await set.latents(), labels: await set.labels(), dataset: set.dataset,
  }))))];
}

function* npyChunks(parts: readonly Part[], dim: number): Generator<Uint8Array> {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, ${dim}), }`;
  // Magic, version and length take 10 bytes; the header ends with a line feed at a multiple of 64.
  const padded = `${dictionary.padEnd(Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 11)}\n`;
  yield Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 0xff, padded.length >> 8);
  yield new TextEncoder().encode(padded);
  for (const { latents } of parts) yield new Uint8Array(latents.buffer, latents.byteOffset, latents.byteLength);
}

async function* csvChunks({ header: { latent } }: OpenCheckpoint, parts: readonly Part[]): AsyncGenerator<string> {
  const labelName = parts.find(({ labels }) => labels)?.labels?.name;
  yield `${[...(parts.length > 1 ? ["dataset"] : []), "row", "name", ...(labelName === undefined ? [] : [labelName]), ...latentNames(latent)].map(quoted).join(",")}\n`;
  const perChunk = 1000;
  for (const { name, count, latents, labels, dataset: open } of parts) {
    const dataset = await open().catch(() => null);
    for (let start = 0; start < count; start += perChunk) {
      let text = "";
      for (let row = start; row < Math.min(count, start + perChunk); row++) {
        const label = labelName === undefined ? [] : [labels === null ? "" : labels.kind === "classes" ? labels.classes[labels.values[row]!] ?? "" : String(labels.values[row])];
        const z = Array.from(latents.subarray(row * latent.dim, (row + 1) * latent.dim), value => String(value));
        text += `${[...(parts.length > 1 ? [quoted(name)] : []), String(row), quoted(dataset?.title(row) ?? ""), ...label.map(quoted), ...z].join(",")}\n`;
      }
      yield text;
    }
  }
}

const quoted = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
