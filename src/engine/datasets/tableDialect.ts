import { LatentError } from "../../protocol/errors";
import type { DatasetChoice } from "../../protocol/data";
import { isMissing, numberOf, type DecimalMark } from "./cells";
import { choose } from "./choices";
import { isBlank, parseRecords, type LineBreak, type TableFormat } from "./tableBlocks";
import { readTextStart, type TextStart } from "./textSource";

// How a table is written, which its file does not say: the delimiter, whether the first line names the columns, the
// decimal mark. Each is found from the first lines and can be chosen otherwise.

export interface Dialect extends TableFormat {
  header: boolean;
  decimal: DecimalMark;
}

export interface FoundDialect {
  dialect: Dialect;
  choices: DatasetChoice[];
  notes: string[];
}

const leastSample = 2 ** 16;
const mostSample = 2 ** 22;
const sampleRecords = 500;
const delimiters = [
  { id: "tab", mark: "\t", label: "Tab" },
  { id: "semicolon", mark: ";", label: "Semicolon" },
  { id: "comma", mark: ",", label: "Comma" },
  { id: "pipe", mark: "|", label: "Vertical bar" },
] as const;

/** The dialect in force for the table at `path`, with the choices it came from and notes on what was found. */
export async function findDialect(path: string, answers: Record<string, string[]>, preferTab: boolean): Promise<FoundDialect> {
  const sample = await readSample(path);
  const lineBreak: LineBreak = !sample.text.includes("\n") && sample.text.includes("\r") ? "\r" : "\n";
  const delimiterChoice = choose(answers, {
    id: "delimiter",
    title: "Delimiter",
    options: delimiters.map(({ id, label }) => ({ id, label })),
    fallback: [likeliestDelimiter(sample, lineBreak, preferTab)],
  });
  const { mark: delimiter, label } = delimiters.find(({ id }) => id === delimiterChoice.selected[0])!;
  const records = sampleOf(sample, { delimiter, lineBreak });
  const decimalChoice = choose(answers, {
    id: "decimal",
    title: "Decimal mark",
    // Where the comma separates cells it cannot be part of a number.
    options: [{ id: "point", label: "Point: 1.5" }, ...(delimiter === "," ? [] : [{ id: "comma", label: "Comma: 1,5" }])],
    fallback: [delimiter === ";" && usesDecimalComma(records) ? "comma" : "point"],
  });
  const decimal: DecimalMark = decimalChoice.selected[0] === "comma" ? "," : ".";
  const headerChoice = choose(answers, {
    id: "header",
    title: "Column names",
    options: [{ id: "first-line", label: "In the first line" }, { id: "none", label: "None" }],
    fallback: [looksLikeHeader(records, decimal) ? "first-line" : "none"],
  });
  const header = headerChoice.selected[0] === "first-line";
  const notes = [
    `cells separated by ${label.toLowerCase()}, ${header ? "column names in the first line" : "no column names"}`,
    ...(decimal === "," ? ["numbers are read with a decimal comma: 1,5 is one and a half"] : []),
    ...(sample.encoding !== "utf-8" ? ["the file is UTF-16"] : []),
  ];
  return { dialect: { delimiter, lineBreak, header, decimal }, choices: [delimiterChoice, headerChoice, decimalChoice], notes };
}

/** The start of the text, long enough to hold a few lines of all but absurdly wide tables. */
async function readSample(path: string): Promise<TextStart> {
  for (let length = leastSample; ; length *= 4) {
    const sample = await readTextStart(path, length);
    if (sample.text === "") throw new LatentError("bad-dataset", "the table is empty");
    if (sample.text.includes("\0")) {
      throw new LatentError("bad-dataset", "the table holds zero bytes: this is not a text file, or it is UTF-16 without a byte order mark");
    }
    if (!sample.cut || length >= mostSample || sample.text.split(/\r\n|\n|\r/, 4).length === 4) return sample;
  }
}

/** The first whole records; broken quotes give none here and an error in the scan, with the chosen delimiter. */
function sampleOf({ text, cut }: TextStart, format: TableFormat): string[][] {
  try {
    const { records } = parseRecords(text, cut, 1, format, sampleRecords);
    return records.filter(record => !isBlank(record));
  } catch {
    return text.split(format.lineBreak, sampleRecords).map(line => line.split(format.delimiter));
  }
}

/**
 * The delimiter under which most records have as many cells as the first one, and fewest cells look as if they should
 * have been split further.
 */
function likeliestDelimiter(sample: TextStart, lineBreak: LineBreak, preferTab: boolean): string {
  let best: string = preferTab ? "tab" : "comma";
  let bestScore = 0;
  for (const { id, mark } of delimiters) {
    const records = sampleOf(sample, { delimiter: mark, lineBreak });
    const width = records[0]?.length ?? 0;
    if (width < 2) continue;
    const regular = records.filter(record => record.length === width).length / records.length;
    let clean = 0;
    let cells = 0;
    for (const record of records) {
      for (const cell of record) {
        cells++;
        if (isNumeric(cell, mark === "," ? "." : ",") || !delimiters.some(other => other.mark !== mark && cell.includes(other.mark))) clean++;
      }
    }
    const score = regular * (clean / cells);
    if (score > bestScore) [best, bestScore] = [id, score];
  }
  return best;
}

const isNumeric = (cell: string, decimal: DecimalMark) => numberOf(cell.trim(), decimal) !== undefined;

/** True when cells like 1,5 occur and cells like 1.5 do not. */
function usesDecimalComma(records: readonly string[][]): boolean {
  let commas = false;
  for (const record of records) {
    for (const cell of record) {
      const trimmed = cell.trim();
      if (/^[+-]?\d+\.\d+$/.test(trimmed)) return false;
      if (/^[+-]?\d*,\d+$/.test(trimmed)) commas = true;
    }
  }
  return commas;
}

/** True when no cell of the first line is a number and it differs from the lines below as names do. */
function looksLikeHeader(records: readonly string[][], decimal: DecimalMark): boolean {
  const [first, ...rest] = records;
  if (!first || first.some(cell => isNumeric(cell, decimal))) return false;
  if (first.every(cell => isMissing(cell.trim()))) return false;
  if (rest.some(record => record.some(cell => isNumeric(cell, decimal)))) return true;
  const named = new Set(first.map(cell => cell.trim()));
  return named.size === first.length && !rest.some(record => record.some((cell, i) => cell.trim() !== "" && cell === first[i]));
}
