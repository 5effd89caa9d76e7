import { multiplyTile, TILE_COLUMNS, TILE_ROWS } from "../../kernels/wasm/tile";
import { keyOf } from "./nearest";
import { partEnd, partStart } from "./parts";
import { excessOf, packRows, squaredDistance } from "./rowPanels";

/** One part's ranking; lies at the beginning of its scratch, and all that it points at behind it (../qualityRanks.ts). */
@unmanaged
class Ranking {
  rows: usize;
  excess: usize;
  depth: i32;
  /** Targets of each query. */
  targets: i32;
  /** 1 - and 1 + the share of ‖a‖² + ‖b‖² by which rounding can change a squared distance. */
  below: f32;
  above: f32;
  panels: usize;
  squares: usize;
  /** [block] i32 the queries' row numbers. */
  selves: usize;
  panel: usize;
  panelSquares: usize;
  tile: usize;
  /** [block, targets] squared distances of the targets, in ascending order: f64, and f32 for the vectors. */
  limits: usize;
  floors: usize;
  /** [block, targets] i32: their row numbers, their places among the query's targets, and how many rows are nearer. */
  rowsOf: usize;
  places: usize;
  counts: usize;
}

/**
 * Ranks by distance: for `count` queries, the rows `numbers`, and `targets` rows of each, writes [count, targets] how many of
 * all `n` rows, the query apart, are nearer to it than the target, or as near with a lower number, + 1. Exact: products
 * decide where their rounding cannot matter, differences in f64 elsewhere.
 */
export function ranks(
  part: i32, parts: i32, numbers: usize, count: i32, rows: usize, excess: usize, n: i32, depth: i32, centre: usize, rounding: f32, targetRows: usize, targets: i32, outRanks: usize,
  block: i32, scratch: usize, scratchBytes: usize,
): void {
  const own = scratch + <usize>part * scratchBytes;
  const ranking = layOut(own, block, depth, targets);
  ranking.rows = rows;
  ranking.excess = excess;
  ranking.below = 1 - rounding;
  ranking.above = 1 + rounding;
  const end = partEnd(count, part, parts);
  for (let start = partStart(count, part, parts); start < end; start += block) {
    const length = min(block, end - start);
    memory.copy(ranking.selves, numbers + (<usize>start << 2), <usize>length << 2);
    for (let i = 0; i < length; i++) sortTargets(ranking, i, targetRows + ((<usize>(start + i) * <usize>targets) << 2));
    packRows(rows, depth, ranking.selves, 0, length, centre, excess, TILE_ROWS, ranking.panels, ranking.squares);
    for (let row = 0; row < n; row += TILE_COLUMNS) {
      packRows(rows, depth, 0, row, min(TILE_COLUMNS, n - row), centre, excess, TILE_COLUMNS, ranking.panel, ranking.panelSquares);
      for (let query = 0; query < length; query += TILE_ROWS) {
        multiplyTile(ranking.panels + ((<usize>query * <usize>depth) << 2), ranking.panel, ranking.tile, TILE_COLUMNS << 2, depth, 0);
        const last = min(query + TILE_ROWS, length);
        for (let i = query; i < last; i++) countPanel(ranking, i, row, ranking.tile + (<usize>(i - query) << 5));
      }
    }
    for (let i = 0; i < length; i++) {
      for (let j = 0; j < targets; j++) {
        const at = <usize>(i * targets + j) << 2;
        store<i32>(outRanks + (<usize>((start + i) * targets + load<i32>(ranking.places + at)) << 2), load<i32>(ranking.counts + at) + 1);
      }
    }
  }
}

function layOut(scratch: usize, block: i32, depth: i32, targets: i32): Ranking {
  const ranking = changetype<Ranking>(scratch);
  const entries = <usize>block * <usize>targets;
  ranking.depth = depth;
  ranking.targets = targets;
  ranking.panelSquares = scratch + 128;
  ranking.tile = ranking.panelSquares + 64;
  ranking.limits = ranking.tile + 256;
  ranking.floors = ranking.limits + (entries << 3);
  ranking.rowsOf = ranking.floors + (entries << 2);
  ranking.places = ranking.rowsOf + (entries << 2);
  ranking.counts = ranking.places + (entries << 2);
  ranking.squares = ranking.counts + (entries << 2);
  ranking.selves = ranking.squares + (<usize>block << 2);
  ranking.panel = ranking.selves + (<usize>block << 2);
  ranking.panels = ranking.panel + ((<usize>depth * 8) << 2);
  return ranking;
}

/** Sorts the targets of query `i` by their distance, and sets their counts to 0. */
function sortTargets(ranking: Ranking, i: i32, targetRows: usize): void {
  const self = load<i32>(ranking.selves + (<usize>i << 2));
  const first = <usize>i * <usize>ranking.targets;
  const limits = ranking.limits + (first << 3);
  const rowsOf = ranking.rowsOf + (first << 2);
  const places = ranking.places + (first << 2);
  for (let j = 0; j < ranking.targets; j++) {
    const row = load<i32>(targetRows + (<usize>j << 2));
    const limit = exactOf(ranking, self, row);
    let hole = j;
    for (; hole > 0 && load<f64>(limits + (<usize>(hole - 1) << 3)) > limit; hole--) {
      store<f64>(limits + (<usize>hole << 3), load<f64>(limits + (<usize>(hole - 1) << 3)));
      store<i32>(rowsOf + (<usize>hole << 2), load<i32>(rowsOf + (<usize>(hole - 1) << 2)));
      store<i32>(places + (<usize>hole << 2), load<i32>(places + (<usize>(hole - 1) << 2)));
    }
    store<f64>(limits + (<usize>hole << 3), limit);
    store<i32>(rowsOf + (<usize>hole << 2), row);
    store<i32>(places + (<usize>hole << 2), j);
  }
  for (let j = 0; j < ranking.targets; j++) {
    store<f32>(ranking.floors + ((first + j) << 2), <f32>load<f64>(limits + (<usize>j << 3)));
    store<i32>(ranking.counts + ((first + j) << 2), 0);
  }
}

/** Counts those of eight rows that are nearer to query `i` than its targets, from the farthest target on. */
function countPanel(ranking: Ranking, i: i32, row: i32, products: usize): void {
  const own = v128.load_splat<f32>(ranking.squares + (<usize>i << 2));
  const left = v128.load(products);
  const right = v128.load(products, 16);
  const leftSquares = v128.load(ranking.panelSquares);
  const rightSquares = v128.load(ranking.panelSquares, 16);
  const below = f32x4.splat(ranking.below);
  const leftLow = keyOf(own, leftSquares, below, left);
  const rightLow = keyOf(own, rightSquares, below, right);
  const above = f32x4.splat(ranking.above);
  const leftHigh = keyOf(own, leftSquares, above, left);
  const rightHigh = keyOf(own, rightSquares, above, right);
  const self = load<i32>(ranking.selves + (<usize>i << 2));
  const own8 = self >= row && self < row + 8 ? ~(1 << (self - row)) : -1;
  const first = <usize>i * <usize>ranking.targets;
  for (let j = ranking.targets - 1; j >= 0; j--) {
    const at = (first + j) << 2;
    const limit = v128.load_splat<f32>(ranking.floors + at);
    const maybe = (i32x4.bitmask(f32x4.le(leftLow, limit)) | (i32x4.bitmask(f32x4.le(rightLow, limit)) << 4)) & own8;
    if (maybe == 0) return; // nor is any nearer than the other targets
    const surely = (i32x4.bitmask(f32x4.lt(leftHigh, limit)) | (i32x4.bitmask(f32x4.lt(rightHigh, limit)) << 4)) & own8;
    let nearer = popcnt(surely);
    const target = load<i32>(ranking.rowsOf + at);
    for (let open = maybe & ~surely; open != 0; open &= open - 1) {
      const other = row + ctz(open);
      if (other == target) continue;
      const distance = exactOf(ranking, self, other);
      const bound = load<f64>(ranking.limits + ((first + j) << 3));
      if (distance < bound || (distance == bound && other < target)) nearer++;
    }
    store<i32>(ranking.counts + at, load<i32>(ranking.counts + at) + nearer);
  }
}

function exactOf(ranking: Ranking, a: i32, b: i32): f64 {
  const depth = ranking.depth;
  const bytes = <usize>depth << 2;
  return squaredDistance(ranking.rows + <usize>a * bytes, ranking.rows + <usize>b * bytes, depth) + excessOf(ranking.excess, a) + excessOf(ranking.excess, b);
}
