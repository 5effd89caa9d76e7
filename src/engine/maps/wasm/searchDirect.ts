import { empty, layOut, Nearest, replaceLargest, writeNearest } from "./nearest";
import { partEnd, partStart } from "./parts";
import { excessOf, squaredDistance } from "./rowPanels";

/**
 * The `k` nearest of all `n` rows for the rows `numbers` [count], from differences in f64: for rows so near to each other that
 * products cannot tell them apart. Writes [count, k] row numbers and distances.
 */
export function searchDirect(
  part: i32, parts: i32, numbers: usize, count: i32, rows: usize, excess: usize, n: i32, depth: i32, size: i32, k: i32, half: i32, outRows: usize, outDistances: usize, scratch: usize, scratchBytes: usize,
): void {
  const own = scratch + <usize>part * scratchBytes;
  layOut(own, 1, 0, depth, size);
  const search = changetype<Nearest>(own);
  search.rows = rows;
  search.excess = excess;
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const self = load<i32>(numbers + (<usize>i << 2));
    const query = rows + ((<usize>self * <usize>depth) << 2);
    const ownExcess = excessOf(excess, self);
    empty(search, 1);
    for (let row = 0; row < n; row++) {
      if (row == self) continue;
      const key = <f32>(squaredDistance(query, rows + ((<usize>row * <usize>depth) << 2), depth) + ownExcess + excessOf(excess, row));
      if (key < load<f32>(search.keys)) replaceLargest(search.keys, search.found, size, key, row);
    }
    const out = (<usize>i * <usize>k) << 2;
    writeNearest(search, 0, query, ownExcess, true, half != 0, k, outRows + out, outDistances + out);
  }
}
