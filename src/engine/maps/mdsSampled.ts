import { random } from "../random";
import type { NamedTensors } from "../safetensors";
import type { Crew } from "./crew";
import { parts, type Distances } from "./mdsDistances";
import { distancesInMap, stressOf, type RowPairs } from "./mdsPairs";
import type { MdsSteps } from "./mdsSteps";

// Metric MDS of more rows than pairs can be kept of. The Guttman transform is a mean over all rows, so that a mean over rows drawn by
// chance estimates it without bias; a step goes the share `rate` of the way there. The rate falls as Robbins & Monro (1951) ask, so
// that the chances even out; that is the idea of Zheng, Pawar & Goodman (2018), with all rows moved at once and none left out.

export interface SampledOptions {
  dimensions: 2 | 3;
  iterations: number;
  /** Rows that a step compares every row with. */
  columns: number;
  seed: number;
  start(): Float32Array;
}

/** Rows whose distances to the columns are in memory at once. */
const rowsAtOnce = 8192;
/** The first steps go all the way; later ones 1 / (1 + step / pace). */
const pace = 20;

/** Steps by sampled columns; the stress is that of `pairs`. */
export function sampledSmacof(crew: Crew, distances: Distances, pairs: RowPairs, { dimensions, iterations, columns, seed, start }: SampledOptions, state?: NamedTensors): MdsSteps {
  const { count } = distances;
  const stride = Math.ceil(count / 4) * 4;
  const columnStride = Math.ceil(columns / 4) * 4;
  const x = crew.heap.float32(dimensions * stride);
  let steps = state ? Number(state["progress"]!.data[0]) : 0;
  const beginning = state ? (state["map"]!.data as Float32Array) : start();
  for (let axis = 0; axis < dimensions; axis++) for (let i = 0; i < count; i++) x.values[axis * stride + i] = beginning[i * dimensions + axis]!;
  if (!state) centre();

  function centre(): void {
    for (let axis = 0; axis < dimensions; axis++) {
      const values = x.values.subarray(axis * stride, axis * stride + count);
      let mean = 0;
      for (const value of values) mean += value / count;
      for (let i = 0; i < count; i++) values[i]! -= mean;
    }
  }
  function coordinates(): Float32Array {
    const rows = new Float32Array(count * dimensions);
    for (let axis = 0; axis < dimensions; axis++) for (let i = 0; i < count; i++) rows[i * dimensions + axis] = x.values[axis * stride + i]!;
    return rows;
  }
  return {
    left: () => iterations - steps,
    step: () => {
      if (steps === iterations) return;
      const stream = random(seed, "mds columns", steps);
      const drawn = Int32Array.from({ length: columns }, () => stream.integer(count));
      crew.heap.scope(() => {
        const y = crew.heap.float32(dimensions * columnStride);
        for (let axis = 0; axis < dimensions; axis++) drawn.forEach((row, c) => { y.values[axis * columnStride + c] = x.values[axis * stride + row]!; });
        for (let first = 0; first < count; first += rowsAtOnce) {
          const last = Math.min(count, first + rowsAtOnce);
          crew.heap.scope(() => {
            const block = distances.block(first, last, drawn);
            crew.run("mdsSampledStep", parts, first, last, stride, dimensions, block.address, columns, columnStride, y.address, 1 / (1 + steps / pace), x.address);
          });
        }
      });
      centre();
      steps++;
    },
    stress: () => stressOf(distancesInMap(pairs, coordinates(), dimensions), pairs.distances),
    coordinates,
    state: () => ({ map: { shape: [count, dimensions], data: coordinates() }, progress: { shape: [1], data: Int32Array.of(steps) } }),
  };
}
