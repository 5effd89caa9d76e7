import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import { pairIndex, parts } from "./mdsDistances";
import { checkSize } from "./mdsPairs";

// All pairs of rows against a map: its stress, its Guttman transform and, for nonmetric MDS, its disparities.

export interface Evaluation {
  /** Stress-1 = √(Σ (d − d̂)² / Σ d̂²) of the map, taken at its best scale. */
  stress: number;
  /** What the map is to be multiplied with for that: Σ d d̂ / Σ d². */
  scale: number;
}

export interface ExactMap {
  /** The map, axis by axis: [dimensions × stride]. Centred by whoever writes it. */
  readonly x: Float32Array;
  readonly stride: number;
  /** The Guttman transform of the map that was evaluated last, like `x`. It does not depend on the map's scale. */
  readonly image: Float32Array;
  evaluate(): Evaluation;
  /** The disparity of rows i > j under the map that was evaluated last. */
  disparity(i: number, j: number): number;
}

/**
 * A map of `count` rows and all their distances, `triangle`. Metric MDS reads them; nonmetric uses only their order, overwrites them
 * with its disparities, and takes another 12 bytes a pair. Throws `bad-dataset` where they are all 0 or not finite.
 */
export function exactMap(crew: Crew, triangle: Shared<Float32Array>, count: number, dimensions: number, isMetric: boolean): ExactMap {
  const pairs = triangle.values.length;
  const stride = Math.ceil(count / 4) * 4;
  const size = checkSize(triangle.values); // Σ δ², which Σ d̂² is kept at
  const disparities = isMetric ? () => 1 : monotone(crew, triangle, size);
  const [x, image, sums, residuals] = [crew.heap.float32(dimensions * stride), crew.heap.float32(dimensions * stride), crew.heap.float32(parts * dimensions * stride), crew.heap.float64(parts)];
  let factor = 1;
  return {
    x: x.values,
    stride,
    image: image.values,
    evaluate: () => {
      if (!isMetric) crew.run("mdsMapDistances", parts, count, stride, dimensions, x.address, triangle.address);
      factor = disparities();
      crew.run("mdsGuttman", parts, count, stride, dimensions, triangle.address, factor, x.address, sums.address, residuals.address);
      crew.run("mdsGather", parts, dimensions * stride, parts, sums.address, count, image.address);
      const errors = residuals.values.reduce((sum, value) => sum + value, 0);
      let squares = 0; // Σ d² of a centred map
      for (const value of x.values) squares += value * value;
      squares *= count;
      if (squares === 0) return { stress: 1, scale: 1 };
      const scale = (size + squares - errors) / (2 * squares);
      return { stress: Math.sqrt(Math.max(0, errors - (1 - scale) ** 2 * squares) / size), scale };
    },
    disparity: (i, j) => Math.fround(factor) * triangle.values[pairIndex(i, j)]!,
  };

  /** Sorts the pairs; the function turns the map distances in `triangle` into disparities and gives the factor that makes Σ d̂² = size. */
  function monotone(crew: Crew, { address }: Shared<Float32Array>, size: number): () => number {
    const [order, sorted, starts, counters, square] = [crew.heap.int32(pairs), crew.heap.float32(pairs), crew.heap.int32(pairs), crew.heap.int32(257), crew.heap.float64(1)];
    crew.run("mdsSort", 1, pairs, address, order.address, sorted.address, starts.address, counters.address);
    const ties = counters.values[256]!;
    return () => {
      crew.run("mdsPick", parts, pairs, address, order.address, sorted.address);
      if (ties > 0) crew.run("mdsSortTies", parts, pairs, sorted.address, order.address, starts.address, address);
      crew.run("mdsMonotone", 1, pairs, sorted.address, starts.address, square.address);
      crew.run("mdsPutBack", parts, pairs, sorted.address, order.address, address);
      return square.values[0] === 0 ? 0 : Math.sqrt(size / square.values[0]!);
    };
  }
}
