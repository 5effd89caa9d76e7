import type { Column, DatasetChoice, Labels, Schema } from "../../protocol/data";

// The contract between readers and everybody who needs rows. A reader never skips, pads or guesses silently: what the
// file leaves open becomes a choice with a stated default, what is wrong becomes `LatentError("bad-dataset", …)` that
// says what, where and what to do.

/** One value of a row as stored: bytes stay bytes until a batch is made of them. */
export type Rows = Float32Array | Uint8Array;

export interface Dataset {
  readonly schema: Schema;
  /** Element type of what `read` returns. */
  readonly dtype: "uint8" | "float32";
  /** Facts worth reading before training: where labels were found, what was filled or resized. */
  readonly notes: readonly string[];
  /** Every question of how the file is read, with the answer in force; some may have one possible answer alone. */
  readonly choices: readonly DatasetChoice[];
  /** Hash over the content's size and blocks of it (and of the label file); equal for equal data, wherever it lies. */
  readonly fingerprint: string;
  /** Columns that can colour or describe rows beyond the labels; features and others alike. */
  readonly columnNames: readonly string[];

  /** Rows [start, start + count), row-major [count × d], in one window. */
  read(start: number, count: number, signal?: AbortSignal): Promise<Rows>;
  /** Any rows in any order, row-major [n × d]. Equal to picking them from `read`. */
  rows(indices: Int32Array, signal?: AbortSignal): Promise<Float32Array>;
  /** Labels of all rows, or null when the dataset has none (or the user chose none). */
  labels(signal?: AbortSignal): Promise<Labels | null>;
  /** All values of one of `columnNames`. */
  column(name: string, signal?: AbortSignal): Promise<Labels>;
  /** What the file says of each row in words: columns of a table; empty lists where there is nothing to say. */
  facts(indices: Int32Array, signal?: AbortSignal): Promise<[string, string][][]>;
  /** A short name of a row: "cats/7.png", "row 12". */
  title(row: number): string;
  /** Where a row can be looked at in the editor; `line` counts from 1. */
  location(row: number): { path: string; line?: number };
  close(): Promise<void>;
}

export interface OpenContext {
  signal?: AbortSignal;
  /** Share of the opening that is done, 0 to 1, for formats that must be scanned first. */
  onProgress?: (fraction: number) => void;
  /** Columns of the rows that these shall be like: their means stand in for missing numbers, not this dataset's own. */
  like?: readonly Column[];
}

export interface DatasetReader {
  title: string;
  /** Name endings, lower case, with the dot where there is one: ".npy", "-ubyte", ".csv". */
  endings: readonly string[];
  /** True for readers that open a folder. */
  folders: boolean;
  /**
   * Opens a dataset. `choices` are the user's answers by choice id; missing ones take their default, answers that do
   * not exist are `bad-dataset`. Cheap to call again: no reader holds more of the file in memory than it must.
   */
  open(path: string, choices: Record<string, string[]>, context?: OpenContext): Promise<Dataset>;
}
