import { partEnd, partStart } from "./parts";

// Turns of UMAP's layout. Points are f32: two to a point in two dimensions, four in three (the last is 0), so that a point is
// one load and its components go through the same instructions. Functions of the squared distance come from tables.

/** A table begins at this squared distance, 2^−40 ... */
const FIRST_BITS: i32 = (127 - 40) << 23;
/** ... and ends at 2^24; before and beyond, the ends hold. */
const LAST_BITS: i32 = ((127 + 24) << 23) - 1 - FIRST_BITS;
/** An octave of squared distances has 2^6 entries: bits of the mantissa that are left to interpolate between them. */
const FRACTION_BITS: i32 = 17;
const FRACTION: i32 = (1 << FRACTION_BITS) - 1;
/** No component of a force is larger. */
const LARGEST: f32 = 4;

/** The tabulated function at a squared distance: its entry [value, slope per unit of the fraction] by exponent and first bits of the mantissa. */
@inline
function lookUp(table: usize, squared: f32): f32 {
  let bits = reinterpret<i32>(squared) - FIRST_BITS;
  bits = select(bits, 0, bits > 0);
  bits = select(bits, LAST_BITS, bits < LAST_BITS);
  const entry = table + (<usize>(bits >> FRACTION_BITS) << 3);
  return load<f32>(entry) + load<f32>(entry, 4) * <f32>(bits & FRACTION);
}

/** Mixes 32 bits (Ellis, "lowbias32"): consecutive numbers in, independent ones out. */
@inline
function mix(value: u32): u32 {
  value = (value ^ (value >> 16)) * 0x7feb352d;
  value = (value ^ (value >> 15)) * 0x846ca68b;
  return value ^ (value >> 16);
}

/** A point's bytes are 8 in two dimensions and 16 in three. */
@inline
function pointAt(points: usize, index: u32, three: bool): v128 {
  if (three) return v128.load(points + (<usize>index << 4));
  return v128.load_zero<f64>(points + (<usize>index << 3));
}

@inline
function squaredLength(x: v128, three: bool): f32 {
  const squares = f32x4.mul(x, x);
  const two = f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1);
  return three ? two + f32x4.extract_lane(squares, 2) : two;
}

@inline
function clipped(force: v128): v128 {
  return f32x4.pmin(f32x4.splat(LARGEST), f32x4.pmax(f32x4.splat(-LARGEST), force));
}

/** Points at one place have no direction away from each other: a random corner of the largest force. */
function anyDirection(bits: u32): v128 {
  const x: f32 = bits & 1 ? LARGEST : -LARGEST;
  const y: f32 = bits & 2 ? LARGEST : -LARGEST;
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(0), 0, x), 1, y);
}

/** A point after it was drawn towards another. */
@inline
function drawn(point: v128, other: v128, attraction: usize, rate: v128, three: bool): v128 {
  const toward = f32x4.sub(other, point);
  const strength = lookUp(attraction, squaredLength(toward, three));
  return f32x4.add(point, f32x4.mul(rate, clipped(f32x4.mul(f32x4.splat(strength), toward))));
}

/** Writes the other ends of the edges that are due in epoch `number` one after the other to `due`, and gives their number: without a branch, which would be foretold wrongly every other time. */
@inline
function gather(due: usize, columns: usize, rates: usize, edge: i32, last: i32, number: i32): i32 {
  let found: i32 = 0;
  for (; edge < last; edge++) {
    const rate = load<f32>(rates + (<usize>edge << 2));
    store<i32>(due + (<usize>found << 2), load<i32>(columns + (<usize>edge << 2)));
    // Up to epoch n an edge has been taken ⌊n · rate⌋ times.
    found += <i32>(<i32>(<f32>number * rate) != <i32>(<f32>(number - 1) * rate));
  }
  return found;
}

@inline
function turn(
  part: i32, parts: i32, points: usize, next: usize, others: usize, starts: usize, columns: usize, rates: usize, due: usize, attraction: usize, repulsion: usize,
  count: i32, otherCount: i32, number: i32, rate: f32, negatives: i32, seed: u32, three: bool,
): void {
  const rateOf = f32x4.splat(rate);
  const begin = partStart(count, part, parts);
  const end = partEnd(count, part, parts);
  // Room for the due edges of one point: where those of the part's first begin, for no other part does.
  due += <usize>load<i32>(starts + (<usize>begin << 3)) << 2;
  for (let row = begin; row < end; row++) {
    let point = pointAt(points, row, three);
    let draw = mix(seed + <u32>row);
    const segments = starts + (<usize>row << 3);
    const middle = load<i32>(segments, 4);
    const tails = gather(due, columns, rates, middle, load<i32>(segments, 8), number);
    for (let i = 0; i < tails; i++) point = drawn(point, pointAt(others, load<u32>(due + (<usize>i << 2)), three), attraction, rateOf, three);
    const heads = gather(due, columns, rates, load<i32>(segments), middle, number);
    for (let i = 0; i < heads; i++) {
      point = drawn(point, pointAt(others, load<u32>(due + (<usize>i << 2)), three), attraction, rateOf, three);
      let forces = f32x4.splat(0);
      for (let sample = 0; sample < negatives; sample++) {
        draw += 0x9e3779b9;
        const bits = mix(draw);
        const other = <u32>((<u64>bits * <u64>otherCount) >> 32);
        const away = f32x4.sub(point, pointAt(others, other, three));
        const squared = squaredLength(away, three);
        if (squared == 0) {
          if (points != others || other != <u32>row) forces = f32x4.add(forces, anyDirection(bits));
          continue;
        }
        forces = f32x4.add(forces, clipped(f32x4.mul(f32x4.splat(lookUp(repulsion, squared)), away)));
      }
      point = f32x4.add(point, f32x4.mul(rateOf, forces));
    }
    if (three) v128.store(next + (<usize>row << 4), point);
    else v128.store_lane<f64>(next + (<usize>row << 3), point, 0);
  }
}

/**
 * One turn of epoch `number`: moves `points` to `next` [count × 2]. Point i is the head of the edges starts[2i] … starts[2i + 1] − 1, each of which draws it towards its
 * other end among `others` [otherCount × 2], and lets `negatives` random others push it away; and the tail of those up to starts[2i + 2] − 1, which only draw it. All others
 * stand where they stood before the turn. `columns` are the other ends, `rates` [edges] how often an edge is taken, 0 to 1 times an epoch, `due` is room for
 * as many i32 as there are edges, and `rate` the learning rate.
 */
export function umapTurn2(
  part: i32, parts: i32, points: usize, next: usize, others: usize, starts: usize, columns: usize, rates: usize, due: usize, attraction: usize, repulsion: usize,
  count: i32, otherCount: i32, number: i32, rate: f32, negatives: i32, seed: u32,
): void {
  turn(part, parts, points, next, others, starts, columns, rates, due, attraction, repulsion, count, otherCount, number, rate, negatives, seed, false);
}

/** The same in three dimensions, [count × 4]. */
export function umapTurn3(
  part: i32, parts: i32, points: usize, next: usize, others: usize, starts: usize, columns: usize, rates: usize, due: usize, attraction: usize, repulsion: usize,
  count: i32, otherCount: i32, number: i32, rate: f32, negatives: i32, seed: u32,
): void {
  turn(part, parts, points, next, others, starts, columns, rates, due, attraction, repulsion, count, otherCount, number, rate, negatives, seed, true);
}

/**
 * sums [parts × 3] f64 = the part's share of Σ w, of Σ w · near(d²) over the edges of one turn by their heads, and of Σ w · far(d²) with the mean of `far` over `negatives`
 * random others in place of each edge's tail. `dimensions` is 2 or 3.
 */
export function umapLoss(
  part: i32, parts: i32, points: usize, others: usize, starts: usize, columns: usize, rates: usize, near: usize, far: usize,
  count: i32, otherCount: i32, negatives: i32, seed: u32, dimensions: i32, sums: usize,
): void {
  const three = dimensions == 3;
  let weights: f64 = 0;
  let attracted: f64 = 0;
  let repelled: f64 = 0;
  const end = partEnd(count, part, parts);
  for (let row = partStart(count, part, parts); row < end; row++) {
    const point = pointAt(points, row, three);
    let weight: f64 = 0;
    const last = load<i32>(starts + (<usize>row << 3), 4);
    for (let edge = load<i32>(starts + (<usize>row << 3)); edge < last; edge++) {
      const rate = load<f32>(rates + (<usize>edge << 2));
      const toward = f32x4.sub(pointAt(others, load<u32>(columns + (<usize>edge << 2)), three), point);
      weight += rate;
      attracted += <f64>(rate * lookUp(near, squaredLength(toward, three)));
    }
    let draw = mix(seed + <u32>row);
    let sum: f64 = 0;
    let drawn: i32 = 0;
    for (let sample = 0; sample < negatives; sample++) {
      draw += 0x9e3779b9;
      const other = <u32>((<u64>mix(draw) * <u64>otherCount) >> 32);
      if (points == others && other == <u32>row) continue;
      sum += lookUp(far, squaredLength(f32x4.sub(point, pointAt(others, other, three)), three));
      drawn++;
    }
    weights += weight;
    if (drawn > 0) repelled += (weight * sum) / drawn;
  }
  const own = sums + <usize>part * 24;
  store<f64>(own, weights);
  store<f64>(own, attracted, 8);
  store<f64>(own, repelled, 16);
}
