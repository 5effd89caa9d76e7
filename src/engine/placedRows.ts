import type { CheckpointHeader, CheckpointRecord, PlacedRows } from "../protocol/checkpointHeader";
import type { Labels } from "../protocol/data";
import { LatentError } from "../protocol/errors";
import type { Dataset } from "./datasets/dataset";
import type { OpenCheckpoint } from "./openCheckpoints";
import { openPlaced } from "./referencedDatasets";
import type { HostTensor, NamedTensors } from "./safetensors";

// Rows of other datasets that were placed in a map. They are counted on from the map's own: row `schema.count` is the first row of
// the first set, so that whatever shows a row can show one of these.

/** One set of placed rows, read when it is asked for. */
export interface PlacedRowSet {
  record: PlacedRows;
  /** Number of its first row. */
  start: number;
  /** [count × latent dimensions] */
  latents(): Promise<Float32Array>;
  labels(): Promise<Labels | null>;
  /** The rows, as those of the map are; rejects with `bad-dataset` when they are gone or have changed. */
  dataset(): Promise<Dataset>;
  /** The nearest rows of the map [count × k], nearest first, and how far they are in the data. */
  neighbors(): Promise<{ k: number; rows: Int32Array; distances: Float32Array } | null>;
}

const tensorName = (id: number, what: string) => `placed.${id}.${what}`;

/** The sets of a checkpoint. */
export function placedSets(path: string, header: CheckpointHeader, tensor: OpenCheckpoint["tensor"], remember: OpenCheckpoint["remember"]): PlacedRowSet[] {
  let next = header.schema.count;
  return (header.placed ?? []).map(record => {
    const start = next;
    next += record.count;
    const read = (what: string) => tensor(tensorName(record.id, what));
    return {
      record, start,
      latents: async () => {
        const found = await read("latents");
        if (!found) throw new LatentError("bad-checkpoint", `the rows of ${record.dataset.name} were placed, but the tensor "${tensorName(record.id, "latents")}" is missing`);
        return found.data as Float32Array;
      },
      labels: async () => {
        const values = await read("labels");
        return record.labels && values && labelsFrom(record.labels, values);
      },
      dataset: () => remember(`placed ${record.id}`, () => openPlaced(path, header, record)),
      neighbors: async () => {
        const [rows, distances] = await Promise.all([read("neighbors.rows"), read("neighbors.distances")]);
        return rows && distances && { k: rows.shape[1]!, rows: rows.data as Int32Array, distances: distances.data as Float32Array };
      },
    };
  });
}

/** The shape that a tensor of placed rows must have; undefined for other tensors. */
export function placedShape(name: string, { placed = [], latent }: CheckpointHeader): number[] | undefined {
  for (const { id, count } of placed) {
    if (name === tensorName(id, "latents")) return [count, latent.dim];
    if (name === tensorName(id, "labels")) return [count];
  }
  return undefined;
}

/** What a set adds to the file. */
export interface NewPlacedRows {
  record: Omit<PlacedRows, "id">;
  /** Names by what follows `placed.<id>.` */
  tensors: NamedTensors;
}

/** The record and tensors with one more set; rows of the same dataset that were placed before give way to it. */
export function withPlaced(record: CheckpointRecord, { record: added, tensors }: NewPlacedRows): { record: CheckpointRecord; added: NamedTensors; dropped: string[]; id: number } {
  const before = record.placed ?? [];
  const id = 1 + Math.max(0, ...before.map(set => set.id));
  const replaced = before.filter(({ dataset }) => dataset.fingerprint === added.dataset.fingerprint);
  return {
    id,
    record: { ...record, placed: [...before.filter(set => !replaced.includes(set)), { id, ...added }] },
    added: Object.fromEntries(Object.entries(tensors).map(([what, tensor]) => [tensorName(id, what), tensor])),
    dropped: replaced.map(set => tensorName(set.id, "")),
  };
}

/** The record and tensors without a set. Throws `bad-request` where there is none of that number. */
export function withoutPlaced(record: CheckpointRecord, id: number): { record: CheckpointRecord; added: NamedTensors; dropped: string[] } {
  const { placed = [], ...rest } = record;
  if (!placed.some(set => set.id === id)) throw new LatentError("bad-request", "these rows are no longer placed in the map");
  const left = placed.filter(set => set.id !== id);
  return { record: { ...rest, ...(left.length > 0 ? { placed: left } : {}) }, added: {}, dropped: [tensorName(id, "")] };
}

/** Labels as a header describes them, with their values. */
export function labelsFrom(described: NonNullable<CheckpointRecord["labels"]>, { data }: HostTensor): Labels {
  return described.kind === "classes"
    ? { kind: "classes", name: described.name, values: data as Int32Array, classes: described.classes }
    : { kind: "numbers", name: described.name, values: data as Float32Array };
}

/** The dataset that holds each row of a checkpoint and of what was placed in it, and its number there. Throws `bad-request` for a row that is not there. */
export function placeOfRow({ schema, placed }: Pick<OpenCheckpoint, "schema" | "placed">, row: number): { set: PlacedRowSet | null; row: number } {
  if (Number.isInteger(row) && row >= 0 && row < schema.count) return { set: null, row };
  const set = placed.find(({ start, record }) => row >= start && row < start + record.count);
  if (!set || !Number.isInteger(row)) {
    const count = schema.count + placed.reduce((sum, { record }) => sum + record.count, 0);
    throw new LatentError("bad-request", `there is no row ${row}, rows go from 0 to ${count - 1}`);
  }
  return { set, row: row - set.start };
}

/** Asks each dataset for its own of `rows`, and gives the answers in the order of `rows`. */
export async function askDatasets<T>(checkpoint: OpenCheckpoint, rows: Int32Array, ask: (dataset: Dataset, rows: Int32Array) => Promise<T[]>): Promise<T[]> {
  const parts = new Map<PlacedRowSet | null, { rows: number[]; at: number[] }>();
  rows.forEach((number, at) => {
    const { set, row } = placeOfRow(checkpoint, number);
    const part = parts.get(set) ?? { rows: [], at: [] };
    parts.set(set, part);
    part.rows.push(row);
    part.at.push(at);
  });
  const answers = new Array<T>(rows.length);
  for (const [set, part] of parts) {
    const found = await ask(await (set ?? checkpoint).dataset(), Int32Array.from(part.rows));
    part.at.forEach((at, i) => void (answers[at] = found[i]!));
  }
  return answers;
}
