import { insert, layOut, Nearest, writeSorted } from "./nearest";
import { partEnd, partStart } from "./parts";
import { excessOf, squaredDistance } from "./rowPanels";

/**
 * The `k` nearest of all `n` rows for the rows `numbers` [count], from differences in f64: for rows so near to each other that
 * products cannot tell them apart, and for as many equally near ones that only their numbers can. Writes [count, k] row numbers and distances.
 */
export function searchDirect(
  part: i32, parts: i32, numbers: usize, count: i32, rows: usize, excess: usize, n: i32, depth: i32, size: i32, k: i32, half: i32, outRows: usize, outDistances: usize, scratch: usize, scratchBytes: usize,
): void {
  const own = scratch + <usize>part * scratchBytes;
  layOut(own, 1, 0, depth, size);
  const search = changetype<Nearest>(own);
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const self = load<i32>(numbers + (<usize>i << 2));
    const query = rows + ((<usize>self * <usize>depth) << 2);
    const ownExcess = excessOf(excess, self);
    let kept = 0;
    for (let row = 0; row < n; row++) {
      if (row == self) continue;
      const value = squaredDistance(query, rows + ((<usize>row * <usize>depth) << 2), depth) + ownExcess + excessOf(excess, row);
      if (kept < k) insert(search.exact, search.found, kept++, value, row);
      else if (value < load<f64>(search.exact + (<usize>(k - 1) << 3))) insert(search.exact, search.found, k - 1, value, row);
    }
    const out = (<usize>i * <usize>k) << 2;
    writeSorted(search.exact, search.found, half != 0, k, outRows + out, outDistances + out);
  }
}
