import { LatentError } from "../../protocol/errors";
import { random } from "../random";
import type { Crew } from "./crew";
import type { MapRows, NeighborGraph, Report } from "./map";
import { distinctNumbers, findCells, type Cells } from "./neighborCells";
import { loadRows, reorderRows, type SearchRows } from "./neighborRows";
import { blockOf, keptFor, scratchBytes, searchAll, searchParts, type Found } from "./neighborSearch";

export type NeighborMethod = "auto" | "exact" | "approximate";

export interface NeighborOptions {
  seed: number;
  report: Report;
  /** Default "auto": exact where that takes seconds. */
  method?: NeighborMethod;
}

/** Multiply-adds up to which every pair of rows is compared. */
const exactWork = 3e11;
/** Rows whose true neighbours are computed, to choose how far to look and to measure the recall. */
const sampleRows = 1000;
/** Recall that is aimed at; the sample says how many cells it takes. */
const wantedRecall = 0.97;

/** The k nearest other rows of every row. */
export function neighborGraph(rows: MapRows, k: number, crew: Crew, options: NeighborOptions): NeighborGraph {
  const { count } = rows;
  if (!(Number.isInteger(k) && k >= 1 && k < count)) throw new LatentError("bad-request", `${k} neighbours of each row: there are ${count} rows, so 1 to ${count - 1} are possible.`);
  const { seed, report, method = "auto" } = options;
  return crew.heap.scope(() => {
    const space = loadRows(crew, rows);
    const work = count * count * space.depth;
    if (method === "exact" || (method === "auto" && work <= exactWork)) return { k, ...exactNeighbors(crew, space, k, report), recall: 1 };
    return throughCells(crew, rows, space, k, seed, report);
  });
}

function exactNeighbors(crew: Crew, space: SearchRows, k: number, report: Report, numbers: Int32Array | null = null): Found {
  const size = Math.min(keptFor(k), space.count - 1);
  return searchAll(crew, space, space, { k, numbers, apart: true, size, report });
}

function throughCells(crew: Crew, rows: MapRows, space: SearchRows, k: number, seed: number, report: Report): NeighborGraph {
  const { count } = space;
  const cells = findCells(crew, space, seed);
  const sample = distinctNumbers(Math.min(sampleRows, count), count, random(seed, "sample").integer);
  const truth = exactNeighbors(crew, space, k, () => undefined, sample);
  const used = probesFor(cells, sample, truth, k);
  const order = orderByCell(cells);
  reorderRows(rows, order, space);
  const found = searchCells(crew, space, cells, order, used, k, report);
  return { k, ...found, recall: recallOf(found, sample, truth, k) };
}

/** In how many of its nearest cells a row's neighbours must be looked for. */
function probesFor({ nearest, probes }: Cells, sample: Int32Array, truth: Found, k: number): number {
  const firsts = new Int32Array(probes + 1);
  sample.forEach((row, i) => {
    for (let j = 0; j < k; j++) {
      const cell = nearest[truth.rows[i * k + j]! * probes]!;
      const place = nearest.subarray(row * probes, (row + 1) * probes).indexOf(cell);
      firsts[place < 0 ? probes : place]!++;
    }
  });
  let covered = 0;
  for (let used = 0; used < probes; used++) {
    covered += firsts[used]!;
    if (covered >= wantedRecall * sample.length * k) return used + 1;
  }
  return probes;
}

/** Row numbers, those of the first cell first. */
function orderByCell({ nearest, probes, count }: Cells): Int32Array {
  const ends = new Int32Array(count + 1);
  const rows = nearest.length / probes;
  for (let row = 0; row < rows; row++) ends[nearest[row * probes]! + 1]!++;
  for (let cell = 0; cell < count; cell++) ends[cell + 1]! += ends[cell]!;
  const order = new Int32Array(rows);
  for (let row = 0; row < rows; row++) order[ends[nearest[row * probes]!]!++] = row;
  return order;
}

function searchCells(crew: Crew, space: SearchRows, cells: Cells, order: Int32Array, used: number, k: number, report: Report) {
  const { count, depth } = space;
  const { heap } = crew;
  const block = blockOf(depth);
  const size = Math.min(k + 4, count - 1);
  const most = 2048;
  const found = { rows: new Int32Array(count * k), distances: new Float32Array(count * k) };
  heap.scope(() => {
    const probes = heap.int32(count * used);
    const starts = heap.int32(cells.count + 1);
    order.forEach((row, i) => {
      starts.values[cells.nearest[row * cells.probes]! + 1]!++;
      probes.values.set(cells.nearest.subarray(row * cells.probes, row * cells.probes + used), i * used);
    });
    for (let cell = 0; cell < cells.count; cell++) starts.values[cell + 1]! += starts.values[cell]!;
    const out = { rows: heap.int32(count * k), distances: heap.float32(count * k) };
    const scratch = Math.ceil((scratchBytes(most, block, depth, size) + 4 * (cells.count + 1 + most * used)) / 64) * 64;
    const memory = heap.uint8(searchParts * scratch);
    for (let start = 0; start < count; start += searchParts * most) {
      report(start / count);
      const length = Math.min(searchParts * most, count - start);
      crew.run(
        "searchCells", searchParts, start, length, space.rows.address, space.excess?.address ?? 0, depth, cells.centres.rows.address, starts.address, cells.count, probes.address, used, used,
        size, k, space.half ? 1 : 0, out.rows.address, out.distances.address, block, most, memory.address, scratch,
      );
    }
    order.forEach((row, i) => {
      for (let j = 0; j < k; j++) {
        found.rows[row * k + j] = order[out.rows.values[i * k + j]!]!;
        found.distances[row * k + j] = out.distances.values[i * k + j]!;
      }
    });
  });
  return found;
}

/** Share of the k nearest that were found: those no farther than the k-th, since equally near rows are equally good. */
function recallOf(found: { distances: Float32Array }, sample: Int32Array, truth: Found, k: number): number {
  let hits = 0;
  sample.forEach((row, i) => {
    const farthest = truth.distances[i * k + k - 1]! * (1 + 1e-6);
    for (let j = 0; j < k; j++) if (found.distances[row * k + j]! <= farthest) hits++;
  });
  return hits / (sample.length * k);
}
