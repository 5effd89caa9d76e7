import type { NamedTensors } from "../safetensors";

// The words that all maps share: rows in, a picture of two or three dimensions out, step by step.

export type MapMetric = "euclidean" | "cosine";

/** What is mapped: [count × dim] values, f32 row-major, and what "near" means between rows. */
export interface MapRows {
  data: Float32Array;
  count: number;
  dim: number;
  metric: MapMetric;
}

/** The k nearest other rows of every row, nearest first. Rows that lie in one place are neighbours at distance 0. */
export interface NeighborGraph {
  k: number;
  /** [count × k] row numbers. */
  rows: Int32Array;
  /** [count × k] distances: Euclidean, or 1 − cos. */
  distances: Float32Array;
  /** Share of the true neighbours that were found, measured on a sample of the rows; 1 where the search was exact. */
  recall: number;
  /** Whether every pair of rows was compared, so that the first neighbours are those of any smaller graph; absent where that is not known. */
  exact?: boolean;
}

/**
 * A map under way. It is advanced by whoever wants a picture: between two steps it can be drawn, saved or left. Steps block
 * the thread, so that a map has a thread of its own (mapThread.ts).
 */
export interface MapRun {
  readonly dimensions: 2 | 3;
  /** How many steps the whole map takes, at most: falls to `iteration` where steps no longer change anything, which ends the map. */
  readonly iterations: number;
  /** Steps done. */
  readonly iteration: number;
  /** What is worth knowing of how the map is made, by name: where it does not compare all rows with all, with how many. */
  readonly facts?: Record<string, number>;
  step(): void;
  /** [count × dimensions] row-major, a copy of the present picture. */
  coordinates(): Float32Array;
  /** What the steps lower (KL divergence, stress-1, cross entropy), by name; computed now, at most as dear as a step. */
  objective(): { name: string; value: number };
  /** All that a later run needs to go on from here to the same picture, bit for bit, on as many threads. */
  state(): NamedTensors;
}

/** A map whose steps are made on a device, several at a time; as MapRun otherwise, but that everything takes a while. */
export interface DeviceRun {
  readonly dimensions: 2 | 3;
  readonly iterations: number;
  readonly iteration: number;
  /** Makes some steps: at least one and at most `most`, as many as take a moment and the map still lacks. */
  advance(most: number): Promise<void>;
  coordinates(): Promise<Float32Array>;
  objective(): Promise<{ name: string; value: number }>;
  /** All that a later run on the same device needs to go on from here to the same picture, bit for bit. */
  state(): Promise<NamedTensors>;
  close(): void;
}

/** Told how far a preparation is (0 to 1); throws `cancelled` to stop it. */
export type Report = (fraction: number) => void;
