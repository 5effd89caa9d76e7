import { LatentError } from "../../protocol/errors";
import { largestRow } from "./tridiagonalize";

/**
 * Implicit QL with Wilkinson shifts on a tridiagonal matrix: `diagonal` becomes the eigenvalues (unordered), the rows of
 * `rows` [n × n], identity before, the eigenvectors. Throws `internal` when an eigenvalue needs over 60 steps.
 */
export async function implicitQl(diagonal: Float64Array, offDiagonal: Float64Array, rows: Float64Array | undefined, onProgress?: (fraction: number) => Promise<void>): Promise<void> {
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
