import { TILE_ROWS, multiplyAdd } from "./tile";
import { WIDE_COLUMNS } from "./wideTile";

/** As `convolveTiles` of directTile.ts, of WIDE_COLUMNS columns; wideTile.ts says what for. */
export function convolveWideTiles(
  source: usize, places: usize, tiles: i32, steps: usize, taps: i32, panel: usize, rectified: bool, y: usize, rowBytes: usize,
): void {
  for (; tiles > 0; tiles--) {
    let p0 = source + load<u32>(places);
    let p1 = source + load<u32>(places, 4);
    let p2 = source + load<u32>(places, 8);
    let p3 = source + load<u32>(places, 12);
    let p4 = TILE_ROWS == 6 ? source + load<u32>(places, 16) : 0;
    let p5 = TILE_ROWS == 6 ? source + load<u32>(places, 20) : 0;
    let first = v128.load(panel);
    let second = v128.load(panel, 16);
    let third = v128.load(panel, 32);
    let fourth = v128.load(panel, 48);
    let s0 = first, s1 = first, s2 = first, s3 = first, s4 = first, s5 = first;
    let t0 = second, t1 = second, t2 = second, t3 = second, t4 = second, t5 = second;
    let u0 = third, u1 = third, u2 = third, u3 = third, u4 = third, u5 = third;
    let v0 = fourth, v1 = fourth, v2 = fourth, v3 = fourth, v4 = fourth, v5 = fourth;
    let b = panel + WIDE_COLUMNS * 4;
    let walk = steps;
    for (let tap = taps; tap > 0; tap--) {
      first = v128.load(b);
      second = v128.load(b, 16);
      third = v128.load(b, 32);
      fourth = v128.load(b, 48);
      let value = v128.load_splat<f32>(p0);
      s0 = multiplyAdd(value, first, s0);
      t0 = multiplyAdd(value, second, t0);
      u0 = multiplyAdd(value, third, u0);
      v0 = multiplyAdd(value, fourth, v0);
      value = v128.load_splat<f32>(p1);
      s1 = multiplyAdd(value, first, s1);
      t1 = multiplyAdd(value, second, t1);
      u1 = multiplyAdd(value, third, u1);
      v1 = multiplyAdd(value, fourth, v1);
      value = v128.load_splat<f32>(p2);
      s2 = multiplyAdd(value, first, s2);
      t2 = multiplyAdd(value, second, t2);
      u2 = multiplyAdd(value, third, u2);
      v2 = multiplyAdd(value, fourth, v2);
      value = v128.load_splat<f32>(p3);
      s3 = multiplyAdd(value, first, s3);
      t3 = multiplyAdd(value, second, t3);
      u3 = multiplyAdd(value, third, u3);
      v3 = multiplyAdd(value, fourth, v3);
      if (TILE_ROWS == 6) {
        value = v128.load_splat<f32>(p4);
        s4 = multiplyAdd(value, first, s4);
        t4 = multiplyAdd(value, second, t4);
        u4 = multiplyAdd(value, third, u4);
        v4 = multiplyAdd(value, fourth, v4);
        value = v128.load_splat<f32>(p5);
        s5 = multiplyAdd(value, first, s5);
        t5 = multiplyAdd(value, second, t5);
        u5 = multiplyAdd(value, third, u5);
        v5 = multiplyAdd(value, fourth, v5);
      }
      const step = load<u32>(walk);
      p0 += step;
      p1 += step;
      p2 += step;
      p3 += step;
      p4 += step;
      p5 += step;
      b += WIDE_COLUMNS * 4;
      walk += 4;
    }

    // Here, not above all: it would take a register all the time.
    const floor = f32x4.splat(rectified ? 0 : -Infinity);
    const y1 = y + rowBytes;
    const y2 = y1 + rowBytes;
    const y3 = y2 + rowBytes;
    v128.store(y, f32x4.pmax(s0, floor));
    v128.store(y, f32x4.pmax(t0, floor), 16);
    v128.store(y, f32x4.pmax(u0, floor), 32);
    v128.store(y, f32x4.pmax(v0, floor), 48);
    v128.store(y1, f32x4.pmax(s1, floor));
    v128.store(y1, f32x4.pmax(t1, floor), 16);
    v128.store(y1, f32x4.pmax(u1, floor), 32);
    v128.store(y1, f32x4.pmax(v1, floor), 48);
    v128.store(y2, f32x4.pmax(s2, floor));
    v128.store(y2, f32x4.pmax(t2, floor), 16);
    v128.store(y2, f32x4.pmax(u2, floor), 32);
    v128.store(y2, f32x4.pmax(v2, floor), 48);
    v128.store(y3, f32x4.pmax(s3, floor));
    v128.store(y3, f32x4.pmax(t3, floor), 16);
    v128.store(y3, f32x4.pmax(u3, floor), 32);
    v128.store(y3, f32x4.pmax(v3, floor), 48);
    y = y3 + rowBytes;
    if (TILE_ROWS == 6) {
      v128.store(y, f32x4.pmax(s4, floor));
      v128.store(y, f32x4.pmax(t4, floor), 16);
      v128.store(y, f32x4.pmax(u4, floor), 32);
      v128.store(y, f32x4.pmax(v4, floor), 48);
      y += rowBytes;
      v128.store(y, f32x4.pmax(s5, floor));
      v128.store(y, f32x4.pmax(t5, floor), 16);
      v128.store(y, f32x4.pmax(u5, floor), 32);
      v128.store(y, f32x4.pmax(v5, floor), 48);
      y += rowBytes;
    }
    places += TILE_ROWS * 4;
  }
}
