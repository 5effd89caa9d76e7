import type { Labels } from "../../protocol/data";
import { classColor, noClassColor, rampColor } from "./colors";
import type { Rgb } from "./theme";

// What colour, legend and filter follow from a value per row. Pure: the elements only draw what stands here.

/** Which rows the legend lets through: classes that are not hidden (−1 are the unlabelled), values within open limits. */
export interface Filter {
  hidden: number[];
  low: number | null;
  high: number | null;
}
export const noFilter: Filter = { hidden: [], low: null, high: null };
export const isFiltering = ({ hidden, low, high }: Filter) => hidden.length > 0 || low !== null || high !== null;

export interface LegendEntry {
  /** Class index, −1 for rows without one. */
  value: number;
  name: string;
  count: number;
}

/** The classes that occur, in their own order, with how many rows each has; unlabelled rows last. */
export function legendOf(labels: Labels): LegendEntry[] {
  if (labels.kind !== "classes") return [];
  const counts = new Int32Array(labels.classes.length + 1);
  for (const value of labels.values) counts[value < 0 ? labels.classes.length : value]!++;
  const entries = labels.classes.map((name, value) => ({ value, name, count: counts[value]! })).filter(({ count }) => count > 0);
  const missing = counts[labels.classes.length]!;
  return missing > 0 ? [...entries, { value: -1, name: "", count: missing }] : entries;
}

/** Colour of a class, or of having none. */
export function colorOfClass(value: number, dark: boolean): Rgb {
  return value >= 0 ? classColor(value, dark) : noClassColor(dark);
}

/** Lowest and highest value between which colours run: the 1 % and 99 % quantiles, so that no outlier eats the scale. */
export function valueRange(values: Float32Array): [number, number] {
  const sorted = values.filter(value => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return [0, 1];
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  const [low, high] = [at(0.01), at(0.99)];
  if (low < high) return [low, high];
  const [first, last] = [sorted[0]!, sorted.at(-1)!];
  return [first, last > first ? last : first + 1];
}

/** 1 for the rows that the filter lets through. A value that is missing passes only when no limit is set. */
export function shownRows(labels: Labels | null, count: number, { hidden, low, high }: Filter): Uint8Array {
  const shown = new Uint8Array(count).fill(1);
  if (labels?.kind === "classes" && hidden.length > 0) {
    const isHidden = new Set(hidden);
    labels.values.forEach((value, row) => { if (isHidden.has(Math.max(-1, value))) shown[row] = 0; });
  }
  if (labels?.kind === "numbers" && (low !== null || high !== null)) {
    labels.values.forEach((value, row) => { if (!(value >= (low ?? -Infinity) && value <= (high ?? Infinity))) shown[row] = 0; });
  }
  return shown;
}

/** Opacity (of 255) of the rows around a selection: they step back without losing their colour. */
const unselectedAlpha = 40;

/** Colour and opacity of every row [n × 4]; hidden rows have opacity 0. */
export function pointColors(labels: Labels | null, count: number, shown: Uint8Array, selection: Int32Array, dark: boolean): Uint8Array {
  const colors = new Uint8Array(4 * count);
  const colorOf = colorFunction(labels, dark);
  const selected = selection.length > 1 ? new Uint8Array(count) : null;
  if (selected) for (const row of selection) selected[row] = 1;
  for (let row = 0; row < count; row++) {
    if (!shown[row]) continue;
    const color = colorOf(row);
    const at = 4 * row;
    colors[at] = color[0];
    colors[at + 1] = color[1];
    colors[at + 2] = color[2];
    colors[at + 3] = selected && !selected[row] ? unselectedAlpha : 255;
  }
  return colors;
}

function colorFunction(labels: Labels | null, dark: boolean): (row: number) => Rgb {
  const none = noClassColor(dark);
  if (!labels) return () => classColor(0, dark);
  if (labels.kind === "classes") {
    const palette = labels.classes.map((_, value) => classColor(value, dark));
    return row => palette[labels.values[row]!] ?? none;
  }
  const [low, high] = valueRange(labels.values);
  const ramp = Array.from({ length: 256 }, (_, i) => rampColor(i / 255, dark));
  return row => {
    const value = labels.values[row]!;
    return Number.isNaN(value) ? none : ramp[Math.max(0, Math.min(255, Math.round((255 * (value - low)) / (high - low))))]!;
  };
}

/** How many rows of a selection fall into each class, most first. */
export function classesOf(selection: Int32Array, labels: Labels | null): { value: number; count: number }[] {
  if (labels?.kind !== "classes") return [];
  const counts = new Map<number, number>();
  for (const row of selection) counts.set(labels.values[row]!, (counts.get(labels.values[row]!) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || a.value - b.value);
}
