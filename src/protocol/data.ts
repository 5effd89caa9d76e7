// The plain data that processes exchange. Everything here survives a structured clone: flat typed arrays with their
// shape, never nested rows, never a class instance.

/** A dense row-major block of numbers. `data.length` is the product of `shape`. */
export interface NumericArray {
  data: Float32Array;
  shape: number[];
}

/** What one row of a dataset is. */
export type RowKind = "image" | "table" | "vector";

/** A column of a table and the slots it fills in a row: one for a number, one per category for a categorical column. */
export interface Column {
  name: string;
  kind: "numeric" | "categorical";
  start: number;
  width: number;
  categories?: string[];
  /** Of a numeric column: the mean of its numbers, which stands in for missing ones, in rows that are added later, too. */
  mean?: number;
}

/** The form of a dataset's rows. `shape` is [height, width, channels] for images, [d] otherwise. */
export interface Schema {
  count: number;
  kind: RowKind;
  shape: number[];
  /** The values a row can take by its format, e.g. [0, 255] for 8-bit images; null when unbounded. */
  range: [number, number] | null;
  /** The feature columns of a table, in slot order; empty for images and vectors. */
  columns: Column[];
}

/** Class labels (−1 where a row has none) or a number for each row (NaN where it has none). */
export type Labels =
  | { kind: "classes"; name: string; values: Int32Array; classes: string[] }
  | { kind: "numbers"; name: string; values: Float32Array };

/** Number of values in one row. */
export function rowSize(schema: Schema): number {
  return schema.shape.reduce((product, size) => product * size, 1);
}

/** A question a reader leaves to the user: which array, which label column, which image size. */
export interface DatasetChoice {
  id: string;
  title: string;
  /** True when several options may be picked. */
  many: boolean;
  options: { id: string; label: string; description?: string }[];
  selected: string[];
  /** What is selected without an answer, the other answers being as they are. */
  usual: string[];
}

/** A dataset file or folder with the answers that say how to read it. */
export interface DatasetSource {
  path: string;
  /** Registry id of the reader; found by the file's name when left out. */
  reader?: string;
  choices: Record<string, string[]>;
}

/** A model that can be fitted to a dataset, its hyperparameters' defaults and ranges adapted to it. */
export interface ModelDescription {
  id: string;
  title: string;
  /** One sentence for the picker. */
  detail: string;
  reference: string;
  /** True for a map of the rows, which neither encodes nor decodes. */
  isMap: boolean;
  hyperparameters: Record<string, Hyperparameter>;
}

/** What a reader found in a dataset, shown before anything is trained. */
export interface DatasetDescription {
  source: Required<DatasetSource>;
  title: string;
  schema: Schema;
  fingerprint: string;
  labels: { name: string; kind: "classes" | "numbers"; classes: number } | null;
  /** Short facts worth reading before training: "labels from train-labels-idx1-ubyte", "2 values missing". */
  notes: string[];
  /** The first row in one line. */
  preview: string;
  choices: DatasetChoice[];
  /** The models that accept such rows, in the order in which they are offered. */
  models: ModelDescription[];
}

export type HyperparameterValue = number | string | boolean | number[];
export type HyperparameterValues = Record<string, HyperparameterValue>;

interface HyperparameterBase {
  label: string;
  detail?: string;
  /** True for what most people leave alone; asked for behind "More settings". */
  advanced?: boolean;
}
/** One knob of a model, with its default and range; quick picks and checks are built from it. */
export type Hyperparameter = HyperparameterBase &
  (
    | { kind: "integer" | "number"; default: number; min: number; max: number; /** At most as many as a row has values. */ atMostRowSize?: boolean }
    | { kind: "boolean"; default: boolean }
    | { kind: "choice"; default: string; options: Record<string, string> }
    | { kind: "layers"; default: readonly number[]; min: number; max: number }
  );

/** A block of latent dimensions of one nature. */
export interface LatentBlock {
  name: string;
  kind: "continuous" | "categorical" | "noise";
  start: number;
  size: number;
}
/** The coordinates of a model's latent space. */
export interface LatentSpace {
  dim: number;
  blocks: LatentBlock[];
}

export const capabilities = ["encode", "decode", "sample", "score", "map"] as const;
/** Something a model can do; a view appears where its needs are met. */
export type Capability = (typeof capabilities)[number];

/** Named loss terms, e.g. { total, reconstruction, kl }. */
export type LossTerms = Record<string, number>;

/** Mean loss terms of one pass over the data. */
export interface EpochLosses {
  epoch: number;
  train: LossTerms;
  validation: LossTerms | null;
  seconds: number;
}

/** Where an interrupted fit stands: whole epochs, batches of the next one, and the loss sums over its rows so far. */
export interface FitPosition {
  epoch: number;
  batch: number;
  rows: number;
  sums: LossTerms;
  seconds: number;
  history: EpochLosses[];
  /** Epoch with the least validation loss so far, from 1; 0 before there is one. */
  bestEpoch: number;
}

export type RunPhase = "waiting" | "loading" | "fitting" | "encoding" | "placing" | "saving";

/** A complete snapshot of a run; the newest replaces all before it. */
export interface Progress {
  phase: RunPhase;
  /** True for a map, whose epochs are steps and whose rows have a picture from the first one on. */
  isMap: boolean;
  /** Share of the whole run that is done, 0 to 1. */
  fraction: number;
  /** Whole epochs finished, and how many there will be at most; 0 for closed-form models. */
  epoch: number;
  epochs: number;
  /** Running mean of the losses in the epoch under way. */
  losses: LossTerms | null;
  history: EpochLosses[];
  secondsLeft: number | null;
  device: string;
}

/** Rows [start, start + count). */
export interface Range {
  start: number;
  count: number;
}
