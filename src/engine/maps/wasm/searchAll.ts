import { TILE_ROWS } from "../../kernels/wasm/tile";
import { empty, layOut, Nearest, sweep, writeNearest } from "./nearest";
import { partEnd, partStart } from "./parts";
import { excessOf, packRows } from "./rowPanels";

/**
 * The `k` nearest of all `n` rows for each of `count` queries, which are rows `numbers[i]`, or `first` + i where `numbers` is
 * 0, of the matrix `queries`. `size` ≥ k entries are kept until their exact distances are known. `apart`: a query is no
 * neighbour of itself. Writes [count, k] row numbers and distances, and [count] whether they are proven to be the nearest.
 */
export function searchAll(
  part: i32, parts: i32, queries: usize, queryExcess: usize, numbers: usize, first: i32, count: i32, apart: i32, rows: usize, excess: usize, n: i32, depth: i32,
  centre: usize, keep: f32, size: i32, k: i32, exactly: i32, half: i32, outRows: usize, outDistances: usize, proven: usize, block: i32, scratch: usize, scratchBytes: usize,
): void {
  const own = scratch + <usize>part * scratchBytes;
  layOut(own, block, block, depth, size);
  const search = changetype<Nearest>(own);
  search.rows = rows;
  search.excess = excess;
  search.keep = keep;
  const end = partEnd(count, part, parts);
  for (let start = partStart(count, part, parts); start < end; start += block) {
    const length = min(block, end - start);
    empty(search, length);
    for (let i = 0; i < length; i++) {
      store<i32>(search.heaps + (<usize>i << 2), i);
      store<i32>(search.selves + (<usize>i << 2), apart ? rowOf(numbers, first, start + i) : -1);
    }
    packRows(queries, depth, numbers ? numbers + (<usize>start << 2) : 0, first + start, length, centre, queryExcess, TILE_ROWS, search.panels, search.squares);
    sweep(search, length, 0, n, centre);
    for (let i = 0; i < length; i++) {
      const row = rowOf(numbers, first, start + i);
      const out = (<usize>(start + i) * <usize>k) << 2;
      const sure = writeNearest(search, i, queries + ((<usize>row * <usize>depth) << 2), excessOf(queryExcess, row), exactly != 0, half != 0, k, outRows + out, outDistances + out);
      store<u8>(proven + <usize>(start + i), sure ? 1 : 0);
    }
  }
}

function rowOf(numbers: usize, first: i32, i: i32): i32 {
  return numbers ? load<i32>(numbers + (<usize>i << 2)) : first + i;
}
