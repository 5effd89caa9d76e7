import { LatentError } from "../../protocol/errors";
import { random } from "../random";
import type { Distances } from "./mdsDistances";

/** Pairs of rows with their distance in the data. */
export interface RowPairs {
  first: Int32Array;
  second: Int32Array;
  distances: Float32Array;
}

/** A Shepard diagram (Shepard 1962): each pair's distance in the data, in the map, and what the map's was to be (the disparity). */
export interface Shepard extends RowPairs {
  mapDistances: Float32Array;
  disparities: Float32Array;
}

/** All pairs where there are at most `most`, else so many drawn by chance from all of them. */
export function pairsOf({ count, pair }: Distances, most: number, seed: number): RowPairs {
  const all = (count * (count - 1)) / 2;
  const size = Math.min(all, most);
  const [first, second] = [new Int32Array(size), new Int32Array(size)];
  if (all <= most) {
    for (let i = 1, at = 0; i < count; i++) for (let j = 0; j < i; j++, at++) [first[at], second[at]] = [i, j];
  } else {
    const stream = random(seed, "mds pairs");
    for (let at = 0; at < size; at++) {
      const i = stream.integer(count);
      const j = stream.integer(count - 1);
      [first[at], second[at]] = i > j ? [i, j] : [j + 1, i];
    }
  }
  const distances = new Float32Array(size);
  for (let at = 0; at < size; at++) distances[at] = pair(first[at]!, second[at]!);
  return { first, second, distances };
}

/** The pairs' distances in a map [count × dimensions], row-major. */
export function distancesInMap({ first, second }: RowPairs, coordinates: Float32Array, dimensions: number): Float32Array {
  const distances = new Float32Array(first.length);
  for (let at = 0; at < first.length; at++) {
    const [i, j] = [first[at]! * dimensions, second[at]! * dimensions];
    let square = 0;
    for (let axis = 0; axis < dimensions; axis++) square += (coordinates[i + axis]! - coordinates[j + axis]!) ** 2;
    distances[at] = Math.sqrt(square);
  }
  return distances;
}

/** Stress-1 = √(Σ (d − d̂)² / Σ d̂²) over pairs, d in the map and d̂ the disparities. */
export function stressOf(mapDistances: Float32Array, disparities: Float32Array): number {
  let [errors, size] = [0, 0];
  for (let at = 0; at < disparities.length; at++) {
    errors += (mapDistances[at]! - disparities[at]!) ** 2;
    size += disparities[at]! ** 2;
  }
  return Math.sqrt(errors / size);
}

/** Throws `bad-dataset` where distances are all 0 or not finite; else their Σ δ². */
export function checkSize(distances: Float32Array): number {
  let size = 0;
  for (const distance of distances) size += distance * distance;
  if (size === 0) throw new LatentError("bad-dataset", "all rows lie in one place: there is nothing to map");
  if (!Number.isFinite(size)) throw new LatentError("bad-dataset", "distances between rows are too large to compute with (over 10¹⁹), or not numbers: scale the data");
  return size;
}
