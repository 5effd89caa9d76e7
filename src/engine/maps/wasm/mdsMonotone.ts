// Monotone regression of a map's distances on the order of the data's (Kruskal 1964), by pooling adjacent violators. Ties are
// treated by the primary approach: pairs that are equally far in the data may get any order, so they are put in that of the map.

import { partEnd, partStart } from "./parts";

/** The pair is as far apart in the data as the one before it. */
const TIED: u32 = 0x80000000;
/** Ties up to so long are sorted by insertion. */
const RUN: i32 = 16;

/**
 * order [count] = the pairs by their `keys` (f32, ≥ 0), smallest first; the upper bit marks a pair that is tied with the one before
 * it. Writes into counters[256] how many are. Takes `keys`, `otherKeys` and `otherOrder` [count] for itself; runs in one part.
 */
export function mdsSort(part: i32, parts: i32, count: i32, keys: usize, order: usize, otherKeys: usize, otherOrder: usize, counters: usize): void {
  for (let i = 0; i < count; i++) store<i32>(order + (<usize>i << 2), i);
  // Floats that are not negative are in the order of their bits; four passes by a byte end where they began.
  for (let shift: u32 = 0; shift < 32; shift += 8) {
    memory.fill(counters, 0, 1024);
    for (let i = 0; i < count; i++) {
      const counter = counters + <usize>((load<u32>(keys + (<usize>i << 2)) >> shift) & 255) * 4;
      store<i32>(counter, load<i32>(counter) + 1);
    }
    let sum = 0;
    for (let digit: usize = 0; digit < 256; digit++) {
      const size = load<i32>(counters + digit * 4);
      store<i32>(counters + digit * 4, sum);
      sum += size;
    }
    for (let i = 0; i < count; i++) {
      const key = load<u32>(keys + (<usize>i << 2));
      const counter = counters + <usize>((key >> shift) & 255) * 4;
      const place = <usize>load<i32>(counter) << 2;
      store<i32>(counter, load<i32>(counter) + 1);
      store<u32>(otherKeys + place, key);
      store<u32>(otherOrder + place, load<u32>(order + (<usize>i << 2)));
    }
    let other = keys;
    keys = otherKeys;
    otherKeys = other;
    other = order;
    order = otherOrder;
    otherOrder = other;
  }
  let ties = 0;
  for (let i = 1; i < count; i++) {
    const at = <usize>i << 2;
    if (load<u32>(keys + at) != load<u32>(keys + at - 4)) continue;
    store<u32>(order + at, load<u32>(order + at) | TIED);
    ties++;
  }
  store<i32>(counters + 1024, ties);
}

/** sorted [count] = values in their order. Apart from mdsMonotone, since these far-flung reads can overtake one another. */
export function mdsPick(part: i32, parts: i32, count: i32, values: usize, order: usize, sorted: usize): void {
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) store<f32>(sorted + (<usize>i << 2), load<f32>(placeOf(values, order, i)));
}

/**
 * Puts pairs that are tied in the data in the order of their map distances: `sorted` [count] as mdsPick has made it, and `order` with
 * it. Takes two times [count] of scratch for itself. A part does the ties that begin in it; it reads marks of others, which stay.
 */
export function mdsSortTies(part: i32, parts: i32, count: i32, sorted: usize, order: usize, scratch: usize, otherScratch: usize): void {
  const last = partEnd(count, part, parts);
  let first = partStart(count, part, parts);
  while (first < last && isTied(order, first)) first++;
  while (first < last) {
    let end = first + 1;
    while (end < count && isTied(order, end)) end++;
    if (end - first > 1) mergeSort(sorted, order, first, end, scratch, otherScratch);
    first = end;
  }
}

/** Back to where mdsPick has them from. */
export function mdsPutBack(part: i32, parts: i32, count: i32, sorted: usize, order: usize, values: usize): void {
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) store<f32>(placeOf(values, order, i), load<f32>(sorted + (<usize>i << 2)));
}

/**
 * `values` [count] become the rising ones that are nearest to them in least squares; their Σ d̂² goes into square[0], f64. Takes
 * `starts` (i32) [count] for itself; runs in one part.
 */
export function mdsMonotone(part: i32, parts: i32, count: i32, values: usize, starts: usize, square: usize): void {
  // Means of finished blocks lie at the beginning of `values`, which has been read that far.
  let blocks = 0;
  let start = 0;
  let sum = <f64>load<f32>(values); // of the block under way, which begins at `start`
  for (let i = 1; i < count; i++) {
    const value = <f64>load<f32>(values + (<usize>i << 2));
    if (value * <f64>(i - start) > sum) {
      close(blocks++, start, i, sum, values, starts);
      start = i;
      sum = value;
      continue;
    }
    sum += value;
    // A block that fell below the one before it joins it.
    while (blocks > 0) {
      const last = <usize>(blocks - 1) << 2;
      const mean = <f64>load<f32>(values + last);
      if (mean * <f64>(i + 1 - start) < sum) break;
      const before = load<i32>(starts + last);
      sum += mean * <f64>(start - before);
      start = before;
      blocks--;
    }
  }
  close(blocks++, start, count, sum, values, starts);
  let total: f64 = 0;
  // From the last block on, each of which ends where its mean lies or behind it.
  for (let block = blocks - 1, end = count; block >= 0; block--) {
    const mean = load<f32>(values + (<usize>block << 2));
    const first = load<i32>(starts + (<usize>block << 2));
    for (let i = first; i < end; i++) store<f32>(values + (<usize>i << 2), mean);
    total += <f64>mean * <f64>mean * <f64>(end - first);
    end = first;
  }
  store<f64>(square, total);
}

function close(block: i32, start: i32, end: i32, sum: f64, means: usize, starts: usize): void {
  store<f32>(means + (<usize>block << 2), <f32>(sum / <f64>(end - start)));
  store<i32>(starts + (<usize>block << 2), start);
}

function placeOf(values: usize, order: usize, i: i32): usize {
  return values + (<usize>(load<u32>(order + (<usize>i << 2)) & ~TIED) << 2);
}

function isTied(order: usize, i: i32): bool {
  return (load<u32>(order + (<usize>i << 2)) & TIED) != 0;
}

/** Puts a pair at place i of sorted ties that begin at `first`. */
function put(values: usize, order: usize, i: i32, first: i32, value: f32, pair: u32): void {
  store<f32>(values + (<usize>i << 2), value);
  store<u32>(order + (<usize>i << 2), (pair & ~TIED) | (i == first ? 0 : TIED));
}

/** Sorts values[first … end) and their pairs; what is nearly in order from an earlier call is quick. */
function mergeSort(values: usize, order: usize, first: i32, end: i32, scratch: usize, otherScratch: usize): void {
  for (let run = first; run < end; run += RUN) {
    const stop = min(run + RUN, end);
    for (let i = run + 1; i < stop; i++) {
      const value = load<f32>(values + (<usize>i << 2));
      const pair = load<u32>(order + (<usize>i << 2));
      let to = i;
      for (; to > run; to--) {
        const before = <usize>(to - 1) << 2;
        if (load<f32>(values + before) <= value) break;
        put(values, order, to, first, load<f32>(values + before), load<u32>(order + before));
      }
      put(values, order, to, first, value, pair);
    }
  }
  for (let width: i64 = RUN; width < end - first; width *= 2) {
    for (let low: i64 = first; low + width < end; low += 2 * width) merge(values, order, first, <i32>low, <i32>(low + width), <i32>min(low + 2 * width, <i64>end), scratch, otherScratch);
  }
}

function merge(values: usize, order: usize, first: i32, low: i32, middle: i32, end: i32, scratch: usize, otherScratch: usize): void {
  if (load<f32>(values + (<usize>(middle - 1) << 2)) <= load<f32>(values + (<usize>middle << 2))) return;
  // The scratch is the part's own too: only places of these ties are used.
  const offset = <usize>low << 2;
  memory.copy(scratch + offset, values + offset, <usize>(middle - low) << 2);
  memory.copy(otherScratch + offset, order + offset, <usize>(middle - low) << 2);
  let left = low, right = middle;
  for (let to = low; left < middle; to++) {
    const leftAt = <usize>left << 2;
    const rightAt = <usize>right << 2;
    const takesLeft = right == end || load<f32>(scratch + leftAt) <= load<f32>(values + rightAt);
    if (takesLeft) put(values, order, to, first, load<f32>(scratch + leftAt), load<u32>(otherScratch + leftAt));
    else put(values, order, to, first, load<f32>(values + rightAt), load<u32>(order + rightAt));
    if (takesLeft) left++;
    else right++;
  }
}
