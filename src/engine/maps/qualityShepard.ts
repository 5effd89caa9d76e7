import { random } from "../random";
import type { MapRows } from "./map";

// Distances in a map against those of the data (Shepard 1962), for pairs of rows.

export interface Shepard {
  /** Pairs that stress and correlation are computed of. */
  pairs: number;
  /** Pairs there are: those above are all of them, or a random sample. */
  of: number;
  /** [shown] distances of some of these pairs, for the plot: in the data, and in the map. */
  data: Float32Array;
  map: Float32Array;
  /** Spearman's rank correlation of the two, -1 to 1; NaN where one of them does not vary. */
  spearman: number;
  /** Stress-1 (Kruskal 1964) of the map in its best size: min over s of √(Σ (δ − s d)² / Σ δ²), δ in the data, d in the map. 0 to 1. */
  stress1: number;
}

/** Up to so many, all pairs are taken: those of 1,000 rows. */
const mostPairs = 500_000;
const sampledPairs = 200_000;
const shownPairs = 5000;

/** Compares the distances of all pairs of rows where they are few, else of a seeded sample of them. */
export function shepard(rows: MapRows, map: MapRows, seed: number): Shepard {
  const of = (rows.count * (rows.count - 1)) / 2;
  const pairs = of <= mostPairs ? of : sampledPairs;
  const [first, second] = pairs === of ? allPairs(rows.count) : randomPairs(rows.count, pairs, seed);
  const data = distancesOf(rows, first, second);
  const inMap = distancesOf(map, first, second);
  const shown = pairs <= shownPairs ? undefined : randomNumbers(shownPairs, pairs, seed);
  const part = (values: Float64Array) => Float32Array.from(shown ? Float64Array.from(shown, i => values[i]!) : values);
  return { pairs, of, data: part(data), map: part(inMap), spearman: correlation(ranked(data), ranked(inMap)), stress1: stress(data, inMap) };
}

function allPairs(count: number): [Int32Array, Int32Array] {
  const pairs = (count * (count - 1)) / 2;
  const [first, second] = [new Int32Array(pairs), new Int32Array(pairs)];
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      first[at] = i;
      second[at++] = j;
    }
  }
  return [first, second];
}

function randomPairs(count: number, pairs: number, seed: number): [Int32Array, Int32Array] {
  const stream = random(seed, "pairs");
  const first = Int32Array.from({ length: pairs }, () => stream.integer(count));
  // Any other row: a number among count - 1, those from the first on moved by one.
  return [first, first.map(i => {
    const other = stream.integer(count - 1);
    return other < i ? other : other + 1;
  })];
}

function randomNumbers(count: number, below: number, seed: number): Int32Array {
  const stream = random(seed, "shown pairs");
  return Int32Array.from({ length: count }, () => stream.integer(below));
}

/** In f64: Euclidean, or 1 − cos, where a row of zeros has distance 1. */
function distancesOf({ data, dim, metric }: MapRows, first: Int32Array, second: Int32Array): Float64Array {
  const distances = new Float64Array(first.length);
  for (let pair = 0; pair < first.length; pair++) {
    const a = first[pair]! * dim;
    const b = second[pair]! * dim;
    let product = 0, left = 0, right = 0, square = 0;
    for (let j = 0; j < dim; j++) {
      const x = data[a + j]!;
      const y = data[b + j]!;
      if (metric === "cosine") {
        product += x * y;
        left += x * x;
        right += y * y;
      } else square += (x - y) ** 2;
    }
    distances[pair] = metric === "euclidean" ? Math.sqrt(square) : left === 0 || right === 0 ? 1 : Math.max(0, 1 - product / Math.sqrt(left * right));
  }
  return distances;
}

/** √(1 − (Σ δ d)² / (Σ δ² Σ d²)), which the best size leaves; 1 where the map is a point, 0 where the data is one too. */
function stress(data: Float64Array, map: Float64Array): number {
  let [product, left, right] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    product += data[i]! * map[i]!;
    left += data[i]! ** 2;
    right += map[i]! ** 2;
  }
  if (left === 0) return 0;
  return right === 0 ? 1 : Math.sqrt(Math.max(0, 1 - (product / left) * (product / right)));
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranked(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  const { length } = sorted;
  // At the first of equal values their rank.
  const ranks = new Float64Array(length);
  for (let start = 0, end = 0; start < length; start = end) {
    while (end < length && sorted[end] === sorted[start]) end++;
    ranks[start] = (start + end + 1) / 2;
  }
  // Searched for, which is faster than sorting with a comparison of our own.
  const result = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    let low = 0, high = length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    result[i] = ranks[low]!;
  }
  return result;
}

/** Pearson's. */
function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += (a[i]! - meanA) * (b[i]! - meanB);
    left += (a[i]! - meanA) ** 2;
    right += (b[i]! - meanB) ** 2;
  }
  return product / Math.sqrt(left * right);
}
