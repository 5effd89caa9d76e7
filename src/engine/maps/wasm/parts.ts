// How work is divided: in even ranges that depend on the number of parts alone, so the same number gives the same bits.

/** First of `count` items that belong to `part`. */
export function partStart(count: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>count * part) / parts);
}

/** The item after the last one of `part`. */
export function partEnd(count: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>count * (part + 1)) / parts);
}
