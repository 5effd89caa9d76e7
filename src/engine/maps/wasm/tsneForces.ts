import { partEnd, partStart } from "./parts";
import { laneSum, logarithm, multiplyAdd } from "./tsneLanes";

// One step of t-SNE's gradient descent. Positions, forces, velocities and gains are [count, stride] f32, stride 2 in the
// plane and 4 in space, whose fourth value stays 0. Behind the last position are fillers so far away that nothing feels
// them, up to a whole vector of four.

/**
 * Repulsion by all pairs: forces Σⱼ (yᵢ − yⱼ) / (1 + |yᵢ − yⱼ|²)² on the `count` targets from all `sources`, and in sums[part]
 * (f64) Σ 1 / (1 + |yᵢ − yⱼ|²), a point's own 1 with it where it is among the sources; each target's sum in `potentials` if not 0.
 */
export function tsneRepelExactly(part: i32, parts: i32, targets: usize, count: i32, positions: usize, sources: i32, stride: i32, forces: usize, sums: usize, potentials: usize): void {
  const end = partEnd(count, part, parts);
  let total: f64 = 0;
  for (let i = partStart(count, part, parts); i < end; i++) {
    const own = targets + (<usize>i * stride << 2), force = forces + (<usize>i * stride << 2);
    const potential = stride == 2 ? repelInPlane(own, positions, sources, force) : repelInSpace(own, positions, sources, force);
    if (potentials) store<f32>(potentials + (<usize>i << 2), <f32>potential);
    total += potential;
  }
  store<f64>(sums + (<usize>part << 3), total);
}

function repelInPlane(own: usize, positions: usize, sources: i32, force: usize): f64 {
  const x = v128.load_splat<f32>(own), y = v128.load_splat<f32>(own, 4), one = f32x4.splat(1);
  let xSum = f32x4.splat(0), ySum = xSum, sum = xSum;
  const end = positions + (<usize>sources << 3);
  for (let at = positions; at < end; at += 32) {
    const first = v128.load(at), second = v128.load(at, 16);
    const dx = f32x4.sub(x, v128.shuffle<f32>(first, second, 0, 2, 4, 6));
    const dy = f32x4.sub(y, v128.shuffle<f32>(first, second, 1, 3, 5, 7));
    const near = f32x4.div(one, multiplyAdd(dx, dx, multiplyAdd(dy, dy, one)));
    const square = f32x4.mul(near, near);
    sum = f32x4.add(sum, near);
    xSum = multiplyAdd(square, dx, xSum);
    ySum = multiplyAdd(square, dy, ySum);
  }
  store<f32>(force, laneSum(xSum));
  store<f32>(force, laneSum(ySum), 4);
  return <f64>laneSum(sum);
}

function repelInSpace(own: usize, positions: usize, sources: i32, force: usize): f64 {
  const x = v128.load_splat<f32>(own), y = v128.load_splat<f32>(own, 4), z = v128.load_splat<f32>(own, 8), one = f32x4.splat(1);
  let xSum = f32x4.splat(0), ySum = xSum, zSum = xSum, sum = xSum;
  const end = positions + (<usize>sources << 4);
  for (let at = positions; at < end; at += 64) {
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const dx = f32x4.sub(x, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    const dy = f32x4.sub(y, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
    const dz = f32x4.sub(z, v128.shuffle<f32>(v128.shuffle<f32>(a, b, 2, 6, 2, 6), v128.shuffle<f32>(c, d, 2, 6, 2, 6), 0, 1, 4, 5));
    const near = f32x4.div(one, multiplyAdd(dx, dx, multiplyAdd(dy, dy, multiplyAdd(dz, dz, one))));
    const square = f32x4.mul(near, near);
    sum = f32x4.add(sum, near);
    xSum = multiplyAdd(square, dx, xSum);
    ySum = multiplyAdd(square, dy, ySum);
    zSum = multiplyAdd(square, dz, zSum);
  }
  store<f32>(force, laneSum(xSum));
  store<f32>(force, laneSum(ySum), 4);
  store<f32>(force, laneSum(zSum), 8);
  return <f64>laneSum(sum);
}

/**
 * The gradient of KL(P ‖ Q): 4 (exaggeration Σⱼ pᵢⱼ (yᵢ − yⱼ) / (1 + |yᵢ − yⱼ|²) − forces / Z) over `gradient` (which may be
 * `forces` itself). P in sparse rows (`starts`, `columns`, `values`), padded to whole vectors; their columns are among `sources`.
 */
export function tsneGradient(part: i32, parts: i32, targets: usize, count: i32, sources: usize, stride: i32, starts: usize, columns: usize, values: usize, exaggeration: f32, forces: usize, inverseZ: f32, gradient: usize): void {
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const row = starts + (<usize>i << 2);
    const first = <usize>load<i32>(row) << 2, last = <usize>load<i32>(row, 4) << 2;
    const offset = <usize>i * stride << 2;
    if (stride == 2) attractInPlane(targets + offset, sources, columns, values, first, last, gradient + offset, forces + offset, exaggeration, inverseZ);
    else attractInSpace(targets + offset, sources, columns, values, first, last, gradient + offset, forces + offset, exaggeration, inverseZ);
  }
}

function attractInPlane(own: usize, sources: usize, columns: usize, values: usize, first: usize, last: usize, gradient: usize, force: usize, exaggeration: f32, inverseZ: f32): void {
  const x = v128.load_splat<f32>(own), y = v128.load_splat<f32>(own, 4), one = f32x4.splat(1);
  let xSum = f32x4.splat(0), ySum = xSum;
  for (let at = first; at < last; at += 16) {
    const column = columns + at;
    const low = v128.load64_lane(sources + (<usize>load<u32>(column, 4) << 3), v128.load64_zero(sources + (<usize>load<u32>(column) << 3)), 1);
    const high = v128.load64_lane(sources + (<usize>load<u32>(column, 12) << 3), v128.load64_zero(sources + (<usize>load<u32>(column, 8) << 3)), 1);
    const dx = f32x4.sub(x, v128.shuffle<f32>(low, high, 0, 2, 4, 6));
    const dy = f32x4.sub(y, v128.shuffle<f32>(low, high, 1, 3, 5, 7));
    const weight = f32x4.div(v128.load(values + at), multiplyAdd(dx, dx, multiplyAdd(dy, dy, one)));
    xSum = multiplyAdd(weight, dx, xSum);
    ySum = multiplyAdd(weight, dy, ySum);
  }
  store<f32>(gradient, 4 * (exaggeration * laneSum(xSum) - load<f32>(force) * inverseZ));
  store<f32>(gradient, 4 * (exaggeration * laneSum(ySum) - load<f32>(force, 4) * inverseZ), 4);
}

function attractInSpace(own: usize, sources: usize, columns: usize, values: usize, first: usize, last: usize, gradient: usize, force: usize, exaggeration: f32, inverseZ: f32): void {
  const point = v128.load(own), one = f32x4.splat(1);
  let sum = f32x4.splat(0);
  for (let at = first; at < last; at += 16) {
    const column = columns + at;
    const a = f32x4.sub(point, v128.load(sources + (<usize>load<u32>(column) << 4)));
    const b = f32x4.sub(point, v128.load(sources + (<usize>load<u32>(column, 4) << 4)));
    const c = f32x4.sub(point, v128.load(sources + (<usize>load<u32>(column, 8) << 4)));
    const d = f32x4.sub(point, v128.load(sources + (<usize>load<u32>(column, 12) << 4)));
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const dx = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), dy = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    const dz = v128.shuffle<f32>(v128.shuffle<f32>(a, b, 2, 6, 2, 6), v128.shuffle<f32>(c, d, 2, 6, 2, 6), 0, 1, 4, 5);
    const weight = f32x4.div(v128.load(values + at), multiplyAdd(dx, dx, multiplyAdd(dy, dy, multiplyAdd(dz, dz, one))));
    sum = multiplyAdd(a, v128.shuffle<f32>(weight, weight, 0, 0, 0, 0), sum);
    sum = multiplyAdd(b, v128.shuffle<f32>(weight, weight, 1, 1, 1, 1), sum);
    sum = multiplyAdd(c, v128.shuffle<f32>(weight, weight, 2, 2, 2, 2), sum);
    sum = multiplyAdd(d, v128.shuffle<f32>(weight, weight, 3, 3, 3, 3), sum);
  }
  const attraction = f32x4.mul(sum, f32x4.splat(exaggeration)), repulsion = f32x4.mul(v128.load(force), f32x4.splat(inverseZ));
  v128.store(gradient, f32x4.mul(f32x4.splat(4), f32x4.sub(attraction, repulsion)));
}

/** Σ pᵢⱼ ln(1 + |yᵢ − yⱼ|²) of each part's rows in sums[part] (f64): with ln Z and Σ p ln p it makes the KL divergence. */
export function tsneCrossEntropy(part: i32, parts: i32, positions: usize, count: i32, stride: i32, starts: usize, columns: usize, values: usize, sums: usize): void {
  const end = partEnd(count, part, parts), shift: usize = stride == 2 ? 3 : 4;
  let total: f64 = 0;
  for (let i = partStart(count, part, parts); i < end; i++) {
    const own = positions + (<usize>i << shift), row = starts + (<usize>i << 2);
    let sum = f32x4.splat(0);
    const last = <usize>load<i32>(row, 4) << 2;
    for (let at = <usize>load<i32>(row) << 2; at < last; at += 16) {
      let far = f32x4.splat(squareDistance(own, positions + (<usize>load<u32>(columns + at) << shift), stride));
      far = f32x4.replace_lane(far, 1, squareDistance(own, positions + (<usize>load<u32>(columns + at, 4) << shift), stride));
      far = f32x4.replace_lane(far, 2, squareDistance(own, positions + (<usize>load<u32>(columns + at, 8) << shift), stride));
      far = f32x4.replace_lane(far, 3, squareDistance(own, positions + (<usize>load<u32>(columns + at, 12) << shift), stride));
      sum = multiplyAdd(v128.load(values + at), logarithm(f32x4.add(far, f32x4.splat(1))), sum);
    }
    total += <f64>laneSum(sum);
  }
  store<f64>(sums + (<usize>part << 3), total);
}

// @ts-ignore: decorator
@inline
function squareDistance(a: usize, b: usize, stride: i32): f32 {
  const x = load<f32>(a) - load<f32>(b), y = load<f32>(a, 4) - load<f32>(b, 4);
  const z = stride == 2 ? <f32>0 : load<f32>(a, 8) - load<f32>(b, 8);
  return x * x + y * y + z * z;
}

/** Σ p ln p of `count` values in sums[part] (f64), 0 for p = 0. */
export function tsneEntropy(part: i32, parts: i32, values: usize, count: i32, sums: usize): void {
  const end = partEnd(count >> 2, part, parts);
  let total: f64 = 0;
  for (let i = partStart(count >> 2, part, parts); i < end; i++) {
    const value = v128.load(values + (<usize>i << 4));
    const positive = f32x4.ge(value, f32x4.splat(1.17549435e-38));
    total += <f64>laneSum(f32x4.mul(value, logarithm(v128.bitselect(value, f32x4.splat(1), positive))));
  }
  store<f64>(sums + (<usize>part << 3), total);
}

/**
 * Descent with momentum and gains (Jacobs 1988): a gain grows by 0.2 while the gradient keeps pulling along the velocity, else
 * shrinks by a fifth, not below 0.01. Moves the positions, no point further than `longest`, and leaves in
 * `bounds` [parts, 3, stride] f64 the sums, least and greatest positions of each part.
 */
export function tsneMove(part: i32, parts: i32, positions: usize, count: i32, stride: i32, gradient: usize, velocities: usize, gains: usize, momentum: f32, learningRate: f32, longest: f32, bounds: usize): void {
  const dimensions = stride == 2 ? 2 : 3;
  const own = bounds + (<usize>part * stride * 24), least = own + (<usize>stride << 3), greatest = least + (<usize>stride << 3);
  for (let axis = 0; axis < stride; axis++) {
    store<f64>(own + (<usize>axis << 3), 0);
    store<f64>(least + (<usize>axis << 3), Infinity);
    store<f64>(greatest + (<usize>axis << 3), -Infinity);
  }
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const at = <usize>i * stride << 2;
    let square: f32 = 0;
    for (let axis = 0; axis < dimensions; axis++) {
      const value = at + (<usize>axis << 2);
      const slope = load<f32>(gradient + value), velocity = load<f32>(velocities + value), gain = load<f32>(gains + value);
      const next = slope * velocity < 0 ? gain + 0.2 : max<f32>(gain * 0.8, 0.01);
      const moved = momentum * velocity - learningRate * next * slope;
      store<f32>(gains + value, next);
      store<f32>(velocities + value, moved);
      square += moved * moved;
    }
    const shortened: f32 = square > longest * longest ? longest / sqrt(square) : 1;
    for (let axis = 0; axis < dimensions; axis++) {
      const value = at + (<usize>axis << 2), place = <usize>axis << 3;
      const velocity = load<f32>(velocities + value) * shortened;
      store<f32>(velocities + value, velocity);
      const position = load<f32>(positions + value) + velocity;
      store<f32>(positions + value, position);
      store<f64>(own + place, load<f64>(own + place) + <f64>position);
      store<f64>(least + place, min(load<f64>(least + place), <f64>position));
      store<f64>(greatest + place, max(load<f64>(greatest + place), <f64>position));
    }
  }
}

/** positions −= mean [stride] (f64). */
export function tsneCenter(part: i32, parts: i32, positions: usize, count: i32, stride: i32, mean: usize): void {
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    for (let axis = 0; axis < stride; axis++) {
      const at = positions + ((<usize>i * stride + axis) << 2);
      store<f32>(at, <f32>(<f64>load<f32>(at) - load<f64>(mean + (<usize>axis << 3))));
    }
  }
}
