import type { DatasetChoice, Labels, Schema } from "../../protocol/data";
import { throwIfCancelled } from "../../protocol/errors";
import { columnNamed } from "./columnNames";
import { closeAll } from "./opening";
import type { Dataset } from "./dataset";
import { spreadRows } from "../spreadRows";
import { interleave, type RowView } from "./rowView";
import type { StoredArray } from "./storedArray";

/** A column beside the rows, read when asked for. */
export interface LazyLabels {
  name: string;
  read(signal?: AbortSignal): Promise<Labels>;
}

export interface ArrayDatasetParts {
  path: string;
  array: StoredArray;
  view: RowView;
  labels: LazyLabels | null;
  columns?: readonly LazyLabels[];
  choices: readonly DatasetChoice[];
  notes: readonly string[];
  fingerprint: string;
  /** What is open besides the array. */
  resources?: readonly { close(): Promise<void> }[];
}

/** The dataset that an array and a view of its rows make; closing it closes the array and `resources`. */
export async function arrayDataset(parts: ArrayDatasetParts, signal?: AbortSignal): Promise<Dataset> {
  const { path, array, view, labels, columns = [] } = parts;
  const range = await rangeOf(array, view, signal);
  const schema: Schema = { count: array.count, kind: view.kind, shape: view.shape, range: range.range, columns: [] };
  let closing: Promise<void> | undefined;
  return {
    schema,
    dtype: array.dtype,
    notes: [...view.notes, ...parts.notes, ...range.notes],
    choices: [...parts.choices, ...view.choices],
    fingerprint: parts.fingerprint,
    columnNames: columns.map(column => column.name),
    read: async (start, count, readSignal) => {
      const rows = await array.read(start, count, readSignal);
      return view.planar ? interleave(rows, view.shape) : rows;
    },
    rows: async (indices, readSignal) => {
      const rows = await array.rows(indices, readSignal);
      return view.planar ? interleave(rows, view.shape) : rows;
    },
    labels: async readSignal => {
      throwIfCancelled(readSignal);
      // By their role: the name of the file they lie in is in the notes.
      return labels ? { ...(await labels.read(readSignal)), name: labels.name } : null;
    },
    column: async (name, readSignal) => {
      throwIfCancelled(readSignal);
      return columnNamed(columns, name).read(readSignal);
    },
    facts: async indices => Array.from(indices, () => []),
    title: row => `row ${row}`,
    location: () => ({ path }),
    close: () => (closing ??= closeAll([...(parts.resources ?? []), array])),
  };
}

const sampledRows = 1000;
const sampledValues = 2 ** 24;

/** The values rows can take: by the format for bytes and booleans, for images of other types by what a sample holds. */
async function rangeOf(array: StoredArray, view: RowView, signal?: AbortSignal): Promise<{ range: Schema["range"]; notes: string[] }> {
  if (array.element === "u1") return { range: [0, 255], notes: [] };
  if (array.element === "bool") return { range: [0, 1], notes: [] };
  if (view.kind !== "image") return { range: null, notes: [] };
  const sample = spreadRows(array.count, Math.min(sampledRows, Math.max(1, Math.floor(sampledValues / array.rowSize))));
  let low = Infinity;
  let high = -Infinity;
  for (const value of await array.rows(sample, signal)) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = candidateRanges.find(([from, to]) => low >= from && high <= to) ?? null;
  const seen = `${sample.length === array.count ? "all" : sample.length} of ${array.count} rows lie in [${low}, ${high}]`;
  return { range, notes: [range ? `values taken to range over [${range.join(", ")}]: ${seen}` : `no range of values assumed: ${seen}`] };
}

const candidateRanges: readonly [number, number][] = [[0, 1], [-1, 1], [0, 255]];
