import { LatentError } from "../../protocol/errors";
import { implicitQl } from "./implicitQl";
import { inverseIteration } from "./inverseIteration";
import { backTransform, tridiagonalize } from "./tridiagonalize";

// Eigenvectors of symmetric matrices in f64, for PCA and classical scaling. A is brought to tridiagonal form T = QᵀAQ by
// Householder reflections (Golub & Van Loan, "Matrix Computations", alg. 8.3.1); all eigenvalues come from implicit QL
// steps on T; the few wanted eigenvectors from inverse iteration on T (Jessup & Ilse 1992), carried back by the
// reflections. Where nearly all vectors are wanted, QL accumulates them instead. O(4/3 n³) for k ≪ n.

/** Eigenvalues, largest first, and the unit eigenvectors of the first `vectors.length / n` of them as rows. */
export interface Eigen {
  values: Float64Array;
  vectors: Float64Array;
}

/**
 * Eigen decomposition of the symmetric row-major matrix `a` [n × n] (overwritten): all n eigenvalues, the eigenvectors
 * of the `k` largest as rows [k × n]. `onProgress` is called with the share done and may throw to stop.
 */
export async function symmetricEigen(a: Float64Array, n: number, k: number, onProgress?: (fraction: number) => Promise<void>): Promise<Eigen> {
  if (a.length !== n * n || k > n) throw new LatentError("internal", `eigen decomposition of ${a.length} values as ${n} × ${n}, ${k} vectors`);
  if (n === 0) return { values: new Float64Array(0), vectors: new Float64Array(0) };
  const { diagonal, offDiagonal, scales } = await tridiagonalize(a, n, onProgress);
  if (k > n / 2) {
    const rows = identityRows(n);
    const values = diagonal.slice();
    await implicitQl(values, offDiagonal.slice(), rows, onProgress);
    const order = descending(values);
    const vectors = new Float64Array(k * n);
    for (let i = 0; i < k; i++) vectors.set(rows.subarray(order[i]! * n, order[i]! * n + n), i * n);
    backTransform(a, scales, vectors, n, k);
    return { values: Float64Array.from(order, i => values[i]!), vectors };
  }
  const values = diagonal.slice();
  await implicitQl(values, offDiagonal.slice(), undefined, onProgress);
  values.sort().reverse();
  const vectors = inverseIteration(diagonal, offDiagonal, values.subarray(0, k), n);
  await onProgress?.(1);
  backTransform(a, scales, vectors, n, k);
  return { values, vectors };
}

const descending = (values: Float64Array) => Array.from(values.keys()).sort((i, j) => values[j]! - values[i]!);

function identityRows(n: number): Float64Array {
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  return rows;
}
