// What follows a product in a network, done while its result is still in the cache: a bias added, an activation applied.

import { Binary } from "./map";
import { exp } from "./functions";
import { at } from "./parts";

// Named as in epilogues of epilogue.ts.
export const LINEAR: i32 = 0;
export const RELU: i32 = 1;
const LEAKY_RELU: i32 = 2;
const SIGMOID: i32 = 3;

@unmanaged
class Linear extends Binary {
  of(x: v128, bias: v128, parameter: v128): v128 {
    return f32x4.add(x, bias);
  }
}

@unmanaged
class Relu extends Binary {
  of(x: v128, bias: v128, parameter: v128): v128 {
    return f32x4.max(f32x4.add(x, bias), f32x4.splat(0));
  }
}

@unmanaged
class LeakyRelu extends Binary {
  of(x: v128, bias: v128, slope: v128): v128 {
    const sum = f32x4.add(x, bias);
    return v128.bitselect(sum, f32x4.mul(sum, slope), f32x4.gt(sum, f32x4.splat(0)));
  }
}

@unmanaged
class Sigmoid extends Binary {
  of(x: v128, bias: v128, parameter: v128): v128 {
    const one = f32x4.splat(1);
    return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(f32x4.add(x, bias)))));
  }
}

/** y = f(y + bias) for a matrix [rows, columns] whose rows are `row` values apart; nothing where bias is 0. */
export function finish(y: usize, row: i32, rows: i32, columns: i32, bias: usize, activation: i32, alpha: f32): void {
  if (bias == 0) return;
  const slope = f32x4.splat(alpha);
  if (activation == RELU) finishRows<Relu>(y, row, rows, columns, bias, slope);
  else if (activation == LEAKY_RELU) finishRows<LeakyRelu>(y, row, rows, columns, bias, slope);
  else if (activation == SIGMOID) finishRows<Sigmoid>(y, row, rows, columns, bias, slope);
  else finishRows<Linear>(y, row, rows, columns, bias, slope);
}

/** One function for all rows: rows are short, and a call for each would take as long as they do. */
function finishRows<F extends Binary>(y: usize, row: i32, rows: i32, columns: i32, bias: usize, parameter: v128): void {
  const f = changetype<F>(<usize>0); // has no fields: never followed
  const whole = columns & ~3;
  for (let i = 0; i < rows; i++) {
    let place = at(y, i * row);
    let offset = bias;
    const end = at(bias, whole);
    for (; offset < end; offset += 16) {
      v128.store(place, f.of(v128.load(place), v128.load(offset), parameter));
      place += 16;
    }
    for (let j = whole; j < columns; j++) {
      store<f32>(place, f32x4.extract_lane(f.of(v128.load_splat<f32>(place), v128.load_splat<f32>(offset), parameter), 0));
      place += 4;
      offset += 4;
    }
  }
}
