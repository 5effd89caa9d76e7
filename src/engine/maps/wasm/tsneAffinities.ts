import { partEnd, partStart } from "./parts";
import { exponential, laneSum, logarithm } from "./tsneLanes";

// The similarities of t-SNE (van der Maaten & Hinton 2008): p_{j|i} from the distances of a neighbour graph, then their
// symmetric form as sparse rows. Rows are padded with weight 0 to whole vectors of four.

/** Larger than any squared distance once these are divided by their row's mean. */
const NEVER: f32 = 1e30;
const TOLERANCE: f64 = 1e-5;
const BISECTIONS: i32 = 100;

/**
 * p_{j|i} = exp(−d²ᵢⱼ / 2σᵢ²) / Σₖ exp(−d²ᵢₖ / 2σᵢ²) with σᵢ such that its entropy is ln `perplexity`, by bisection on
 * 1 / 2σᵢ². `distances` [count × k], `affinities` [count × stride], stride = k rounded up to four.
 */
export function tsneConditional(part: i32, parts: i32, distances: usize, affinities: usize, count: i32, k: i32, perplexity: f64, logPerplexity: f64): void {
  const stride = (k + 3) & ~3;
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const row = affinities + (<usize>i * stride << 2);
    squares(distances + (<usize>i * k << 2), row, k, stride);
    let precision: f64 = 1, low: f64 = 0, high: f64 = Infinity;
    for (let step = 0; step < BISECTIONS; step++) {
      const difference = entropy(row, stride, <f32>precision) - logPerplexity;
      if (abs(difference) < TOLERANCE) break;
      if (difference > 0) low = precision;
      else high = precision;
      // Rows with more equally near neighbours than the perplexity have no such σ: it ends as small as it may become.
      precision = high == Infinity ? min(precision * 2, 1e20) : (low + high) / 2;
    }
    weights(row, stride, <f32>precision);
  }
}

/** d² less the smallest d², which leaves p unchanged and keeps exp from vanishing, in units of their mean. */
function squares(distances: usize, row: usize, k: i32, stride: i32): void {
  let least: f64 = Infinity, sum: f64 = 0;
  for (let j = 0; j < k; j++) {
    const distance = <f64>load<f32>(distances + (<usize>j << 2));
    least = min(least, distance * distance);
    sum += distance * distance;
  }
  const mean = sum / k - least;
  const scale = mean > 0 ? 1 / mean : 0;
  for (let j = 0; j < k; j++) {
    const distance = <f64>load<f32>(distances + (<usize>j << 2));
    store<f32>(row + (<usize>j << 2), <f32>((distance * distance - least) * scale));
  }
  for (let j = k; j < stride; j++) store<f32>(row + (<usize>j << 2), NEVER);
}

/** −Σ p ln p of p ∝ exp(−precision · d²), which is ln Σ e + precision Σ d² e / Σ e. */
function entropy(row: usize, stride: i32, precision: f32): f64 {
  const factor = f32x4.splat(-precision);
  let sum = f32x4.splat(0), weighted = sum;
  for (let j = 0; j < stride; j += 4) {
    const square = v128.load(row + (<usize>j << 2));
    const value = exponential(f32x4.mul(square, factor));
    sum = f32x4.add(sum, value);
    weighted = f32x4.add(weighted, f32x4.mul(square, value));
  }
  const total = <f64>laneSum(sum);
  return <f64>f32x4.extract_lane(logarithm(f32x4.splat(<f32>total)), 0) + <f64>precision * <f64>laneSum(weighted) / total;
}

function weights(row: usize, stride: i32, precision: f32): void {
  const factor = f32x4.splat(-precision);
  let sum = f32x4.splat(0);
  for (let j = 0; j < stride; j += 4) {
    const value = exponential(f32x4.mul(v128.load(row + (<usize>j << 2)), factor));
    v128.store(row + (<usize>j << 2), value);
    sum = f32x4.add(sum, value);
  }
  const scale = f32x4.splat(1 / laneSum(sum));
  for (let j = 0; j < stride; j += 4) v128.store(row + (<usize>j << 2), f32x4.mul(v128.load(row + (<usize>j << 2)), scale));
}

/** Counts how often each of `count` rows stands in `columns` [edges]; a part counts its share of the rows. */
export function tsneCountIncoming(part: i32, parts: i32, columns: usize, edges: i32, counts: usize, count: i32): void {
  const start = partStart(count, part, parts), end = partEnd(count, part, parts);
  const last = columns + (<usize>edges << 2);
  for (let edge = columns; edge < last; edge += 4) {
    const row = load<i32>(edge);
    if (row >= start && row < end) store<i32>(counts + (<usize>row << 2), load<i32>(counts + (<usize>row << 2)) + 1);
  }
}

/**
 * Transposes sparse rows; within each row of the result the columns ascend. Row i of the source has its columns at
 * `i * columnStride` and its values at `i * valueStride`, `k` of them, or, with `starts`, at starts[i] up to starts[i + 1].
 * `cursors` [count]: where each row of the result begins; they end where it ends.
 */
export function tsneTranspose(part: i32, parts: i32, count: i32, k: i32, valueStride: i32, starts: usize, columns: usize, values: usize, cursors: usize, toColumns: usize, toValues: usize): void {
  const start = partStart(count, part, parts), end = partEnd(count, part, parts);
  for (let i = 0; i < count; i++) {
    let column = columns + (<usize>i * k << 2), value = values + (<usize>i * valueStride << 2), length = k;
    if (starts) {
      const first = load<i32>(starts + (<usize>i << 2));
      length = load<i32>(starts + (<usize>i << 2), 4) - first;
      column = columns + (<usize>first << 2);
      value = values + (<usize>first << 2);
    }
    for (let j = 0; j < length; j++) {
      const row = load<i32>(column + (<usize>j << 2));
      if (row < start || row >= end) continue;
      const cursor = cursors + (<usize>row << 2);
      const at = load<i32>(cursor);
      store<i32>(cursor, at + 1);
      store<i32>(toColumns + (<usize>at << 2), i);
      store<f32>(toValues + (<usize>at << 2), load<f32>(value + (<usize>j << 2)));
    }
  }
}

/**
 * Rows of (P + Pᵀ) · scale from the rows of P [count × k] and of Pᵀ (`starts`), both with ascending columns. Without
 * `toStarts` only the padded lengths are written, to `lengths`; with them the rows, padded by weight 0 on the row itself.
 */
export function tsneSymmetrize(part: i32, parts: i32, count: i32, k: i32, columns: usize, values: usize, starts: usize, otherColumns: usize, otherValues: usize, scale: f32, lengths: usize, toStarts: usize, toColumns: usize, toValues: usize): void {
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    let a = <usize>i * k, b = <usize>load<i32>(starts + (<usize>i << 2));
    const aEnd = a + k, bEnd = <usize>load<i32>(starts + (<usize>i << 2), 4);
    const first = toStarts ? <usize>load<i32>(toStarts + (<usize>i << 2)) : 0;
    let at = first;
    while (a < aEnd || b < bEnd) {
      const left = a < aEnd ? load<i32>(columns + (a << 2)) : i32.MAX_VALUE;
      const right = b < bEnd ? load<i32>(otherColumns + (b << 2)) : i32.MAX_VALUE;
      let value: f32 = 0;
      if (left <= right) value += load<f32>(values + (a++ << 2));
      if (right <= left) value += load<f32>(otherValues + (b++ << 2));
      if (toStarts) {
        store<i32>(toColumns + (at << 2), min(left, right));
        store<f32>(toValues + (at << 2), value * scale);
      }
      at++;
    }
    for (; (at - first) & 3; at++) {
      if (!toStarts) continue;
      store<i32>(toColumns + (at << 2), i);
      store<f32>(toValues + (at << 2), 0);
    }
    if (!toStarts) store<i32>(lengths + (<usize>i << 2), <i32>(at - first));
  }
}
