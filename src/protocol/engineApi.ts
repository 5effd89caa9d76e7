import type {
  DatasetDescription, DatasetSource, HyperparameterValues, Labels, NumericArray, Progress,
} from "./data";

// What the engine process can be asked. Paths are absolute; answers are structured-clone data.

export type BackendId = "tensorflow" | "webgpu" | "wasm" | "cpu";
export type BackendChoice = "auto" | BackendId;

/** How the backend runs, in words; what does not concern it is left out. */
export interface BackendDetails {
  /** Which kernels compute. */
  kernels?: string;
  /** What the kernels' test at the start said, variant by variant. */
  selfTest?: string;
  /** How many threads compute, and why not more. */
  threads?: string;
}

export interface EngineDescription {
  backend: BackendId;
  /** "WebGPU · NVIDIA H200", "CPU · wasm ×2" */
  device: string;
  /** Why each of the other backends is not in use. */
  unavailable: Partial<Record<BackendId, string>>;
  details: BackendDetails;
  versions: Record<string, string>;
  /** Matrix products measured just now, in 10⁹ operations a second; null where it is not offered. */
  gflops: number | null;
  memory: { tensors: number; tensorBytes: number; processBytes: number };
}

export interface FitRequest {
  runId: string;
  source: DatasetSource;
  model: string;
  hyperparameters: HyperparameterValues;
  seed: number;
  /** A checkpoint of the same dataset whose latents are mapped in place of the rows; for maps alone. */
  basis?: string;
  /** The rows to fit, as the checkpoint `of` of the same dataset counts them, null for all that it was fitted to; the dataset's when left out. */
  subset?: { of: string; rows: Int32Array | null };
  /** Where the checkpoint is written; nothing must be there yet. */
  checkpointPath: string;
}

export interface FitResult {
  checkpointPath: string;
  state: "complete" | "interrupted";
}

export interface ProjectionDescription {
  id: string;
  title: string;
  dimensions: number[];
}

/** A way to colour the rows: "label", "score", "column:mass", "dimension:3", "cluster:8". */
export interface ColoringDescription {
  id: string;
  title: string;
  /** Where the model knew these values: a column that is one of its features, or the labels that a supervised map was told. Absent where it did not. */
  known?: "feature" | "label";
}

/** What can be asked of one checkpoint right now. */
export interface Overview {
  count: number;
  /** Null when the dataset is where the checkpoint says and unchanged, else what is wrong. */
  datasetProblem: string | null;
  projections: ProjectionDescription[];
  /** The id of the projection to begin with. */
  usualProjection: string;
  colorings: ColoringDescription[];
  /** True while the fit is still under way in the engine. */
  live: boolean;
}

export interface Points {
  /** [count × dimensions], row-major. */
  data: Float32Array;
  dimensions: number;
  /** Axis titles, e.g. "PC 1 (9.7 %)". */
  axes: string[];
}

/** One dataset's rows that were placed in a map. */
export interface PlacedSet {
  id: number;
  /** The dataset's name. */
  name: string;
  /** Of the dataset: the same in every map in which its rows were placed. */
  fingerprint: string;
  count: number;
  /** Null when the dataset is where it was and unchanged, else what is wrong: its places and labels are kept all the same. */
  problem: string | null;
}

/** Rows that were placed in a map, set after set. Queries that take rows count them on from the checkpoint's own. */
export interface PlacedPoints {
  sets: PlacedSet[];
  /** [all placed rows × dimensions], in the picture that was asked for; empty where they have no place in it. */
  data: Float32Array;
}

export interface PlaceRequest {
  /** Names it in `didProgress`. */
  runId: string;
  /** The map's checkpoint. */
  path: string;
  source: DatasetSource;
}

export interface RowDetails {
  x: NumericArray;
  titles: string[];
  /** Name and value of each column, for tables; empty for images. */
  facts: [string, string][][];
}

export interface Thumbnails {
  /** [n, height, width, channels] with channels 1, 3 or 4, row-major bytes. */
  data: Uint8Array;
  shape: [number, number, number, number];
}

export type Metric = "euclidean" | "cosine";

export interface Neighbors {
  rows: Int32Array;
  distances: Float32Array;
  /** Where they are near: in the data, where a map has kept that, else among the latents, which of a map is the picture. */
  within: "data" | "latents";
}

/** How far a picture of the rows can be trusted. Rates go from 0 to 1, 1 is best. */
export interface Quality {
  count: number;
  /** Rows that were judged, each against all rows: all of them, or a random sample. */
  judged: number;
  /** Neighbours of a row that were judged. */
  k: number;
  /** 1 where all neighbours in the picture are neighbours in the data (Venna & Kaski 2001). */
  trustworthiness: number;
  /** 1 where all neighbours in the data are neighbours in the picture. */
  continuity: number;
  /** Share of the neighbours in the data that are neighbours in the picture. */
  neighborOverlap: number;
  /** Share of rows whose class is that of most of their neighbours in the picture; null without classes. */
  labelAccuracy: number | null;
  /** Rank correlation of distances in the data and in the picture, −1 to 1, of `pairs` pairs of rows. */
  spearman: number;
  /** Kruskal's stress-1 of the picture at its best size, 0 is best. */
  stress1: number;
  pairs: number;
  /** Distances of some pairs, for a Shepard diagram: in the data, and in the picture. */
  dataDistances: Float32Array;
  mapDistances: Float32Array;
}

export interface Reconstructions {
  x: NumericArray;
  reconstruction: NumericArray;
  /** Mean squared error of each row in model space (images: pixels scaled to [0, 1]). */
  errors: Float32Array;
  /** What one unit of model space is in data space, per value: differences divided by it compare across columns. */
  scale: Float32Array;
}

/** Closed-form details of a linear model; null for others. */
export interface PrincipalComponents {
  mean: NumericArray;
  /** [k, d] in data space: row i is principal direction i, a unit vector in model space times the scale of each value. */
  components: NumericArray;
  /** [d] what one unit of model space is in data space: components divided by it compare across columns of any unit. */
  scale: Float32Array;
  /** Share of the total variance of each component, as many as were computed. */
  explainedVarianceRatio: Float32Array;
  /** Standard deviation of the data along each component. */
  standardDeviations: Float32Array;
}

export interface LatentSummary {
  dim: number;
  names: string[];
  /** [dim × quantiles.length]: values of each dimension over the data at the given quantiles. */
  quantileValues: Float32Array;
  quantiles: number[];
  mean: Float32Array;
  /** How much the decoded row changes when a dimension moves across its data range, mean squared, model space. */
  effects: Float32Array;
  /** Dimensions, greatest effect first. */
  order: Int32Array;
}

/** Where a traversal starts. `draw` is the prior of a generative model, else a Gaussian fitted to the latents. */
export type Anchor =
  | { kind: "row"; row: number }
  | { kind: "mean" }
  | { kind: "draw"; seed: number }
  | { kind: "latents"; z: Float32Array };

export interface TraverseRequest {
  anchor: Anchor;
  dimensions: number[];
  steps: number;
  /** Quantiles of the data between which the steps are spread evenly. */
  from: number;
  to: number;
}
export interface Traversal {
  /** [dimensions.length × steps]: the value the dimension takes. */
  values: Float32Array;
  /** [dimensions.length, steps, d] decoded rows in data space. */
  rows: NumericArray;
  anchor: Float32Array;
}
export interface SheetRequest {
  anchor: Anchor;
  dimensions: [number, number];
  steps: number;
  from: number;
  to: number;
}

/** Everything a view may ask about one checkpoint. */
export interface CheckpointQueries {
  overview(path: string, signal?: AbortSignal): Promise<Overview>;
  points(path: string, request: { projection: string; dimensions: number }, signal?: AbortSignal): Promise<Points>;
  quality(path: string, request: { projection: string; dimensions: number }, signal?: AbortSignal): Promise<Quality>;
  coloring(path: string, id: string, signal?: AbortSignal): Promise<Labels>;
  placed(path: string, request: { projection: string; dimensions: number }, signal?: AbortSignal): Promise<PlacedPoints>;
  /** Of the placed rows, set after set; classes are those of `coloring`, with others behind them. Unknown values are −1 or NaN. */
  placedColoring(path: string, id: string, signal?: AbortSignal): Promise<Labels>;
  details(path: string, rows: Int32Array, signal?: AbortSignal): Promise<RowDetails>;
  thumbnails(path: string, rows: Int32Array, signal?: AbortSignal): Promise<Thumbnails>;
  find(path: string, text: string, signal?: AbortSignal): Promise<Int32Array>;
  neighbors(path: string, request: { row: number; metric: Metric; count: number }, signal?: AbortSignal): Promise<Neighbors>;
  reconstruct(path: string, request: { rows: Int32Array; components: number | null }, signal?: AbortSignal): Promise<Reconstructions>;
  principalComponents(path: string, signal?: AbortSignal): Promise<PrincipalComponents | null>;
  latents(path: string, rows: Int32Array, signal?: AbortSignal): Promise<NumericArray>;
  latentSummary(path: string, signal?: AbortSignal): Promise<LatentSummary>;
  anchor(path: string, anchor: Anchor, signal?: AbortSignal): Promise<Float32Array>;
  decode(path: string, z: NumericArray, signal?: AbortSignal): Promise<NumericArray>;
  traverse(path: string, request: TraverseRequest, signal?: AbortSignal): Promise<Traversal>;
  sheet(path: string, request: SheetRequest, signal?: AbortSignal): Promise<Traversal>;
}

/** The queries by name, for forwarding; the type makes a forgotten one an error. */
export const checkpointQueries = Object.keys({
  overview: 0, points: 0, quality: 0, coloring: 0, placed: 0, placedColoring: 0, details: 0, thumbnails: 0, find: 0, neighbors: 0, reconstruct: 0,
  principalComponents: 0, latents: 0, latentSummary: 0, anchor: 0, decode: 0, traverse: 0, sheet: 0,
} satisfies Record<keyof CheckpointQueries, 0>) as (keyof CheckpointQueries)[];

export interface EngineApi extends CheckpointQueries {
  describe(): Promise<EngineDescription>;
  /** Titles of the models by id. */
  models(): Promise<Record<string, string>>;
  inspect(source: DatasetSource, signal?: AbortSignal): Promise<DatasetDescription>;
  fit(request: FitRequest, signal?: AbortSignal): Promise<FitResult>;
  resume(request: { runId: string; checkpointPath: string }, signal?: AbortSignal): Promise<FitResult>;
  /** What a dataset holds, read as the checkpoint's own was; with answers of one's own in `choices`. Notes say what does not fit. */
  inspectFor(path: string, source: { path: string; choices: DatasetSource["choices"] | null }, signal?: AbortSignal): Promise<DatasetDescription>;
  /** Places the rows of another dataset in a map, which stays as it is, and keeps them in its file. Nothing is kept after a cancel. */
  place(request: PlaceRequest, signal?: AbortSignal): Promise<{ id: number; count: number }>;
  /** Takes rows that were placed out of the map's file. */
  removePlaced(path: string, id: number): Promise<void>;
  /** Where a row can be looked at in the editor; `line` counts from 1. */
  location(path: string, row: number): Promise<{ path: string; line?: number }>;
  exportLatents(path: string, request: { format: "npy" | "csv"; target: string }, signal?: AbortSignal): Promise<void>;
  /** Points the checkpoint at its dataset's new place. */
  locateDataset(path: string, datasetPath: string, signal?: AbortSignal): Promise<void>;
  rename(path: string, name: string): Promise<void>;
  /** Forgets what is held of a file that is about to be moved or deleted. */
  release(path: string): Promise<void>;
}

export interface EngineEvents {
  didProgress(runId: string, progress: Progress): void;
  /** `broken`: what is installed and does not work, so that this device is used instead; null when there is no such thing. */
  didOpenBackend(device: string, broken: string | null): void;
  didLog(level: "info" | "warn" | "error", text: string): void;
}

/** The exit code with which the engine says that its GPU went away. */
export const deviceLostExitCode = 86;
