import { orthonormalRows } from "../linalg/orthonormalRows";
import { normals, random } from "../random";
import type { Crew } from "./crew";
import type { MapRows } from "./map";
import { parts } from "./tsneAffinities";

/** Standard deviation of an initial map's first axis: so small that all points feel each other (Kobak & Berens 2019). */
const INITIAL_DEVIATION = 1e-4;
/** Vectors beyond those wanted: they let these converge where eigenvalues lie close together. */
const GUARDS = 4;
/** A picture to begin from needs no more digits than these. */
const TOLERANCE = 1e-4;
const MOST_ITERATIONS = 50;

/** Coordinates [count × dimensions], centred and in a scale for `TsneOptions.initial`. All points in one place stay there. */
export function scaledInitial(coordinates: Float32Array, dimensions: 2 | 3): Float32Array {
  const count = coordinates.length / dimensions;
  const means = Array.from({ length: dimensions }, (_, axis) => meanOf(coordinates, axis, dimensions));
  let square = 0;
  for (let at = 0; at < coordinates.length; at += dimensions) square += (coordinates[at]! - means[0]!) ** 2 / count;
  const scale = square > 0 ? INITIAL_DEVIATION / Math.sqrt(square) : 0;
  return coordinates.map((value, at) => (value - means[at % dimensions]!) * scale);
}

/**
 * The rows' first principal components, scaled for `TsneOptions.initial`: by orthogonal iteration (Golub & Van Loan, alg. 8.2.4)
 * on the centred rows. Each component's largest weight is positive, so signs do not depend on the seed.
 */
export function principalInitial(rows: MapRows, dimensions: 2 | 3, seed: number, crew: Crew): Float32Array {
  const { count, dim } = rows;
  const k = Math.min(dimensions + GUARDS, dim);
  const padded = Math.ceil(dim / 4) * 4;
  return crew.heap.scope(() => {
    const centred = crew.heap.float32(count * padded);
    const means = Array.from({ length: dim }, (_, column) => meanOf(rows.data, column, dim));
    for (let i = 0; i < count; i++) for (let column = 0; column < dim; column++) centred.values[i * padded + column] = rows.data[i * dim + column]! - means[column]!;
    const axes = principalAxes(centred, count, padded, dim, k, seed, crew);
    const coordinates = new Float32Array(count * dimensions);
    for (let axis = 0; axis < Math.min(dimensions, k); axis++) {
      const vector = axes.subarray(axis * padded, (axis + 1) * padded);
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (let column = 0; column < dim; column++) sum += centred.values[i * padded + column]! * vector[column]!;
        coordinates[i * dimensions + axis] = sum;
      }
    }
    return scaledInitial(coordinates, dimensions);
  });
}

function principalAxes(centred: { address: number }, count: number, padded: number, dim: number, k: number, seed: number, crew: Crew): Float64Array {
  const vectors = crew.heap.float32(k * padded);
  const products = crew.heap.float32(parts * k * padded);
  const start = Float64Array.from(normals(k * padded, random(seed, "principal components")));
  for (let j = 0; j < k; j++) start.fill(0, j * padded + dim, (j + 1) * padded);
  let axes = orthonormalRows(start, k, padded);
  for (let iteration = 0, change = Infinity; iteration < MOST_ITERATIONS && change > TOLERANCE; iteration++) {
    vectors.values.set(axes);
    crew.run("tsneTimesCovariance", parts, centred.address, count, padded, vectors.address, k, products.address);
    const next = new Float64Array(k * padded);
    for (let part = 0; part < parts; part++) for (let at = 0; at < next.length; at++) next[at]! += products.values[part * next.length + at]!;
    if (next.every(value => value === 0)) return axes; // all rows are equal
    const turned = orthonormalRows(next, k, padded);
    change = Math.max(...[0, 1].map(j => 1 - Math.abs(dot(axes, turned, j * padded, padded))));
    axes = turned;
  }
  for (let j = 0; j < k; j++) {
    const vector = axes.subarray(j * padded, (j + 1) * padded);
    const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    if (largest < 0) vector.forEach((value, at) => void (vector[at] = -value));
  }
  return axes;
}

function dot(a: Float64Array, b: Float64Array, from: number, length: number): number {
  let sum = 0;
  for (let at = from; at < from + length && at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

function meanOf(values: Float32Array, column: number, columns: number): number {
  let sum = 0;
  for (let at = column; at < values.length; at += columns) sum += values[at]!;
  return sum / (values.length / columns);
}
