import { isMissing, numberOf, type DecimalMark } from "./cells";
import { mostTextClasses } from "./labelValues";

// What a table's columns hold, gathered cell by cell. A column is numeric as long as every cell is a number or missing;
// the first other cell makes it a text column. Texts are numbered in the order of their appearance as long as there are
// few different ones; long or ever different texts are not kept at all, they can be read from the file again.

export type ColumnKind = "numeric" | "text" | "long-text";

export interface ColumnState {
  kind: ColumnKind;
  /** Set when a text follows numbers: the numbers' texts are gone, so the table must be read again for this column. */
  late: boolean;
  present: number;
  missing: number;
  firstMissingLine: number;
  /** Where a number beyond 32-bit floats stands; 0 when nowhere. */
  infiniteLine: number;
  sum: number;
  /** True while each number is the one before plus 1, as in a column that only numbers the rows. */
  countsUp: boolean;
  last: number;
  categories: string[];
  codes: Map<string, number>;
}

export const newColumn = (kind: ColumnKind): ColumnState => ({
  kind, late: false, present: 0, missing: 0, firstMissingLine: 0, infiniteLine: 0, sum: 0, countsUp: true, last: 0, categories: [], codes: new Map(),
});

/** How many different texts all columns together may still keep. */
export interface CategoryBudget {
  left: number;
}
export const categoryBudget = (): CategoryBudget => ({ left: 2 ** 21 });

const longestCategory = 256;

/** The code stored for a missing cell of any column: its bits are a NaN where they are read as a float. */
export const missingCode = -1;

/** Counts a missing cell in `line`. */
export function addMissing(column: ColumnState, line: number): void {
  if (column.missing++ === 0) column.firstMissingLine = line;
  column.countsUp = false;
}

/** Counts a number in `line`; returns it as the 32-bit float that is stored. */
export function addNumber(column: ColumnState, value: number, line: number): number {
  const stored = Math.fround(value);
  if (stored - stored !== 0 && column.infiniteLine === 0) column.infiniteLine = line;
  if (column.countsUp && column.present > 0 && value !== column.last + 1) column.countsUp = false;
  column.last = value;
  column.present++;
  column.sum += value;
  return stored;
}

/** Where cells are stored: a number in `floats`, a text's code in `codes`, which are two views of the same memory. */
export interface CellStore {
  floats: Float32Array;
  codes: Int32Array;
  budget: CategoryBudget;
}

/** Reads one cell into place `at` of the store. The general way, for whatever the cell says. */
export function addCell(column: ColumnState, cell: string, line: number, decimal: DecimalMark, { floats, codes, budget }: CellStore, at: number): void {
  const trimmed = cell.trim();
  if (isMissing(trimmed)) {
    addMissing(column, line);
    codes[at] = missingCode;
    return;
  }
  if (column.kind === "numeric") {
    const value = numberOf(trimmed, decimal);
    if (value !== undefined) {
      floats[at] = addNumber(column, value, line);
      return;
    }
    column.late = column.present > 0;
    column.kind = "text";
  }
  column.present++;
  codes[at] = column.kind === "text" ? categoryCode(column, trimmed, budget) : missingCode;
}

function categoryCode(column: ColumnState, text: string, budget: CategoryBudget): number {
  const known = column.codes.get(text);
  if (known !== undefined) return known;
  if (text.length > longestCategory || column.categories.length >= mostTextClasses || budget.left === 0) {
    budget.left += column.categories.length;
    column.kind = "long-text";
    column.categories = [];
    column.codes = new Map();
    return missingCode;
  }
  // A piece of a string keeps the whole block it was cut from alive; a copy does not.
  const own = Buffer.from(text, "utf8").toString("utf8");
  const code = column.categories.length;
  column.categories.push(own);
  column.codes.set(own, code);
  budget.left--;
  return code;
}
