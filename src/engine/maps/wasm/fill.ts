import { partEnd, partStart } from "./parts";

/** Sets `count` f32 values to `value`. */
export function fill(part: i32, parts: i32, target: usize, count: i32, value: f32): void {
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) store<f32>(target + (<usize>i << 2), value);
}
