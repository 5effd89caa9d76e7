// The nearest rows of some queries, as they are found: a max-heap for each query, whose root is the one that gives way. Of equal keys that of
// the higher row number is the larger, so that which of equally near rows are kept depends neither on how many are, nor on the heap's order.

import { multiplyTile, TILE_COLUMNS, TILE_ROWS } from "../../kernels/wasm/tile";
import { excessOf, packRows, squaredDistance } from "./rowPanels";

/** One part's search; lies at the beginning of its scratch, and all that it points at behind it (../neighborSearch.ts). */
@unmanaged
export class Nearest {
  /** [n, depth] f32, the rows that are searched, and their excess [n] f32 or 0. */
  rows: usize;
  depth: i32;
  excess: usize;
  /** Factor of ‖a‖² + ‖b‖²: below 1, so that no key exceeds the true squared distance, or 1. */
  keep: f32;
  /** Entries of each heap. */
  size: i32;
  /** [queries, size] f32 and i32: the heaps; what is not found yet is Infinity, -1. */
  keys: usize;
  found: usize;
  /** [queries] f32: the roots of the heaps, side by side. */
  worst: usize;
  /** The queries of the present sweep: their heaps and their own row numbers (-1: none), [block] i32 each. */
  heaps: usize;
  selves: usize;
  /** The same queries packed, and their squares. */
  panels: usize;
  squares: usize;
  /** Eight rows packed, and their squares; a tile of products. */
  panel: usize;
  panelSquares: usize;
  tile: usize;
  /** [size] f64 */
  exact: usize;
}

/** Bytes of what every search needs, whatever its sizes: the record, eight squares and a tile, each on 64 bytes. */
const FIXED_BYTES: usize = 128 + 64 + 256;

/** Lays a search out in its scratch, for `queries` heaps of `size` and sweeps of up to `block` queries. Returns the first byte behind. */
export function layOut(scratch: usize, queries: i32, block: i32, depth: i32, size: i32): usize {
  const search = changetype<Nearest>(scratch);
  search.depth = depth;
  search.size = size;
  search.panelSquares = scratch + 128;
  search.tile = search.panelSquares + 64;
  search.exact = scratch + FIXED_BYTES;
  search.panels = search.exact + (<usize>size << 3);
  search.panel = search.panels + ((<usize>block * <usize>depth) << 2);
  search.squares = search.panel + ((<usize>depth * 8) << 2);
  search.heaps = search.squares + (<usize>block << 2);
  search.selves = search.heaps + (<usize>block << 2);
  search.worst = search.selves + (<usize>block << 2);
  search.keys = search.worst + (<usize>queries << 2);
  search.found = search.keys + ((<usize>queries * <usize>size) << 2);
  return search.found + ((<usize>queries * <usize>size) << 2);
}

/** Empties the first `queries` heaps. */
export function empty(search: Nearest, queries: i32): void {
  for (let i = 0; i < queries; i++) store<f32>(search.worst + (<usize>i << 2), Infinity);
  for (let i = 0, entries = queries * search.size; i < entries; i++) {
    store<f32>(search.keys + (<usize>i << 2), Infinity);
    store<i32>(search.found + (<usize>i << 2), -1);
  }
}

/** Offers the rows from `first` to `end` to the `count` queries that are packed, relative to the same centre. */
export function sweep(search: Nearest, count: i32, first: i32, end: i32, centre: usize): void {
  const depth = search.depth;
  const panelBytes = (<usize>TILE_ROWS * <usize>depth) << 2;
  for (let row = first; row < end; row += TILE_COLUMNS) {
    packRows(search.rows, depth, 0, row, min(TILE_COLUMNS, end - row), centre, search.excess, TILE_COLUMNS, search.panel, search.panelSquares);
    let panel = search.panels;
    for (let query = 0; query < count; query += TILE_ROWS, panel += panelBytes) {
      multiplyTile(panel, search.panel, search.tile, TILE_COLUMNS << 2, depth, 0);
      const last = min(query + TILE_ROWS, count);
      for (let i = query; i < last; i++) offer(search, i, row, search.tile + (<usize>(i - query) << 5));
    }
  }
}

/** Offers eight rows, whose products with query `i` are given. */
function offer(search: Nearest, i: i32, row: i32, products: usize): void {
  const heap = load<i32>(search.heaps + (<usize>i << 2));
  const worst = search.worst + (<usize>heap << 2);
  const bound = v128.load_splat<f32>(worst);
  const own = v128.load_splat<f32>(search.squares + (<usize>i << 2));
  const keep = f32x4.splat(search.keep);
  const left = keyOf(own, v128.load(search.panelSquares), keep, v128.load(products));
  const right = keyOf(own, v128.load(search.panelSquares, 16), keep, v128.load(products, 16));
  if (!v128.any_true(v128.or(f32x4.lt(left, bound), f32x4.lt(right, bound)))) return;
  v128.store(products, left);
  v128.store(products, right, 16);
  const self = load<i32>(search.selves + (<usize>i << 2));
  const offset = (<usize>heap * <usize>search.size) << 2;
  for (let lane = 0; lane < TILE_COLUMNS; lane++) {
    const key = load<f32>(products + (<usize>lane << 2));
    if (key < load<f32>(worst) && row + lane != self) {
      replaceLargest(search.keys + offset, search.found + offset, search.size, key, row + lane);
      store<f32>(worst, load<f32>(search.keys + offset));
    }
  }
}

/** keep · (‖a‖² + ‖b‖²) − 2 a·b */
export function keyOf(own: v128, other: v128, keep: v128, product: v128): v128 {
  return f32x4.sub(f32x4.mul(keep, f32x4.add(own, other)), f32x4.add(product, product));
}

/** Puts an entry in place of the largest of a max-heap, by key and then by row number. */
export function replaceLargest(keys: usize, rows: usize, size: i32, key: f32, row: i32): void {
  let hole: usize = 0;
  for (;;) {
    let child: usize = 2 * hole + 1;
    if (child >= <usize>size) break;
    let larger = load<f32>(keys + (child << 2));
    let rowOfLarger = load<i32>(rows + (child << 2));
    if (child + 1 < <usize>size) {
      const other = load<f32>(keys + (child << 2), 4);
      const rowOfOther = load<i32>(rows + (child << 2), 4);
      if (other > larger || (other == larger && rowOfOther > rowOfLarger)) {
        child++;
        larger = other;
        rowOfLarger = rowOfOther;
      }
    }
    if (larger < key || (larger == key && rowOfLarger < row)) break;
    store<f32>(keys + (hole << 2), larger);
    store<i32>(rows + (hole << 2), rowOfLarger);
    hole = child;
  }
  store<f32>(keys + (hole << 2), key);
  store<i32>(rows + (hole << 2), row);
}

/**
 * Writes the `k` nearest of a heap, by their exact distances to `query` (those equal by their numbers), where `exactly`, else
 * by their keys. Distances are Euclidean, or ½ of the squared one. Returns whether no row outside the heap can be as near
 * as the last one, as the keys are lower bounds; rows in one place with the query all have one key, and the first of them are kept.
 */
export function writeNearest(search: Nearest, heap: i32, query: usize, queryExcess: f32, exactly: bool, half: bool, k: i32, outRows: usize, outDistances: usize): bool {
  const size = search.size;
  const offset = (<usize>heap * <usize>size) << 2;
  const found = search.found + offset;
  const keys = search.keys + offset;
  const bound = load<f32>(keys);
  for (let i = 0; i < size; i++) {
    const row = load<i32>(found + (<usize>i << 2));
    let value = <f64>load<f32>(keys + (<usize>i << 2));
    if (row >= 0 && exactly) value = squaredDistance(query, search.rows + ((<usize>row * <usize>search.depth) << 2), search.depth) + queryExcess + excessOf(search.excess, row);
    insert(search.exact, found, i, value, row);
  }
  writeSorted(search.exact, found, half, k, outRows, outDistances);
  const last = load<f64>(search.exact + (<usize>(k - 1) << 3));
  return last < <f64>bound || last <= 0;
}

/** Puts an entry into its place among `count` that are sorted by value and then by row number. */
export function insert(values: usize, rows: usize, count: i32, value: f64, row: i32): void {
  let hole = count;
  for (; hole > 0; hole--) {
    const before = load<f64>(values + (<usize>(hole - 1) << 3));
    const rowBefore = load<i32>(rows + (<usize>(hole - 1) << 2));
    if (before < value || (before == value && rowBefore < row)) break;
    store<f64>(values + (<usize>hole << 3), before);
    store<i32>(rows + (<usize>hole << 2), rowBefore);
  }
  store<f64>(values + (<usize>hole << 3), value);
  store<i32>(rows + (<usize>hole << 2), row);
}

/** Writes the first `k` of sorted entries, whose values are squared distances. */
export function writeSorted(values: usize, rows: usize, half: bool, k: i32, outRows: usize, outDistances: usize): void {
  for (let i = 0; i < k; i++) {
    const value = max<f64>(load<f64>(values + (<usize>i << 3)), 0);
    store<f32>(outDistances + (<usize>i << 2), <f32>(half ? value / 2 : Math.sqrt(value)));
    store<i32>(outRows + (<usize>i << 2), load<i32>(rows + (<usize>i << 2)));
  }
}
