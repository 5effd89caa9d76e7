import { random } from "../random";
import type { Crew } from "./crew";
import type { Report } from "./map";
import type { FuzzySet } from "./umapGraph";
import { spectrum } from "./umapSpectral";

// Where UMAP's layout begins: each connected part of the fuzzy set at the smoothest functions on it, the parts beside each other.

/** The first picture's width along each axis, as in the authors' code: the layout's forces reach about as far as its first clusters lie apart. */
const extent = 10;
const noise = 1e-4;
/** Turn between components on a sunflower's spiral, which leaves no gaps (Vogel 1979). */
const goldenAngle = Math.PI * (3 - Math.sqrt(5));

export interface InitialLayout {
  /** [count × dimensions] */
  coordinates: Float32Array;
  /** How it came about, for the run's report: in words. */
  origin: string;
}

/** Random places in a square or cube. */
export function randomLayout(count: number, dimensions: number, seed: number): InitialLayout {
  const stream = random(seed, "umap", "initial");
  return { coordinates: Float32Array.from({ length: count * dimensions }, () => extent * (stream.uniform() - 0.5)), origin: "random places" };
}

/** Given coordinates [count × dimensions], centred and stretched to the extent along each axis, with noise that parts what lies in one place. */
export function scaledLayout(coordinates: ArrayLike<number>, dimensions: number, seed: number, origin: string): InitialLayout {
  const scaled = new Float32Array(coordinates.length);
  const stream = random(seed, "umap", "noise");
  for (let axis = 0; axis < dimensions; axis++) {
    let low = Infinity, high = -Infinity;
    for (let i = axis; i < coordinates.length; i += dimensions) {
      low = Math.min(low, coordinates[i]!);
      high = Math.max(high, coordinates[i]!);
    }
    const factor = high > low ? extent / (high - low) : 1;
    for (let i = axis; i < coordinates.length; i += dimensions) scaled[i] = (coordinates[i]! - (low + high) / 2) * factor + noise * stream.normal();
  }
  return { coordinates: scaled, origin };
}

/** The spectral layout: eigenvectors of each component's Laplacian, in squares whose areas are the components' shares of the rows; components too small for it at random. */
export function spectralLayout(set: FuzzySet, dimensions: number, seed: number, crew: Crew, report: Report): InitialLayout {
  const groups = components(set);
  const coordinates = new Float64Array(set.count * dimensions);
  let before = 0, unsettled = 0, small = 0;
  for (const [index, rows] of groups.entries()) {
    const side = (rows.length / set.count) ** (1 / dimensions);
    const center = groups.length === 1 ? new Array<number>(dimensions).fill(0) : spiralPlace(index, (before + rows.length / 2) / set.count, dimensions);
    const stream = random(seed, "umap", "component", index);
    let place = (_row: number, _axis: number): number => stream.uniform() - 0.5;
    if (rows.length > dimensions + 1) {
      const part = groups.length === 1 ? set : subset(set, rows);
      const { vectors, converged } = spectrum(part, dimensions, seed, crew, fraction => report((before + fraction * rows.length) / set.count));
      if (!converged) unsettled++;
      const largest = Array.from({ length: dimensions }, (_, axis) => vectors.subarray(axis * rows.length, (axis + 1) * rows.length).reduce((most, value) => Math.max(most, Math.abs(value)), 0));
      place = (row, axis) => (0.5 * vectors[axis * rows.length + row]!) / largest[axis]!;
    } else small++;
    rows.forEach((row, i) => {
      for (let axis = 0; axis < dimensions; axis++) coordinates[row * dimensions + axis] = center[axis]! + side * place(i, axis);
    });
    before += rows.length;
  }
  const origin = [
    groups.length === 1 ? "spectral layout" : `spectral layout of each of ${groups.length} unconnected parts`,
    ...(small > 0 ? [`${small} of at most ${dimensions + 1} rows at random`] : []),
    ...(unsettled > 0 ? [`eigenvectors of ${unsettled} not settled`] : []),
  ].join(", ");
  return scaledLayout(coordinates, dimensions, seed, origin);
}

/** Center of a component, given the share of rows in those before it and half of its own: so far out that all get room in proportion. */
function spiralPlace(index: number, share: number, dimensions: number): number[] {
  const radius = share ** (1 / dimensions);
  const angle = index * goldenAngle;
  if (dimensions === 2) return [radius * Math.cos(angle), radius * Math.sin(angle)];
  const height = 1 - 2 * ((index * ((Math.sqrt(5) - 1) / 2) + 0.5) % 1);
  const ring = Math.sqrt(1 - height * height);
  return [radius * ring * Math.cos(angle), radius * ring * Math.sin(angle), radius * height];
}

/** Rows of each connected component, largest component first, rows ascending. */
export function components({ count, starts, columns }: FuzzySet): Int32Array[] {
  const found = new Int32Array(count).fill(-1);
  const queue = new Int32Array(count);
  const groups: Int32Array[] = [];
  for (let first = 0; first < count; first++) {
    if (found[first] !== -1) continue;
    let tail = 0;
    queue[tail++] = first;
    found[first] = groups.length;
    for (let head = 0; head < tail; head++) {
      const row = queue[head]!;
      for (let entry = starts[row]!; entry < starts[row + 1]!; entry++) {
        const other = columns[entry]!;
        if (found[other] !== -1) continue;
        found[other] = groups.length;
        queue[tail++] = other;
      }
    }
    groups.push(queue.slice(0, tail).sort());
  }
  return groups.sort((a, b) => b.length - a.length || a[0]! - b[0]!);
}

/** The fuzzy set of the rows of one component, numbered from 0. */
function subset(set: FuzzySet, rows: Int32Array): FuzzySet {
  const numbers = new Map(Array.from(rows, (row, i) => [row, i]));
  const entries = rows.reduce((sum, row) => sum + set.starts[row + 1]! - set.starts[row]!, 0);
  const result = { count: rows.length, starts: new Int32Array(rows.length + 1), columns: new Int32Array(entries), weights: new Float32Array(entries) };
  let at = 0;
  rows.forEach((row, i) => {
    for (let entry = set.starts[row]!; entry < set.starts[row + 1]!; entry++) {
      result.columns[at] = numbers.get(set.columns[entry]!)!;
      result.weights[at++] = set.weights[entry]!;
    }
    result.starts[i + 1] = at;
  });
  return result;
}
