import { LatentError } from "../../protocol/errors";
import type { NamedTensors } from "../safetensors";

export interface MdsOptions {
  /** Classical scaling has no steps; metric MDS lowers stress-1 against the distances, nonmetric against their order alone. */
  kind: "classical" | "metric" | "nonmetric";
  dimensions: 2 | 3;
  seed: number;
  /** Most steps from each start, 300 by default; with sampled columns the steps, 100 by default. */
  iterations?: number;
  /** A start has converged when a step lowers the stress by less than this share of it; 1e-5 by default. */
  eps?: number;
  /**
   * Where the map begins: at the classical map (the default), at so many random ones in turn, of which the best is kept, or at a given
   * one [count × dimensions], row-major.
   */
  start?: "classical" | { random: number } | Float32Array;
  /** Rows that the classical map is computed from, by default 1000, or 400 where it is only the start. */
  landmarks?: number;
  /** Rows, drawn anew in each step, that a step of metric MDS compares every row with. By default all of up to 20,000 rows, 128 of more. */
  columns?: number;
}

/** Throws `bad-request` for options that are impossible with `count` rows, `bad-checkpoint` for the state of another map. */
export function checkMdsOptions(count: number, { kind, dimensions, iterations = 1, eps = 0, start, landmarks = 2, columns }: MdsOptions, state?: NamedTensors): void {
  const whole = (name: string, value: number, least: number) => {
    if (!(Number.isInteger(value) && value >= least)) throw new LatentError("bad-request", `${name}: ${value}, but at least ${least} and whole`);
  };
  whole("iterations", iterations, 1);
  whole("landmarks", landmarks, 2);
  if (columns !== undefined) {
    whole("columns", columns, 1);
    if (columns > count) throw new LatentError("bad-request", `${columns} columns of ${count} rows`);
    if (kind !== "metric") throw new LatentError("bad-request", `${kind} MDS takes no sampled columns, only metric MDS does`);
  }
  if (!(eps >= 0 && eps < 1)) throw new LatentError("bad-request", `eps: ${eps}, but from 0 to 1`);
  if (start instanceof Float32Array) {
    if (start.length !== count * dimensions) throw new LatentError("bad-request", `a start of ${start.length} values for ${count} rows in ${dimensions} dimensions`);
    if (!start.every(Number.isFinite)) throw new LatentError("bad-request", "the start holds values that are not finite");
  } else if (typeof start === "object") whole("random starts", start.random, 1);
  if (!state) return;
  if (kind === "classical") throw new LatentError("bad-request", "classical scaling has no steps that could be gone on with");
  const map = state["map"]?.data;
  if (!(map instanceof Float32Array && map.length === count * dimensions && state["progress"] && state["iteration"])) {
    throw new LatentError("bad-checkpoint", `the saved state is not that of an MDS map of ${count} rows in ${dimensions} dimensions`);
  }
}
