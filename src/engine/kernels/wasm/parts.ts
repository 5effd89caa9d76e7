// How a kernel's work is divided. A kernel called for part p of P touches only its own range of the output, so parts can
// run in any order or at once on several threads, and one thread runs them all as part 0 of 1. The split depends on
// (count, unit, parts) alone, never on which thread runs what: the same number of parts gives the same bits.

/** First of `count` items that belong to `part`, a multiple of `unit`; the part ends where the next one starts. */
export function partStart(count: i32, unit: i32, part: i32, parts: i32): i32 {
  const pieces = <i64>((count + unit - 1) / unit);
  return min(count, <i32>((pieces * part) / parts) * unit);
}

/** Address of element `index` of an f32 array. */
export function at(base: usize, index: i32): usize {
  return base + (<usize>index << 2);
}
