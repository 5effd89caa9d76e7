import { throwIfCancelled } from "../protocol/errors";
import type { OpenCheckpoint } from "./openCheckpoints";

/**
 * Rows that a text means, ascending: the row of that number ("12" or "#12"), rows whose class label is or contains the
 * text, rows whose name contains it, and rows with a column value that is it. Case does not matter.
 */
export async function findRows(checkpoint: OpenCheckpoint, text: string, signal?: AbortSignal): Promise<Int32Array> {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return new Int32Array(0);
  const { count } = checkpoint.schema;
  const found = new Uint8Array(count);
  const number = /^#?(\d+)$/.exec(wanted)?.[1];
  if (number !== undefined && Number(number) < count) found[Number(number)] = 1;
  if (!wanted.startsWith("#")) {
    const labels = await checkpoint.labels();
    if (labels?.kind === "classes") markClasses(found, labels.values, labels.classes, wanted);
    const dataset = await checkpoint.dataset().catch(() => null);
    if (dataset) {
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
    }
  }
  const rows: number[] = [];
  found.forEach((hit, row) => hit && rows.push(row));
  return Int32Array.from(rows);
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
