import type { Crew } from "./crew";
import type { Report } from "./map";
import type { SearchRows } from "./neighborRows";
import { blockOf, onHeap, queriesPerCall, roundingOf, searchParts } from "./neighborSearch";

/** Bytes of a part's scratch, as wasm/ranks.ts lays it out. */
const scratchBytes = (block: number, depth: number, targets: number) => 448 + 8 * block * targets + 4 * (4 * block * targets + 2 * block + 8 * depth + block * depth);

/**
 * How near each of some rows is, counted in rows: for the queries `numbers`, and `targets` [queries × k] rows of each, ranks
 * [queries × k] among all rows, 1 for the nearest. Of equally near rows the one with the lower number comes first. Exact.
 */
export function ranksOf(crew: Crew, space: SearchRows, numbers: Int32Array, targets: Int32Array, report: Report): Int32Array {
  const { depth, count } = space;
  const queries = numbers.length;
  const k = targets.length / queries;
  const block = blockOf(depth);
  const atOnce = queriesPerCall(queries, block, count, depth);
  return crew.heap.scope(() => {
    const [numbered, targeted] = [onHeap(crew, numbers), onHeap(crew, targets)];
    const out = crew.heap.int32(queries * k);
    const scratch = Math.ceil(scratchBytes(block, depth, k) / 64) * 64;
    const memory = crew.heap.uint8(searchParts * scratch);
    for (let start = 0; start < queries; start += atOnce) {
      report(start / queries);
      const offset = 4 * start * k;
      crew.run(
        "ranks", searchParts, numbered.address + 4 * start, Math.min(atOnce, queries - start), space.rows.address, space.excess?.address ?? 0, count, depth, space.centre.address, roundingOf(depth),
        targeted.address + offset, k, out.address + offset, block, memory.address, scratch,
      );
    }
    return out.values.slice();
  });
}
