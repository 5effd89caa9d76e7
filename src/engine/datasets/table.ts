import type { Labels, Schema } from "../../protocol/data";
import { throwIfCancelled } from "../../protocol/errors";
import { columnNamed } from "./columnNames";
import type { Dataset, DatasetReader } from "./dataset";
import { fingerprintOfFiles } from "./fingerprintOfFiles";
import { labelsFromNumbers, mostTableClasses, sortClasses } from "./labelValues";
import { opening } from "./opening";
import { checkIndices, checkWindow, gatherRows } from "./rowRuns";
import { sharedScan, type SharedScan } from "./tableCache";
import { findDialect } from "./tableDialect";
import { isUsable, planTable, type Feature } from "./tableQuestions";
import type { TableColumn, TableScan } from "./tableScan";

export const table: DatasetReader = {
  title: "Table (CSV, TSV)",
  endings: [".csv", ".tsv"],
  folders: false,
  open: (path, choices, context = {}) =>
    opening(path, async keep => {
      throwIfCancelled(context.signal);
      const found = await findDialect(path, choices, path.toLowerCase().endsWith(".tsv"));
      const shared = await sharedScan(path, found.dialect, context);
      keep({ close: shared.release });
      const plan = planTable(shared.scan, choices, context.like);
      return tableDataset(path, shared, plan.features, plan.label, {
        notes: [...found.notes, ...plan.notes],
        choices: [...plan.choices, ...found.choices],
        fingerprint: await fingerprintOfFiles([path]),
      });
    }),
};

type Findings = Pick<Dataset, "notes" | "choices" | "fingerprint">;

function tableDataset(path: string, shared: SharedScan, features: readonly Feature[], label: number, findings: Findings): Dataset {
  const { scan } = shared;
  const size = features.reduce((width, feature) => width + feature.width, 0);
  const schema: Schema = {
    count: scan.count,
    kind: "table",
    shape: [size],
    range: null,
    columns: features.map(({ from: _from, fill: _fill, slotOf: _slotOf, ...column }) => column),
  };
  const colorable = scan.columns.map((column, index) => ({ name: column.name, column, index })).filter(({ column }) => isUsable(column));
  const readRows = async (start: number, count: number) => featureRows(await readCells(scan, start, count), scan.columns.length, features, size);
  return {
    ...findings,
    schema,
    dtype: "float32",
    columnNames: colorable.map(({ name }) => name),
    read: async (start, count, signal) => {
      throwIfCancelled(signal);
      checkWindow(start, count, scan.count);
      return readRows(start, count);
    },
    rows: async (indices, signal) => {
      throwIfCancelled(signal);
      checkIndices(indices, scan.count);
      return gatherRows(indices, size, scan.columns.length * 4, readRows, signal);
    },
    labels: async signal => (label < 0 ? null : columnLabels(scan, label, mostTableClasses, signal)),
    column: async (name, signal) => columnLabels(scan, columnNamed(colorable, name).index, 0, signal),
    facts: async (indices, signal) => {
      checkIndices(indices, scan.count);
      const texts = await scan.texts(indices, signal);
      return Array.from(indices, row => texts.get(row)!.map((cell, index): [string, string] => [scan.columns[index]!.name, shortened(cell)]));
    },
    title: row => `row ${row}`,
    location: row => ({ path, line: scan.lineOf(row) }),
    close: shared.release,
  };
}

const longestFact = 2000;
const shortened = (cell: string) => (cell.length > longestFact ? `${cell.slice(0, longestFact)}…` : cell);

/** Stored cells of rows [start, start + count), seen as numbers and as category codes. */
async function readCells({ cells, columns }: TableScan, start: number, count: number): Promise<{ floats: Float32Array; codes: Int32Array }> {
  const rowBytes = columns.length * 4;
  const { buffer } = await cells.read(start * rowBytes, count * rowBytes);
  return { floats: new Float32Array(buffer), codes: new Int32Array(buffer) };
}

/** [count × size]: missing numbers filled, categories one-hot, missing categories all zero. */
function featureRows({ floats, codes }: { floats: Float32Array; codes: Int32Array }, width: number, features: readonly Feature[], size: number): Float32Array {
  const count = floats.length / width;
  const rows = new Float32Array(count * size);
  for (const { kind, from, start, fill, slotOf } of features) {
    for (let row = 0, cell = from, to = 0; row < count; row++, cell += width, to += size) {
      if (kind === "numeric") {
        const value = floats[cell]!;
        rows[to + start] = value === value ? value : fill;
      } else if (codes[cell]! >= 0) rows[to + slotOf[codes[cell]!]!] = 1;
    }
  }
  return rows;
}

const cellsAtOnce = 2 ** 20;

/** A whole column; whole numbers of at most `mostClasses` different values are classes, none when it is 0. */
async function columnLabels(scan: TableScan, index: number, mostClasses: number, signal?: AbortSignal): Promise<Labels> {
  const column: TableColumn = scan.columns[index]!;
  const width = scan.columns.length;
  const step = Math.max(1, Math.floor(cellsAtOnce / width));
  const numbers = column.kind === "numeric" ? new Float32Array(scan.count) : null;
  const codes = new Int32Array(numbers ? 0 : scan.count);
  for (let start = 0; start < scan.count; start += step) {
    throwIfCancelled(signal);
    const count = Math.min(step, scan.count - start);
    const cells = await readCells(scan, start, count);
    for (let row = 0, cell = index; row < count; row++, cell += width) {
      if (!numbers) codes[start + row] = cells.codes[cell]!;
      else numbers[start + row] = Number.isFinite(cells.floats[cell]!) ? cells.floats[cell]! : NaN;
    }
  }
  if (numbers) return mostClasses > 0 ? labelsFromNumbers(column.name, numbers, mostClasses) : { kind: "numbers", name: column.name, values: numbers };
  return { kind: "classes", name: column.name, ...sortClasses(column.categories, codes) };
}
