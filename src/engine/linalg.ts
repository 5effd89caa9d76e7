import { LatentError } from "../protocol/errors";
import { random } from "./random";

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
  await implicitQl(values, offDiagonal.slice(), undefined, undefined);
  values.sort().reverse();
  const vectors = inverseIteration(diagonal, offDiagonal, values.subarray(0, k), n);
  backTransform(a, scales, vectors, n, k);
  return { values, vectors };
}

const descending = (values: Float64Array) => Array.from(values.keys()).sort((i, j) => values[j]! - values[i]!);

function identityRows(n: number): Float64Array {
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  return rows;
}

/**
 * Householder reduction. Afterwards row i of `a`, columns i+1…n−1, holds the reflection vector u_i of step i and
 * `scales[i]` its τ_i, so that H_i = I − τ_i u_i u_iᵀ and Q = H_0 H_1 ….
 */
async function tridiagonalize(a: Float64Array, n: number, onProgress?: (fraction: number) => Promise<void>) {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n); // offDiagonal[i] couples i and i + 1
  const scales = new Float64Array(n);
  const product = new Float64Array(n);
  let lastPause = performance.now();
  for (let i = 0; i < n - 1; i++) {
    const row = a.subarray(i * n, i * n + n);
    diagonal[i] = row[i]!;
    let tail = 0;
    for (let j = i + 2; j < n; j++) tail += row[j]! * row[j]!;
    const head = row[i + 1]!;
    if (tail === 0) {
      offDiagonal[i] = head;
      continue;
    }
    const norm = Math.sqrt(head * head + tail);
    const alpha = head > 0 ? -norm : norm;
    offDiagonal[i] = alpha;
    row[i + 1] = head - alpha;
    const tau = 2 / ((head - alpha) ** 2 + tail);
    scales[i] = tau;
    // The trailing block becomes H B H = B − u wᵀ − w uᵀ with p = τ B u, w = p − (τ/2)(pᵀu) u; only its upper
    // triangle is kept up to date.
    product.fill(0, i + 1);
    for (let r = i + 1; r < n; r++) {
      const start = r * n;
      const ur = row[r]!;
      let sum = a[start + r]! * ur;
      for (let c = r + 1; c < n; c++) {
        const value = a[start + c]!;
        sum += value * row[c]!;
        product[c]! += value * ur;
      }
      product[r]! += sum;
    }
    let dot = 0;
    for (let r = i + 1; r < n; r++) {
      product[r]! *= tau;
      dot += product[r]! * row[r]!;
    }
    const half = (tau * dot) / 2;
    for (let r = i + 1; r < n; r++) product[r]! -= half * row[r]!;
    for (let r = i + 1; r < n; r++) {
      const start = r * n;
      const ur = row[r]!;
      const wr = product[r]!;
      for (let c = r; c < n; c++) a[start + c]! -= ur * product[c]! + wr * row[c]!;
    }
    if (onProgress && performance.now() - lastPause > 30) {
      await onProgress(0.8 * (1 - (1 - i / n) ** 3));
      lastPause = performance.now();
    }
  }
  diagonal[n - 1] = a[n * n - 1]!;
  return { diagonal, offDiagonal, scales };
}

/**
 * Implicit QL with Wilkinson shifts on a tridiagonal matrix: `diagonal` becomes the eigenvalues (unordered), the rows of
 * `rows` [n × n], identity before, the eigenvectors. Throws `internal` when an eigenvalue needs over 60 steps.
 */
async function implicitQl(diagonal: Float64Array, offDiagonal: Float64Array, rows: Float64Array | undefined, onProgress?: (fraction: number) => Promise<void>): Promise<void> {
  const n = diagonal.length;
  // Couplings below rounding of the largest entry are zero: tiny eigenvalues are not resolved relative to themselves.
  const negligible = Number.EPSILON * largestRow(diagonal, offDiagonal);
  let lastPause = performance.now();
  for (let low = 0; low < n; low++) {
    for (let step = 0; ; step++) {
      let high = low;
      while (high < n - 1 && Math.abs(offDiagonal[high]!) > negligible) high++;
      if (high === low) break;
      if (step === 60) throw new LatentError("internal", `eigenvalue ${low} of ${n} did not converge`);
      qlStep(diagonal, offDiagonal, rows, low, high);
      if (onProgress && performance.now() - lastPause > 30) {
        await onProgress(0.8 + (0.2 * low) / n);
        lastPause = performance.now();
      }
    }
  }
}

function qlStep(d: Float64Array, e: Float64Array, rows: Float64Array | undefined, low: number, high: number): void {
  const n = d.length;
  const slope = (d[low + 1]! - d[low]!) / (2 * e[low]!);
  const root = Math.hypot(slope, 1);
  let g = d[high]! - d[low]! + e[low]! / (slope + (slope >= 0 ? root : -root));
  let sine = 1;
  let cosine = 1;
  let p = 0;
  for (let i = high - 1; i >= low; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[high] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1]! - p;
    const q = (d[i]! - g) * sine + 2 * cosine * b;
    p = sine * q;
    d[i + 1] = g + p;
    g = cosine * q - b;
    if (rows) rotateRows(rows, n, i, sine, cosine);
  }
  d[low]! -= p;
  e[low] = g;
  e[high] = 0;
}

function rotateRows(rows: Float64Array, n: number, i: number, sine: number, cosine: number): void {
  const first = i * n;
  const second = first + n;
  for (let c = 0; c < n; c++) {
    const x = rows[first + c]!;
    const y = rows[second + c]!;
    rows[second + c] = sine * x + cosine * y;
    rows[first + c] = cosine * x - sine * y;
  }
}

/** The maximum norm of T: its largest sum of absolute values in a row. */
function largestRow(diagonal: Float64Array, offDiagonal: Float64Array): number {
  let largest = 0;
  diagonal.forEach((value, i) => { largest = Math.max(largest, Math.abs(value) + Math.abs(offDiagonal[i]!) + Math.abs(i > 0 ? offDiagonal[i - 1]! : 0)); });
  return largest;
}

/** Unit eigenvectors of T for the given eigenvalues (largest first), as rows, orthogonal also within clusters. */
function inverseIteration(diagonal: Float64Array, offDiagonal: Float64Array, values: Float64Array, n: number): Float64Array {
  const scale = largestRow(diagonal, offDiagonal);
  const separation = Math.max(1e-3 * scale, Number.MIN_VALUE);
  const vectors = new Float64Array(values.length * n);
  const solver = tridiagonalSolver(n);
  const stream = random(1, "inverse iteration");
  let shift = Infinity;
  for (let k = 0; k < values.length; k++) {
    const vector = vectors.subarray(k * n, k * n + n);
    for (let i = 0; i < n; i++) vector[i] = stream.normal();
    // Equal eigenvalues get slightly different shifts, or they would all converge to one vector.
    shift = Math.min(values[k]!, shift - 10 * Number.EPSILON * Math.max(scale, Number.MIN_VALUE));
    solver.factor(diagonal, offDiagonal, shift, scale);
    // Two solves reach machine precision from a random start; a third is spent for tight clusters.
    for (let pass = 0; pass < 3; pass++) {
      orthogonalize(vectors, values, k, n, separation);
      normalize(vector);
      solver.solve(vector);
    }
    orthogonalize(vectors, values, k, n, separation);
    normalize(vector);
    orthogonalize(vectors, values, k, n, separation); // twice is enough (Kahan, Parlett)
    normalize(vector);
  }
  return vectors;
}

function orthogonalize(vectors: Float64Array, values: Float64Array, k: number, n: number, separation: number): void {
  const vector = vectors.subarray(k * n, k * n + n);
  for (let other = k - 1; other >= 0 && values[other]! - values[k]! < separation; other--) {
    const start = other * n;
    let dot = 0;
    for (let i = 0; i < n; i++) dot += vectors[start + i]! * vector[i]!;
    for (let i = 0; i < n; i++) vector[i]! -= dot * vectors[start + i]!;
  }
}

function normalize(vector: Float64Array): void {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  let sum = 0;
  for (let i = 0; i < vector.length; i++) {
    vector[i]! /= largest;
    sum += vector[i]! ** 2;
  }
  const norm = Math.sqrt(sum);
  for (let i = 0; i < vector.length; i++) vector[i]! /= norm;
}

/** LU with partial pivoting of T − shift·I, reused for several right-hand sides. */
function tridiagonalSolver(n: number) {
  const pivot = new Float64Array(n);
  const upper = new Float64Array(n);
  const second = new Float64Array(n);
  const factor = new Float64Array(n);
  const swapped = new Uint8Array(n);
  return {
    factor(diagonal: Float64Array, offDiagonal: Float64Array, shift: number, scale: number): void {
      const tiny = Math.max(Number.EPSILON * scale, Number.MIN_VALUE * 2 ** 52);
      let main = diagonal[0]! - shift;
      let right = n > 1 ? offDiagonal[0]! : 0;
      for (let i = 0; i < n - 1; i++) {
        const below = offDiagonal[i]!;
        const nextMain = diagonal[i + 1]! - shift;
        const nextRight = i + 2 < n ? offDiagonal[i + 1]! : 0;
        swapped[i] = Math.abs(below) > Math.abs(main) ? 1 : 0;
        if (swapped[i]) {
          factor[i] = main / below;
          pivot[i] = below;
          upper[i] = nextMain;
          second[i] = nextRight;
          main = right - factor[i]! * nextMain;
          right = -factor[i]! * nextRight;
        } else {
          pivot[i] = Math.abs(main) < tiny ? tiny : main;
          factor[i] = below / pivot[i]!;
          upper[i] = right;
          second[i] = 0;
          main = nextMain - factor[i]! * right;
          right = nextRight;
        }
      }
      pivot[n - 1] = Math.abs(main) < tiny ? tiny : main;
    },
    solve(x: Float64Array): void {
      for (let i = 0; i < n - 1; i++) {
        if (swapped[i]) {
          const kept = x[i]!;
          x[i] = x[i + 1]!;
          x[i + 1] = kept - factor[i]! * x[i]!;
        } else x[i + 1]! -= factor[i]! * x[i]!;
      }
      for (let i = n - 1; i >= 0; i--) {
        let value = x[i]!;
        if (i + 1 < n) value -= upper[i]! * x[i + 1]!;
        if (i + 2 < n) value -= second[i]! * x[i + 2]!;
        x[i] = value / pivot[i]!;
        // Growth is what inverse iteration is after; it only must not overflow.
        if (Math.abs(x[i]!) > 1e200) for (let j = 0; j < n; j++) x[j]! *= 1e-200;
      }
    },
  };
}

/** Rows v of T's basis → rows Q v of A's, applying the reflections kept by `tridiagonalize` from last to first. */
function backTransform(a: Float64Array, scales: Float64Array, vectors: Float64Array, n: number, k: number): void {
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

/**
 * Principal angles between the row spaces of `a` and `b` [k × d each], radians, smallest first: the arccosines of the
 * singular values of Q_aᵀQ_b (Björck & Golub 1973), small angles through the sines, which cosines cannot resolve in f64.
 */
export async function principalAngles(a: Float64Array, b: Float64Array, k: number, d: number): Promise<Float64Array> {
  const first = orthonormalRows(a, k, d);
  const second = orthonormalRows(b, k, d);
  const cosines = new Float64Array(k * k);
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
    for (let c = 0; c < d; c++) cosines[i * k + j]! += first[i * d + c]! * second[j * d + c]!;
  }
  // Rows of the residual (I − Q_a Q_aᵀ) Q_b have the sines as singular values.
  const residual = second.slice();
  for (let j = 0; j < k; j++) for (let i = 0; i < k; i++) {
    const weight = cosines[i * k + j]!;
    for (let c = 0; c < d; c++) residual[j * d + c]! -= weight * first[i * d + c]!;
  }
  const gram = new Float64Array(k * k);
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
    for (let c = 0; c < d; c++) gram[i * k + j]! += residual[i * d + c]! * residual[j * d + c]!;
  }
  const { values } = await symmetricEigen(gram, k, 0);
  return values.map(value => Math.asin(Math.min(1, Math.sqrt(Math.max(0, value))))).reverse();
}

/**
 * Orthonormal rows with the same span, by modified Gram–Schmidt done twice; a row that depends on those before it is
 * replaced by a random direction, so that the result always has full rank (needs k ≤ d).
 */
export function orthonormalRows(rows: Float64Array, k: number, d: number): Float64Array {
  const result = rows.slice();
  for (let i = 0; i < k; i++) {
    const row = result.subarray(i * d, i * d + d);
    const stream = random(1, "dependent row", i);
    while (!orthonormalize(result, i, d)) for (let c = 0; c < d; c++) row[c] = stream.normal();
  }
  return result;
}

/** Makes row i orthogonal to the rows before it and of unit length; false when nothing is left of it. */
function orthonormalize(rows: Float64Array, i: number, d: number): boolean {
  const row = rows.subarray(i * d, i * d + d);
  const before = norm(row);
  for (let pass = 0; pass < 2; pass++) {
    for (let j = 0; j < i; j++) {
      let dot = 0;
      for (let c = 0; c < d; c++) dot += row[c]! * rows[j * d + c]!;
      for (let c = 0; c < d; c++) row[c]! -= dot * rows[j * d + c]!;
    }
  }
  const after = norm(row);
  if (!(after > 1e-10 * before)) return false;
  for (let c = 0; c < d; c++) row[c]! /= after;
  return true;
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
