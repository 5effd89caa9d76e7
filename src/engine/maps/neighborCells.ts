import { random } from "../random";
import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import type { SearchRows } from "./neighborRows";
import { searchAll, type Found } from "./neighborSearch";

// Cells of rows that lie near each other (k-means: Lloyd 1982). The neighbours of a row are looked for in the cells whose
// centres are nearest to it (Jégou, Douze & Schmid 2011, "inverted file").

export interface Cells {
  count: number;
  /** [count, depth] */
  centres: SearchRows;
  /** [rows × probes] the nearest cells of every row, nearest first. */
  nearest: Int32Array;
  probes: number;
}

/** Rows of a cell, on average. */
const cellRows = 128;
/** Rows that the centres are learned from, for each cell. */
const learnedFrom = 32;
const iterations = 5;
const mostProbes = 96;

/** Finds the cells, and the nearest of them for every row. Reproducible for a seed. */
export function findCells(crew: Crew, rows: SearchRows, seed: number): Cells {
  const { depth } = rows;
  const count = Math.max(1, Math.round(rows.count / cellRows));
  const stream = random(seed, "cells");
  const sample = distinctNumbers(Math.min(rows.count, count * learnedFrom), rows.count, stream.integer);
  const address = crew.heap.float32(count * depth);
  const centres: SearchRows = { count, depth, rows: address, excess: null, centre: rows.centre, half: false };
  for (let cell = 0; cell < count; cell++) address.values.set(rowOf(rows.rows, depth, sample[cell]!), cell * depth);
  const search = (numbers: Int32Array | null, k: number): Found => searchAll(crew, rows, centres, { k, numbers, apart: false, size: k, report: () => undefined });
  for (let i = 0; i < iterations; i++) moveCentres(centres, rows, sample, search(sample, 1).rows);
  const probes = Math.min(count, mostProbes);
  return { count, centres, nearest: search(null, probes).rows, probes };
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

const rowOf = (rows: Shared<Float32Array>, depth: number, row: number) => rows.values.subarray(row * depth, (row + 1) * depth);

/** `count` different numbers below `below`, in random order (Floyd's sampling, then in the order drawn). */
export function distinctNumbers(count: number, below: number, integer: (below: number) => number): Int32Array {
  const numbers = Int32Array.from({ length: below }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const other = i + integer(below - i);
    [numbers[i], numbers[other]] = [numbers[other]!, numbers[i]!];
  }
  return numbers.slice(0, count);
}
