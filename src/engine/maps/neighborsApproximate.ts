import type { Crew } from "./crew";
import type { MapRows, Report } from "./map";
import { cellsToSearch, distinctNumbers, findCells, nearestCells, orderByCell, type Cells } from "./neighborCells";
import { reorderRows, type SearchRows } from "./neighborRows";
import { blockOf, onHeap, scratchBytes, searchParts } from "./neighborSearch";
import { exactNeighbors, searchAgain, type Nearest } from "./neighborsExact";

/** Rows whose true neighbours are computed, to choose how far to look and to measure the recall. */
const sampleRows = 1000;
/** Recall that is aimed at, so that 0.95 is sure. */
const wantedRecall = 0.97;
/** In more cells it is not worth looking: every pair of rows is then compared. */
const mostCells = 256;
/** Entries kept above k until their exact distances are known. */
const spare = 4;
/** Rows of one part of a call, whose searches of the same cell are done together. */
const partRows = 2048;

/**
 * The k nearest other rows of every row, among the rows of the cells nearest to it: of so many cells that a sample's true
 * neighbours are found. Puts the rows on the heap in another order. `recall` is what the sample says of the result.
 */
export function approximateNeighbors(crew: Crew, rows: MapRows, space: SearchRows, k: number, seed: number, report: Report): Nearest & { recall: number } {
  const between = (from: number, to: number): Report => fraction => report(from + (to - from) * fraction);
  const cells = findCells(crew, space, seed, between(0, 0.4));
  const sample = distinctNumbers(Math.min(sampleRows, space.count), space.count, seed, "recall");
  const truth = exactNeighbors(crew, space, k, sample, between(0.4, 0.6));
  const used = cellsToSearch(crew, space, cells, sample, truth, wantedRecall, mostCells);
  if (used === null) return { ...exactNeighbors(crew, space, k, null, between(0.6, 1)), recall: 1 };
  const { order, starts } = orderByCell(cells);
  reorderRows(rows, order, space);
  const found = searchCells(crew, space, { centres: cells.centres, starts, probes: probesInOrder(crew, space, cells, order, used), used }, k, between(0.6, 1));
  // Where the cells hold too few rows.
  searchAgain(crew, space, k, found, null, Uint8Array.from(order, (_, place) => (found.rows[place * k + k - 1]! < 0 ? 1 : 0)));
  const inOrder = backInOrder(found, order, k);
  return { ...inOrder, recall: recallOf(inOrder, sample, truth, k) };
}

interface SortedCells {
  centres: SearchRows;
  /** [cells + 1] */
  starts: Int32Array;
  /** [rows, used] the cells that are looked through for each row. */
  probes: Int32Array;
  used: number;
}

/** The rows lie in the order of their cells; so do the results. Places that no row was found for hold -1. */
function searchCells(crew: Crew, space: SearchRows, { centres, starts, probes, used }: SortedCells, k: number, report: Report): Nearest {
  const { count, depth } = space;
  const { heap } = crew;
  const block = blockOf(depth);
  const size = Math.min(k + spare, count - 1);
  const cellStarts = onHeap(crew, starts);
  const cellsOfRows = onHeap(crew, probes);
  const out = { rows: heap.int32(count * k), distances: heap.float32(count * k) };
  heap.scope(() => {
    const scratch = Math.ceil((scratchBytes(partRows, block, depth, size) + 4 * (centres.count + 1 + partRows * used)) / 64) * 64;
    const memory = heap.uint8(searchParts * scratch);
    for (let start = 0; start < count; start += searchParts * partRows) {
      report(start / count);
      crew.run(
        "searchCells", searchParts, start, Math.min(searchParts * partRows, count - start), space.rows.address, space.excess?.address ?? 0, depth, centres.rows.address,
        cellStarts.address, centres.count, cellsOfRows.address, used, size, k, space.half ? 1 : 0, out.rows.address, out.distances.address, block, partRows, memory.address, scratch,
      );
    }
  });
  return { rows: out.rows.values, distances: out.distances.values };
}

/** The `used` nearest cells of each row, now that the rows lie in the order of their cells. */
function probesInOrder(crew: Crew, space: SearchRows, { centres, nearest, probes }: Cells, order: Int32Array, used: number): Int32Array {
  if (used > probes) return nearestCells(crew, space, centres, null, used, () => undefined);
  const sorted = new Int32Array(order.length * used);
  order.forEach((row, place) => sorted.set(nearest.subarray(row * probes, row * probes + used), place * used));
  return sorted;
}

/** What was found for place i belongs to row `order[i]`, and names places. */
function backInOrder(found: Nearest, order: Int32Array, k: number): Nearest {
  const result: Nearest = { rows: new Int32Array(found.rows.length), distances: new Float32Array(found.rows.length) };
  order.forEach((row, place) => {
    for (let j = 0; j < k; j++) {
      result.rows[row * k + j] = order[found.rows[place * k + j]!]!;
      result.distances[row * k + j] = found.distances[place * k + j]!;
    }
  });
  return result;
}

/** Share of the k nearest that were found: of those no farther than the k-th, since equally near rows are equally good. */
function recallOf(found: Nearest, sample: Int32Array, truth: Nearest, k: number): number {
  let hits = 0;
  sample.forEach((row, i) => {
    const farthest = truth.distances[i * k + k - 1]! * (1 + 1e-6);
    for (let j = 0; j < k; j++) if (found.distances[row * k + j]! <= farthest) hits++;
  });
  return hits / (sample.length * k);
}
