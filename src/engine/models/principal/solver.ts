import { LatentError } from "../../../protocol/errors";

export type SolverChoice = "auto" | "exact" | "randomized";

export interface SolverOptions {
  solver: SolverChoice;
  seed: number;
  signal?: AbortSignal | undefined;
  onProgress(fraction: number): void;
  /** Bytes of rows and of bases that may stay on the backend from one pass over the rows to the next. */
  keptBytes?: number;
}

/** What a solver finds, signs left open. */
export interface Found {
  /** [k × d] orthonormal rows, greatest variance first. */
  directions: Float64Array;
  /** Variances (divisor n) along the directions; the exact solvers give all there are, at least k. */
  eigenvalues: Float64Array;
  totalVariance: number;
}

/** Throws `bad-dataset` where there is no variance, or more than f32 holds. */
export function checkVariance(totalVariance: number): void {
  if (!Number.isFinite(totalVariance)) throw new LatentError("bad-dataset", "values are so large that their squares exceed 32-bit floats: choose a scaling that divides them");
  if (!(totalVariance > 0)) throw new LatentError("bad-dataset", "all rows are equal: there is no variance to explain");
}
