// Steps of gradient descent with one running mean, each in one pass. The newer one with two is in adam.ts.

import { at, partStart } from "./parts";

// Named as in descentRules of descent.ts.
const MOMENTUM: i32 = 0;

/**
 * Momentum (Sutskever et al. 2013, in the form without dampening): newS = decay · s + g, newW = w − rate · newS.
 * RMSProp (Tieleman & Hinton 2012): newS = decay · s + complement · g², newW = w − rate · g / (√newS + ε). All arrays have
 * `count` values; an output may be its input. The complement 1 − decay is passed in because in f32 it would be off.
 */
export function descent(
  rule: i32, w: usize, g: usize, s: usize, newW: usize, newS: usize, count: i32,
  rate: f32, decay: f32, complement: f32, epsilon: f32, part: i32, parts: i32,
): void {
  const rateX4 = f32x4.splat(rate);
  const decayX4 = f32x4.splat(decay);
  const complementX4 = f32x4.splat(complement);
  const epsilonX4 = f32x4.splat(epsilon);
  const end = partStart(count, 4, part + 1, parts);
  let index = partStart(count, 4, part, parts);
  for (; index + 4 <= end; index += 4) {
    const gradient = v128.load(at(g, index));
    const kept = f32x4.mul(decayX4, v128.load(at(s, index)));
    let mean: v128, step: v128;
    if (rule == MOMENTUM) {
      mean = f32x4.add(kept, gradient);
      step = f32x4.mul(rateX4, mean);
    } else {
      mean = f32x4.add(kept, f32x4.mul(complementX4, f32x4.mul(gradient, gradient)));
      step = f32x4.div(f32x4.mul(rateX4, gradient), f32x4.add(f32x4.sqrt(mean), epsilonX4));
    }
    v128.store(at(newS, index), mean);
    v128.store(at(newW, index), f32x4.sub(v128.load(at(w, index)), step));
  }
  for (; index < end; index++) {
    const gradient = load<f32>(at(g, index));
    const kept = decay * load<f32>(at(s, index));
    const mean = rule == MOMENTUM ? kept + gradient : kept + complement * (gradient * gradient);
    const step = rule == MOMENTUM ? rate * mean : (rate * gradient) / (Mathf.sqrt(mean) + epsilon);
    store<f32>(at(newS, index), mean);
    store<f32>(at(newW, index), load<f32>(at(w, index)) - step);
  }
}
