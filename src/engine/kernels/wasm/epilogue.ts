// What follows a product in a network, done while its result is still in the cache: a bias added, an activation applied.

import { Binary, mapPairs } from "./map";
import { exp } from "./functions";
import { at } from "./parts";

// Named as in epilogues of epilogue.ts.
const RELU: i32 = 1;
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
  for (let i = 0; i < rows; i++) {
    const place = at(y, i * row);
    if (activation == RELU) mapPairs<Relu>(place, bias, place, 0, columns, slope);
    else if (activation == LEAKY_RELU) mapPairs<LeakyRelu>(place, bias, place, 0, columns, slope);
    else if (activation == SIGMOID) mapPairs<Sigmoid>(place, bias, place, 0, columns, slope);
    else mapPairs<Linear>(place, bias, place, 0, columns, slope);
  }
}
