import type { CheckpointHeader } from "./checkpointHeader";
import type { Progress } from "./data";
import type { CheckpointQueries } from "./engineApi";

// What a page may ask of the extension, and what it is told. A page is bound to one checkpoint (the explorer's changes
// over time): no method takes a path, which is also the security boundary. What the compare view asks of other checkpoints
// names them by number, out of those that the user has put beside its own.

type WithoutPath<T> = {
  [K in keyof T]: T[K] extends (path: string, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;
};

type WithMember<T> = {
  [K in keyof T & string as `${K}Of`]: T[K] extends (path: string, ...rest: infer Rest) => infer Result ? (member: number, ...rest: Rest) => Result : never;
};

/** The queries that the compare view asks of its members, each as `<query>Of(member, …)`. */
export const memberQueries = ["overview", "points", "quality", "placed", "placedColoring", "details"] as const;

/** As many maps as the compare view shows at once: 3 × 3. */
export const maxMaps = 9;

/** A checkpoint of the same rows whose map the compare view draws beside this one's. */
export interface Member {
  /** Names it in queries, and stays its own while others come and go; 0 is the checkpoint that the page is bound to. */
  id: number;
  fileName: string;
  title: string;
  /** Null before its run has saved it, and when it cannot be shown. */
  header: CheckpointHeader | null;
  /** Why it cannot be shown: it is deleted, damaged, or of other rows; else empty. */
  problem: string;
  /** Of the run that is writing it. */
  progress: Progress | null;
}

/** All a page needs to draw its frame. */
export interface ViewState {
  /** Null in the explorer before any checkpoint was opened. */
  checkpoint: { fileName: string; title: string; header: CheckpointHeader } | null;
  selection: Int32Array;
  progress: Progress | null;
  trusted: boolean;
  /** Checkpoints whose losses are drawn beside this one's. */
  comparisons: { title: string; header: CheckpointHeader }[];
  /** Checkpoints of the same rows whose maps the compare view draws beside this one's, at most `maxMaps` − 1. */
  members: Member[];
}

export interface SaveRequest {
  /** Suggested file name with its ending. */
  name: string;
  content: Uint8Array | string;
}

export interface ViewApi extends WithoutPath<CheckpointQueries>, WithMember<Pick<CheckpointQueries, (typeof memberQueries)[number]>> {
  state(): Promise<ViewState>;
  /** Selects rows in every open view of the same dataset. */
  select(rows: Int32Array): Promise<void>;
  /** Asks for a place and writes there; false when the user cancelled. */
  save(request: SaveRequest): Promise<boolean>;
  copy(text: string): Promise<void>;
  /** Opens the file a row came from beside the view: the image, or the line of the table. */
  openSource(row: number): Promise<void>;
  /** The same of a row as a member of the compare view counts it. */
  openSourceOf(member: number, row: number): Promise<void>;
  /** Runs one of the extension's commands on this checkpoint. */
  command(id: ViewCommand): Promise<void>;
  /** Takes rows that were placed out of the map's file. */
  removePlaced(id: number): Promise<void>;
  /** Lets the user pick a checkpoint whose losses are drawn beside this one's. */
  compare(): Promise<void>;
  clearComparisons(): Promise<void>;
  /** Lets the user pick another checkpoint of the same rows for the compare view. */
  addMember(): Promise<void>;
  removeMember(member: number): Promise<void>;
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
  "latentLens.placeRows",
  "latentLens.compareMaps",
] as const;
export type ViewCommand = (typeof viewCommands)[number];

export interface ViewEvents {
  didSelect(rows: Int32Array): void;
  didProgress(progress: Progress | null): void;
  /** The file or its run changed; a snapshot of everything. */
  didChangeState(state: ViewState): void;
  /** Progress of the run that writes a member of the compare view. */
  didProgressOf(member: number, progress: Progress | null): void;
}
