// The tiles of tile.ts and directTile.ts with twice as many columns, for where V8 pairs vectors into 256-bit ones
// (wideCompilation.ts). A tile of eight columns is then six sums, of which each waits for its own last one longer than the
// processor needs for the others; twelve keep both of its multipliers busy. They are too many for registers of 128 bits.
// The sums are the same, bit by bit.

import { TILE_ROWS, multiplyAdd } from "./tile";

/** Columns of a wide tile, and of its panel of B. */
export const WIDE_COLUMNS: i32 = 16;

/** As `multiplyTile`, of WIDE_COLUMNS columns. */
export function multiplyWideTile(a: usize, b: usize, c: usize, rowBytes: usize, depth: i32, accumulate: i32): void {
  const zero = f32x4.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero;
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero, t4 = zero, t5 = zero;
  let u0 = zero, u1 = zero, u2 = zero, u3 = zero, u4 = zero, u5 = zero;
  let v0 = zero, v1 = zero, v2 = zero, v3 = zero, v4 = zero, v5 = zero;
  for (let k = depth; k > 0; k--) {
    const first = v128.load(b);
    const second = v128.load(b, 16);
    const third = v128.load(b, 32);
    const fourth = v128.load(b, 48);
    let value = v128.load_splat<f32>(a);
    s0 = multiplyAdd(value, first, s0);
    t0 = multiplyAdd(value, second, t0);
    u0 = multiplyAdd(value, third, u0);
    v0 = multiplyAdd(value, fourth, v0);
    value = v128.load_splat<f32>(a, 4);
    s1 = multiplyAdd(value, first, s1);
    t1 = multiplyAdd(value, second, t1);
    u1 = multiplyAdd(value, third, u1);
    v1 = multiplyAdd(value, fourth, v1);
    value = v128.load_splat<f32>(a, 8);
    s2 = multiplyAdd(value, first, s2);
    t2 = multiplyAdd(value, second, t2);
    u2 = multiplyAdd(value, third, u2);
    v2 = multiplyAdd(value, fourth, v2);
    value = v128.load_splat<f32>(a, 12);
    s3 = multiplyAdd(value, first, s3);
    t3 = multiplyAdd(value, second, t3);
    u3 = multiplyAdd(value, third, u3);
    v3 = multiplyAdd(value, fourth, v3);
    if (TILE_ROWS == 6) {
      value = v128.load_splat<f32>(a, 16);
      s4 = multiplyAdd(value, first, s4);
      t4 = multiplyAdd(value, second, t4);
      u4 = multiplyAdd(value, third, u4);
      v4 = multiplyAdd(value, fourth, v4);
      value = v128.load_splat<f32>(a, 20);
      s5 = multiplyAdd(value, first, s5);
      t5 = multiplyAdd(value, second, t5);
      u5 = multiplyAdd(value, third, u5);
      v5 = multiplyAdd(value, fourth, v5);
    }
    a += TILE_ROWS * 4;
    b += WIDE_COLUMNS * 4;
  }

  const row1 = c + rowBytes;
  const row2 = row1 + rowBytes;
  const row3 = row2 + rowBytes;
  const row4 = row3 + rowBytes;
  const row5 = row4 + rowBytes;
  if (accumulate) {
    s0 = f32x4.add(s0, v128.load(c));
    t0 = f32x4.add(t0, v128.load(c, 16));
    u0 = f32x4.add(u0, v128.load(c, 32));
    v0 = f32x4.add(v0, v128.load(c, 48));
    s1 = f32x4.add(s1, v128.load(row1));
    t1 = f32x4.add(t1, v128.load(row1, 16));
    u1 = f32x4.add(u1, v128.load(row1, 32));
    v1 = f32x4.add(v1, v128.load(row1, 48));
    s2 = f32x4.add(s2, v128.load(row2));
    t2 = f32x4.add(t2, v128.load(row2, 16));
    u2 = f32x4.add(u2, v128.load(row2, 32));
    v2 = f32x4.add(v2, v128.load(row2, 48));
    s3 = f32x4.add(s3, v128.load(row3));
    t3 = f32x4.add(t3, v128.load(row3, 16));
    u3 = f32x4.add(u3, v128.load(row3, 32));
    v3 = f32x4.add(v3, v128.load(row3, 48));
    if (TILE_ROWS == 6) {
      s4 = f32x4.add(s4, v128.load(row4));
      t4 = f32x4.add(t4, v128.load(row4, 16));
      u4 = f32x4.add(u4, v128.load(row4, 32));
      v4 = f32x4.add(v4, v128.load(row4, 48));
      s5 = f32x4.add(s5, v128.load(row5));
      t5 = f32x4.add(t5, v128.load(row5, 16));
      u5 = f32x4.add(u5, v128.load(row5, 32));
      v5 = f32x4.add(v5, v128.load(row5, 48));
    }
  }
  v128.store(c, s0);
  v128.store(c, t0, 16);
  v128.store(c, u0, 32);
  v128.store(c, v0, 48);
  v128.store(row1, s1);
  v128.store(row1, t1, 16);
  v128.store(row1, u1, 32);
  v128.store(row1, v1, 48);
  v128.store(row2, s2);
  v128.store(row2, t2, 16);
  v128.store(row2, u2, 32);
  v128.store(row2, v2, 48);
  v128.store(row3, s3);
  v128.store(row3, t3, 16);
  v128.store(row3, u3, 32);
  v128.store(row3, v3, 48);
  if (TILE_ROWS == 6) {
    v128.store(row4, s4);
    v128.store(row4, t4, 16);
    v128.store(row4, u4, 32);
    v128.store(row4, v4, 48);
    v128.store(row5, s5);
    v128.store(row5, t5, 16);
    v128.store(row5, u5, 32);
    v128.store(row5, v5, 48);
  }
}
