import type { HyperparameterValues } from "../../protocol/data";
import type { ErrorCode } from "../../protocol/errors";
import type { NamedTensors } from "../safetensors";
import type { MapRows, NeighborGraph } from "./map";
import type { MapKind } from "./mapKinds";
import type { Placement, PlacementSetting } from "./placement";
import type { MapQuality } from "./quality";

// What the engine and the threads of maps tell each other. Plain data: it crosses between threads.

/** What every thread is given besides its task. */
interface ThreadJob {
  rows: MapRows;
  seed: number;
  /** Of crew.ts. */
  folder: string;
  threads: number;
  /** One i32: 1 asks the thread to stop, which it does within a step. */
  stop: SharedArrayBuffer;
}

/** The GPU that maps may be made on. */
export interface MapGpu {
  /** Part of its name; any when empty, one drawn in software when "software". */
  adapter: string;
  /** Only maps of at least so many rows. */
  leastRows: number;
}

/** To judge a picture of the rows (quality.ts). */
export interface QualityJob extends ThreadJob {
  type: "quality";
  /** [count × dimensions] */
  coordinates: Float32Array;
  labels: Int32Array | null;
  k: number;
  /** [count × k] each row's nearest in the data, by an exact search, or those of the judged rows; null where they are not known. */
  nearInData: Int32Array | null;
  /** Rows to judge, where there are more. */
  most: number;
}

/** To make a map, or to go on with one. */
export interface MapJob extends ThreadJob {
  type: "map";
  kind: MapKind;
  values: HyperparameterValues;
  labels: Int32Array | Float32Array | null;
  state: NamedTensors | null;
  /** A graph of the same rows that is there already: of an earlier run, or of another map (../keptGraphs.ts). */
  graph: NeighborGraph | null;
  /** Null where the processor makes all maps. */
  gpu: MapGpu | null;
}

/** To place new rows in a map that is finished (placement.ts). */
export interface PlaceJob extends ThreadJob, PlacementSetting {
  type: "place";
}

/** A picture on the way, turned and mirrored to lie like the one before it. */
export interface MapFrame {
  iteration: number;
  iterations: number;
  /** [count × dimensions] */
  coordinates: Float32Array;
  /** What the steps lower, measured now and then since the last picture, oldest first. */
  objectives: { name: string; value: number; iteration: number }[];
}

export type MapMessage =
  | { type: "preparing"; fraction: number }
  | { type: "graph"; graph: NeighborGraph }
  /** What makes the steps, from now on, and why it is not the GPU where that failed. */
  | { type: "device"; device: string }
  | { type: "frame"; frame: MapFrame }
  /** What to resume from, now and then while the map is made. */
  | { type: "state"; state: NamedTensors; iteration: number }
  | { type: "end"; frame: MapFrame; finished: boolean; state: NamedTensors; facts: Record<string, number> }
  | { type: "quality"; quality: MapQuality }
  | { type: "placed"; placement: Placement }
  /** Stopped before there was anything to give. */
  | { type: "stopped" }
  | { type: "failed"; code: ErrorCode; message: string };
