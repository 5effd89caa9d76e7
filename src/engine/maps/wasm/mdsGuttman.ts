// The Guttman transform (de Leeuw 1977) of a map with equal weights: x'ᵢ = 1/n Σⱼ (δᵢⱼ / dᵢⱼ) (xᵢ − xⱼ), dᵢⱼ = |xᵢ − xⱼ|. A map lies
// axis by axis, f32 [dims × stride], the stride a multiple of 4, so that four rows are one vector. Pairs are those of the lower
// triangle, i (i − 1) / 2 + j for j < i, each computed once and added to both its rows.

import { laneSum, loadSome, multiplyAdd, someLanes } from "./mdsLanes";
import { partEnd, partStart } from "./parts";

/** First row of a part: row i has i pairs, so that equal shares of pairs end at √ of the share. */
function firstRow(n: i32, part: i32, parts: i32): i32 {
  return <i32>(<f64>n * sqrt<f64>(<f64>part / <f64>parts));
}

/**
 * Part of the sums of the transform, with the dissimilarities scale · triangle: Σ (δ / d)(xᵢ − xⱼ) for the part's pairs into the
 * part's own sums [parts × dims × stride], Σ (d − δ)² into residuals [parts], f64. A pair at d = 0 pulls nowhere.
 */
export function mdsGuttman(part: i32, parts: i32, n: i32, stride: i32, dims: i32, triangle: usize, scale: f32, x: usize, sums: usize, residuals: usize): void {
  const axis = <usize>stride << 2;
  const own = sums + <usize>part * dims * axis;
  memory.fill(own, 0, dims * axis);
  const end = firstRow(n, part + 1, parts);
  const factor = f32x4.splat(scale);
  let total: f64 = 0;
  for (let i = firstRow(n, part, parts); i < end; i++) {
    const at = <usize>i << 2;
    const x0 = v128.load_splat<f32>(x + at), x1 = v128.load_splat<f32>(x + axis + at);
    const x2 = dims == 3 ? v128.load_splat<f32>(x + 2 * axis + at) : f32x4.splat(0);
    let pull0 = f32x4.splat(0), pull1 = pull0, pull2 = pull0, residual = pull0;
    let delta = triangle + ((<usize>i * (i - 1)) >> 1) * 4;
    for (let j = 0; j < i; j += 4, delta += 16) {
      const here = <usize>j << 2;
      const left = i - j;
      const wanted = left >= 4 ? f32x4.mul(v128.load(delta), factor) : f32x4.mul(loadSome(delta, left), factor);
      const y0 = f32x4.sub(x0, v128.load(x + here)), y1 = f32x4.sub(x1, v128.load(x + axis + here));
      let square = multiplyAdd(y1, y1, f32x4.mul(y0, y0));
      let y2 = f32x4.splat(0);
      if (dims == 3) {
        y2 = f32x4.sub(x2, v128.load(x + 2 * axis + here));
        square = multiplyAdd(y2, y2, square);
      }
      if (left < 4) square = v128.and(square, someLanes(left));
      const d = f32x4.sqrt(square);
      const error = f32x4.sub(d, wanted);
      residual = multiplyAdd(error, error, residual);
      const ratio = v128.and(f32x4.div(wanted, d), f32x4.gt(d, f32x4.splat(0)));
      const force0 = f32x4.mul(ratio, y0), force1 = f32x4.mul(ratio, y1);
      pull0 = f32x4.add(pull0, force0);
      pull1 = f32x4.add(pull1, force1);
      v128.store(own + here, f32x4.sub(v128.load(own + here), force0));
      v128.store(own + axis + here, f32x4.sub(v128.load(own + axis + here), force1));
      if (dims == 3) {
        const force2 = f32x4.mul(ratio, y2);
        pull2 = f32x4.add(pull2, force2);
        v128.store(own + 2 * axis + here, f32x4.sub(v128.load(own + 2 * axis + here), force2));
      }
    }
    add(own + at, pull0);
    add(own + axis + at, pull1);
    if (dims == 3) add(own + 2 * axis + at, pull2);
    total += laneSum(residual);
  }
  store<f64>(residuals + (<usize>part << 3), total);
}

function add(address: usize, lanes: v128): void {
  store<f32>(address, load<f32>(address) + <f32>laneSum(lanes));
}

/** image [count] = 1/n Σ sums [`sets` × count], count a multiple of 4: what mdsGuttman's parts have summed, together. */
export function mdsGather(part: i32, parts: i32, count: i32, sets: i32, sums: usize, n: i32, image: usize): void {
  const share = f32x4.splat(<f32>(1 / <f64>n));
  const end = partEnd(count >> 2, part, parts);
  for (let i = partStart(count >> 2, part, parts); i < end; i++) {
    const at = <usize>i << 4;
    let sum = v128.load(sums + at);
    for (let set = 1; set < sets; set++) sum = f32x4.add(sum, v128.load(sums + at + <usize>set * count * 4));
    v128.store(image + at, f32x4.mul(sum, share));
  }
}

/** The map's own distances d, into the lower triangle. */
export function mdsMapDistances(part: i32, parts: i32, n: i32, stride: i32, dims: i32, x: usize, triangle: usize): void {
  const end = firstRow(n, part + 1, parts);
  for (let i = firstRow(n, part, parts); i < end; i++) {
    const row = triangle + ((<usize>i * (i - 1)) >> 1) * 4;
    for (let j = 0; j < i; j++) {
      let square: f32 = 0;
      for (let axis = 0; axis < dims; axis++) {
        const difference = load<f32>(x + ((<usize>axis * stride + i) << 2)) - load<f32>(x + ((<usize>axis * stride + j) << 2));
        square += difference * difference;
      }
      store<f32>(row + (<usize>j << 2), sqrt<f32>(square));
    }
  }
}

/**
 * A step towards the Guttman transform as `columns` rows of the map show it: with y [dims × columnStride] where they lie and
 * distances [(last − first) × columns] to them, xᵢ += rate · (1/columns Σ_c (δ / d)(xᵢ − y_c) − xᵢ) for first ≤ i < last. Strides are
 * multiples of 4.
 */
export function mdsSampledStep(part: i32, parts: i32, first: i32, last: i32, stride: i32, dims: i32, distances: usize, columns: i32, columnStride: i32, y: usize, rate: f32, x: usize): void {
  const axis = <usize>stride << 2;
  const columnAxis = <usize>columnStride << 2;
  const start = first + partStart(last - first, part, parts);
  const end = first + partEnd(last - first, part, parts);
  for (let i = start; i < end; i++) {
    const at = <usize>i << 2;
    const x0 = v128.load_splat<f32>(x + at), x1 = v128.load_splat<f32>(x + axis + at);
    const x2 = dims == 3 ? v128.load_splat<f32>(x + 2 * axis + at) : f32x4.splat(0);
    let pull0 = f32x4.splat(0), pull1 = pull0, pull2 = pull0;
    let delta = distances + <usize>(i - first) * columns * 4;
    for (let c = 0; c < columns; c += 4, delta += 16) {
      const here = y + (<usize>c << 2);
      const left = columns - c;
      const wanted = left >= 4 ? v128.load(delta) : loadSome(delta, left);
      const y0 = f32x4.sub(x0, v128.load(here)), y1 = f32x4.sub(x1, v128.load(here + columnAxis));
      let square = multiplyAdd(y1, y1, f32x4.mul(y0, y0));
      let y2 = f32x4.splat(0);
      if (dims == 3) {
        y2 = f32x4.sub(x2, v128.load(here + 2 * columnAxis));
        square = multiplyAdd(y2, y2, square);
      }
      const d = f32x4.sqrt(square);
      const ratio = v128.and(f32x4.div(wanted, d), f32x4.gt(d, f32x4.splat(0)));
      pull0 = multiplyAdd(ratio, y0, pull0);
      pull1 = multiplyAdd(ratio, y1, pull1);
      if (dims == 3) pull2 = multiplyAdd(ratio, y2, pull2);
    }
    move(x + at, pull0, columns, rate);
    move(x + axis + at, pull1, columns, rate);
    if (dims == 3) move(x + 2 * axis + at, pull2, columns, rate);
  }
}

function move(address: usize, pull: v128, columns: i32, rate: f32): void {
  const from = load<f32>(address);
  store<f32>(address, from + rate * (<f32>(laneSum(pull) / <f64>columns) - from));
}
