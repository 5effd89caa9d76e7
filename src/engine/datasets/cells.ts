// What one cell of a table says: nothing, a number, or a text.

const missingTokens = new Set(["", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"]);
/** Written by numeric software for results beyond all numbers; numbers to the eye, but nothing can be computed with them. */
const infiniteTokens = new Map([
  ["inf", Infinity], ["+inf", Infinity], ["-inf", -Infinity], ["Inf", Infinity], ["-Inf", -Infinity], ["Infinity", Infinity], ["-Infinity", -Infinity],
]);

/** True for a trimmed cell that says that there is no value. */
export const isMissing = (cell: string): boolean => missingTokens.has(cell);

export type DecimalMark = "." | ",";

const plainNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** The number a trimmed cell holds, ±Infinity for what says so, undefined for texts. "0x10" and "1 000" are texts. */
export function numberOf(cell: string, decimal: DecimalMark): number | undefined {
  const pointed = decimal === "," && !cell.includes(".") ? cell.replace(",", ".") : cell;
  if (decimal === "," && cell.includes(".") && cell.includes(",")) return undefined; // "1.234,5" could be either
  if (plainNumber.test(pointed)) return Number(pointed);
  return infiniteTokens.get(cell);
}
