// Four lanes at a time, for MDS.

const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

/** sum + x · y, in each of four lanes. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(x: v128, y: v128, sum: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(sum, f32x4.mul(x, y));
}

/** The sum of four lanes, in f64. */
export function laneSum(x: v128): f64 {
  return <f64>f32x4.extract_lane(x, 0) + <f64>f32x4.extract_lane(x, 1) + (<f64>f32x4.extract_lane(x, 2) + <f64>f32x4.extract_lane(x, 3));
}

/** Four values of which the first `count` (1 to 3) are loaded, the others 0. */
export function loadSome(address: usize, count: i32): v128 {
  let value = f32x4.replace_lane(f32x4.splat(0), 0, load<f32>(address));
  if (count > 1) value = f32x4.replace_lane(value, 1, load<f32>(address, 4));
  if (count > 2) value = f32x4.replace_lane(value, 2, load<f32>(address, 8));
  return value;
}

/** All bits in the first `count` lanes. */
export function someLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}
