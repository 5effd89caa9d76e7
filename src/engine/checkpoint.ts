import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { parseCheckpointHeader, type CheckpointHeader, type CheckpointRecord, type DatasetReference } from "../protocol/checkpointHeader";
import type { DatasetSource } from "../protocol/data";
import { LatentError, messageOf } from "../protocol/errors";
import { openSafetensors, writerOf, writeSafetensors, type HostTensor, type NamedTensors } from "./safetensors";

// The checkpoint file: a record of the fit and its tensors, by these names.
//   model.*   weights for viewing (of the best epoch)      scaler.shift, scaler.scale   data space ↔ model space
//   latents   [count, dim]                                  scores   [count] squared error per value, model space
//   labels    [count] class index (−1 none) or number       resume.* weights, optimizer moments, best weights so far
//   placed.<id>.* of rows that were placed in a map afterwards: latents, labels, neighbors.rows, neighbors.distances
//   anything else a model keeps (explained_variance, …) under its own name

/** A checkpoint open for reading; tensors are read when asked for. */
export interface OpenedCheckpoint {
  header: CheckpointHeader;
  has(name: string): boolean;
  read(name: string): Promise<HostTensor>;
  /** All tensors whose name starts with `prefix`, by the rest of their name. */
  readAll(prefix: string): Promise<NamedTensors>;
  close(): Promise<void>;
}

/** Opens a checkpoint; throws `bad-checkpoint` or `unsupported` with the file's name and what is wrong. */
export async function openCheckpoint(path: string): Promise<OpenedCheckpoint> {
  return named(path, async () => {
    const file = await openSafetensors(path);
    try {
      const header = parseCheckpointHeader(file.headerText, file.dataBytes);
      const read = (name: string) => named(path, () => file.read(name));
      return {
        header,
        has: name => Object.hasOwn(file.entries, name),
        read,
        readAll: async prefix => {
          const names = Object.keys(file.entries).filter(name => name.startsWith(prefix));
          return Object.fromEntries(await Promise.all(names.map(async name => [name.slice(prefix.length), await read(name)])));
        },
        close: () => file.close(),
      };
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

/** What is being done to each checkpoint, by path: reading, changing and writing it are one step that nothing may split. */
const underWay = new Map<string, Promise<unknown>>();

/** Writes a checkpoint so that the path never holds half a file, and clears away what a killed writer left beside it. */
export async function writeCheckpoint(path: string, record: CheckpointRecord, tensors: NamedTensors): Promise<void> {
  await inTurn(path, () => write(path, record, tensors));
}

/** Rewrites a checkpoint with a changed record and further tensors, keeping all else. */
export async function updateCheckpoint(path: string, change: (record: CheckpointRecord) => CheckpointRecord, added: NamedTensors = {}): Promise<void> {
  await changeCheckpoint(path, record => ({ record: change(record), added, dropped: [] }));
}

/** Rewrites a checkpoint by what its record holds when its turn comes; tensors whose names begin with one of `dropped` go. */
export async function changeCheckpoint(path: string, change: (record: CheckpointRecord) => { record: CheckpointRecord; added: NamedTensors; dropped: readonly string[] }): Promise<void> {
  await inTurn(path, async () => {
    const file = await openCheckpoint(path);
    try {
      const { tensors: _, ...before } = file.header;
      const { record, added, dropped } = change(before);
      const kept = Object.entries(await file.readAll("")).filter(([name]) => !dropped.some(prefix => name.startsWith(prefix)));
      await write(path, record, { ...Object.fromEntries(kept), ...added });
    } finally {
      await file.close();
    }
  });
}

async function write(path: string, record: CheckpointRecord, tensors: NamedTensors): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await removeLeftovers(path);
  const metadata = { format: "latent-lens", latentLens: JSON.stringify(record) };
  await writeSafetensors(path, tensors, metadata).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof LatentError) throw error;
    throw new LatentError("bad-request", `${basename(path)} could not be written: ${messageOf(error)}`);
  });
}

/** Runs `work` after all that was asked of this path before, whatever became of that. */
async function inTurn(path: string, work: () => Promise<void>): Promise<void> {
  const before = underWay.get(path) ?? Promise.resolve();
  const mine = before.then(work, work);
  underWay.set(path, mine);
  try {
    await mine;
  } finally {
    if (underWay.get(path) === mine) underWay.delete(path);
  }
}

/** Temporary files of this checkpoint whose process is gone: no one will finish them. Ours are done, since we write in turn. */
async function removeLeftovers(path: string): Promise<void> {
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const writer = writerOf(name, basename(path));
    if (writer === undefined || (writer !== process.pid && isRunning(writer))) continue;
    await rm(join(dirname(path), name), { force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** How the checkpoint at `path` refers to its dataset. */
export function referenceTo(path: string, source: Required<DatasetSource>, fingerprint: string): DatasetReference {
  return { name: basename(source.path), source, relativePath: relative(dirname(path), source.path).replaceAll("\\", "/"), fingerprint };
}

/** Where the checkpoint lies whose latents the one at `path` is a map of. */
export function basisPath(path: string, { relativePath }: { relativePath: string }): string {
  return isAbsolute(relativePath) ? relativePath : resolve(dirname(path), relativePath);
}

/** Places where the dataset may lie: beside the checkpoint as it was, then where it was when it was embedded. */
export function placesOf(path: string, { source, relativePath }: DatasetReference): string[] {
  const beside = isAbsolute(relativePath) ? relativePath : resolve(dirname(path), relativePath);
  return [...new Set([beside, source.path])];
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LatentError && !error.message.includes(basename(path))) throw new LatentError(error.code, `${basename(path)}: ${error.message}`);
    throw error;
  }
}
