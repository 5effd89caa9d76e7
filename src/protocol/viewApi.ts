import type { CheckpointHeader } from "./checkpointHeader";
import type { Progress } from "./data";
import type { CheckpointQueries } from "./engineApi";

// What a page may ask of the extension, and what it is told. A page is bound to one checkpoint (the explorer's changes
// over time): no method takes a path, which is also the security boundary.

type WithoutPath<T> = {
  [K in keyof T]: T[K] extends (path: string, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;
};

/** All a page needs to draw its frame. */
export interface ViewState {
  /** Null in the explorer before any checkpoint was opened. */
  checkpoint: { fileName: string; title: string; header: CheckpointHeader } | null;
  selection: Int32Array;
  progress: Progress | null;
  trusted: boolean;
  /** Checkpoints whose losses are drawn beside this one's. */
  comparisons: { title: string; header: CheckpointHeader }[];
}

export interface SaveRequest {
  /** Suggested file name with its ending. */
  name: string;
  content: Uint8Array | string;
}

export interface ViewApi extends WithoutPath<CheckpointQueries> {
  state(): Promise<ViewState>;
  /** Selects rows in every open view of the same dataset. */
  select(rows: Int32Array): Promise<void>;
  /** Asks for a place and writes there; false when the user cancelled. */
  save(request: SaveRequest): Promise<boolean>;
  copy(text: string): Promise<void>;
  /** Opens the file a row came from beside the view: the image, or the line of the table. */
  openSource(row: number): Promise<void>;
  /** Runs one of the extension's commands on this checkpoint. */
  command(id: ViewCommand): Promise<void>;
  /** Lets the user pick a checkpoint whose losses are drawn beside this one's. */
  compare(): Promise<void>;
  clearComparisons(): Promise<void>;
  /** Writes a fault of the page itself into the log. */
  report(fault: string): Promise<void>;
}

/** Commands a page may trigger. */
export const viewCommands = [
  "latentLens.resumeTraining",
  "latentLens.cancelRun",
  "latentLens.locateDataset",
  "latentLens.openScatter",
  "latentLens.openReconstructions",
  "latentLens.openTraversal",
  "latentLens.openTraining",
  "latentLens.showInExplorer",
  "latentLens.embedDataset",
  "latentLens.embedSelection",
  "latentLens.exportLatents",
] as const;
export type ViewCommand = (typeof viewCommands)[number];

export interface ViewEvents {
  didSelect(rows: Int32Array): void;
  didProgress(progress: Progress | null): void;
  /** The file or its run changed; a snapshot of everything. */
  didChangeState(state: ViewState): void;
}
