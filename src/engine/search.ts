import type { Labels } from "../protocol/data";
import { throwIfCancelled } from "../protocol/errors";
import type { Dataset } from "./datasets/dataset";
import type { OpenCheckpoint } from "./openCheckpoints";

/**
 * Rows that a text means, ascending: the row of that number ("12" or "#12"), rows whose class label is or contains the
 * text, rows whose name contains it, and rows with a column value that is it. Case does not matter. Rows that were placed in a
 * map are found as well, but not by their numbers.
 */
export async function findRows(checkpoint: OpenCheckpoint, text: string, signal?: AbortSignal): Promise<Int32Array> {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return new Int32Array(0);
  const { count } = checkpoint.schema;
  const number = /^#?(\d+)$/.exec(wanted)?.[1];
  const numbered = number !== undefined && Number(number) < count ? [Number(number)] : [];
  if (wanted.startsWith("#")) return Int32Array.from(numbered);
  const found = await markRows(count, await checkpoint.labels(), await checkpoint.dataset().catch(() => null), wanted, signal);
  for (const row of numbered) found[row] = 1;
  const rows: number[] = [];
  found.forEach((hit, row) => hit && rows.push(row));
  for (const set of checkpoint.placed) {
    const inSet = await markRows(set.record.count, await set.labels(), await set.dataset().catch(() => null), wanted, signal);
    inSet.forEach((hit, row) => hit && rows.push(set.start + row));
  }
  return Int32Array.from(rows);
}

/** 1 for the rows of a dataset that a text means by label, name or column. */
async function markRows(count: number, labels: Labels | null, dataset: Dataset | null, wanted: string, signal?: AbortSignal): Promise<Uint8Array> {
  const found = new Uint8Array(count);
  if (labels?.kind === "classes") markClasses(found, labels.values, labels.classes, wanted);
  if (!dataset) return found;
  for (let row = 0; row < count; row++) {
    // A title that only counts the rows says no more than the number does.
    const title = dataset.title(row).toLowerCase();
    if (title.includes(wanted) && title !== `row ${row}`) found[row] = 1;
    if (row % 65_536 === 0) await pause(signal);
  }
  for (const name of dataset.columnNames) {
    const column = await dataset.column(name, signal);
    if (column.kind === "classes") markClasses(found, column.values, column.classes, wanted);
  }
  return found;
}

/** An exact class name wins over names that merely contain the text: "1" must not find "10". */
function markClasses(found: Uint8Array, values: Int32Array, classes: readonly string[], wanted: string): void {
  const names = classes.map(name => name.toLowerCase());
  const exact = names.indexOf(wanted);
  const hits = names.map((name, c) => (exact === -1 ? name.includes(wanted) : c === exact));
  values.forEach((value, row) => { if (value >= 0 && hits[value]) found[row] = 1; });
}

async function pause(signal?: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  await new Promise(setImmediate);
}
