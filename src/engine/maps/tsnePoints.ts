import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import type { Bounds } from "./tsneGrid";

// Points in a crew's memory as the kernels want them (wasm/tsneForces.ts): pairs in the plane, in space fours whose last is 0.

/** Where fillers up to a whole vector lie: nothing feels them. */
const NOWHERE = 1e15;

export const strideOf = (dimensions: 2 | 3): number => (dimensions === 2 ? 2 : 4);

/** Memory for `count` points, with fillers behind them. */
export function takePoints(count: number, dimensions: 2 | 3, crew: Crew): Shared<Float32Array> {
  const stride = strideOf(dimensions);
  const points = crew.heap.float32(Math.ceil(count / 4) * 4 * stride);
  points.values.fill(NOWHERE, count * stride);
  return points;
}

/** Writes coordinates [count × dimensions] to points. */
export function toPoints(coordinates: Float32Array, dimensions: 2 | 3, points: Float32Array): void {
  const stride = strideOf(dimensions);
  for (let from = 0, to = 0; from < coordinates.length; from += dimensions, to += stride) {
    for (let axis = 0; axis < dimensions; axis++) points[to + axis] = coordinates[from + axis]!;
  }
}

/** Coordinates [count × dimensions] of points. */
export function fromPoints(points: Float32Array, count: number, dimensions: 2 | 3): Float32Array {
  const stride = strideOf(dimensions);
  const coordinates = new Float32Array(count * dimensions);
  for (let to = 0, from = 0; to < coordinates.length; to += dimensions, from += stride) {
    for (let axis = 0; axis < dimensions; axis++) coordinates[to + axis] = points[from + axis]!;
  }
  return coordinates;
}

/** Least and greatest of coordinates [count × dimensions]. */
export function boundsOf(coordinates: Float32Array, dimensions: 2 | 3): Bounds {
  const least = new Array<number>(dimensions).fill(Infinity), greatest = new Array<number>(dimensions).fill(-Infinity);
  for (let i = 0; i < coordinates.length; i++) {
    const axis = i % dimensions;
    least[axis] = Math.min(least[axis]!, coordinates[i]!);
    greatest[axis] = Math.max(greatest[axis]!, coordinates[i]!);
  }
  return { least, greatest };
}
