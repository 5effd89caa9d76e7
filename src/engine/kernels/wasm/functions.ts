// Elementwise functions that the shipped kernels compute one value at a time through the C library: about ten times as long
// as these, which do four at once. Polynomials and ranges are those of Cephes (Moshier, single precision); errors stay
// below 3 units in the last place. Multiplications and additions are not fused, so every variant gives the same bits.

import { Unary, map } from "./map";
import { partStart } from "./parts";

// Named as in functions.ts.
const EXP: i32 = 0;
const LOG1P: i32 = 1;
const TANH: i32 = 2;
const RELU: i32 = 3;
const LEAKY_RELU: i32 = 4;

@unmanaged
class Exp extends Unary {
  of(x: v128, parameter: v128): v128 {
    return exp(x);
  }
}

@unmanaged
class Log1p extends Unary {
  of(x: v128, parameter: v128): v128 {
    return log1p(x);
  }
}

@unmanaged
class Tanh extends Unary {
  of(x: v128, parameter: v128): v128 {
    return tanh(x);
  }
}

@unmanaged
class Relu extends Unary {
  of(x: v128, parameter: v128): v128 {
    return f32x4.max(x, f32x4.splat(0));
  }
}

@unmanaged
class LeakyRelu extends Unary {
  of(x: v128, slope: v128): v128 {
    return v128.bitselect(x, f32x4.mul(x, slope), f32x4.gt(x, f32x4.splat(0)));
  }
}

/** log(1 + eˣ) as max(x, 0) + log(1 + e^−|x|), which overflows nowhere. */
@unmanaged
class Softplus extends Unary {
  of(x: v128, parameter: v128): v128 {
    return f32x4.add(f32x4.max(x, f32x4.splat(0)), log1p(exp(f32x4.neg(f32x4.abs(x)))));
  }
}

/** y = f(x) for `count` values. `alpha` is leaky relu's slope below 0. */
export function elementwiseFunction(name: i32, x: usize, y: usize, count: i32, alpha: f32, part: i32, parts: i32): void {
  const start = partStart(count, 4, part, parts);
  const end = partStart(count, 4, part + 1, parts);
  const slope = f32x4.splat(alpha);
  if (name == EXP) map<Exp>(x, y, start, end, slope);
  else if (name == LOG1P) map<Log1p>(x, y, start, end, slope);
  else if (name == TANH) map<Tanh>(x, y, start, end, slope);
  else if (name == RELU) map<Relu>(x, y, start, end, slope);
  else if (name == LEAKY_RELU) map<LeakyRelu>(x, y, start, end, slope);
  else map<Softplus>(x, y, start, end, slope);
}

/** sum · x + term */
function next(sum: v128, x: v128, term: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(term));
}

/** eˣ = 2ⁿ eʳ with |r| ≤ ln 2 / 2. */
export function exp(x: v128): v128 {
  // Beyond these bounds the result is 0 or infinite anyway; NaN passes through min and max.
  const bounded = f32x4.min(f32x4.max(x, f32x4.splat(-104)), f32x4.splat(89));
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
  // 2ⁿ in two factors, because n reaches −150 and 128, where a float's exponent does not.
  const whole = i32x4.trunc_sat_f32x4_s(exponent);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(power, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

function powerOfTwo(exponent: v128): v128 {
  return i32x4.shl(i32x4.add(exponent, i32x4.splat(127)), 23);
}

/** log(1 + x): log of u = 1 + x as rounded, corrected for what the rounding lost. */
function log1p(x: v128): v128 {
  const one = f32x4.splat(1);
  const u = f32x4.add(one, x);
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u);
  const result = f32x4.add(logOfPositive(u), lost);
  const atEnds = v128.bitselect(x, f32x4.splat(-Infinity), f32x4.gt(x, one)); // x = ∞ and x = −1
  const inside = v128.and(f32x4.gt(x, f32x4.splat(-1)), f32x4.lt(x, f32x4.splat(Infinity)));
  const defined = f32x4.ge(x, f32x4.splat(-1));
  return v128.bitselect(v128.bitselect(result, atEnds, inside), f32x4.splat(NaN), defined);
}

/** log u for normal u > 0: u = 2ⁿ m with √½ ≤ m < √2. */
function logOfPositive(u: v128): v128 {
  const one = f32x4.splat(1);
  // Subtracting the bits of √½ makes the exponent field count from there.
  const shifted = i32x4.sub(u, i32x4.splat(0x3f3504f3));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const mantissa = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(mantissa, one);
  let sum = f32x4.splat(7.0376836292e-2);
  sum = next(sum, f, -1.1514610310e-1);
  sum = next(sum, f, 1.1676998740e-1);
  sum = next(sum, f, -1.2420140846e-1);
  sum = next(sum, f, 1.4249322787e-1);
  sum = next(sum, f, -1.6668057665e-1);
  sum = next(sum, f, 2.0000714765e-1);
  sum = next(sum, f, -2.4999993993e-1);
  sum = next(sum, f, 3.3333331174e-1);
  const square = f32x4.mul(f, f);
  let tail = f32x4.mul(f32x4.mul(sum, f), square);
  tail = f32x4.add(tail, f32x4.mul(exponent, f32x4.splat(-2.12194440e-4)));
  tail = f32x4.sub(tail, f32x4.mul(square, f32x4.splat(0.5)));
  return f32x4.add(f32x4.add(f, tail), f32x4.mul(exponent, f32x4.splat(0.693359375)));
}

/** tanh x: near 0 by its series, beyond as 1 − 2 / (e²ˣ + 1), which would cancel near 0. */
function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  let sum = f32x4.splat(-5.70498872745e-3);
  sum = next(sum, square, 2.06390887954e-2);
  sum = next(sum, square, -5.37397155531e-2);
  sum = next(sum, square, 1.33314422036e-1);
  sum = next(sum, square, -3.33332819422e-1);
  const near = f32x4.add(f32x4.mul(f32x4.mul(sum, square), x), x);
  const one = f32x4.splat(1);
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp(f32x4.add(size, size)), one)));
  const sign = v128.and(x, i32x4.splat(0x80000000));
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(size, f32x4.splat(0.625)));
}
