import { LatentError } from "../../protocol/errors";
import type { NeighborGraph } from "./map";

// Distances that were measured, not computed from rows: judgements of similarity, travel times, edit distances. MDS maps them
// directly; t-SNE and UMAP take the neighbour graph.

/** Distances [count × count], f32 row-major: symmetric, 0 on the diagonal, none negative, all finite. */
export interface DistanceMatrix {
  values: Float32Array;
  count: number;
}

/** The two distances of a pair may differ by this share of the larger, as they do after rounding to a few digits. */
const asymmetry = 1e-4;
/** A diagonal may be this share of the largest distance: computed distances of a row to itself are seldom exactly 0. */
const diagonal = 1e-4;

/**
 * The rows of a table, taken as distances. Throws `bad-dataset`, naming row and column, for values [rows × columns] that are no
 * square, not finite, negative, not symmetric (more than 1e-4 of the larger apart) or not 0 on the diagonal (more than 1e-4 of
 * the largest). What is within these limits is left as it is.
 */
export function distanceMatrix(values: Float32Array, rows: number, columns: number): DistanceMatrix {
  if (rows !== columns) fail(`${rows} rows of ${columns} columns are no distance matrix, which is square: the distance of row i to row j is in column j. Take columns that are no distances, such as names, out of the feature columns`);
  if (rows < 2) fail("one row has no distances to others: at least 2 are needed");
  if (values.length !== rows * columns) throw new LatentError("internal", `${values.length} values as ${rows} × ${columns} distances`);
  let largest = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isFinite(value)) fail(`${place(at, rows)} is ${value}: fill in the distance, or leave out its row and its column`);
    if (value < 0) fail(`${place(at, rows)} is ${value}: distances are not negative${at % (rows + 1) === 0 ? "" : ". Similarities s become distances as, for example, 1 − s or √(2 − 2 s)"}`);
    if (value > largest) largest = value;
  }
  if (largest === 0) fail("all distances are 0: there is nothing to map");
  for (let i = 0; i < rows; i++) {
    const own = values[i * rows + i]!;
    if (own > diagonal * largest) fail(`${place(i * rows + i, rows)} is ${own}: a row's distance to itself is 0. If these are similarities, turn them into distances, for example 1 − s`);
    for (let j = 0; j < i; j++) {
      const [below, above] = [values[i * rows + j]!, values[j * rows + i]!];
      if (Math.abs(below - above) > asymmetry * Math.max(below, above)) fail(`${place(i * rows + j, rows)} is ${below}, but ${place(j * rows + i, rows)} is ${above}: distances are the same both ways. Take their mean, if either will do`);
    }
  }
  return { values, count: rows };
}

/** True when these rows `numbers` [m × count] of a square table could be a distance matrix's: as far as they tell it fulfils `distanceMatrix`. */
export function couldBeDistances(values: Float32Array, numbers: Int32Array): boolean {
  const count = values.length / numbers.length;
  const at = (row: number, column: number) => values[row * count + column]!;
  const largest = values.reduce((most, value) => (value >= 0 && value < Infinity ? Math.max(most, value) : NaN), 0);
  if (!(largest > 0)) return false;
  return numbers.every((i, row) => at(row, i) <= diagonal * largest
    && numbers.every((j, other) => Math.abs(at(row, j) - at(other, i)) <= asymmetry * Math.max(at(row, j), at(other, i))));
}

/** The distance of rows i and j, the mean of both ways; 0 of a row to itself. */
export function matrixDistance({ values, count }: DistanceMatrix, i: number, j: number): number {
  return i === j ? 0 : (values[i * count + j]! + values[j * count + i]!) / 2;
}

/**
 * The k nearest other rows of every row (1 ≤ k < count), from their distances: exact; rows at the same distance come by number.
 * Throws `bad-request` for another k.
 */
export function graphOfDistances(matrix: DistanceMatrix, k: number): NeighborGraph {
  const { count } = matrix;
  if (!(Number.isInteger(k) && k >= 1 && k < count)) throw new LatentError("bad-request", `${k} neighbours of each of ${count} rows: 1 to ${count - 1} are possible`);
  const rows = new Int32Array(count * k);
  const distances = new Float32Array(count * k);
  for (let i = 0; i < count; i++) {
    const [own, near] = [rows.subarray(i * k, i * k + k), distances.subarray(i * k, i * k + k).fill(Infinity)];
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const distance = Math.fround(matrixDistance(matrix, i, j));
      if (!(distance < near[k - 1]!)) continue;
      let at = k - 1;
      for (; at > 0 && near[at - 1]! > distance; at--) {
        near[at] = near[at - 1]!;
        own[at] = own[at - 1]!;
      }
      near[at] = distance;
      own[at] = j;
    }
  }
  return { k, rows, distances, recall: 1, exact: true };
}

const place = (at: number, count: number) => `row ${Math.floor(at / count)}, column ${at % count} (counted from 0)`;

function fail(message: string): never {
  throw new LatentError("bad-dataset", message);
}
