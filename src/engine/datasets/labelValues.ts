import type { Labels } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";

// From stored label values, numbers or texts, to classes. Whole numbers of few distinct values are classes, because that
// is how nearly every dataset stores them; everything else numeric stays a number per row.

/** In tables, where a whole-number column may as well be a measurement. */
export const mostTableClasses = 50;
/** In label files, whose whole numbers are class indices (ImageNet has 1,000). */
export const mostArrayClasses = 1000;
/** More distinct texts than this are names of the rows, not classes. */
export const mostTextClasses = 10_000;

const exactInFloat = 2 ** 24;
const naturally = new Intl.Collator("en", { numeric: true });

/** "2" before "10", upper and lower case together; equal only for equal texts. */
export function compareNaturally(a: string, b: string): number {
  return naturally.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Classes when all values are whole numbers and at most `mostClasses` differ (in numeric order, named by the number),
 * else the numbers as they are. NaN marks a row without label.
 */
export function labelsFromNumbers(name: string, values: Float32Array, mostClasses: number, nameOf: (value: number) => string = String): Labels {
  const distinct = new Set<number>();
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    distinct.add(value);
    if (!Number.isInteger(value) || Math.abs(value) > exactInFloat || distinct.size > mostClasses) return { kind: "numbers", name, values };
  }
  if (distinct.size === 0) return { kind: "numbers", name, values };
  const sorted = [...distinct].sort((a, b) => a - b);
  const indexOf = new Map(sorted.map((value, index) => [value, index]));
  return { kind: "classes", name, values: Int32Array.from(values, value => indexOf.get(value) ?? -1), classes: sorted.map(nameOf) };
}

/** Gathers texts row by row into classes in natural order; `bad-dataset` when there are too many different ones. */
export function textLabelCollector(name: string, count: number): { add(row: number, text: string): void; finish(): Labels } {
  const codes = new Map<string, number>();
  const values = new Int32Array(count).fill(-1);
  return {
    add: (row, text) => {
      let code = codes.get(text);
      if (code === undefined) {
        code = codes.size;
        codes.set(text, code);
        if (codes.size > mostTextClasses) {
          throw new LatentError("bad-dataset", `${name} holds more than ${mostTextClasses} different texts: they name the rows rather than class them; choose other labels or none`);
        }
      }
      values[row] = code;
    },
    finish: () => ({ kind: "classes", name, ...sortClasses([...codes.keys()], values) }),
  };
}

/** Classes in natural order, and `codes` (−1: none) renumbered to it. */
export function sortClasses(classes: readonly string[], codes: Int32Array): { classes: string[]; values: Int32Array } {
  const order = classes.map((_, code) => code).sort((a, b) => compareNaturally(classes[a]!, classes[b]!));
  const rank = new Int32Array(classes.length);
  order.forEach((code, index) => (rank[code] = index));
  return { classes: order.map(code => classes[code]!), values: codes.map(code => (code < 0 ? -1 : rank[code]!)) };
}
