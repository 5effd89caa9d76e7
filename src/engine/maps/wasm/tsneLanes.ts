// What the kernels of t-SNE share: four f32 values at once.

/** sum + x · y in each lane; fused where the machine has it. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(x: v128, y: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(sum, f32x4.mul(x, y));
}

/** The sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function laneSum(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

/** Stores the columns of the 4 × 4 matrix with the rows a, b, c, d at `target`, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function storeTransposed(a: v128, b: v128, c: v128, d: v128, target: usize, step: usize): void {
  const low = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const low2 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const high2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<f32>(low, low2, 0, 1, 4, 5));
  v128.store(target + step, v128.shuffle<f32>(low, low2, 2, 3, 6, 7));
  v128.store(target + 2 * step, v128.shuffle<f32>(high, high2, 0, 1, 4, 5));
  v128.store(target + 3 * step, v128.shuffle<f32>(high, high2, 2, 3, 6, 7));
}

/** sum · x + term */
// @ts-ignore: decorator
@inline
function next(sum: v128, x: v128, term: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(term));
}

/** eˣ for x ≤ 0, 0 below −87: 2ⁿ eʳ with |r| ≤ ln 2 / 2 and Cephes' polynomial (Moshier, single precision). */
export function exponential(x: v128): v128 {
  const bounded = f32x4.max(x, f32x4.splat(-87));
  const exponent = f32x4.nearest(f32x4.mul(bounded, f32x4.splat(1.44269504088896341)));
  // ln 2 in two parts, the first with few enough bits that n times it is exact.
  const partly = f32x4.sub(bounded, f32x4.mul(exponent, f32x4.splat(0.693359375)));
  const rest = f32x4.sub(partly, f32x4.mul(exponent, f32x4.splat(-2.12194440e-4)));
  let sum = f32x4.splat(1.9875691500e-4);
  sum = next(sum, rest, 1.3981999507e-3);
  sum = next(sum, rest, 8.3334519073e-3);
  sum = next(sum, rest, 4.1665795894e-2);
  sum = next(sum, rest, 1.6666665459e-1);
  sum = next(sum, rest, 5.0000001201e-1);
  const power = f32x4.add(f32x4.add(f32x4.mul(sum, f32x4.mul(rest, rest)), rest), f32x4.splat(1));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(exponent), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(power, scale), f32x4.ge(x, f32x4.splat(-87)));
}

/** ln x for normal x > 0: the exponent apart, and Cephes' polynomial on [√½, √2). */
export function logarithm(x: v128): v128 {
  // Exponent and mantissa such that x = 2ⁿ (1 + r) with √½ ≤ 1 + r < √2.
  const shifted = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const rest = f32x4.sub(i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3)), f32x4.splat(1));
  let sum = f32x4.splat(7.0376836292e-2);
  sum = next(sum, rest, -1.1514610310e-1);
  sum = next(sum, rest, 1.1676998740e-1);
  sum = next(sum, rest, -1.2420140846e-1);
  sum = next(sum, rest, 1.4249322787e-1);
  sum = next(sum, rest, -1.6668057665e-1);
  sum = next(sum, rest, 2.0000714765e-1);
  sum = next(sum, rest, -2.4999993993e-1);
  sum = next(sum, rest, 3.3333331174e-1);
  const square = f32x4.mul(rest, rest);
  const small = f32x4.add(f32x4.mul(f32x4.mul(sum, rest), square), f32x4.mul(square, f32x4.splat(-0.5)));
  return f32x4.add(f32x4.add(f32x4.mul(exponent, f32x4.splat(0.693147180559945)), rest), small);
}
