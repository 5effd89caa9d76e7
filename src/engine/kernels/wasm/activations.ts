// Gradients of activations: tfjs makes each of them of three to five passes, a comparison and a cast among them.

import { exp } from "./functions";
import { Binary, mapPairs } from "./map";
import { partStart } from "./parts";

// Named as in activations of activationGradients.ts.
const RELU: i32 = 0;
const LEAKY_RELU: i32 = 1;
const SIGMOID: i32 = 2;
const TANH: i32 = 3;

@unmanaged
class Relu extends Binary {
  of(dy: v128, x: v128, parameter: v128): v128 {
    return v128.and(dy, f32x4.gt(x, f32x4.splat(0)));
  }
}

@unmanaged
class LeakyRelu extends Binary {
  of(dy: v128, x: v128, slope: v128): v128 {
    return v128.bitselect(dy, f32x4.mul(dy, slope), f32x4.gt(x, f32x4.splat(0)));
  }
}

@unmanaged
class Sigmoid extends Binary {
  of(dy: v128, y: v128, parameter: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(f32x4.splat(1), y)));
  }
}

@unmanaged
class Tanh extends Binary {
  of(dy: v128, y: v128, parameter: v128): v128 {
    return f32x4.mul(f32x4.sub(f32x4.splat(1), f32x4.mul(y, y)), dy);
  }
}

/** dy · sigmoid(x): the slope of softplus. */
@unmanaged
class Softplus extends Binary {
  of(dy: v128, x: v128, parameter: v128): v128 {
    return f32x4.div(dy, f32x4.add(f32x4.splat(1), exp(f32x4.neg(x))));
  }
}

/**
 * dx = dy · f′ for `count` values. `xOrY` is the input of softplus, relu and leaky relu, whose slope below 0 is `alpha`, and the output
 * of sigmoid and tanh.
 */
export function activationGradient(activation: i32, dy: usize, xOrY: usize, dx: usize, count: i32, alpha: f32, part: i32, parts: i32): void {
  const start = partStart(count, 4, part, parts);
  const end = partStart(count, 4, part + 1, parts);
  const slope = f32x4.splat(alpha);
  if (activation == RELU) mapPairs<Relu>(dy, xOrY, dx, start, end, slope);
  else if (activation == LEAKY_RELU) mapPairs<LeakyRelu>(dy, xOrY, dx, start, end, slope);
  else if (activation == SIGMOID) mapPairs<Sigmoid>(dy, xOrY, dx, start, end, slope);
  else if (activation == TANH) mapPairs<Tanh>(dy, xOrY, dx, start, end, slope);
  else mapPairs<Softplus>(dy, xOrY, dx, start, end, slope);
}
