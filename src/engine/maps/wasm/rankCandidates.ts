import { layOut, Nearest, writeNearest } from "./nearest";
import { partEnd, partStart } from "./parts";
import { excessOf } from "./rowPanels";

/**
 * The `k` nearest of `size` candidates [count, size] for each of the rows from `first` on, by exact distances. `bounds` [count] are keys
 * that no row beyond a query's candidates lies below. Writes [count, k] row numbers and distances, and [count] whether they are proven
 * to be the nearest of all.
 */
export function rankCandidates(
  part: i32, parts: i32, first: i32, count: i32, candidates: usize, bounds: usize, rows: usize, excess: usize, depth: i32, size: i32, k: i32, half: i32,
  outRows: usize, outDistances: usize, proven: usize, scratch: usize, scratchBytes: usize,
): void {
  const own = scratch + <usize>part * scratchBytes;
  layOut(own, 1, 0, depth, size);
  const search = changetype<Nearest>(own);
  search.rows = rows;
  search.excess = excess;
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    memory.copy(search.found, candidates + ((<usize>i * <usize>size) << 2), <usize>size << 2);
    // Where a heap's root has its key, the largest.
    store<f32>(search.keys, load<f32>(bounds + (<usize>i << 2)));
    const out = (<usize>i * <usize>k) << 2;
    const sure = writeNearest(search, 0, rows + ((<usize>(first + i) * <usize>depth) << 2), excessOf(excess, first + i), true, half != 0, k, outRows + out, outDistances + out);
    store<u8>(proven + <usize>i, sure ? 1 : 0);
  }
}
