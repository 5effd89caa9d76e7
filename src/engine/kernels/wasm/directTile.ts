// The heart of the direct convolution: as in tile.ts a tile of sums held in registers, TILE_ROWS output pixels by TILE_COLUMNS
// output channels, but each pixel with a pointer of its own into the image. All pixels see the taps of the filter at the same
// distances, so one list of steps moves all pointers. One tap a turn, not unrolled by hand: V8 then sorts by pixel, so that
// each sum waits for itself, and runs out of registers.

import { TILE_COLUMNS, TILE_ROWS, multiplyAdd } from "./tile";

/**
 * Computes `tiles` tiles of y, one below the other, whose rows are `rowBytes` apart. `places` [tiles, TILE_ROWS] has, in bytes from
 * `source`, where each pixel's first tap lies; `steps` [taps] the bytes from each tap to the next. `panel` [1 + taps, TILE_COLUMNS]
 * begins with what the sums start from. Where `rectified`, negative results become 0.
 */
export function convolveTiles(
  source: usize, places: usize, tiles: i32, steps: usize, taps: i32, panel: usize, rectified: bool, y: usize, rowBytes: usize,
): void {
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
    for (let tap = taps; tap > 0; tap--) {
      left = v128.load(b);
      right = v128.load(b, 16);
      let value = v128.load_splat<f32>(p0);
      left0 = multiplyAdd(value, left, left0);
      right0 = multiplyAdd(value, right, right0);
      value = v128.load_splat<f32>(p1);
      left1 = multiplyAdd(value, left, left1);
      right1 = multiplyAdd(value, right, right1);
      value = v128.load_splat<f32>(p2);
      left2 = multiplyAdd(value, left, left2);
      right2 = multiplyAdd(value, right, right2);
      value = v128.load_splat<f32>(p3);
      left3 = multiplyAdd(value, left, left3);
      right3 = multiplyAdd(value, right, right3);
      if (TILE_ROWS == 6) {
        value = v128.load_splat<f32>(p4);
        left4 = multiplyAdd(value, left, left4);
        right4 = multiplyAdd(value, right, right4);
        value = v128.load_splat<f32>(p5);
        left5 = multiplyAdd(value, left, left5);
        right5 = multiplyAdd(value, right, right5);
      }
      const step = load<u32>(walk);
      p0 += step;
      p1 += step;
      p2 += step;
      p3 += step;
      p4 += step;
      p5 += step;
      b += TILE_COLUMNS * 4;
      walk += 4;
    }

    // Here, not above all: it would take a register all the time.
    const floor = f32x4.splat(rectified ? 0 : -Infinity);
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
