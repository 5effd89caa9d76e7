import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { MapRows, NeighborGraph, Report } from "./map";
import { chooseLandmarks, usualLandmarks } from "./mdsClassical";
import { distancesOf } from "./mdsDistances";
import type { PlacedMap } from "./tsnePlacement";

// New points in an MDS map that stays as it is, by their distances to the map's landmarks: the rows, drawn by the map's seed, that
// classical scaling is computed from (all rows up to 1,000).

export interface MdsPlacementOptions {
  kind: "classical" | "metric" | "nonmetric";
  /** That of the map, which names its landmarks. */
  seed: number;
}

/** Most steps of a majorization, which ends earlier where a step moves a point by less than `still` of the map's extent. */
const mostSteps = 300;
const still = 1e-6;
/** Nearest rows whose middle is where a point begins, beside the nearest alone: the better end of the two is kept. */
const startNeighbors = 5;
const rowsAtOnce = 256;
/** Share of the largest extent below which an axis is flat: dividing by it would make the rounding of f32 distances larger than the axis itself. */
const negligible = 1e-5;

/**
 * Coordinates [added × dimensions] of new rows in a map of `rows` that does not move. `graph` has the new rows' nearest rows of the map.
 *
 * Classical: Gower's formula (1968, eq. 10) x_a = −½ Σ_l (y_la / λ_a) (δ_l² − mean_m δ_lm²), λ_a = Σ_l y_la², over the landmarks l; an axis
 * that is flat beside the others stays 0. Metric: each point alone lowers Σ_l (|x − y_l| − δ_l)² by majorization (de Leeuw 1977; a step is
 * x ← mean_l (y_l + δ_l (x − y_l) / |x − y_l|)). Nonmetric: the same, with δ replaced by the nearest monotone function of it that the map's
 * own distances follow (isotonic regression over the pairs of landmarks; Kruskal 1964).
 *
 * Throws `bad-request` for a map of fewer than two rows, `bad-dataset` for values that are not finite, `cancelled` when `report` does.
 */
export function placeInMds({ coordinates, dimensions }: PlacedMap, rows: MapRows, added: MapRows, graph: NeighborGraph, { kind, seed }: MdsPlacementOptions, crew: Crew, report: Report): Float32Array {
  if (rows.count < 2) throw new LatentError("bad-request", `an MDS map of ${rows.count} rows has no distances to place by`);
  const landmarks = chooseLandmarks(rows.count, usualLandmarks.map, seed);
  const size = landmarks.length;
  const marks = Float64Array.from({ length: size * dimensions }, (_, at) => coordinates[landmarks[Math.floor(at / dimensions)]! * dimensions + (at % dimensions)]!);
  // Landmarks first, then the new rows: one source of distances for both.
  const joined = new Float32Array((size + added.count) * rows.dim);
  landmarks.forEach((row, l) => joined.set(rows.data.subarray(row * rows.dim, (row + 1) * rows.dim), l * rows.dim));
  joined.set(added.data.subarray(0, added.count * rows.dim), size * rows.dim);
  const numbers = Int32Array.from({ length: size }, (_, l) => l);
  const placed = new Float32Array(added.count * dimensions);
  crew.heap.scope(() => {
    const distances = distancesOf(crew, { data: joined, count: size + added.count, dim: rows.dim, metric: rows.metric });
    const among = crew.heap.scope(() => Float64Array.from(distances.among(numbers).values));
    const place = kind === "classical" ? gower(marks, among, size, dimensions) : majorizing(marks, size, dimensions, kind === "metric" ? delta => delta : disparityOf(among, marks, size, dimensions));
    for (let start = 0; start < added.count; start += rowsAtOnce) {
      report(start / added.count);
      const end = Math.min(added.count, start + rowsAtOnce);
      crew.heap.scope(() => {
        const block = distances.block(size + start, size + end, numbers).values;
        for (let i = start; i < end; i++) placed.set(place(block.subarray((i - start) * size, (i - start + 1) * size), startsOf(coordinates, dimensions, graph, i)), i * dimensions);
      });
    }
  });
  return placed;
}

/** Where a point may begin: at its nearest row, and in the middle of its nearest ones. */
function startsOf(coordinates: Float32Array, dimensions: number, { k, rows }: NeighborGraph, row: number): number[][] {
  const middleOf = (count: number) => Array.from({ length: dimensions }, (_, axis) => {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += coordinates[rows[row * k + j]! * dimensions + axis]!;
    return sum / count;
  });
  return [middleOf(1), middleOf(Math.min(startNeighbors, k))];
}

type Place = (distances: Float32Array, starts: number[][]) => number[];

function gower(marks: Float64Array, among: Float64Array, size: number, dimensions: number): Place {
  const means = Float64Array.from({ length: size }, (_, l) => {
    let sum = 0;
    for (let m = 0; m < size; m++) sum += among[l * size + m]! ** 2;
    return sum / size;
  });
  const extents = Array.from({ length: dimensions }, (_, axis) => {
    let sum = 0;
    for (let l = 0; l < size; l++) sum += marks[l * dimensions + axis]! ** 2;
    return sum;
  });
  const flat = negligible * Math.max(...extents);
  return distances => extents.map((extent, axis) => {
    if (!(extent > flat)) return 0;
    let sum = 0;
    for (let l = 0; l < size; l++) sum += marks[l * dimensions + axis]! * (distances[l]! ** 2 - means[l]!);
    return (-0.5 * sum) / extent;
  });
}

function majorizing(marks: Float64Array, size: number, dimensions: number, disparity: (delta: number) => number): Place {
  const extent = Math.max(...Array.from({ length: dimensions }, (_, axis) => {
    let [least, greatest] = [Infinity, -Infinity];
    for (let l = 0; l < size; l++) [least, greatest] = [Math.min(least, marks[l * dimensions + axis]!), Math.max(greatest, marks[l * dimensions + axis]!)];
    return greatest - least;
  }));
  const wanted = new Float64Array(size);
  return (distances, starts) => {
    for (let l = 0; l < size; l++) wanted[l] = disparity(distances[l]!);
    let best: { x: number[]; stress: number } | undefined;
    for (const start of starts) {
      let x = start;
      for (let step = 0, moved = Infinity; step < mostSteps && moved > still * extent; step++) {
        const next = new Array<number>(dimensions).fill(0);
        for (let l = 0; l < size; l++) {
          const length = distanceTo(x, marks, l, dimensions);
          // On a landmark there is no direction: it pulls to itself.
          const factor = length > 0 ? wanted[l]! / length : 0;
          for (let axis = 0; axis < dimensions; axis++) {
            const mark = marks[l * dimensions + axis]!;
            next[axis]! += (mark + factor * (x[axis]! - mark)) / size;
          }
        }
        moved = Math.hypot(...next.map((value, axis) => value - x[axis]!));
        x = next;
      }
      let stress = 0;
      for (let l = 0; l < size; l++) stress += (distanceTo(x, marks, l, dimensions) - wanted[l]!) ** 2;
      if (!best || stress < best.stress) best = { x, stress };
    }
    return best!.x;
  };
}

function distanceTo(x: readonly number[], marks: Float64Array, l: number, dimensions: number): number {
  let sum = 0;
  for (let axis = 0; axis < dimensions; axis++) sum += (x[axis]! - marks[l * dimensions + axis]!) ** 2;
  return Math.sqrt(sum);
}

/** The distance in the map that goes with a distance in the data, by isotonic regression over all pairs of landmarks (pool adjacent violators). */
function disparityOf(among: Float64Array, marks: Float64Array, size: number, dimensions: number): (delta: number) => number {
  const pairs = (size * (size - 1)) / 2;
  const deltas = new Float64Array(pairs), lengths = new Float64Array(pairs);
  for (let l = 1, at = 0; l < size; l++) {
    const x = Array.from({ length: dimensions }, (_, axis) => marks[l * dimensions + axis]!);
    for (let m = 0; m < l; m++, at++) {
      deltas[at] = among[l * size + m]!;
      lengths[at] = distanceTo(x, marks, m, dimensions);
    }
  }
  const order = Uint32Array.from(deltas.keys()).sort((a, b) => deltas[a]! - deltas[b]!);
  // Blocks of equal value: their mean distance in the data, in the map, and how many pairs they hold.
  const blocks: { delta: number; length: number; count: number }[] = [];
  for (const pair of order) {
    let block = { delta: deltas[pair]!, length: lengths[pair]!, count: 1 };
    for (let last = blocks.at(-1); last && last.length >= block.length; last = blocks.at(-1)) {
      blocks.pop();
      const count = last.count + block.count;
      const mean = (of: "delta" | "length") => (last![of] * last!.count + block[of] * block.count) / count;
      block = { delta: mean("delta"), length: mean("length"), count };
    }
    blocks.push(block);
  }
  return delta => {
    let [low, high] = [0, blocks.length - 1];
    if (delta <= blocks[0]!.delta) return blocks[0]!.length * (blocks[0]!.delta > 0 ? delta / blocks[0]!.delta : 1);
    // Farther than any pair of the map: in proportion to the farthest.
    if (delta >= blocks[high]!.delta) return (blocks[high]!.length * delta) / blocks[high]!.delta;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (blocks[middle]!.delta <= delta) low = middle;
      else high = middle;
    }
    const [below, above] = [blocks[low]!, blocks[high]!];
    return below.length + ((above.length - below.length) * (delta - below.delta)) / (above.delta - below.delta || 1);
  };
}
