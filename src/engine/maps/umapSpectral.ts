import { random } from "../random";
import type { Crew } from "./crew";
import { jacobiEigen } from "./jacobi";
import type { Report } from "./map";
import { partsOf, type FuzzySet } from "./umapGraph";

// The smoothest functions on a connected graph: eigenvectors of its normalized Laplacian L = I − D^(−1/2) W D^(−1/2) with the smallest
// eigenvalues. A block of eight vectors is filtered by Chebyshev polynomials of L, which grow fast below the block's largest Ritz
// value and stay small above it, and turned to the best approximations within it (Rutishauser 1970; Zhou, Saad, Tiago & Chelikowsky 2006).

/** Vectors in the block, as the kernels have them. */
const width = 8;
/** Up to so many rows the matrix is decomposed as a whole. */
export const denseCount = 64;
const maxRounds = 60;
const maxDegree = 100;
/** A filter lifts the smoothest function over the roughest by e^8, about 1,500: f32 keeps the digits of the lesser ones. */
const lift = 8;
/** An eigenvector is done when its residual shows that what is outside the block makes up less of it than this (Davis & Kahan 1970). */
const tolerance = 1e-3;

export interface Spectrum {
  /** [vectors] ascending, without the first, which is 0. */
  values: Float64Array;
  /** [vectors × count] unit vectors as rows. */
  vectors: Float64Array;
  /** False where the iteration ended before the tolerance was reached: eigenvalues too near to each other. */
  converged: boolean;
}

/** The `vectors` (at most 3) smoothest functions on a connected graph of more than `vectors` rows, the constant one left out. */
export function spectrum(set: FuzzySet, vectors: number, seed: number, crew: Crew, report: Report = () => undefined): Spectrum {
  const degrees = new Float64Array(set.count);
  for (let row = 0; row < set.count; row++) for (let entry = set.starts[row]!; entry < set.starts[row + 1]!; entry++) degrees[row]! += set.weights[entry]!;
  const roots = degrees.map(degree => 1 / Math.sqrt(degree));
  const matrix = new Float32Array(set.weights.length);
  for (let row = 0; row < set.count; row++) {
    for (let entry = set.starts[row]!; entry < set.starts[row + 1]!; entry++) matrix[entry] = set.weights[entry]! * roots[row]! * roots[set.columns[entry]!]!;
  }
  if (set.count <= denseCount) return dense(set, matrix, vectors);
  return crew.heap.scope(() => subspace(set, matrix, roots, vectors, seed, crew, report));
}

function dense({ count, starts, columns }: FuzzySet, matrix: Float32Array, vectors: number): Spectrum {
  const whole = new Float64Array(count * count);
  for (let row = 0; row < count; row++) for (let entry = starts[row]!; entry < starts[row + 1]!; entry++) whole[row * count + columns[entry]!] = matrix[entry]!;
  const eigen = jacobiEigen(whole, count);
  return { values: eigen.values.slice(1, vectors + 1).map(value => 1 - value), vectors: eigen.vectors.slice(count, (vectors + 1) * count), converged: true };
}

function subspace(set: FuzzySet, matrix: Float32Array, roots: Float64Array, vectors: number, seed: number, crew: Crew, report: Report): Spectrum {
  const { count } = set;
  const { heap } = crew;
  const parts = partsOf(count);
  const starts = heap.int32(count + 1);
  const columns = heap.int32(set.columns.length);
  const values = heap.float32(matrix.length);
  starts.values.set(set.starts);
  columns.values.set(set.columns);
  values.values.set(matrix);
  let block = heap.float32(width * count);
  let other = heap.float32(width * count);
  const turn = heap.float32(width * width);
  const sums = heap.float64(parts * width * width);

  const stream = random(seed, "umap", "spectral");
  for (let i = 0; i < block.values.length; i++) block.values[i] = i % width === 0 ? 1 / roots[Math.floor(i / width)]! : stream.normal();

  /** other ← factor · M block + shift · block − back · other, and the two change places. */
  const multiply = (factor: number, shift: number, back: number) => {
    crew.run("umapChebyshev", parts, starts.address, columns.address, values.address, block.address, other.address, count, factor, shift, back);
    [block, other] = [other, block];
  };
  const gram = (a: number, b: number) => {
    crew.run("umapGram", parts, a, b, count, sums.address);
    const total = new Float64Array(width * width);
    sums.values.forEach((value, i) => (total[i % total.length]! += value));
    return total;
  };
  /** Eigenvalues of M above `1 − cut` are lifted, the others, down to −1, kept within ±1 by Chebyshev's polynomial. */
  const filter = (cut: number) => {
    const middle = -cut / 2;
    const half = 1 - cut / 2;
    const degree = Math.max(2, Math.min(maxDegree, Math.round(lift / Math.acosh(1 + cut / half))));
    multiply(1 / half, -middle / half, 0);
    for (let k = 2; k <= degree; k++) multiply(2 / half, (-2 * middle) / half, 1);
  };

  for (let round = 1, cut = 1; ; round++) {
    filter(cut);
    // Rayleigh and Ritz: within the block, the vectors u with M u ≈ θ u; block and M block lie in the two places.
    multiply(1, 0, 0);
    const [y, my] = [other, block];
    const ritz = ritzPairs(gram(y.address, y.address), gram(y.address, my.address), gram(my.address, my.address));
    turn.values.set(ritz.turn);
    crew.run("umapRotate", parts, y.address, turn.address, count);
    [block, other] = [y, my];
    cut = Math.min(1, 1 - ritz.values[width - 1]!);
    const errors = Array.from({ length: vectors }, (_, i) => ritz.residuals[i + 1]! / Math.max(1e-12, ritz.values[i + 1]! - ritz.values[width - 1]!));
    const converged = errors.every(error => error < tolerance);
    report(converged ? 1 : round / maxRounds);
    if (!converged && round < maxRounds) continue;
    const found = new Float64Array(vectors * count);
    for (let i = 0; i < vectors; i++) for (let row = 0; row < count; row++) found[i * count + row] = block.values[row * width + i + 1]!;
    return { values: ritz.values.slice(1, vectors + 1).map(value => 1 - value), vectors: found, converged };
  }
}

/**
 * From G = YᵀY, H = YᵀMY and K = (MY)ᵀMY [8 × 8]: the Ritz values θ, largest first, the matrix U that turns Y's columns to the Ritz vectors, and the lengths of M u − θ u.
 */
function ritzPairs(g: Float64Array, h: Float64Array, k: Float64Array) {
  // Columns scaled to length 1, then G = V Γ Vᵀ: Y S V Γ^(−1/2) is orthonormal.
  const scales = Float64Array.from({ length: width }, (_, i) => 1 / Math.sqrt(g[i * width + i]!));
  const scaled = g.map((value, i) => value * scales[Math.floor(i / width)]! * scales[i % width]!);
  const basis = jacobiEigen(scaled, width);
  const whitened = basis.vectors.map((value, i) => (value * scales[i % width]!) / Math.sqrt(Math.max(basis.values[Math.floor(i / width)]!, 1e-14)));
  const inside = (matrix: Float64Array, rows: Float64Array) => times(times(rows, matrix), transpose(rows));
  const { values, vectors } = jacobiEigen(inside(h, whitened), width);
  const rows = times(vectors, whitened); // Ritz vectors' coefficients as rows
  const squares = inside(k, rows);
  // Coefficients make Ritz vectors orthonormal, so |M u − θ u|² = |M u|² − θ².
  const residuals = values.map((value, i) => Math.sqrt(Math.max(0, squares[i * width + i]! - value * value)));
  return { values, residuals, turn: Float32Array.from(transpose(rows)) };
}

function times(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(width * width);
  for (let i = 0; i < width; i++) for (let k = 0; k < width; k++) for (let j = 0; j < width; j++) result[i * width + j]! += a[i * width + k]! * b[k * width + j]!;
  return result;
}

const transpose = (a: Float64Array) => a.map((_, i) => a[(i % width) * width + Math.floor(i / width)]!);
