/** T = QᵀAQ by its two diagonals, with what `backTransform` needs of Q beside the reflections left in A. */
export interface Tridiagonal {
  diagonal: Float64Array;
  /** Entry i couples i and i + 1; the last is 0. */
  offDiagonal: Float64Array;
  /** τ_i of each reflection; 0 where none was needed. */
  scales: Float64Array;
}

/** A ← A − u wᵀ − w uᵀ, not yet applied: u lies in a row of A, of which it begins at its own column. */
interface Update {
  u: Float64Array;
  w: Float64Array;
}

/**
 * Householder reduction of the symmetric matrix `a` [n × n], of which the upper triangle is read. Afterwards row i of `a`,
 * columns i+1…n−1, holds the reflection vector u_i of step i and `scales[i]` its τ_i, so that H_i = I − τ_i u_i u_iᵀ and
 * Q = H_0 H_1 …. `onProgress` gets the share done.
 *
 * A step needs the trailing block B twice: H B H = B − u wᵀ − w uᵀ with p = τ B u, w = p − (τ/2)(pᵀu) u. The update is left to
 * the next step, which makes it in the same pass over the memory in which it multiplies by its own u.
 */
export async function tridiagonalize(a: Float64Array, n: number, onProgress?: (fraction: number) => Promise<void>): Promise<Tridiagonal> {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const scales = new Float64Array(n);
  const none: Update = { u: new Float64Array(n), w: new Float64Array(n) };
  let pending = none;
  let [product, spare] = [new Float64Array(n), new Float64Array(n)];
  let lastPause = performance.now();
  for (let i = 0; i < n - 1; i++) {
    const row = a.subarray(i * n, i * n + n);
    updateRow(row, i, pending);
    diagonal[i] = row[i]!;
    let tail = 0;
    for (let j = i + 2; j < n; j++) tail += row[j]! * row[j]!;
    const head = row[i + 1]!;
    if (tail === 0) {
      offDiagonal[i] = head;
      if (pending !== none) for (let r = i + 1; r < n; r++) updateRow(a.subarray(r * n, r * n + n), r, pending);
      pending = none;
      continue;
    }
    const norm = Math.sqrt(head * head + tail);
    const alpha = head > 0 ? -norm : norm;
    offDiagonal[i] = alpha;
    row[i + 1] = head - alpha;
    const tau = 2 / ((head - alpha) ** 2 + tail);
    scales[i] = tau;
    product.fill(0);
    updateAndMultiply(a, n, i + 1, pending.u, pending.w, row, product);
    let dot = 0;
    for (let r = i + 1; r < n; r++) {
      product[r]! *= tau;
      dot += product[r]! * row[r]!;
    }
    const half = (tau * dot) / 2;
    for (let r = i + 1; r < n; r++) product[r]! -= half * row[r]!;
    pending = { u: row, w: product };
    [product, spare] = [spare, product];
    if (onProgress && performance.now() - lastPause > 30) {
      await onProgress(0.8 * (1 - (1 - i / n) ** 3));
      lastPause = performance.now();
    }
  }
  const last = a.subarray((n - 1) * n);
  updateRow(last, n - 1, pending);
  diagonal[n - 1] = last[n - 1]!;
  return { diagonal, offDiagonal, scales };
}

/** Applies the update to row r of the upper triangle. */
function updateRow(row: Float64Array, r: number, { u, w }: Update): void {
  const [ur, wr] = [u[r]!, w[r]!];
  for (let c = r; c < row.length; c++) row[c]! -= ur * w[c]! + wr * u[c]!;
}

/**
 * Applies the update (u, w) to the block of `a` from row and column `first` on, its upper triangle, and adds the block times
 * `x` to `product`. Two rows at a time share what they read of the vectors.
 */
function updateAndMultiply(a: Float64Array, n: number, first: number, u: Float64Array, w: Float64Array, x: Float64Array, product: Float64Array): void {
  let r = first;
  for (; r + 1 < n; r += 2) {
    const top = a.subarray(r * n, r * n + n);
    const bottom = a.subarray((r + 1) * n, (r + 1) * n + n);
    const [u0, w0, x0] = [u[r]!, w[r]!, x[r]!];
    const [u1, w1, x1] = [u[r + 1]!, w[r + 1]!, x[r + 1]!];
    const corner = (top[r]! -= 2 * u0 * w0);
    const beside = (top[r + 1]! -= u0 * w1 + w0 * u1);
    const below = (bottom[r + 1]! -= 2 * u1 * w1);
    let sum0 = corner * x0 + beside * x1;
    let sum1 = beside * x0 + below * x1;
    for (let c = r + 2; c < n; c++) {
      const uc = u[c]!;
      const wc = w[c]!;
      const xc = x[c]!;
      const value0 = top[c]! - (u0 * wc + w0 * uc);
      const value1 = bottom[c]! - (u1 * wc + w1 * uc);
      top[c] = value0;
      bottom[c] = value1;
      sum0 += value0 * xc;
      sum1 += value1 * xc;
      product[c]! += value0 * x0 + value1 * x1;
    }
    product[r]! += sum0;
    product[r + 1]! += sum1;
  }
  if (r < n) product[r]! += (a[r * n + r]! -= 2 * u[r]! * w[r]!) * x[r]!;
}

/** The maximum norm of T: its largest sum of absolute values in a row. */
export function largestRow(diagonal: Float64Array, offDiagonal: Float64Array): number {
  let largest = 0;
  diagonal.forEach((value, i) => { largest = Math.max(largest, Math.abs(value) + Math.abs(offDiagonal[i]!) + Math.abs(i > 0 ? offDiagonal[i - 1]! : 0)); });
  return largest;
}

/** Rows v of T's basis → rows Q v of A's, applying the reflections kept by `tridiagonalize` from last to first. */
export function backTransform(a: Float64Array, scales: Float64Array, vectors: Float64Array, n: number, k: number): void {
  for (let i = n - 2; i >= 0; i--) {
    const tau = scales[i]!;
    if (tau === 0) continue;
    const reflection = i * n;
    for (let v = 0; v < k; v++) {
      const start = v * n;
      let dot = 0;
      for (let c = i + 1; c < n; c++) dot += a[reflection + c]! * vectors[start + c]!;
      dot *= tau;
      for (let c = i + 1; c < n; c++) vectors[start + c]! -= dot * a[reflection + c]!;
    }
  }
}
