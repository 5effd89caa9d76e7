import type { Column, DatasetChoice } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import { choose } from "./choices";
import { none } from "./columnNames";
import { counted } from "./counted";
import { compareNaturally, mostTableClasses } from "./labelValues";
import type { TableColumn, TableScan } from "./tableScan";

// Which columns of a table are features, which one is the label, and what to do about missing numbers. The defaults are
// what one would tick by hand; what is left out is said.

/** A feature column and where it comes from in the stored rows. */
export interface Feature extends Column {
  /** Index of the column in the table. */
  from: number;
  /** For a numeric column: what stands in for a missing number. */
  fill: number;
  /** For a categorical column: the slot of each category code as stored. */
  slotOf: Int32Array;
}

export interface TablePlan {
  features: Feature[];
  /** Index of the label column, or −1. */
  label: number;
  choices: DatasetChoice[];
  notes: string[];
}

const mostFeatureCategories = 50;
const widestRow = 2 ** 20;

/**
 * Decides by the user's answers and the defaults; missing numbers are filled with the means of the columns of the same names in `like`, where
 * they have one. `bad-dataset` when nothing is left to learn from.
 */
export function planTable({ columns, count }: TableScan, answers: Record<string, string[]>, like: readonly Column[] = []): TablePlan {
  const labelChoice = chooseLabel(columns, count, answers);
  const label = columns.findIndex(column => column.name === labelChoice.selected[0]);
  const reasons = columns.map((column, index) => (index === label ? "the label" : reasonAgainst(column, count, columns)));
  const able = columns.filter(isUsable);
  const featureChoice = choose(answers, {
    id: "features",
    title: "Feature columns",
    many: true,
    options: able.map(column => ({ id: column.name, label: column.name, description: describe(column) })),
    fallback: columns.filter((column, index) => reasons[index] === null && isUsable(column)).map(column => column.name),
  });
  const chosen = new Set(featureChoice.selected);
  const features = placeFeatures(columns, chosen, new Map(like.flatMap(({ name, mean }) => (mean === undefined ? [] : [[name, mean]]))));
  if (features.length === 0) throw nothingToLearn(columns, reasons);
  const missing = chooseMissing(features.map(feature => columns[feature.from]!), answers, like.some(({ mean }) => mean !== undefined));
  const notes = [
    ...(label >= 0 ? [`labels from column "${columns[label]!.name}"`] : []),
    ...missing.notes,
    ...(answers["features"] ? [] : leftOut(columns, reasons)),
  ];
  return { features, label, choices: [labelChoice, featureChoice, missing.choice], notes };
}

/** True for a column whose values are kept: it can be a feature, a label or a colour. */
export const isUsable = (column: TableColumn) => column.present > 0 && column.kind !== "long-text";
const describe = (column: TableColumn) => (column.kind === "numeric" ? "numbers" : `${column.categories.length} categories`);

const labelNames = [
  "label", "labels", "class", "classes", "target", "species", "category", "y", "diagnosis", "outcome", "digit", "survived", "variety", "cluster", "group",
];

function chooseLabel(columns: readonly TableColumn[], count: number, answers: Record<string, string[]>): DatasetChoice {
  const able = columns.filter(isUsable);
  const mostClasses = Math.max(mostTableClasses, count / 2);
  const likely = ({ kind, infiniteLine, categories }: TableColumn) => (kind === "numeric" ? infiniteLine === 0 : categories.length <= mostClasses);
  const find = (name: string) => able.find(column => column.name.toLowerCase() === name);
  // Beside x or z, y is a coordinate like them.
  const isCoordinate = (name: string) => name === "y" && (find("x") ?? find("z")) !== undefined;
  const named = labelNames.filter(name => !isCoordinate(name)).map(find).find(column => column !== undefined && likely(column));
  return choose(answers, {
    id: "label",
    title: "Label column",
    options: [...able.map(column => ({ id: column.name, label: column.name, description: describe(column) })), { id: none, label: "None" }],
    // A table of one column is about that column, whatever its name.
    fallback: [able.length > 1 && named ? named.name : none],
  });
}

const idName = /^(id|index|idx|uuid|guid|key|row|rowid|row[ _-]?(number|names?)|unnamed: ?0|name|names|title|.*[ _-](id|uuid|guid|key|name))$/i;
const camelId = /[a-z](Id|ID)$/;
const fewestToCount = 10;

/** Why a column is no feature unless chosen, or null. */
function reasonAgainst(column: TableColumn, count: number, columns: readonly TableColumn[]): string | null {
  if (column.present === 0) return "empty";
  if (column.kind === "long-text") return "long or ever different texts";
  if (column.kind === "numeric") {
    if (column.infiniteLine > 0) return `not a finite 32-bit number in line ${column.infiniteLine}`;
    if (column.countsUp && count >= fewestToCount) return "it numbers the rows";
  }
  if (idName.test(column.name) || camelId.test(column.name)) return "named as an identifier";
  if (column.kind === "text" && column.categories.length > mostFeatureCategories) return `${column.categories.length} different texts`;
  // One-hot, such a column makes all rows equally distant; first in a table of distances, it makes the table no square.
  if (column.kind === "text" && column.categories.length === count && (count >= fewestToCount || namesColumns(column, columns))) return "a different text in every row";
  return null;
}

/** True when the texts are the names of the other columns, as those of a table of distances or correlations. */
function namesColumns({ categories }: TableColumn, columns: readonly TableColumn[]): boolean {
  const names = new Set(columns.map(({ name }) => name));
  return categories.length > 1 && categories.every(text => names.has(text));
}

function leftOut(columns: readonly TableColumn[], reasons: readonly (string | null)[]): string[] {
  const out = columns.flatMap((column, index) => (reasons[index] && reasons[index] !== "the label" ? [`"${column.name}" (${reasons[index]})`] : []));
  const shown = out.slice(0, 8).join(", ");
  return out.length === 0 ? [] : [`not used as features: ${shown}${out.length > 8 ? ` and ${counted(out.length - 8, "more column")}` : ""}`];
}

/** "59 2 32.1": columns that are separated by blanks, which cannot be told from texts of several words. */
const spacedNumbers = /^\s*[-+]?[\d.]+(e[-+]?\d+)?(\s+[-+]?[\d.]+(e[-+]?\d+)?)+\s*$/i;

function nothingToLearn(columns: readonly TableColumn[], reasons: readonly (string | null)[]): LatentError {
  if (columns.length === 1 && spacedNumbers.test(columns[0]!.categories[0] ?? columns[0]!.name)) {
    return new LatentError("bad-dataset", "each line is one text of numbers with spaces between them: separate the columns by commas, semicolons, tabs or bars");
  }
  const [why = ""] = leftOut(columns, reasons);
  const advice = `choose at least one column of numbers, or of at most ${mostFeatureCategories} categories`;
  return new LatentError("bad-dataset", `no feature columns: ${advice}${why ? `. ${why}` : ""}`);
}

/** The chosen columns in the order of the table, each with its slots in a row. */
function placeFeatures(columns: readonly TableColumn[], chosen: ReadonlySet<string>, means: ReadonlyMap<string, number>): Feature[] {
  const features: Feature[] = [];
  let start = 0;
  columns.forEach((column, from) => {
    if (!chosen.has(column.name)) return;
    if (column.infiniteLine > 0 && column.kind === "numeric") {
      const place = `line ${column.infiniteLine}, column "${column.name}"`;
      throw new LatentError("bad-dataset", `${place} is not a finite 32-bit number: correct it or take the column out of the features`);
    }
    features.push(column.kind === "numeric" ? numericFeature(column, from, start, means) : categoricalFeature(column, from, start));
    start += features.at(-1)!.width;
    if (start > widestRow) {
      throw new LatentError("bad-dataset", `the chosen columns take more than ${widestRow} values a row, one for each category: choose columns of fewer categories`);
    }
  });
  return features;
}

function numericFeature(column: TableColumn, from: number, start: number, means: ReadonlyMap<string, number>): Feature {
  const mean = column.sum / column.present;
  return { name: column.name, kind: "numeric", start, width: 1, mean, from, fill: means.get(column.name) ?? mean, slotOf: new Int32Array(0) };
}

function categoricalFeature(column: TableColumn, from: number, start: number): Feature {
  const order = column.categories.map((_, code) => code).sort((a, b) => compareNaturally(column.categories[a]!, column.categories[b]!));
  const slotOf = new Int32Array(order.length);
  order.forEach((code, index) => (slotOf[code] = start + index));
  return { name: column.name, kind: "categorical", start, width: order.length, categories: order.map(code => column.categories[code]!), from, fill: 0, slotOf };
}

/** What to do about missing numbers, asked where there are any. */
function chooseMissing(features: readonly TableColumn[], answers: Record<string, string[]>, areOthers: boolean): { choice: DatasetChoice; notes: string[] } {
  const numbers = features.filter(column => column.kind === "numeric" && column.missing > 0);
  const texts = features.filter(column => column.kind === "text" && column.missing > 0);
  const choice = choose(answers, {
    id: "missing",
    title: "Missing numbers",
    options: [{ id: "mean", label: "Fill with the column's mean" }, { id: "error", label: "Stop with an error" }],
    fallback: ["mean"],
  });
  const first = numbers[0];
  if (first && choice.selected[0] === "error") {
    const total = numbers.reduce((sum, column) => sum + column.missing, 0);
    const place = `line ${first.firstMissingLine}, column "${first.name}"`;
    const all = `${counted(total, "missing number")} in ${counted(numbers.length, "column")}`;
    throw new LatentError("bad-dataset", `${place} is missing (${all}): fill them, take the columns out of the features, or choose to fill with the mean`);
  }
  return {
    choice: first ? choice : { ...choice, options: choice.options.filter(option => choice.selected.includes(option.id)) },
    notes: [
      ...(first ? [`missing numbers filled with the column's mean${areOthers ? " in the map's rows" : ""}: ${counts(numbers)}`] : []),
      ...(texts.length > 0 ? [`missing categories are all zeros: ${counts(texts)}`] : []),
    ],
  };
}

function counts(columns: readonly TableColumn[]): string {
  const shown = columns.slice(0, 8).map(column => `${column.missing} in "${column.name}"`).join(", ");
  return columns.length > 8 ? `${shown} and more in ${columns.length - 8} other columns` : shown;
}
