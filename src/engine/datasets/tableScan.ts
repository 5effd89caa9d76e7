import { LatentError, throwIfCancelled } from "../../protocol/errors";
import type { ByteSource } from "./byteSource";
import { distinctNames } from "./columnNames";
import type { OpenContext } from "./dataset";
import { breaksWithin, isBlank, recordsOf, textBlocks, type TextBlock } from "./tableBlocks";
import type { ColumnState } from "./tableColumns";
import type { Dialect } from "./tableDialect";
import { readPlainBlock } from "./tablePlainBlock";
import { TableRows, type ExtraLines } from "./tableRows";
import type { TextSource } from "./textSource";

// One pass over a table's text: what its columns are, its cells in binary, and where in the text each row stands. A
// second pass is needed only when a column begins with numbers and turns out to hold texts.

export interface TableColumn extends Omit<ColumnState, "codes" | "late" | "last"> {
  name: string;
}

export interface TableScan {
  count: number;
  columns: TableColumn[];
  /** [count × columns] cells of four bytes: a 32-bit float in a numeric column, a category's index in a text column, −1 for none in both. */
  cells: ByteSource;
  /** Line of a row's first character, from 1. */
  lineOf(row: number): number;
  /** The cells of some rows as they are written, by row; reads the text again. */
  texts(rows: Int32Array, signal?: AbortSignal): Promise<Map<number, string[]>>;
  close(): Promise<void>;
}

interface Pass {
  rows: TableRows;
  names: string[];
  blocks: BlockPlace[];
}
interface BlockPlace {
  position: number;
  length: number;
  line: number;
  firstRow: number;
  /** Records before its first row: blank ones and the column names. */
  skipped: number;
}

/** Scans the text, which is taken over. Progress is the share of its bytes that were read. */
export async function scanTable(text: TextSource, dialect: Dialect, { signal, onProgress }: OpenContext = {}): Promise<TableScan> {
  const size = Math.max(1, text.bytes.size);
  let pass = await scanOnce(text, dialect, new Set(), (position, late) => onProgress?.(position / size / (late ? 2 : 1)), signal);
  const late = new Set(pass.rows.columns.flatMap((column, index) => (column.late ? [index] : [])));
  if (late.size > 0) {
    await pass.rows.discard();
    pass = await scanOnce(text, dialect, late, position => onProgress?.(0.5 + position / size / 2), signal);
  }
  const { rows: { width, count, firstLine, extraLines }, names, blocks } = pass;
  const columns = pass.rows.columns.map(({ codes: _codes, late: _late, last: _last, ...column }, index) => ({ name: names[index]!, ...column }));
  const cells = await pass.rows.finish();
  return {
    count,
    columns,
    cells,
    lineOf: row => firstLine + row + extraLinesAt(extraLines, row),
    texts: (wanted, readSignal) => readTexts(text, dialect, blocks, width, wanted, readSignal),
    close: async () => {
      await cells.close();
      await text.bytes.close();
    },
  };
}

async function scanOnce(
  text: TextSource, dialect: Dialect, texts: ReadonlySet<number>, onProgress: (position: number, late: boolean) => void, signal?: AbortSignal,
): Promise<Pass> {
  let rows: TableRows | undefined;
  let names: string[] = [];
  const blocks: BlockPlace[] = [];
  try {
    for await (const block of textBlocks(text, dialect, signal)) {
      const place = { position: block.position, length: block.bytes.length, line: block.line, firstRow: rows?.nextRow ?? 0, skipped: 0 };
      blocks.push(place);
      if (!rows) {
        // The first block tells the width and maybe the names; after it nothing depends on where a row stands.
        const records = recordsOf(block, dialect);
        const first = records.findIndex(record => !isBlank(record));
        if (first < 0) continue;
        names = distinctNames(dialect.header ? records[first]! : records[first]!.map(() => ""));
        rows = new TableRows(names.length, texts);
        place.skipped = dialect.header ? first + 1 : first;
        rows.addRecords(records.slice(place.skipped), block.line + linesOf(records.slice(0, place.skipped), dialect), dialect.decimal, dialect.lineBreak);
      } else if (block.records) rows.addRecords(block.records, block.line, dialect.decimal, dialect.lineBreak);
      else readPlainBlock(block, dialect, rows);
      await rows.flush();
      onProgress(block.position + block.bytes.length, rows.columns.some(column => column.late));
      await new Promise(setImmediate); // lets a cancel arrive
    }
    throwIfCancelled(signal);
    if (!rows || rows.count === 0) throw new LatentError("bad-dataset", `the table has ${rows ? "column names but no rows" : "no rows"}`);
    return { rows, names, blocks };
  } catch (error) {
    await rows?.discard();
    throw error;
  }
}

const linesOf = (records: readonly string[][], { lineBreak }: Dialect) => records.reduce((lines, record) => lines + 1 + breaksWithin(record, lineBreak), 0);

function extraLinesAt({ rows, lines }: ExtraLines, row: number): number {
  const step = lastAtMost(rows.length, i => rows[i]!, row);
  return step < 0 ? 0 : lines[step]!;
}

/** The last index below `length` whose value is at most `wanted`, for values in ascending order; −1 when there is none. */
function lastAtMost(length: number, valueAt: (index: number) => number, wanted: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

async function readTexts(
  text: TextSource, dialect: Dialect, blocks: readonly BlockPlace[], width: number, wanted: Int32Array, signal?: AbortSignal,
): Promise<Map<number, string[]>> {
  const byBlock = new Map<BlockPlace, number[]>();
  for (const row of wanted) {
    const place = blocks[lastAtMost(blocks.length, i => blocks[i]!.firstRow, row)]!;
    const rows = byBlock.get(place);
    if (rows) rows.push(row);
    else byBlock.set(place, [row]);
  }
  const found = new Map<number, string[]>();
  for (const [place, rows] of byBlock) {
    throwIfCancelled(signal);
    const block: TextBlock = { position: place.position, line: place.line, bytes: await text.bytes.read(place.position, place.length), records: null, last: false };
    const records = recordsOf(block, dialect).slice(place.skipped).filter(record => width === 1 || !isBlank(record));
    for (const row of rows) {
      const record = records[row - place.firstRow];
      if (record?.length !== width) throw new LatentError("bad-dataset", "the table has changed since it was opened: open it again");
      found.set(row, record);
    }
  }
  return found;
}
