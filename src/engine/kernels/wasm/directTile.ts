// The heart of the direct convolution: as in tile.ts a tile of values held in registers, TILE_ROWS output pixels by TILE_COLUMNS
// output channels, but each pixel with a pointer of its own into the image. All pixels see the taps of the filter at the same
// distances, so one list of steps moves all pointers.

import { TILE_COLUMNS, TILE_ROWS, multiplyAdd } from "./tile";

/**
 * Computes `tiles` tiles, one below the other, of y, whose rows are `rowBytes` apart. The pixels' windows begin at `source` plus
 * the bytes listed at `places`, [tiles, TILE_ROWS]. `steps` has the bytes from each group of taps to the next: of `fours` groups of four
 * adjacent taps, then of `ones` groups of one. `panel` [1 + 4·fours + ones, TILE_COLUMNS] begins with what the sums start from.
 * Where `rectified`, what is below zero becomes zero. All loads come before all stores of a tile: only then can V8 pair
 * neighbouring vectors (wideCompilation.ts).
 */
export function convolveTiles(
  source: usize, places: usize, tiles: i32, steps: usize, fours: i32, ones: i32, panel: usize, rectified: bool, y: usize, rowBytes: usize,
): void {
  const floor = f32x4.splat(rectified ? 0 : -Infinity);
  for (; tiles > 0; tiles--) {
    let p0 = source + load<u32>(places);
    let p1 = source + load<u32>(places, 4);
    let p2 = source + load<u32>(places, 8);
    let p3 = source + load<u32>(places, 12);
    let p4 = TILE_ROWS == 6 ? source + load<u32>(places, 16) : 0;
    let p5 = TILE_ROWS == 6 ? source + load<u32>(places, 20) : 0;
    let left = v128.load(panel);
    let right = v128.load(panel, 16);
    let left0 = left, left1 = left, left2 = left, left3 = left, left4 = left, left5 = left;
    let right0 = right, right1 = right, right2 = right, right3 = right, right4 = right, right5 = right;
    let b = panel + TILE_COLUMNS * 4;
    let walk = steps;
    let value: v128;
    for (let k = fours; k > 0; k--) {
      left = v128.load(b); right = v128.load(b, 16);
      value = v128.load_splat<f32>(p0); left0 = multiplyAdd(value, left, left0); right0 = multiplyAdd(value, right, right0);
      value = v128.load_splat<f32>(p1); left1 = multiplyAdd(value, left, left1); right1 = multiplyAdd(value, right, right1);
      value = v128.load_splat<f32>(p2); left2 = multiplyAdd(value, left, left2); right2 = multiplyAdd(value, right, right2);
      value = v128.load_splat<f32>(p3); left3 = multiplyAdd(value, left, left3); right3 = multiplyAdd(value, right, right3);
      if (TILE_ROWS == 6) {
        value = v128.load_splat<f32>(p4); left4 = multiplyAdd(value, left, left4); right4 = multiplyAdd(value, right, right4);
        value = v128.load_splat<f32>(p5); left5 = multiplyAdd(value, left, left5); right5 = multiplyAdd(value, right, right5);
      }
      left = v128.load(b, 32); right = v128.load(b, 48);
      value = v128.load_splat<f32>(p0, 4); left0 = multiplyAdd(value, left, left0); right0 = multiplyAdd(value, right, right0);
      value = v128.load_splat<f32>(p1, 4); left1 = multiplyAdd(value, left, left1); right1 = multiplyAdd(value, right, right1);
      value = v128.load_splat<f32>(p2, 4); left2 = multiplyAdd(value, left, left2); right2 = multiplyAdd(value, right, right2);
      value = v128.load_splat<f32>(p3, 4); left3 = multiplyAdd(value, left, left3); right3 = multiplyAdd(value, right, right3);
      if (TILE_ROWS == 6) {
        value = v128.load_splat<f32>(p4, 4); left4 = multiplyAdd(value, left, left4); right4 = multiplyAdd(value, right, right4);
        value = v128.load_splat<f32>(p5, 4); left5 = multiplyAdd(value, left, left5); right5 = multiplyAdd(value, right, right5);
      }
      left = v128.load(b, 64); right = v128.load(b, 80);
      value = v128.load_splat<f32>(p0, 8); left0 = multiplyAdd(value, left, left0); right0 = multiplyAdd(value, right, right0);
      value = v128.load_splat<f32>(p1, 8); left1 = multiplyAdd(value, left, left1); right1 = multiplyAdd(value, right, right1);
      value = v128.load_splat<f32>(p2, 8); left2 = multiplyAdd(value, left, left2); right2 = multiplyAdd(value, right, right2);
      value = v128.load_splat<f32>(p3, 8); left3 = multiplyAdd(value, left, left3); right3 = multiplyAdd(value, right, right3);
      if (TILE_ROWS == 6) {
        value = v128.load_splat<f32>(p4, 8); left4 = multiplyAdd(value, left, left4); right4 = multiplyAdd(value, right, right4);
        value = v128.load_splat<f32>(p5, 8); left5 = multiplyAdd(value, left, left5); right5 = multiplyAdd(value, right, right5);
      }
      left = v128.load(b, 96); right = v128.load(b, 112);
      value = v128.load_splat<f32>(p0, 12); left0 = multiplyAdd(value, left, left0); right0 = multiplyAdd(value, right, right0);
      value = v128.load_splat<f32>(p1, 12); left1 = multiplyAdd(value, left, left1); right1 = multiplyAdd(value, right, right1);
      value = v128.load_splat<f32>(p2, 12); left2 = multiplyAdd(value, left, left2); right2 = multiplyAdd(value, right, right2);
      value = v128.load_splat<f32>(p3, 12); left3 = multiplyAdd(value, left, left3); right3 = multiplyAdd(value, right, right3);
      if (TILE_ROWS == 6) {
        value = v128.load_splat<f32>(p4, 12); left4 = multiplyAdd(value, left, left4); right4 = multiplyAdd(value, right, right4);
        value = v128.load_splat<f32>(p5, 12); left5 = multiplyAdd(value, left, left5); right5 = multiplyAdd(value, right, right5);
      }
      b += TILE_COLUMNS * 16;
      const step = load<u32>(walk);
      p0 += step; p1 += step; p2 += step; p3 += step;
      if (TILE_ROWS == 6) { p4 += step; p5 += step; }
      walk += 4;
    }
    for (let k = ones; k > 0; k--) {
      left = v128.load(b); right = v128.load(b, 16);
      value = v128.load_splat<f32>(p0); left0 = multiplyAdd(value, left, left0); right0 = multiplyAdd(value, right, right0);
      value = v128.load_splat<f32>(p1); left1 = multiplyAdd(value, left, left1); right1 = multiplyAdd(value, right, right1);
      value = v128.load_splat<f32>(p2); left2 = multiplyAdd(value, left, left2); right2 = multiplyAdd(value, right, right2);
      value = v128.load_splat<f32>(p3); left3 = multiplyAdd(value, left, left3); right3 = multiplyAdd(value, right, right3);
      if (TILE_ROWS == 6) {
        value = v128.load_splat<f32>(p4); left4 = multiplyAdd(value, left, left4); right4 = multiplyAdd(value, right, right4);
        value = v128.load_splat<f32>(p5); left5 = multiplyAdd(value, left, left5); right5 = multiplyAdd(value, right, right5);
      }
      b += TILE_COLUMNS * 4;
      const step = load<u32>(walk);
      p0 += step; p1 += step; p2 += step; p3 += step;
      if (TILE_ROWS == 6) { p4 += step; p5 += step; }
      walk += 4;
    }

    const y1 = y + rowBytes;
    const y2 = y1 + rowBytes;
    const y3 = y2 + rowBytes;
    v128.store(y, f32x4.pmax(left0, floor));
    v128.store(y, f32x4.pmax(right0, floor), 16);
    v128.store(y1, f32x4.pmax(left1, floor));
    v128.store(y1, f32x4.pmax(right1, floor), 16);
    v128.store(y2, f32x4.pmax(left2, floor));
    v128.store(y2, f32x4.pmax(right2, floor), 16);
    v128.store(y3, f32x4.pmax(left3, floor));
    v128.store(y3, f32x4.pmax(right3, floor), 16);
    y = y3 + rowBytes;
    if (TILE_ROWS == 6) {
      v128.store(y, f32x4.pmax(left4, floor));
      v128.store(y, f32x4.pmax(right4, floor), 16);
      y += rowBytes;
      v128.store(y, f32x4.pmax(left5, floor));
      v128.store(y, f32x4.pmax(right5, floor), 16);
      y += rowBytes;
    }
    places += TILE_ROWS * 4;
  }
}
