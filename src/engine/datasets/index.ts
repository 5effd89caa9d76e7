import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { DatasetSource } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import type { Dataset, DatasetReader, OpenContext } from "./dataset";
import { idx } from "./idx";
import { imageFolder } from "./imageFolder";
import { npy } from "./npy";
import { npz } from "./npz";
import { datasetError } from "./opening";
import { table } from "./table";

/** Everything that opens a dataset, by id; a new format is one file and one entry here. */
export const readers = { idx, npy, npz, table, imageFolder } satisfies Record<string, DatasetReader>;
export type ReaderId = keyof typeof readers;

const byId = new Map<string, DatasetReader>(Object.entries(readers));

/** The reader for a file by the end of its name (the longest that fits, in any case), or for a folder. */
export function readerOf(path: string, isFolder: boolean): ReaderId | undefined {
  const name = basename(path).toLowerCase();
  let best: ReaderId | undefined;
  let longest = -1;
  for (const [id, reader] of Object.entries(readers) as [ReaderId, DatasetReader][]) {
    if (reader.folders !== isFolder) continue;
    const fitting = isFolder ? 0 : Math.max(-1, ...reader.endings.filter(ending => name.endsWith(ending)).map(ending => ending.length));
    if (fitting > longest) [best, longest] = [id, fitting];
  }
  return best;
}

const readerIdOf = new WeakMap<Dataset, string>();

/**
 * Opens a dataset with the reader that `source` names or its path calls for. Throws `bad-dataset` when nothing opens
 * such a file, `bad-request` when the named reader does not exist.
 */
export async function openDataset(source: DatasetSource, context?: OpenContext): Promise<Dataset> {
  const place = await stat(source.path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? new LatentError("bad-dataset", `${source.path} does not exist`) : datasetError(error, source.path);
  });
  const id = source.reader ?? readerOf(source.path, place.isDirectory());
  if (id === undefined) {
    throw new LatentError("bad-dataset", `${basename(source.path)} cannot be opened as a dataset. What can be: ${whatCanBeOpened()}`);
  }
  const reader = byId.get(id);
  if (!reader) throw new LatentError("bad-request", `there is no reader "${id}", only ${[...byId.keys()].join(", ")}`);
  const dataset = await namingDataset(source.path, () => reader.open(source.path, source.choices, context));
  readerIdOf.set(dataset, id);
  return dataset;
}

/** Runs `work` on a dataset; a `bad-dataset` it throws says which dataset is meant. */
export async function namingDataset<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const name = basename(path);
    if (error instanceof LatentError && error.code === "bad-dataset" && !error.message.includes(name)) throw new LatentError("bad-dataset", `${name}: ${error.message}`);
    throw error;
  }
}

/** `source` with the reader that opened it and every answer in force: opens the same rows again even if a default changes. */
export function resolvedSource(source: DatasetSource, dataset: Dataset): Required<DatasetSource> {
  const reader = readerIdOf.get(dataset) ?? source.reader;
  if (reader === undefined) throw new LatentError("internal", `${source.path} was not opened by openDataset`);
  return { path: source.path, reader, choices: Object.fromEntries(dataset.choices.map(({ id, selected }) => [id, selected])) };
}

function whatCanBeOpened(): string {
  return Object.values(readers).map(({ title, endings, folders }) => (folders ? `a ${title.toLowerCase()}` : `${title}: ${endings.join(" ")}`)).join("; ");
}
