import { TILE_ROWS } from "../../kernels/wasm/tile";
import { empty, layOut, Nearest, sweep, writeNearest } from "./nearest";
import { partEnd, partStart } from "./parts";
import { excessOf, packRows } from "./rowPanels";

/**
 * The `k` nearest rows of the rows `first` to `first` + `count`, among those of a few cells: `probes` [n, used] are the
 * numbers of the cells that are looked through, `starts` [cells + 1] where each begins in `rows`, `centres` [cells, depth]
 * their centres. Cells that several queries of a part look through are swept once for all of them. Writes into [n, k].
 */
export function searchCells(
  part: i32, parts: i32, first: i32, count: i32, rows: usize, excess: usize, depth: i32, centres: usize, starts: usize, cells: i32, probes: usize, used: i32,
  size: i32, k: i32, half: i32, outRows: usize, outDistances: usize, block: i32, most: i32, scratch: usize, scratchBytes: usize,
): void {
  const own = scratch + <usize>part * scratchBytes;
  const ends = layOut(own, most, block, depth, size);
  const order = ends + (<usize>(cells + 1) << 2);
  const search = changetype<Nearest>(own);
  search.rows = rows;
  search.excess = excess;
  search.keep = 1;
  const start = first + partStart(count, part, parts);
  const length = first + partEnd(count, part, parts) - start;
  empty(search, length);
  orderByCell(probes + ((<usize>start * <usize>used) << 2), used, length, cells, ends, order);
  let from = 0;
  for (let cell = 0; cell < cells; cell++) {
    const to = load<i32>(ends + (<usize>cell << 2));
    const centre = centres + ((<usize>cell * <usize>depth) << 2);
    for (; from < to; from += block) {
      const taken = min(block, to - from);
      for (let i = 0; i < taken; i++) {
        const query = load<i32>(order + (<usize>(from + i) << 2));
        store<i32>(search.heaps + (<usize>i << 2), query);
        store<i32>(search.selves + (<usize>i << 2), start + query);
      }
      packRows(rows, depth, search.selves, 0, taken, centre, excess, TILE_ROWS, search.panels, search.squares);
      sweep(search, taken, load<i32>(starts + (<usize>cell << 2)), load<i32>(starts + (<usize>cell << 2), 4), centre);
    }
    from = to;
  }
  for (let i = 0; i < length; i++) {
    const row = start + i;
    const out = (<usize>row * <usize>k) << 2;
    writeNearest(search, i, rows + ((<usize>row * <usize>depth) << 2), excessOf(excess, row), true, half != 0, k, outRows + out, outDistances + out);
  }
}

/** Sorts (query, cell) pairs by cell: `order` gets the queries, `ends` where those of each cell end in it. */
function orderByCell(probes: usize, used: i32, length: i32, cells: i32, ends: usize, order: usize): void {
  memory.fill(ends, 0, <usize>(cells + 1) << 2);
  for (let query = 0; query < length; query++) {
    for (let j = 0; j < used; j++) {
      const after = ends + (<usize>(load<i32>(probes + (<usize>(query * used + j) << 2)) + 1) << 2);
      store<i32>(after, load<i32>(after) + 1);
    }
  }
  for (let cell = 0; cell < cells; cell++) {
    const at = ends + (<usize>cell << 2);
    store<i32>(at, load<i32>(at) + load<i32>(at, 4), 4);
  }
  // `ends[cell]` is where the cell begins; filling moves it to its end.
  for (let query = 0; query < length; query++) {
    for (let j = 0; j < used; j++) {
      const at = ends + (<usize>load<i32>(probes + (<usize>(query * used + j) << 2)) << 2);
      const place = load<i32>(at);
      store<i32>(order + (<usize>place << 2), query);
      store<i32>(at, place + 1);
    }
  }
}
