import { partEnd, partStart } from "./parts";

// Products of a sparse symmetric matrix with a block of eight vectors, stored row by row [count × 8] f32, so that an edge reads one
// piece of 32 bytes. The matrix is in rows (compressed): `starts` [count + 1], `columns` and `values` [edges].

const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

@inline
function multiplyAdd(x: v128, y: v128, sum: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(sum, f32x4.mul(x, y));
}

/** One step of Chebyshev's recurrence, in place of the vectors before the last: previous ← factor · M x + shift · x − back · previous. */
export function umapChebyshev(
  part: i32, parts: i32, starts: usize, columns: usize, values: usize, x: usize, previous: usize, count: i32, factor: f32, shift: f32, back: f32,
): void {
  const end = partEnd(count, part, parts);
  const factors = f32x4.splat(factor);
  const shifts = f32x4.splat(shift);
  const backs = f32x4.splat(-back);
  for (let row = partStart(count, part, parts); row < end; row++) {
    let left = f32x4.splat(0);
    let right = left;
    const last = load<i32>(starts + (<usize>row << 2), 4);
    for (let edge = load<i32>(starts + (<usize>row << 2)); edge < last; edge++) {
      const at = <usize>edge << 2;
      const value = v128.load_splat<f32>(values + at);
      const from = x + (<usize>load<i32>(columns + at) << 5);
      left = multiplyAdd(value, v128.load(from), left);
      right = multiplyAdd(value, v128.load(from, 16), right);
    }
    const own = x + (<usize>row << 5);
    const to = previous + (<usize>row << 5);
    left = multiplyAdd(shifts, v128.load(own), f32x4.mul(factors, left));
    right = multiplyAdd(shifts, v128.load(own, 16), f32x4.mul(factors, right));
    v128.store(to, multiplyAdd(backs, v128.load(to), left));
    v128.store(to, multiplyAdd(backs, v128.load(to, 16), right), 16);
  }
}

/** sums [parts × 8 × 8] f64 = the part's share of AᵀB; the products are exact in f64. */
export function umapGram(part: i32, parts: i32, a: usize, b: usize, count: i32, sums: usize): void {
  const own = sums + (<usize>part << 9);
  memory.fill(own, 0, 512);
  const end = partEnd(count, part, parts);
  for (let row = partStart(count, part, parts); row < end; row++) {
    const from = b + (<usize>row << 5);
    const b0 = f64x2.promote_low_f32x4(v128.load_zero<f64>(from));
    const b1 = f64x2.promote_low_f32x4(v128.load_zero<f64>(from, 8));
    const b2 = f64x2.promote_low_f32x4(v128.load_zero<f64>(from, 16));
    const b3 = f64x2.promote_low_f32x4(v128.load_zero<f64>(from, 24));
    for (let i: usize = 0; i < 8; i++) {
      const value = f64x2.splat(<f64>load<f32>(a + (<usize>row << 5) + (i << 2)));
      const to = own + (i << 6);
      v128.store(to, f64x2.add(v128.load(to), f64x2.mul(value, b0)));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.mul(value, b1)), 16);
      v128.store(to, f64x2.add(v128.load(to, 32), f64x2.mul(value, b2)), 32);
      v128.store(to, f64x2.add(v128.load(to, 48), f64x2.mul(value, b3)), 48);
    }
  }
}

/** X ← X U in place, U [8 × 8] f32. */
export function umapRotate(part: i32, parts: i32, x: usize, matrix: usize, count: i32): void {
  const end = partEnd(count, part, parts);
  for (let row = partStart(count, part, parts); row < end; row++) {
    const at = x + (<usize>row << 5);
    let left = f32x4.splat(0);
    let right = left;
    for (let i: usize = 0; i < 8; i++) {
      const value = v128.load_splat<f32>(at + (i << 2));
      left = multiplyAdd(value, v128.load(matrix + (i << 5)), left);
      right = multiplyAdd(value, v128.load(matrix + (i << 5), 16), right);
    }
    v128.store(at, left);
    v128.store(at, right, 16);
  }
}
