import { multiplyAdd } from "./tsneLanes";

// Four complex Fourier transforms at once, one in each lane: Stockham's self-sorting form with radices 2 to 5 (Van Loan,
// "Computational Frameworks for the Fast Fourier Transform", 1992, 1.7), in f32. An element is 32 bytes: the four real
// parts, then the four imaginary ones. For the inverse, exchange real and imaginary parts before and after.

/** Bytes of one element. */
export const ELEMENT: usize = 32;

/**
 * Σₓ aₓ e^(−2πi kx / length) for all k, unscaled. `a` and `b` hold `length` elements each and both are overwritten; the
 * result is in the one that is returned. `radices` [stages] i32, their product is `length`; `twiddles` [length] pairs
 * cos, −sin of 2πj / length.
 */
export function transform(a: usize, b: usize, length: i32, radices: usize, stages: i32, twiddles: usize): usize {
  let rest = length, stride = 1;
  for (let stage = 0; stage < stages; stage++) {
    const radix = load<i32>(radices + (<usize>stage << 2));
    rest /= radix;
    if (radix == 4) pass4(a, b, rest, stride, twiddles);
    else if (radix == 2) pass2(a, b, rest, stride, twiddles);
    else if (radix == 3) pass3(a, b, rest, stride, twiddles);
    else pass5(a, b, rest, stride, twiddles);
    stride *= radix;
    const other = a;
    a = b;
    b = other;
  }
  return a;
}

/** Real part of x · w. */
// @ts-ignore: decorator
@inline
function realTimes(re: v128, im: v128, c: v128, s: v128): v128 {
  return multiplyAdd(re, c, f32x4.neg(f32x4.mul(im, s)));
}

/** Imaginary part of x · w. */
// @ts-ignore: decorator
@inline
function imaginaryTimes(re: v128, im: v128, c: v128, s: v128): v128 {
  return multiplyAdd(re, s, f32x4.mul(im, c));
}

function pass2(from: usize, to: usize, rest: i32, stride: i32, twiddles: usize): void {
  const step = <usize>stride * ELEMENT, far = <usize>rest * step;
  for (let p = 0; p < rest; p++) {
    const w = twiddles + (<usize>p * stride << 3);
    const c = v128.load_splat<f32>(w), s = v128.load_splat<f32>(w, 4);
    for (let q = 0; q < stride; q++) {
      const re0 = v128.load(from), im0 = v128.load(from, 16), re1 = v128.load(from + far), im1 = v128.load(from + far, 16);
      const re = f32x4.sub(re0, re1), im = f32x4.sub(im0, im1);
      v128.store(to, f32x4.add(re0, re1));
      v128.store(to, f32x4.add(im0, im1), 16);
      v128.store(to + step, realTimes(re, im, c, s));
      v128.store(to + step, imaginaryTimes(re, im, c, s), 16);
      from += ELEMENT;
      to += ELEMENT;
    }
    to += step;
  }
}

function pass3(from: usize, to: usize, rest: i32, stride: i32, twiddles: usize): void {
  const step = <usize>stride * ELEMENT, far = <usize>rest * step;
  const half = f32x4.splat(-0.5), sine = f32x4.splat(0.86602540378443864676);
  for (let p = 0; p < rest; p++) {
    const w = <usize>p * stride << 3;
    const c1 = v128.load_splat<f32>(twiddles + w), s1 = v128.load_splat<f32>(twiddles + w, 4);
    const c2 = v128.load_splat<f32>(twiddles + 2 * w), s2 = v128.load_splat<f32>(twiddles + 2 * w, 4);
    for (let q = 0; q < stride; q++) {
      const re0 = v128.load(from), im0 = v128.load(from, 16);
      const re1 = v128.load(from + far), im1 = v128.load(from + far, 16);
      const re2 = v128.load(from + 2 * far), im2 = v128.load(from + 2 * far, 16);
      const reSum = f32x4.add(re1, re2), imSum = f32x4.add(im1, im2);
      const reMiddle = multiplyAdd(reSum, half, re0), imMiddle = multiplyAdd(imSum, half, im0);
      const reTurn = f32x4.mul(f32x4.sub(im1, im2), sine), imTurn = f32x4.mul(f32x4.sub(re2, re1), sine);
      v128.store(to, f32x4.add(re0, reSum));
      v128.store(to, f32x4.add(im0, imSum), 16);
      let re = f32x4.add(reMiddle, reTurn), im = f32x4.add(imMiddle, imTurn);
      v128.store(to + step, realTimes(re, im, c1, s1));
      v128.store(to + step, imaginaryTimes(re, im, c1, s1), 16);
      re = f32x4.sub(reMiddle, reTurn);
      im = f32x4.sub(imMiddle, imTurn);
      v128.store(to + 2 * step, realTimes(re, im, c2, s2));
      v128.store(to + 2 * step, imaginaryTimes(re, im, c2, s2), 16);
      from += ELEMENT;
      to += ELEMENT;
    }
    to += 2 * step;
  }
}

function pass4(from: usize, to: usize, rest: i32, stride: i32, twiddles: usize): void {
  const step = <usize>stride * ELEMENT, far = <usize>rest * step;
  for (let p = 0; p < rest; p++) {
    const w = <usize>p * stride << 3;
    const c1 = v128.load_splat<f32>(twiddles + w), s1 = v128.load_splat<f32>(twiddles + w, 4);
    const c2 = v128.load_splat<f32>(twiddles + 2 * w), s2 = v128.load_splat<f32>(twiddles + 2 * w, 4);
    const c3 = v128.load_splat<f32>(twiddles + 3 * w), s3 = v128.load_splat<f32>(twiddles + 3 * w, 4);
    for (let q = 0; q < stride; q++) {
      const from2 = from + 2 * far;
      const re0 = v128.load(from), im0 = v128.load(from, 16), re1 = v128.load(from + far), im1 = v128.load(from + far, 16);
      const re2 = v128.load(from2), im2 = v128.load(from2, 16), re3 = v128.load(from2 + far), im3 = v128.load(from2 + far, 16);
      const reEven = f32x4.add(re0, re2), imEven = f32x4.add(im0, im2), reOdd = f32x4.add(re1, re3), imOdd = f32x4.add(im1, im3);
      const reEven2 = f32x4.sub(re0, re2), imEven2 = f32x4.sub(im0, im2);
      const reTurn = f32x4.sub(im1, im3), imTurn = f32x4.sub(re3, re1);
      v128.store(to, f32x4.add(reEven, reOdd));
      v128.store(to, f32x4.add(imEven, imOdd), 16);
      let re = f32x4.add(reEven2, reTurn), im = f32x4.add(imEven2, imTurn);
      v128.store(to + step, realTimes(re, im, c1, s1));
      v128.store(to + step, imaginaryTimes(re, im, c1, s1), 16);
      re = f32x4.sub(reEven, reOdd);
      im = f32x4.sub(imEven, imOdd);
      v128.store(to + 2 * step, realTimes(re, im, c2, s2));
      v128.store(to + 2 * step, imaginaryTimes(re, im, c2, s2), 16);
      re = f32x4.sub(reEven2, reTurn);
      im = f32x4.sub(imEven2, imTurn);
      v128.store(to + 3 * step, realTimes(re, im, c3, s3));
      v128.store(to + 3 * step, imaginaryTimes(re, im, c3, s3), 16);
      from += ELEMENT;
      to += ELEMENT;
    }
    to += 3 * step;
  }
}

function pass5(from: usize, to: usize, rest: i32, stride: i32, twiddles: usize): void {
  const step = <usize>stride * ELEMENT, far = <usize>rest * step;
  const cosine1 = f32x4.splat(0.30901699437494742410), cosine2 = f32x4.splat(-0.80901699437494742410);
  const sine1 = f32x4.splat(0.95105651629515357212), sine2 = f32x4.splat(0.58778525229247312917);
  for (let p = 0; p < rest; p++) {
    const w = <usize>p * stride << 3;
    for (let q = 0; q < stride; q++) {
      const from2 = from + 2 * far;
      const re0 = v128.load(from), im0 = v128.load(from, 16), re1 = v128.load(from + far), im1 = v128.load(from + far, 16);
      const re2 = v128.load(from2), im2 = v128.load(from2, 16), re3 = v128.load(from2 + far), im3 = v128.load(from2 + far, 16);
      const re4 = v128.load(from2 + 2 * far), im4 = v128.load(from2 + 2 * far, 16);
      const reOuter = f32x4.add(re1, re4), imOuter = f32x4.add(im1, im4), reInner = f32x4.add(re2, re3), imInner = f32x4.add(im2, im3);
      // −i times the differences.
      const reOuterTurn = f32x4.sub(im1, im4), imOuterTurn = f32x4.sub(re4, re1), reInnerTurn = f32x4.sub(im2, im3), imInnerTurn = f32x4.sub(re3, re2);
      v128.store(to, f32x4.add(re0, f32x4.add(reOuter, reInner)));
      v128.store(to, f32x4.add(im0, f32x4.add(imOuter, imInner)), 16);
      const re14 = multiplyAdd(reOuter, cosine1, multiplyAdd(reInner, cosine2, re0)), im14 = multiplyAdd(imOuter, cosine1, multiplyAdd(imInner, cosine2, im0));
      const re23 = multiplyAdd(reOuter, cosine2, multiplyAdd(reInner, cosine1, re0)), im23 = multiplyAdd(imOuter, cosine2, multiplyAdd(imInner, cosine1, im0));
      const reTurn14 = multiplyAdd(reOuterTurn, sine1, f32x4.mul(reInnerTurn, sine2)), imTurn14 = multiplyAdd(imOuterTurn, sine1, f32x4.mul(imInnerTurn, sine2));
      const reTurn23 = f32x4.sub(f32x4.mul(reOuterTurn, sine2), f32x4.mul(reInnerTurn, sine1)), imTurn23 = f32x4.sub(f32x4.mul(imOuterTurn, sine2), f32x4.mul(imInnerTurn, sine1));
      turned(to + step, f32x4.add(re14, reTurn14), f32x4.add(im14, imTurn14), twiddles + w);
      turned(to + 2 * step, f32x4.add(re23, reTurn23), f32x4.add(im23, imTurn23), twiddles + 2 * w);
      turned(to + 3 * step, f32x4.sub(re23, reTurn23), f32x4.sub(im23, imTurn23), twiddles + 3 * w);
      turned(to + 4 * step, f32x4.sub(re14, reTurn14), f32x4.sub(im14, imTurn14), twiddles + 4 * w);
      from += ELEMENT;
      to += ELEMENT;
    }
    to += 4 * step;
  }
}

// @ts-ignore: decorator
@inline
function turned(to: usize, re: v128, im: v128, w: usize): void {
  const c = v128.load_splat<f32>(w), s = v128.load_splat<f32>(w, 4);
  v128.store(to, realTimes(re, im, c, s));
  v128.store(to, imaginaryTimes(re, im, c, s), 16);
}
