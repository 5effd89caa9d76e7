import { LatentError, throwIfCancelled } from "../../../protocol/errors";
import { rowSize } from "../../../protocol/data";
import type { TrainingData } from "../../trainingData";
import { byBlockKrylov, oversampling, usualPasses } from "./blockKrylov";
import { byCovariance, byGram } from "./exact";
import { shiftedRows } from "./shiftedRows";
import type { Found, SolverOptions } from "./solver";

// Three ways to the same directions, chosen by cost: the covariance matrix when rows are short, the Gram matrix when there
// are fewer rows than values in one, a randomized basis when few directions of a large problem are wanted.

export interface PrincipalDirections extends Found {
  mean: Float64Array;
}

/** The largest symmetric matrix that is formed in memory (f64: 512 MB). */
const maxMatrixSize = 8192;

/**
 * Mean [d] and the k principal directions [k × d] of all rows of `data`, in model space; of each direction the largest entry is
 * positive. Rows come in windows, so they need not fit into memory. Throws `bad-request` for more directions than rows and
 * when an exact solution would not fit in memory, `bad-dataset` when there is no variance.
 */
export async function principalDirections(data: TrainingData, k: number, options: SolverOptions): Promise<PrincipalDirections> {
  const d = rowSize(data.schema);
  const n = data.schema.count;
  if (k > n || k > d) throw new LatentError("bad-request", `${k} components of ${n} rows with ${d} values: choose at most ${Math.min(n, d)}`);
  const randomized = options.solver === "randomized" || (options.solver === "auto" && isRandomizedCheaper(n, d, k));
  if (!randomized && Math.min(n, d) > maxMatrixSize) throw new LatentError("bad-request", `exact PCA of ${n} rows with ${d} values needs a ${Math.min(n, d)} × ${Math.min(n, d)} matrix: use the randomized solver`);
  const rows = await shiftedRows(data, { signal: options.signal, repeated: randomized || n < d, ...(options.keptBytes === undefined ? {} : { keptBytes: options.keptBytes }) });
  try {
    const found = await (randomized ? byBlockKrylov : n < d ? byGram : byCovariance)(rows, k, options);
    throwIfCancelled(options.signal);
    fixSigns(found.directions, k, d);
    return { mean: rows.mean(), ...found };
  } finally {
    rows.dispose();
  }
}

/**
 * What `auto` means for n rows of d values and k directions: randomized where the smaller side exceeds 8192, or where the exact
 * solver takes over 6 · 10¹⁰ multiply-adds, some two seconds, and randomized less than a quarter of it. Exact is
 * n d min(n, d) to form the matrix and ⅔ min(n, d)³ to solve it, at a thirtieth of the speed since that is f64 on one thread;
 * randomized is 6 passes of 2 n d (k + 10).
 */
export function isRandomizedCheaper(n: number, d: number, k: number): boolean {
  const small = Math.min(n, d);
  if (small > maxMatrixSize) return true;
  const exact = n * d * small + 30 * (2 / 3) * small ** 3;
  return exact > 6e10 && usualPasses * 2 * n * d * (k + oversampling) < exact / 4;
}

function fixSigns(directions: Float64Array, k: number, d: number): void {
  for (let i = 0; i < k; i++) {
    const row = directions.subarray(i * d, (i + 1) * d);
    let largest = 0;
    for (const value of row) if (Math.abs(value) > Math.abs(largest)) largest = value;
    if (largest < 0) for (let c = 0; c < d; c++) row[c] = -row[c]!;
  }
}
