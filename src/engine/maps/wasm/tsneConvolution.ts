import { partEnd, partStart } from "./parts";
import { ELEMENT, transform } from "./tsneFft";
import { storeTransposed } from "./tsneLanes";

// A grid convolved with an even kernel, by real Fourier transforms along x, then y (then z), four lines at once. The grid
// [planes, rows, gridStride] f32 holds values where there are points and counts as zero beyond, up to the lengths of the
// transforms, so that nothing wraps around.
//
// The spectrum [planes, frequencies, rows / 8, 2, 8] f32 has x's frequencies 0 to length / 2, rounded up to four; eight
// neighbouring rows lie together, real parts before imaginary ones: a cache line. `plan` is the address of i32s: length,
// number of stages, radices; then, at byte 64, the twiddles (tsneFft.ts). `scratch`: two transforms' elements for each part.

/** Rows that the transform along x takes at once: four as real parts, four as imaginary ones. */
const ROWS: i32 = 8;
/** Bytes of eight rows at one frequency. */
const LINE: usize = 64;

// What `tsneColumns` and `tsnePlanes` do.
const THROUGH: i32 = 0;
const FORWARD: i32 = 1;
const BACK: i32 = 2;
const KERNEL: i32 = 3;

// @ts-ignore: decorator
@inline
function run(plan: usize, a: usize, b: usize): usize {
  return transform(a, b, load<i32>(plan), plan + 8, load<i32>(plan, 4), plan + 64);
}

function scratchOf(scratch: usize, part: i32, longest: i32): usize {
  return scratch + <usize>part * 2 * longest * ELEMENT;
}

/** Bytes of all rows at one frequency. */
function frequencyBytes(rows: i32): usize {
  return <usize>(rows / ROWS) * LINE;
}

/**
 * Twice the spectrum along x of the first `rows` rows of every plane; `rows` and `storedRows`, the spectrum's, are
 * multiples of eight, `width` ≤ gridStride one of four. The factor is taken back in the kernel's spectrum.
 */
export function tsneRowsForward(part: i32, parts: i32, grid: usize, planes: i32, rows: i32, gridStride: i32, width: i32, spectrum: usize, storedRows: i32, plan: usize, scratch: usize, longest: i32): void {
  const length = load<i32>(plan), half = length >> 1;
  const frequencies = (half + 4) & ~3;
  const a = scratchOf(scratch, part, longest), b = a + <usize>longest * ELEMENT;
  const blocks = rows / ROWS, step = frequencyBytes(storedRows), rowBytes = <usize>gridStride << 2;
  const end = partEnd(planes * blocks, part, parts);
  for (let block = partStart(planes * blocks, part, parts); block < end; block++) {
    const plane = block / blocks, line = block % blocks;
    const first = grid + <usize>block * ROWS * rowBytes;
    for (let x = 0; x < width; x += 4) {
      const real = first + (<usize>x << 2), imaginary = real + 4 * rowBytes, to = a + <usize>x * ELEMENT;
      storeTransposed(v128.load(real), v128.load(real + rowBytes), v128.load(real + 2 * rowBytes), v128.load(real + 3 * rowBytes), to, ELEMENT);
      storeTransposed(v128.load(imaginary), v128.load(imaginary + rowBytes), v128.load(imaginary + 2 * rowBytes), v128.load(imaginary + 3 * rowBytes), to + 16, ELEMENT);
    }
    memory.fill(a + <usize>width * ELEMENT, 0, <usize>(length - width) * ELEMENT);
    const z = run(plan, a, b);
    let to = spectrum + <usize>plane * frequencies * step + <usize>line * LINE;
    for (let k = 0; k <= half; k++) {
      const here = z + <usize>k * ELEMENT, there = z + <usize>(k ? length - k : 0) * ELEMENT;
      const re = v128.load(here), im = v128.load(here, 16), re2 = v128.load(there), im2 = v128.load(there, 16);
      v128.store(to, f32x4.add(re, re2));
      v128.store(to, f32x4.add(im, im2), 16);
      v128.store(to, f32x4.sub(im, im2), 32);
      v128.store(to, f32x4.sub(re2, re), 48);
      to += step;
    }
  }
}

/** The grid from its spectrum along x: the inverse of `tsneRowsForward` but for its factor and the length. */
export function tsneRowsBack(part: i32, parts: i32, grid: usize, planes: i32, rows: i32, gridStride: i32, width: i32, spectrum: usize, storedRows: i32, plan: usize, scratch: usize, longest: i32): void {
  const length = load<i32>(plan), half = length >> 1;
  const frequencies = (half + 4) & ~3;
  const a = scratchOf(scratch, part, longest), b = a + <usize>longest * ELEMENT;
  const blocks = rows / ROWS, step = frequencyBytes(storedRows), rowBytes = <usize>gridStride << 2;
  const end = partEnd(planes * blocks, part, parts);
  for (let block = partStart(planes * blocks, part, parts); block < end; block++) {
    const plane = block / blocks, line = block % blocks;
    let from = spectrum + <usize>plane * frequencies * step + <usize>line * LINE;
    for (let k = 0; k <= half; k++) {
      // first + i second, real and imaginary parts exchanged; and the same at −k.
      const re = v128.load(from), re2 = v128.load(from, 16), im = v128.load(from, 32), im2 = v128.load(from, 48);
      const here = a + <usize>k * ELEMENT;
      if (k && k < half) {
        const there = a + <usize>(length - k) * ELEMENT;
        v128.store(there, f32x4.sub(re2, im));
        v128.store(there, f32x4.add(re, im2), 16);
      }
      v128.store(here, f32x4.add(im, re2));
      v128.store(here, f32x4.sub(re, im2), 16);
      from += step;
    }
    const z = run(plan, a, b);
    const first = grid + <usize>block * ROWS * rowBytes;
    for (let x = 0; x < width; x += 4) {
      const imaginary = z + <usize>x * ELEMENT, real = imaginary + 16, to = first + (<usize>x << 2);
      storeTransposed(v128.load(real), v128.load(real, ELEMENT), v128.load(real, 2 * ELEMENT), v128.load(real, 3 * ELEMENT), to, rowBytes);
      storeTransposed(v128.load(imaginary), v128.load(imaginary, ELEMENT), v128.load(imaginary, 2 * ELEMENT), v128.load(imaginary, 3 * ELEMENT), to + 4 * rowBytes, rowBytes);
    }
  }
}

/**
 * Along y, in place, at four frequencies of x at once. THROUGH: to y's spectrum, times `kernel` [frequencies / 4, length, 4],
 * and back. FORWARD, BACK: half of that, between `rows` and `storedRows` rows. KERNEL: forward, and the real part, times
 * `xFactors` [frequencies] and `yFactors` [length], into `kernel`.
 */
export function tsneColumns(part: i32, parts: i32, mode: i32, spectrum: usize, planes: i32, frequencies: i32, rows: i32, storedRows: i32, kernel: usize, xFactors: usize, yFactors: usize, plan: usize, scratch: usize, longest: i32): void {
  const length = load<i32>(plan);
  const a = scratchOf(scratch, part, longest), b = a + <usize>longest * ELEMENT;
  const quads = frequencies >> 2, step = frequencyBytes(storedRows);
  const end = partEnd(planes * quads, part, parts);
  for (let block = partStart(planes * quads, part, parts); block < end; block++) {
    const lines = spectrum + <usize>block * 4 * step, quad = block % quads;
    const back = mode == BACK;
    const given = back ? storedRows : rows;
    loadColumns(lines, step, given, a, back);
    memory.fill(a + <usize>given * ELEMENT, 0, <usize>(length - given) * ELEMENT);
    let z = run(plan, a, b);
    if (mode == KERNEL) {
      keepKernel(z, length, kernel + <usize>quad * length * 16, v128.load(xFactors + <usize>quad * 16), yFactors);
      continue;
    }
    if (mode == THROUGH) {
      multiplyExchanged(z, length, kernel + <usize>quad * length * 16);
      z = run(plan, z, z == a ? b : a);
    }
    storeColumns(lines, step, mode == FORWARD ? storedRows : rows, z, mode != FORWARD);
  }
}

/** Along z: as `tsneColumns`, at four rows of y at once; `kernel` [frequencies, rows / 4, length, 4]. */
export function tsnePlanes(part: i32, parts: i32, mode: i32, spectrum: usize, planes: i32, frequencies: i32, storedRows: i32, kernel: usize, xFactors: usize, yFactors: usize, zFactors: usize, plan: usize, scratch: usize, longest: i32): void {
  const length = load<i32>(plan);
  const a = scratchOf(scratch, part, longest), b = a + <usize>longest * ELEMENT;
  const quads = storedRows >> 2, planeBytes = <usize>frequencies * frequencyBytes(storedRows);
  const end = partEnd(frequencies * quads, part, parts);
  for (let block = partStart(frequencies * quads, part, parts); block < end; block++) {
    const frequency = block / quads, quad = block % quads;
    const first = spectrum + <usize>(block >> 1) * LINE + <usize>(block & 1) * 16;
    for (let z = 0; z < planes; z++) {
      const from = first + <usize>z * planeBytes, to = a + <usize>z * ELEMENT;
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 32), 16);
    }
    memory.fill(a + <usize>planes * ELEMENT, 0, <usize>(length - planes) * ELEMENT);
    let values = run(plan, a, b);
    const own = kernel + <usize>block * length * 16;
    if (mode == KERNEL) {
      const factor = f32x4.mul(v128.load_splat<f32>(xFactors + (<usize>frequency << 2)), v128.load(yFactors + <usize>quad * 16));
      keepKernel(values, length, own, factor, zFactors);
      continue;
    }
    multiplyExchanged(values, length, own);
    values = run(plan, values, values == a ? b : a);
    for (let z = 0; z < planes; z++) {
      const from = values + <usize>z * ELEMENT, to = first + <usize>z * planeBytes;
      v128.store(to, v128.load(from, 16));
      v128.store(to, v128.load(from), 32);
    }
  }
}

/** Four frequencies' rows as elements, real and imaginary parts exchanged or not. */
function loadColumns(lines: usize, step: usize, rows: i32, to: usize, exchanged: bool): void {
  const re = exchanged ? <usize>16 : 0, im: usize = 16 - re;
  for (let row = 0; row < rows; row += ROWS) {
    for (let quad: usize = 0; quad < 32; quad += 16) {
      const from = lines + quad;
      storeTransposed(v128.load(from), v128.load(from + step), v128.load(from + 2 * step), v128.load(from + 3 * step), to + re, ELEMENT);
      storeTransposed(v128.load(from, 32), v128.load(from + step, 32), v128.load(from + 2 * step, 32), v128.load(from + 3 * step, 32), to + im, ELEMENT);
      to += 4 * ELEMENT;
    }
    lines += LINE;
  }
}

function storeColumns(lines: usize, step: usize, rows: i32, from: usize, exchanged: bool): void {
  const re = exchanged ? <usize>16 : 0, im: usize = 16 - re;
  for (let row = 0; row < rows; row += ROWS) {
    for (let quad: usize = 0; quad < 32; quad += 16) {
      const real = from + re, imaginary = from + im;
      storeTransposed(v128.load(real), v128.load(real, ELEMENT), v128.load(real, 2 * ELEMENT), v128.load(real, 3 * ELEMENT), lines + quad, step);
      storeTransposed(v128.load(imaginary), v128.load(imaginary, ELEMENT), v128.load(imaginary, 2 * ELEMENT), v128.load(imaginary, 3 * ELEMENT), lines + quad + 32, step);
      from += 4 * ELEMENT;
    }
    lines += LINE;
  }
}

/** Times the kernel's spectrum, which is real; real and imaginary parts exchanged for the way back. */
function multiplyExchanged(values: usize, length: i32, kernel: usize): void {
  const end = values + <usize>length * ELEMENT;
  for (; values < end; values += ELEMENT, kernel += 16) {
    const factor = v128.load(kernel), re = f32x4.mul(v128.load(values), factor);
    v128.store(values, f32x4.mul(v128.load(values, 16), factor));
    v128.store(values, re, 16);
  }
}

function keepKernel(values: usize, length: i32, kernel: usize, factor: v128, factors: usize): void {
  for (let i = 0; i < length; i++) {
    const own = f32x4.mul(factor, v128.load_splat<f32>(factors + (<usize>i << 2)));
    v128.store(kernel + <usize>i * 16, f32x4.mul(v128.load(values + <usize>i * ELEMENT), own));
  }
}

/**
 * The grid's kernel 1 / (1 + r²) − 1 / (1 + extent²) at all offsets of the transforms, [planes, rows, width], those past
 * the middle being negative. Without the constant, a map much smaller than 1 would have differences below f32's resolution.
 * Nearer than `reach`, which may be 0, the smoother kernel that wasm/tsneNear.ts completes.
 */
export function tsneKernel(part: i32, parts: i32, kernel: usize, planes: i32, rows: i32, width: i32, spacing: f64, extent: f64, reach: f64): void {
  const end = partEnd(planes * rows, part, parts), square = spacing * spacing, limit = extent * extent, smooth = reach * reach;
  for (let line = partStart(planes * rows, part, parts); line < end; line++) {
    const plane = line / rows, row = line % rows;
    const y = <f64>min(row, rows - row), z = <f64>min(plane, planes - plane);
    for (let column = 0; column < width; column++) {
      const x = <f64>min(column, width - column);
      const distance = square * (x * x + y * y + z * z);
      if (distance < smooth) {
        const q = (smooth - distance) / (1 + smooth);
        store<f32>(kernel + (<usize>line * width + column << 2), <f32>((1 + q * (1 + q * (1 + q))) / (1 + smooth) - 1 / (1 + limit)));
        continue;
      }
      store<f32>(kernel + (<usize>line * width + column << 2), <f32>((limit - distance) / ((1 + distance) * (1 + limit))));
    }
  }
}
