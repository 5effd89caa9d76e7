import type { Points } from "../../protocol/engineApi";

/** What a projection is given: rows × dim values, f32 row-major, with names for its coordinates. */
export interface Cloud {
  data: Float32Array;
  dim: number;
  names: string[];
}

/** A way from latents (or raw rows) to a picture. */
export interface Projection {
  title: string;
  /** How many dimensions the picture can have for such a cloud; empty where it makes no sense. */
  dimensions(dim: number): number[];
  project(cloud: Cloud, dimensions: number): Promise<Points>;
}
