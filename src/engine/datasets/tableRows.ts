import { LatentError } from "../../protocol/errors";
import type { ByteSource } from "./byteSource";
import type { DecimalMark } from "./cells";
import { counted } from "./counted";
import { growingStore } from "./growingStore";
import { breaksWithin, isBlank, type LineBreak } from "./tableBlocks";
import { addCell, addMissing, categoryBudget, missingCode, newColumn, type CellStore, type ColumnState } from "./tableColumns";

/** Lines that rows take beyond one each: from row `rows[i]` on, `lines[i]` more. */
export interface ExtraLines {
  rows: number[];
  lines: number[];
}

/**
 * The rows of a table while it is scanned: four bytes a cell, row by row, in memory or a temporary file. A number is
 * stored as a 32-bit float, a text as the index of its category.
 */
export class TableRows implements CellStore {
  readonly columns: ColumnState[];
  readonly budget = categoryBudget();
  readonly extraLines: ExtraLines = { rows: [], lines: [] };
  /** The rows of the block under way, as numbers and as codes; replaced when they grow, so take them after `beginRow`. */
  floats = new Float32Array(0);
  codes = new Int32Array(0);
  count = 0;
  /** Line of the first row; 0 while there is none. */
  firstLine = 0;
  private readonly store = growingStore();
  private filled = 0;
  private blankLines: number[] = [];

  /** `texts` are the columns that are known not to be numeric. */
  constructor(readonly width: number, texts: ReadonlySet<number>) {
    this.columns = Array.from({ length: width }, (_, index) => newColumn(texts.has(index) ? "text" : "numeric"));
  }

  /** Rows so far, with those that blank lines of a one-column table will be if more follows. */
  get nextRow(): number {
    return this.count + (this.width === 1 ? this.blankLines.length : 0);
  }

  /** A line with nothing on it: nothing at the end of the file, a missing cell in a table of one column, else an error. */
  addBlankLine(line: number): void {
    if (this.width > 1 && this.blankLines.length > 0) return; // the first is the one to name, and they may be many
    this.blankLines.push(line);
  }

  /** Makes room for the row in `line`; the index of its first cell in `floats` and `codes`. */
  beginRow(line: number): number {
    if (this.blankLines.length > 0) this.settleBlankLines();
    return this.addRow(line);
  }

  /** Adds the records of a block that was parsed; `line` is the line of the first. */
  addRecords(records: readonly string[][], line: number, decimal: DecimalMark, lineBreak: LineBreak): void {
    for (const record of records) {
      if (isBlank(record)) this.addBlankLine(line);
      else {
        if (record.length !== this.width) throw wrongWidth(line, record.length, this.width);
        const row = this.beginRow(line);
        for (let i = 0; i < record.length; i++) addCell(this.columns[i]!, record[i]!, line, decimal, this, row + i);
      }
      line += 1 + breaksWithin(record, lineBreak);
    }
  }

  /** Moves the block's rows to the store. */
  async flush(): Promise<void> {
    const bytes = new Uint8Array(this.floats.buffer, 0, this.filled * 4);
    this.filled = 0;
    await this.store.append(bytes);
  }

  /** All rows, [count × width] cells of four bytes. */
  finish(): Promise<ByteSource> {
    return this.store.finish();
  }

  discard(): Promise<void> {
    return this.store.discard();
  }

  private addRow(line: number): number {
    if (this.firstLine === 0) this.firstLine = line;
    const { rows, lines } = this.extraLines;
    const extra = line - this.firstLine - this.count;
    if (extra !== (lines.at(-1) ?? 0)) {
      rows.push(this.count);
      lines.push(extra);
    }
    if (this.filled + this.width > this.floats.length) this.grow();
    const row = this.filled;
    this.filled += this.width;
    this.count++;
    return row;
  }

  private grow(): void {
    const grown = new Float32Array(Math.max(2 ** 16, 2 * this.floats.length, this.filled + this.width));
    // As integers: a code is not always a NaN that survives a copy as a float.
    new Int32Array(grown.buffer).set(this.codes.subarray(0, this.filled));
    this.floats = grown;
    this.codes = new Int32Array(grown.buffer);
  }

  private settleBlankLines(): void {
    const lines = this.blankLines;
    this.blankLines = [];
    if (this.width > 1) throw new LatentError("bad-dataset", `line ${lines[0]} is blank`);
    for (const line of lines) {
      addMissing(this.columns[0]!, line);
      const row = this.addRow(line);
      this.codes[row] = missingCode;
    }
  }
}

/** "line 7 has 3 columns, expected 4" */
export const wrongWidth = (line: number, cells: number, width: number): LatentError =>
  new LatentError("bad-dataset", `line ${line} has ${counted(cells, "column")}, expected ${width}`);
