// The heart of every matrix product: one tile of C held in registers while a panel of A and a panel of B stream past.
// Two variants come from this one source. Plain SIMD has 16 registers for 4 × 8 sums, 2 values of B, 1 of A and the
// product; fused multiply-add needs no register for the product and gets its speed from more sums in flight, so 6 × 8.
// Not unrolled by hand: V8 does it, and was measured to do it better.

const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

/** Rows of a tile, and of a panel of A. */
export const TILE_ROWS: i32 = FUSED ? 6 : 4;
/** Columns of a tile, and of a panel of B. */
export const TILE_COLUMNS: i32 = 8;

/** sum + x · y, in each of four lanes. */
export function multiplyAdd(x: v128, y: v128, sum: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(sum, f32x4.mul(x, y));
}

/**
 * C [TILE_ROWS, TILE_COLUMNS] = A B, or C += A B where `accumulate` is not 0. `a` is a panel [depth, TILE_ROWS], `b` a
 * panel [depth, TILE_COLUMNS]; `rowBytes` is the distance between rows of C. All loads of C come before all stores:
 * only then can V8 pair neighbouring vectors into 256-bit ones where it is told to.
 */
export function multiplyTile(a: usize, b: usize, c: usize, rowBytes: usize, depth: i32, accumulate: i32): void {
  const zero = f32x4.splat(0);
  let left0 = zero, left1 = zero, left2 = zero, left3 = zero, left4 = zero, left5 = zero;
  let right0 = zero, right1 = zero, right2 = zero, right3 = zero, right4 = zero, right5 = zero;
  for (let k = depth; k > 0; k--) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    let value = v128.load_splat<f32>(a);
    left0 = multiplyAdd(value, left, left0);
    right0 = multiplyAdd(value, right, right0);
    value = v128.load_splat<f32>(a, 4);
    left1 = multiplyAdd(value, left, left1);
    right1 = multiplyAdd(value, right, right1);
    value = v128.load_splat<f32>(a, 8);
    left2 = multiplyAdd(value, left, left2);
    right2 = multiplyAdd(value, right, right2);
    value = v128.load_splat<f32>(a, 12);
    left3 = multiplyAdd(value, left, left3);
    right3 = multiplyAdd(value, right, right3);
    if (TILE_ROWS == 6) {
      value = v128.load_splat<f32>(a, 16);
      left4 = multiplyAdd(value, left, left4);
      right4 = multiplyAdd(value, right, right4);
      value = v128.load_splat<f32>(a, 20);
      left5 = multiplyAdd(value, left, left5);
      right5 = multiplyAdd(value, right, right5);
    }
    a += TILE_ROWS * 4;
    b += TILE_COLUMNS * 4;
  }

  const row1 = c + rowBytes;
  const row2 = row1 + rowBytes;
  const row3 = row2 + rowBytes;
  const row4 = row3 + rowBytes;
  const row5 = row4 + rowBytes;
  if (accumulate) {
    left0 = f32x4.add(left0, v128.load(c));
    right0 = f32x4.add(right0, v128.load(c, 16));
    left1 = f32x4.add(left1, v128.load(row1));
    right1 = f32x4.add(right1, v128.load(row1, 16));
    left2 = f32x4.add(left2, v128.load(row2));
    right2 = f32x4.add(right2, v128.load(row2, 16));
    left3 = f32x4.add(left3, v128.load(row3));
    right3 = f32x4.add(right3, v128.load(row3, 16));
    if (TILE_ROWS == 6) {
      left4 = f32x4.add(left4, v128.load(row4));
      right4 = f32x4.add(right4, v128.load(row4, 16));
      left5 = f32x4.add(left5, v128.load(row5));
      right5 = f32x4.add(right5, v128.load(row5, 16));
    }
  }
  v128.store(c, left0);
  v128.store(c, right0, 16);
  v128.store(row1, left1);
  v128.store(row1, right1, 16);
  v128.store(row2, left2);
  v128.store(row2, right2, 16);
  v128.store(row3, left3);
  v128.store(row3, right3, 16);
  if (TILE_ROWS == 6) {
    v128.store(row4, left4);
    v128.store(row4, right4, 16);
    v128.store(row5, left5);
    v128.store(row5, right5, 16);
  }
}
