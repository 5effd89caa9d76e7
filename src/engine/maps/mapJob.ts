import type { HyperparameterValues } from "../../protocol/data";
import type { ErrorCode } from "../../protocol/errors";
import type { NamedTensors } from "../safetensors";
import type { MapRows, NeighborGraph } from "./map";
import type { MapKind } from "./mapKinds";

// What the engine and a map's thread tell each other. Plain data: it crosses between threads.

/** Given to the thread when it starts. */
export interface MapJob {
  kind: MapKind;
  rows: MapRows;
  values: HyperparameterValues;
  labels: Int32Array | Float32Array | null;
  seed: number;
  state: NamedTensors | null;
  /** The graph of an earlier run with the same rows. */
  graph: NeighborGraph | null;
  /** Of crew.ts. */
  folder: string;
  threads: number;
  /** One i32: 1 asks the thread to stop, to which it answers with "end" within a step. */
  stop: SharedArrayBuffer;
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
  | { type: "frame"; frame: MapFrame }
  /** What to resume from, now and then while the map is made. */
  | { type: "state"; state: NamedTensors; iteration: number }
  | { type: "end"; frame: MapFrame; finished: boolean; state: NamedTensors; facts: Record<string, number> }
  /** Stopped before the first step. */
  | { type: "stopped" }
  | { type: "failed"; code: ErrorCode; message: string };
