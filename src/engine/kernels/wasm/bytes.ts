// Bytes as they are stored become the numbers of a model only here, on the heap: a quarter of the memory to copy there.

import { at, partStart } from "./parts";

/** out[i] = table[bytes[i]] for `count` bytes; the table has 256 values. */
export function lookUpBytes(bytes: usize, table: usize, out: usize, count: i32, part: i32, parts: i32): void {
  const end = partStart(count, 16, part + 1, parts);
  let index = partStart(count, 16, part, parts);
  for (; index + 4 <= end; index += 4) {
    const from = bytes + <usize>index;
    const to = at(out, index);
    store<f32>(to, load<f32>(table + (<usize>load<u8>(from) << 2)));
    store<f32>(to, load<f32>(table + (<usize>load<u8>(from, 1) << 2)), 4);
    store<f32>(to, load<f32>(table + (<usize>load<u8>(from, 2) << 2)), 8);
    store<f32>(to, load<f32>(table + (<usize>load<u8>(from, 3) << 2)), 12);
  }
  for (; index < end; index++) store<f32>(at(out, index), load<f32>(table + (<usize>load<u8>(bytes + <usize>index) << 2)));
}
