import { random } from "../random";
import type { Crew } from "./crew";
import type { Report } from "./map";
import type { SearchRows } from "./neighborRows";
import { searchAll } from "./neighborSearch";

// Cells of rows that lie near each other (k-means: Lloyd 1982). The neighbours of a row are looked for in the cells whose
// centres are nearest to it (Jégou, Douze & Schmid 2011, "inverted file").

export interface Cells {
  count: number;
  /** [count, depth] */
  centres: SearchRows;
  /** [rows × probes] the cells whose centres are nearest to each row, nearest first: the first is its own. */
  nearest: Int32Array;
  probes: number;
  /** [rows] the cell of every row. */
  cellOf: Int32Array;
}

/** Rows of a cell, on average. */
const cellRows = 128;
/** Rows that the centres are learned from, for each cell. */
const learnedFrom = 24;
/** More change the recall little. */
const iterations = 3;
/** Nearest cells that are found with a row's own: as many as are mostly searched. */
const firstProbes = 16;

/** Finds the cells of the rows. Reproducible for a seed. */
export function findCells(crew: Crew, rows: SearchRows, seed: number, report: Report): Cells {
  const { depth } = rows;
  const count = Math.max(1, Math.round(rows.count / cellRows));
  const sample = distinctNumbers(Math.min(rows.count, count * learnedFrom), rows.count, seed, "cells");
  const values = crew.heap.float32(count * depth);
  for (let cell = 0; cell < count; cell++) values.values.set(rows.rows.values.subarray(sample[cell]! * depth, (sample[cell]! + 1) * depth), cell * depth);
  const centres: SearchRows = { count, depth, rows: values, excess: null, centre: rows.centre, half: false };
  // Steps take about as long as their queries are many.
  const whole = iterations * sample.length + rows.count;
  for (let i = 0; i < iterations; i++) {
    const stage: Report = fraction => report(((i + fraction) * sample.length) / whole);
    moveCentres(centres, rows, sample, nearestCells(crew, rows, centres, sample, 1, stage));
  }
  const probes = Math.min(count, firstProbes);
  const nearest = nearestCells(crew, rows, centres, null, probes, fraction => report((iterations * sample.length + fraction * rows.count) / whole));
  return { count, centres, nearest, probes, cellOf: Int32Array.from({ length: rows.count }, (_, row) => nearest[row * probes]!) };
}

/** [queries × k] the cells whose centres are nearest, nearest first. `numbers`: the queries, all rows where null. */
export function nearestCells(crew: Crew, rows: SearchRows, centres: SearchRows, numbers: Int32Array | null, k: number, report: Report): Int32Array {
  return searchAll(crew, rows, centres, { k, numbers, apart: false, size: k, exactly: false, report }).rows;
}

/** Every centre becomes the mean of the sampled rows that are nearest to it; where there are none, it stays. */
function moveCentres(centres: SearchRows, rows: SearchRows, sample: Int32Array, cellOf: Int32Array): void {
  const { depth, count } = centres;
  const sums = new Float64Array(count * depth);
  const sizes = new Int32Array(count);
  sample.forEach((row, i) => {
    const cell = cellOf[i]!;
    sizes[cell]!++;
    for (let j = 0; j < depth; j++) sums[cell * depth + j]! += rows.rows.values[row * depth + j]!;
  });
  for (let cell = 0; cell < count; cell++) {
    if (sizes[cell]! > 0) for (let j = 0; j < depth; j++) centres.rows.values[cell * depth + j] = sums[cell * depth + j]! / sizes[cell]!;
  }
}

/**
 * In how many of its nearest cells a row's neighbours must be looked for, so that the share `wanted` of the `found` neighbours
 * of the sampled rows is seen; null where `most` are not enough.
 */
export function cellsToSearch(crew: Crew, rows: SearchRows, cells: Cells, sample: Int32Array, found: { rows: Int32Array }, wanted: number, most: number): number | null {
  const probes = Math.min(cells.count, most);
  const nearest = nearestCells(crew, rows, cells.centres, sample, probes, () => undefined);
  const k = found.rows.length / sample.length;
  const firsts = new Int32Array(probes + 1);
  for (let i = 0; i < sample.length; i++) {
    const own = nearest.subarray(i * probes, (i + 1) * probes);
    for (let j = 0; j < k; j++) {
      const place = own.indexOf(cells.cellOf[found.rows[i * k + j]!]!);
      firsts[place < 0 ? probes : place]!++;
    }
  }
  let covered = 0;
  for (let used = 0; used < probes; used++) {
    covered += firsts[used]!;
    if (covered >= wanted * found.rows.length) return used + 1;
  }
  return null;
}

/** Row numbers, those of the first cell first, and [cells + 1] where each cell begins among them. */
export function orderByCell({ cellOf, count }: Cells): { order: Int32Array; starts: Int32Array } {
  const starts = new Int32Array(count + 1);
  for (const cell of cellOf) starts[cell + 1]!++;
  for (let cell = 0; cell < count; cell++) starts[cell + 1]! += starts[cell]!;
  const next = starts.slice();
  const order = new Int32Array(cellOf.length);
  cellOf.forEach((cell, row) => {
    order[next[cell]!++] = row;
  });
  return { order, starts };
}

/** `count` different numbers below `below`, in random order (Fisher & Yates 1938, as far as needed). */
export function distinctNumbers(count: number, below: number, seed: number, name: string): Int32Array {
  const stream = random(seed, name);
  const numbers = Int32Array.from({ length: below }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const other = i + stream.integer(below - i);
    [numbers[i], numbers[other]] = [numbers[other]!, numbers[i]!];
  }
  return numbers.slice(0, count);
}
