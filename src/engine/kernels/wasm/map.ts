// Loops that apply one function to every value, four at a time. The function is a type, not a value: the compiler then makes
// each loop anew with the function inside it, where a call or a choice per vector costs more than most of the functions do,
// and a table of functions would be static data.

import { at } from "./parts";

/** A function of each value of an array; `parameter` is the same for all. */
@unmanaged
export abstract class Unary {
  abstract of(x: v128, parameter: v128): v128;
}

/** A function of two values in the same place of two arrays. */
@unmanaged
export abstract class Binary {
  abstract of(x: v128, y: v128, parameter: v128): v128;
}

/** out[i] = F(x[i]) for start ≤ i < end. */
export function map<F extends Unary>(x: usize, out: usize, start: i32, end: i32, parameter: v128): void {
  const f = changetype<F>(<usize>0); // has no fields: never followed
  let index = start;
  for (; index + 4 <= end; index += 4) v128.store(at(out, index), f.of(v128.load(at(x, index)), parameter));
  for (; index < end; index++) {
    store<f32>(at(out, index), f32x4.extract_lane(f.of(v128.load_splat<f32>(at(x, index)), parameter), 0));
  }
}

/** out[i] = F(x[i], y[i]) for start ≤ i < end. */
export function mapPairs<F extends Binary>(x: usize, y: usize, out: usize, start: i32, end: i32, parameter: v128): void {
  const f = changetype<F>(<usize>0);
  let index = start;
  for (; index + 4 <= end; index += 4) {
    v128.store(at(out, index), f.of(v128.load(at(x, index)), v128.load(at(y, index)), parameter));
  }
  for (; index < end; index++) {
    const result = f.of(v128.load_splat<f32>(at(x, index)), v128.load_splat<f32>(at(y, index)), parameter);
    store<f32>(at(out, index), f32x4.extract_lane(result, 0));
  }
}
