import { isAscii } from "node:buffer";
import { addCell, addMissing, addNumber, missingCode } from "./tableColumns";
import type { TextBlock } from "./tableBlocks";
import type { Dialect } from "./tableDialect";
import { wrongWidth, type TableRows } from "./tableRows";

// The way through a block without quotes, where nearly all of a large table's time goes: numbers are read straight from
// the bytes, and a string is made only of what is not a plain number.

const [minus, plus, space, carriageReturn, zero, lowerE, upperE] = [0x2d, 0x2b, 0x20, 0x0d, 0x30, 0x65, 0x45];
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** More digits than this go the slow way. Up to 15 are exact; beyond, an error in a double's last bits is lost in the 32-bit float it becomes. */
const mostDigits = 22;

/** Reads the records of `block` into `table`. Throws `bad-dataset` for a record with another number of cells. */
export function readPlainBlock(block: TextBlock, { delimiter, lineBreak, decimal }: Dialect, table: TableRows): void {
  const { bytes } = block;
  const { columns } = table;
  const length = bytes.length;
  const width = columns.length;
  const delimiterByte = delimiter.charCodeAt(0);
  const breakByte = lineBreak.charCodeAt(0);
  const decimalByte = decimal.charCodeAt(0);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  const encoding = isAscii(bytes) ? "latin1" : "utf8";
  let line = block.line;
  for (let at = 0; at < length; line++) {
    const blankEnd = endOfBlankLine(bytes, at, breakByte);
    if (blankEnd > 0) {
      table.addBlankLine(line);
      at = blankEnd;
      continue;
    }
    const row = table.beginRow(line);
    const { floats, codes } = table;
    let cells = 0;
    for (let ended = false; !ended; at++, cells++) {
      const start = at;
      const column = cells < width ? columns[cells]! : undefined;
      let value = NaN;
      if (column !== undefined && column.kind === "numeric") {
        const sign = bytes[at];
        if (sign === minus || sign === plus) at++;
        let digits = 0;
        let mark = -1;
        let whole = 0;
        for (; at < length; at++) {
          const digit = bytes[at]! - zero;
          if (digit >= 0 && digit <= 9) {
            whole = whole * 10 + digit;
            digits++;
          } else if (bytes[at] === decimalByte && mark < 0) mark = at;
          else break;
        }
        let exponent = mark < 0 ? 0 : mark + 1 - at;
        if (digits > 0 && (bytes[at] === lowerE || bytes[at] === upperE)) {
          const exponentSign = bytes[++at];
          if (exponentSign === minus || exponentSign === plus) at++;
          let written = 0;
          const first = at;
          for (; at < length && bytes[at]! >= zero && bytes[at]! <= zero + 9; at++) written = written * 10 + bytes[at]! - zero;
          exponent = at === first ? NaN : exponent + (exponentSign === minus ? -written : written);
        }
        if (digits > 0 && digits <= mostDigits && exponent >= -22 && exponent <= 22) {
          whole = exponent < 0 ? whole / powersOfTen[-exponent]! : whole * powersOfTen[exponent]!;
          value = sign === minus ? -whole : whole;
        }
        if (bytes[at] === carriageReturn && bytes[at + 1] === breakByte) at++;
      }
      if (column !== undefined && value === value && (at >= length || bytes[at] === delimiterByte || bytes[at] === breakByte)) {
        floats[row + cells] = addNumber(column, value, line);
      } else {
        while (at < length && bytes[at] !== delimiterByte && bytes[at] !== breakByte) at++;
        if (column === undefined) { /* counted, and refused below */ }
        else if (at === start) {
          addMissing(column, line);
          codes[row + cells] = missingCode;
        } else if (column.kind === "long-text") {
          column.present++;
          codes[row + cells] = missingCode;
        } else addCell(column, buffer.toString(encoding, start, at), line, decimal, table, row + cells);
      }
      ended = at >= length || bytes[at] === breakByte;
    }
    if (cells !== width) throw wrongWidth(line, cells, width);
  }
}

/** Where the line after a blank one begins, or 0 when the line at `at` has something on it. */
function endOfBlankLine(bytes: Uint8Array, at: number, breakByte: number): number {
  while (at < bytes.length && bytes[at] !== breakByte) {
    const byte = bytes[at++]!;
    if (byte !== space && byte !== carriageReturn) return 0;
  }
  return at + 1;
}
