import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkpointExtension, type CheckpointHeader, type CheckpointRecord } from "../protocol/checkpointHeader";
import type { Neighbors } from "../protocol/engineApi";
import { isCancelled, throwIfCancelled } from "../protocol/errors";
import { basisPath, openCheckpoint } from "./checkpoint";
import { comparesAllPairs, graphSize, type MapRows, type NeighborGraph } from "./mapRuns";
import type { OpenCheckpoint } from "./openCheckpoints";
import type { NamedTensors } from "./safetensors";

// Neighbour graphs as maps keep them in their checkpoints, and where another map of the same rows finds them. Which rows those are is
// told by their content alone. A graph is taken only where a search would find the same one, so that equal seeds give equal maps whatever
// other files there are.

/** A graph that is looked for: of which rows, and what a search for it would be. */
export interface WantedGraph {
  count: number;
  dim: number;
  metric: Metric;
  /** `rowsDigest` of the rows, computed when first asked for. */
  digest(): Promise<string>;
  /** Neighbours of each row that are needed. */
  needed: number;
  /** Neighbours of each row that a search would be for, at least as many. */
  size: number;
  /** Whether a search would compare every pair of rows; else it is by `seed`. */
  exact: boolean;
  seed: number;
}

export interface KeptGraph {
  graph: NeighborGraph;
  /** The checkpoint's name: that of its file. */
  from: string;
}

type Metric = MapRows["metric"] | "precomputed";

/** Raised when a search begins to find other neighbours of the same rows: graphs from before then serve no more. */
const searchVersion = 1;
/** Bytes that are hashed, and entries that are looked at, before others have their turn: some 10 ms. */
const [hashedAtOnce, checkedAtOnce] = [2 ** 22, 2 ** 21];

/** The graph of `rows` that a map with `needed` neighbours of each row asks for. */
export function wantedGraph(rows: MapRows, metric: Metric, needed: number, { seed, signal }: { seed: number; signal?: AbortSignal | undefined }): WantedGraph {
  const { count, dim } = rows;
  let digest: Promise<string> | undefined;
  const exact = metric === "precomputed" || comparesAllPairs(rows);
  return {
    count, dim, metric, needed, seed, exact,
    size: graphSize(needed, count, exact),
    digest: () => (digest ??= rowsDigest(rows, metric, signal)),
  };
}

/** SHA-256, in hexadecimal, of rows [count × dim] as f32, their number, their length and their metric. Throws `cancelled` after an abort. */
export async function rowsDigest({ data, count, dim }: MapRows, metric: Metric, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256").update(`neighbours ${searchVersion} ${metric} ${count} ${dim} `);
  for (let start = 0; start < data.byteLength; start += hashedAtOnce) {
    throwIfCancelled(signal);
    hash.update(new Uint8Array(data.buffer, data.byteOffset + start, Math.min(hashedAtOnce, data.byteLength - start)));
    await new Promise(setImmediate);
  }
  return hash.digest("hex");
}

/** The other checkpoints in the folder of the one at `path`, and in that of the checkpoint whose latents it maps; by name. */
export async function checkpointsBeside(path: string, basis?: CheckpointRecord["basis"]): Promise<string[]> {
  const folders = new Set([dirname(path), ...(basis ? [dirname(basisPath(path, basis))] : [])]);
  const names = await Promise.all([...folders].map(async folder => (await readdir(folder).catch(() => [])).sort().map(name => join(folder, name))));
  return names.flat().filter(file => file.endsWith(checkpointExtension) && file !== path);
}

/**
 * The first graph in these checkpoints that serves, cut to the size that is wanted. Exact ones serve up to their own size, since their
 * first neighbours are those of any smaller exact graph; approximate ones only where they were searched for as many neighbours by the same
 * seed. Of most files nothing but the header is read. A file that is damaged, or gone meanwhile, is passed over: who opens it is told.
 * Throws `cancelled` after an abort.
 */
export async function findKeptGraph(wanted: WantedGraph, paths: readonly string[], signal?: AbortSignal): Promise<KeptGraph | null> {
  for (const path of paths) {
    throwIfCancelled(signal);
    const graph = await graphIn(path, wanted, signal).catch((error: unknown) => {
      if (isCancelled(error)) throw error;
      return null;
    });
    if (graph) return { graph, from: basename(path).replace(checkpointExtension, "") };
  }
  return null;
}

async function graphIn(path: string, wanted: WantedGraph, signal?: AbortSignal): Promise<NeighborGraph | null> {
  const file = await openCheckpoint(path);
  try {
    const { header } = file;
    if (!mayServe(header, wanted) || header.neighbors!.digest !== await wanted.digest()) return null;
    const [rows, distances, recall] = await Promise.all(tensorNames.map(name => file.read(name)));
    const graph = graphFrom({ [tensorNames[0]]: rows!, [tensorNames[1]]: distances!, [tensorNames[2]]: recall! });
    if (!graph || !(await isSound(graph, wanted.count, signal))) return null;
    return firstNeighbors({ ...graph, exact: wanted.exact }, Math.min(graph.k, wanted.size));
  } finally {
    await file.close();
  }
}

/** Whether the graph in a checkpoint serves, if it is of the same rows. */
function mayServe({ neighbors, schema, hyperparameters, seed, tensors }: CheckpointHeader, wanted: WantedGraph): boolean {
  const k = tensors["neighbors.rows"]?.shape[1] ?? 0;
  return neighbors !== undefined && schema.count === wanted.count && neighbors.dim === wanted.dim && hyperparameters["metric"] === wanted.metric
    && neighbors.exact === wanted.exact && k >= wanted.needed && (wanted.exact || (k === wanted.size && seed === wanted.seed));
}

/** Whether a graph from a file is one of `count` rows: others' numbers, and distances that ascend from 0. */
async function isSound({ k, rows, distances }: NeighborGraph, count: number, signal?: AbortSignal): Promise<boolean> {
  if (!(rows instanceof Int32Array && distances instanceof Float32Array && rows.length === count * k && distances.length === count * k)) return false;
  const atOnce = Math.ceil(checkedAtOnce / k);
  for (let start = 0; start < count; start += atOnce) {
    throwIfCancelled(signal);
    if (!areSound(rows, distances, k, count, start, Math.min(count, start + atOnce))) return false;
    await new Promise(setImmediate);
  }
  return true;
}

function areSound(rows: Int32Array, distances: Float32Array, k: number, count: number, start: number, end: number): boolean {
  for (let row = start, i = start * k; row < end; row++) {
    for (let before = 0, last = i + k; i < last; i++) {
      const neighbor = rows[i]!;
      const distance = distances[i]!;
      if (neighbor < 0 || neighbor >= count || neighbor === row || !(distance >= before && distance < Infinity)) return false;
      before = distance;
    }
  }
  return true;
}

/** Of one row, the `count` nearest in a graph; null where it has fewer of each. */
export function neighborsOf({ k, rows, distances }: Pick<NeighborGraph, "k" | "rows" | "distances">, row: number, count: number): Neighbors | null {
  return k < count ? null : { rows: rows.slice(row * k, row * k + count), distances: distances.slice(row * k, row * k + count), within: "data" };
}

/** Of a map: the nearest rows in the data, from the graph that it was made of; null where there is none so large, or of another metric. */
export async function neighborsInData(checkpoint: OpenCheckpoint, row: number, metric: Metric, count: number): Promise<Neighbors | null> {
  const measured = checkpoint.header.hyperparameters["metric"];
  if (measured !== metric && measured !== "precomputed") return null;
  const [rows, distances] = await Promise.all([checkpoint.tensor(tensorNames[0]), checkpoint.tensor(tensorNames[1])]);
  if (!rows || !distances) return null;
  return neighborsOf({ k: rows.shape[1]!, rows: rows.data as Int32Array, distances: distances.data as Float32Array }, row, count);
}

/** The first k neighbours of each row. */
function firstNeighbors(graph: NeighborGraph, k: number): NeighborGraph {
  if (k === graph.k) return graph;
  const count = graph.rows.length / graph.k;
  const [rows, distances] = [new Int32Array(count * k), new Float32Array(count * k)];
  for (let row = 0; row < count; row++) {
    rows.set(graph.rows.subarray(row * graph.k, row * graph.k + k), row * k);
    distances.set(graph.distances.subarray(row * graph.k, row * graph.k + k), row * k);
  }
  return { ...graph, k, rows, distances };
}

const tensorNames = ["neighbors.rows", "neighbors.distances", "neighbors.recall"] as const;

/** The graph as tensors of a checkpoint. */
export function graphTensors({ k, rows, distances, recall }: NeighborGraph): NamedTensors {
  const shape = [rows.length / k, k];
  return { [tensorNames[0]]: { shape, data: rows }, [tensorNames[1]]: { shape, data: distances }, [tensorNames[2]]: { shape: [1], data: Float32Array.of(recall) } };
}

/** The graph among a checkpoint's tensors, if there is one. */
export function graphFrom(tensors: NamedTensors): NeighborGraph | null {
  const [rows, distances, recall] = tensorNames.map(name => tensors[name]);
  if (!rows || !distances || !recall) return null;
  return { k: rows.shape[1]!, rows: rows.data as Int32Array, distances: distances.data as Float32Array, recall: recall.data[0]! };
}
