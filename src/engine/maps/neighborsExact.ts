import type { Crew } from "./crew";
import type { Report } from "./map";
import type { SearchRows } from "./neighborRows";
import { keptFor, onHeap, scratchBytes, searchAll, searchParts } from "./neighborSearch";

export interface Nearest {
  /** [queries × k] row numbers, nearest first; equally near ones by their numbers. */
  rows: Int32Array;
  /** [queries × k] */
  distances: Float32Array;
}

/**
 * The k nearest other rows of the rows `numbers` (all where null), by exact distances. Products say which come into
 * question; where their rounding leaves that open, differences do. Needs more than k rows.
 */
export function exactNeighbors(crew: Crew, space: SearchRows, k: number, numbers: Int32Array | null, report: Report): Nearest {
  const size = Math.min(keptFor(k), space.count - 1);
  const found = searchAll(crew, space, space, { k, numbers, apart: true, size, exactly: true, report });
  if (size < space.count - 1) searchAgain(crew, space, k, found, numbers, found.proven.map(proven => 1 - proven));
  return found;
}

/** Searches for the queries marked in `again` by differences in f64, and puts what is found in the place of what was. */
export function searchAgain(crew: Crew, space: SearchRows, k: number, found: Nearest, numbers: Int32Array | null, again: Uint8Array): void {
  const places = Int32Array.from(again.keys()).filter(place => again[place] === 1);
  if (places.length === 0) return;
  const size = Math.min(keptFor(k), space.count - 1);
  crew.heap.scope(() => {
    const queries = onHeap(crew, numbers ? places.map(place => numbers[place]!) : places);
    const out = { rows: crew.heap.int32(places.length * k), distances: crew.heap.float32(places.length * k) };
    const scratch = scratchBytes(1, 0, space.depth, size);
    crew.run(
      "searchDirect", searchParts, queries.address, places.length, space.rows.address, space.excess?.address ?? 0, space.count, space.depth, size, k, space.half ? 1 : 0,
      out.rows.address, out.distances.address, crew.heap.uint8(searchParts * scratch).address, scratch,
    );
    places.forEach((place, i) => {
      found.rows.set(out.rows.values.subarray(i * k, (i + 1) * k), place * k);
      found.distances.set(out.distances.values.subarray(i * k, (i + 1) * k), place * k);
    });
  });
}
