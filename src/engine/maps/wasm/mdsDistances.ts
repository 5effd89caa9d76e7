// Distances between rows, as MDS needs them: all pairs of rows once, or all rows to a few. Differences are squared, not products
// subtracted, so that the distance of two rows that are alike is as exact as that of any others.

import { multiplyAdd } from "./mdsLanes";
import { partEnd, partStart } from "./parts";

/** Rows of `y` that stay in a core's cache while the part's rows pass by. */
const BLOCK: i32 = 32;

/**
 * Distances of the rows first ≤ i < last of `x` to rows of `y`, both f32 [… × dim] with dim a multiple of 4. With `columns` > 0
 * to the first so many rows of `y`, into target [(last − first) × columns]; with 0 to the rows j < i, into the lower triangle
 * target[i (i − 1) / 2 + j]. Euclidean, or half its square (`halfSquare` ≠ 0), which is 1 − cos for rows of unit length.
 */
export function mdsDistances(part: i32, parts: i32, x: usize, y: usize, dim: i32, first: i32, last: i32, columns: i32, halfSquare: i32, target: usize): void {
  const start = first + partStart(last - first, part, parts);
  const end = first + partEnd(last - first, part, parts);
  const rowBytes = <usize>dim << 2;
  const most = columns > 0 ? columns : end - 1;
  for (let block = 0; block < most; block += BLOCK) {
    for (let i = start; i < end; i += 4) {
      const rows = min(4, end - i);
      let j = block;
      if (rows == 4) {
        const stop = min(block + BLOCK, limitOf(i, columns));
        const a = x + <usize>i * rowBytes;
        const out0 = rowOf(target, i, first, columns), out1 = rowOf(target, i + 1, first, columns);
        const out2 = rowOf(target, i + 2, first, columns), out3 = rowOf(target, i + 3, first, columns);
        for (; j + 1 < stop; j += 2) fourByTwo(a, y + <usize>j * rowBytes, rowBytes, halfSquare, out0, out1, out2, out3, <usize>j << 2);
      }
      for (let r = i; r < i + rows; r++) {
        const stop = min(block + BLOCK, limitOf(r, columns));
        const out = rowOf(target, r, first, columns);
        for (let k = j; k < stop; k++) store<f32>(out + (<usize>k << 2), distance(pair(x + <usize>r * rowBytes, y + <usize>k * rowBytes, rowBytes), halfSquare));
      }
    }
  }
}

function limitOf(i: i32, columns: i32): i32 {
  return columns > 0 ? columns : i;
}

function rowOf(target: usize, i: i32, first: i32, columns: i32): usize {
  return target + (columns > 0 ? <usize>(i - first) * columns : (<usize>i * (i - 1)) >> 1) * 4;
}

function fourByTwo(a: usize, b: usize, rowBytes: usize, halfSquare: i32, out0: usize, out1: usize, out2: usize, out3: usize, at: usize): void {
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  const end = a + rowBytes;
  for (let p = a, q = b; p < end; p += 16, q += 16) {
    const left = v128.load(q), right = v128.load(q + rowBytes);
    let value = v128.load(p);
    s00 = squared(value, left, s00);
    s01 = squared(value, right, s01);
    value = v128.load(p + rowBytes);
    s10 = squared(value, left, s10);
    s11 = squared(value, right, s11);
    value = v128.load(p + 2 * rowBytes);
    s20 = squared(value, left, s20);
    s21 = squared(value, right, s21);
    value = v128.load(p + 3 * rowBytes);
    s30 = squared(value, left, s30);
    s31 = squared(value, right, s31);
  }
  store<f32>(out0 + at, distance(s00, halfSquare));
  store<f32>(out0 + at, distance(s01, halfSquare), 4);
  store<f32>(out1 + at, distance(s10, halfSquare));
  store<f32>(out1 + at, distance(s11, halfSquare), 4);
  store<f32>(out2 + at, distance(s20, halfSquare));
  store<f32>(out2 + at, distance(s21, halfSquare), 4);
  store<f32>(out3 + at, distance(s30, halfSquare));
  store<f32>(out3 + at, distance(s31, halfSquare), 4);
}

/** The same sums in the same order as in fourByTwo: where a row's pairs are cut into tiles must not show in the last bit. */
function pair(a: usize, b: usize, rowBytes: usize): v128 {
  let sum = f32x4.splat(0);
  const end = a + rowBytes;
  for (; a < end; a += 16, b += 16) sum = squared(v128.load(a), v128.load(b), sum);
  return sum;
}

// @ts-ignore: decorator
@inline
function squared(x: v128, y: v128, sum: v128): v128 {
  const difference = f32x4.sub(x, y);
  return multiplyAdd(difference, difference, sum);
}

function distance(sums: v128, halfSquare: i32): f32 {
  const square = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
  return halfSquare ? <f32>0.5 * square : sqrt<f32>(square);
}
