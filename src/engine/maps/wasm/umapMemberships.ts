import { partEnd, partStart } from "./parts";

// The local fuzzy sets of UMAP: how strongly a row is tied to each of its neighbours.

/** The sum of memberships may miss its target by so much. */
const TOLERANCE: f64 = 1e-5;
const MAX_ITERATIONS: i32 = 64;
/** A bandwidth is at least this share of the mean distance, so that rows in crowds of duplicates keep more than one tie. */
const SMALLEST_BANDWIDTH: f64 = 1e-3;

/** e^−t for t ≥ 0, to 1e-11: 2^−n · e^r with |r| ≤ ln 2 / 2, by Taylor's polynomial. */
function expNegative(t: f64): f64 {
  if (t > 700) return 0;
  const n = nearest(t * 1.4426950408889634);
  const r = n * 0.6931471805599453 - t;
  let sum: f64 = 1 + r / 10;
  sum = 1 + (r / 9) * sum;
  sum = 1 + (r / 8) * sum;
  sum = 1 + (r / 7) * sum;
  sum = 1 + (r / 6) * sum;
  sum = 1 + (r / 5) * sum;
  sum = 1 + (r / 4) * sum;
  sum = 1 + (r / 3) * sum;
  sum = 1 + (r / 2) * sum;
  sum = 1 + r * sum;
  return sum * reinterpret<f64>((<i64>1023 - <i64>n) << 52);
}

/**
 * `weights` [count × k] = exp(−max(0, d − ρ) / σ) of the first k of `stride` distances of each row, ascending. ρ is the smallest distance
 * above 0 (0 where `connected` is 0), σ the bandwidth by bisection with which the memberships add up to `target`.
 * `meanDistance` is that of all rows, each counted with itself.
 */
export function umapMemberships(
  part: i32, parts: i32, distances: usize, weights: usize, count: i32, stride: i32, k: i32, connected: i32, target: f64, meanDistance: f64,
): void {
  const end = partEnd(count, part, parts);
  for (let row = partStart(count, part, parts); row < end; row++) {
    const from = distances + ((<usize>row * stride) << 2);
    let nearest: f64 = 0;
    let sum: f64 = 0;
    for (let j = 0; j < k; j++) {
      const distance = <f64>load<f32>(from + (<usize>j << 2));
      if (connected && nearest == 0) nearest = distance;
      sum += distance;
    }
    let bandwidth = bisected(from, k, nearest, target);
    const smallest = SMALLEST_BANDWIDTH * (nearest > 0 ? sum / (k + 1) : meanDistance);
    if (bandwidth < smallest) bandwidth = smallest;
    const to = weights + ((<usize>row * k) << 2);
    for (let j = 0; j < k; j++) store<f32>(to + (<usize>j << 2), <f32>membership(from, j, nearest, bandwidth));
  }
}

function membership(distances: usize, j: i32, nearest: f64, bandwidth: f64): f64 {
  const beyond = <f64>load<f32>(distances + (<usize>j << 2)) - nearest;
  return beyond > 0 && bandwidth > 0 ? expNegative(beyond / bandwidth) : 1;
}

function bisected(distances: usize, k: i32, nearest: f64, target: f64): f64 {
  let low: f64 = 0;
  let high: f64 = Infinity;
  let bandwidth: f64 = 1;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    let sum: f64 = 0;
    for (let j = 0; j < k; j++) sum += membership(distances, j, nearest, bandwidth);
    if (abs(sum - target) < TOLERANCE) break;
    if (sum > target) high = bandwidth;
    else low = bandwidth;
    bandwidth = high == Infinity ? bandwidth * 2 : (low + high) / 2;
  }
  return bandwidth;
}
