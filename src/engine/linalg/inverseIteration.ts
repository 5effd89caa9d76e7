import { random } from "../random";
import { largestRow } from "./tridiagonalize";
import { tridiagonalSolver } from "./tridiagonalSolver";

/** Unit eigenvectors of T for the given eigenvalues (largest first), as rows, orthogonal also within clusters. */
export function inverseIteration(diagonal: Float64Array, offDiagonal: Float64Array, values: Float64Array, n: number): Float64Array {
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
