// Packing puts what a tile reads next to each other: a panel is [depth, width], so that the inner loop walks it front to
// back whatever the strides of the matrix were. A transposed operand therefore costs nothing but another order of copying.

import { at } from "./parts";
import { TILE_COLUMNS } from "./tile";
import { WIDE_COLUMNS } from "./wideTile";

/**
 * target[k, r] = source[r, k] for r < rows, 0 for the other r < width. `source` points at the first element; its strides
 * are in elements, and need not be 1 in either direction.
 */
export function packPanel(source: usize, rowStride: i32, columnStride: i32, rows: i32, depth: i32, width: i32, target: usize): void {
  // The rest of the tile is thrown away, but what lay here before may be denormal, and slow to multiply.
  if (rows < width) memory.fill(target, 0, (<usize>depth * <usize>width) << 2);
  let row = 0;
  if (rowStride == 1) row = packAdjacentRows(source, columnStride, rows, depth, width, target);
  else if (columnStride == 1) row = packAdjacentColumns(source, rowStride, rows, depth, width, target);
  for (; row < rows; row++) {
    let from = at(source, row * rowStride);
    let to = at(target, row);
    for (let k = 0; k < depth; k++) {
      store<f32>(to, load<f32>(from));
      from += <usize>columnStride << 2;
      to += <usize>width << 2;
    }
  }
}

/** Rows lie side by side in memory: copies four as vectors, two as one value. Returns the first row left to do. */
function packAdjacentRows(source: usize, columnStride: i32, rows: i32, depth: i32, width: i32, target: usize): i32 {
  const step = <usize>columnStride << 2;
  const widthBytes = <usize>width << 2;
  let row = 0;
  if (rows == TILE_COLUMNS || rows == WIDE_COLUMNS) { // a full panel of B in one pass over the source
    for (let k = 0; k < depth; k++) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
      if (rows == WIDE_COLUMNS) {
        v128.store(target, v128.load(source, 32), 32);
        v128.store(target, v128.load(source, 48), 48);
      }
      source += step;
      target += widthBytes;
    }
    return rows;
  }
  for (; row + 4 <= rows; row += 4) {
    let from = at(source, row);
    let to = at(target, row);
    for (let k = 0; k < depth; k++) {
      v128.store(to, v128.load(from));
      from += step;
      to += widthBytes;
    }
  }
  if (row + 2 <= rows) { // what a tile of six has beyond four
    let from = at(source, row);
    let to = at(target, row);
    for (let k = 0; k < depth; k++) {
      store<u64>(to, load<u64>(from));
      from += step;
      to += widthBytes;
    }
    row += 2;
  }
  return row;
}

/** Each row is contiguous: transposes blocks of 4 × 4. Returns the first row left to do. */
function packAdjacentColumns(source: usize, rowStride: i32, rows: i32, depth: i32, width: i32, target: usize): i32 {
  const step = <usize>rowStride << 2;
  const widthBytes = <usize>width << 2;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    let from0 = source + <usize>row * step;
    let from1 = from0 + step;
    let from2 = from1 + step;
    let from3 = from2 + step;
    let to = at(target, row);
    let k = 0;
    for (; k + 4 <= depth; k += 4) {
      const row0 = v128.load(from0);
      const row1 = v128.load(from1);
      const row2 = v128.load(from2);
      const row3 = v128.load(from3);
      const low01 = v128.shuffle<f32>(row0, row1, 0, 4, 1, 5);
      const low23 = v128.shuffle<f32>(row2, row3, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(row0, row1, 2, 6, 3, 7);
      const high23 = v128.shuffle<f32>(row2, row3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(to + widthBytes, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
      v128.store(to + 2 * widthBytes, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
      v128.store(to + 3 * widthBytes, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
      from0 += 16;
      from1 += 16;
      from2 += 16;
      from3 += 16;
      to += 4 * widthBytes;
    }
    for (; k < depth; k++) {
      store<f32>(to, load<f32>(from0));
      store<f32>(to, load<f32>(from1), 4);
      store<f32>(to, load<f32>(from2), 8);
      store<f32>(to, load<f32>(from3), 12);
      from0 += 4;
      from1 += 4;
      from2 += 4;
      from3 += 4;
      to += widthBytes;
    }
  }
  if (row + 2 <= rows) { // what a tile of six has beyond four
    let from0 = source + <usize>row * step;
    let from1 = from0 + step;
    let to = at(target, row);
    let k = 0;
    for (; k + 4 <= depth; k += 4) {
      const row0 = v128.load(from0);
      const row1 = v128.load(from1);
      const low = v128.shuffle<f32>(row0, row1, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(row0, row1, 2, 6, 3, 7);
      v128.store_lane<u64>(to, low, 0);
      v128.store_lane<u64>(to + widthBytes, low, 1);
      v128.store_lane<u64>(to + 2 * widthBytes, high, 0);
      v128.store_lane<u64>(to + 3 * widthBytes, high, 1);
      from0 += 16;
      from1 += 16;
      to += 4 * widthBytes;
    }
    for (; k < depth; k++) {
      store<f32>(to, load<f32>(from0));
      store<f32>(to, load<f32>(from1), 4);
      from0 += 4;
      from1 += 4;
      to += widthBytes;
    }
    row += 2;
  }
  return row;
}
