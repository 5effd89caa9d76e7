import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import type { Report } from "./map";
import type { SearchRows } from "./neighborRows";

// Every query against every row, on the crew: a matrix product, whose results are looked at before they leave the cache.

export interface SearchOptions {
  k: number;
  /** Numbers of the rows that are the queries; all where null. */
  numbers: Int32Array | null;
  /** A query is no neighbour of itself; needs `queries` and `rows` to be the same. */
  apart: boolean;
  /** Entries kept until their exact distances are known, at most as many as there are neighbours. */
  size: number;
  /** Whether exact distances are computed; else they are as products give them. */
  exactly: boolean;
  report: Report;
}

export interface Found {
  /** [queries × k] row numbers, nearest first; equally near ones by their numbers. */
  rows: Int32Array;
  /** [queries × k] */
  distances: Float32Array;
  /** [queries] 1 where rounding cannot have hidden a nearer row. */
  proven: Uint8Array;
}

/** Parts of one call: enough for many threads to end at about the same time. */
export const searchParts = 32;

/** Queries that are swept at once: as many as stay in a core's cache. A multiple of both heights of a tile. */
export function blockOf(depth: number): number {
  return 12 * Math.min(40, Math.max(2, Math.floor(131_072 / depth / 12)));
}

/** Multiply-adds of one call, which cannot be stopped: a second or two on two cores. */
const callWork = 2e10;

/** Queries of one call against `rows` rows: as many as its parts sweep at once, fewer where that would take long. */
export function queriesPerCall(queries: number, block: number, rows: number, depth: number): number {
  const most = Math.floor(callWork / (rows * depth));
  return Math.min(queries, searchParts * Math.min(block, Math.max(24, Math.floor(most / searchParts))));
}

/** Entries to keep for `k` exact neighbours: those whose order the rounding of products leaves open. */
export const keptFor = (k: number) => k + Math.max(8, Math.ceil(k / 8));

/** Bytes of a part's scratch, as wasm/nearest.ts lays it out: `queries` heaps of `size`, sweeps of up to `block` queries. */
export function scratchBytes(queries: number, block: number, depth: number, size: number): number {
  return 448 + 8 * size + 4 * (block * depth + 8 * depth + 3 * block + queries * (1 + 2 * size));
}

/**
 * Share of ‖a‖² + ‖b‖² by which rounding can change a squared distance: a product of `depth` terms in one sum, squares in four,
 * and a few roundings of packing and adding up.
 */
export const roundingOf = (depth: number) => (1.25 * depth + 16) * 2 ** -24;

/** The k nearest `rows` of `queries`, by distances computed for all pairs. */
export function searchAll(crew: Crew, queries: SearchRows, rows: SearchRows, options: SearchOptions): Found {
  const { k, size, numbers } = options;
  const { depth } = rows;
  const count = numbers?.length ?? queries.count;
  const block = blockOf(depth);
  const atOnce = queriesPerCall(count, block, rows.count, depth);
  const found: Found = { rows: new Int32Array(count * k), distances: new Float32Array(count * k), proven: new Uint8Array(count) };
  crew.heap.scope(() => {
    const scratch = Math.ceil(scratchBytes(block, block, depth, size) / 64) * 64;
    const memory = crew.heap.uint8(searchParts * scratch);
    const out = { rows: crew.heap.int32(atOnce * k), distances: crew.heap.float32(atOnce * k), proven: crew.heap.uint8(atOnce) };
    const numbered = numbers && onHeap(crew, numbers);
    for (let start = 0; start < count; start += atOnce) {
      options.report(start / count);
      const length = Math.min(atOnce, count - start);
      crew.run(
        "searchAll", searchParts, queries.rows.address, queries.excess?.address ?? 0, numbered ? numbered.address + 4 * start : 0, numbered ? 0 : start, length, options.apart ? 1 : 0,
        rows.rows.address, rows.excess?.address ?? 0, rows.count, depth, rows.centre.address, options.exactly ? 1 - roundingOf(depth) : 1, size, k, options.exactly ? 1 : 0, rows.half ? 1 : 0,
        out.rows.address, out.distances.address, out.proven.address, block, memory.address, scratch,
      );
      found.rows.set(out.rows.values.subarray(0, length * k), start * k);
      found.distances.set(out.distances.values.subarray(0, length * k), start * k);
      found.proven.set(out.proven.values.subarray(0, length), start);
    }
  });
  return found;
}

/** A copy on the heap. */
export function onHeap(crew: Crew, numbers: Int32Array): Shared<Int32Array> {
  const shared = crew.heap.int32(numbers.length);
  shared.values.set(numbers);
  return shared;
}
