// One step of Adam (Kingma & Ba 2015, algorithm 1) over flat arrays, in one pass instead of the fourteen of its terms.

import { at, partStart } from "./parts";

/**
 * newM = β₁ m + (1−β₁) g,  newV = β₂ v + (1−β₂) g²,  newW = w − stepSize · newM / (√(newV · correction2) + ε), where the
 * caller gives stepSize = learningRate / (1−β₁ᵗ) and correction2 = 1 / (1−β₂ᵗ). All arrays have `count` values; an output
 * may be its input. The complements 1−β are passed in because 1 − 0.999 in f32 is off by 5e-5.
 */
export function adam(
  w: usize, g: usize, m: usize, v: usize, newW: usize, newM: usize, newV: usize, count: i32,
  beta1: f32, complement1: f32, beta2: f32, complement2: f32, stepSize: f32, correction2: f32, epsilon: f32,
  part: i32, parts: i32,
): void {
  const beta1x4 = f32x4.splat(beta1);
  const complement1x4 = f32x4.splat(complement1);
  const beta2x4 = f32x4.splat(beta2);
  const complement2x4 = f32x4.splat(complement2);
  const stepSizeX4 = f32x4.splat(stepSize);
  const correction2x4 = f32x4.splat(correction2);
  const epsilonX4 = f32x4.splat(epsilon);
  const end = partStart(count, 4, part + 1, parts);
  let index = partStart(count, 4, part, parts);
  for (; index + 4 <= end; index += 4) {
    const gradient = v128.load(at(g, index));
    const mean = f32x4.add(f32x4.mul(beta1x4, v128.load(at(m, index))), f32x4.mul(complement1x4, gradient));
    const square = f32x4.add(
      f32x4.mul(beta2x4, v128.load(at(v, index))),
      f32x4.mul(complement2x4, f32x4.mul(gradient, gradient)),
    );
    const scale = f32x4.add(f32x4.sqrt(f32x4.mul(square, correction2x4)), epsilonX4);
    v128.store(at(newM, index), mean);
    v128.store(at(newV, index), square);
    v128.store(at(newW, index), f32x4.sub(v128.load(at(w, index)), f32x4.div(f32x4.mul(stepSizeX4, mean), scale)));
  }
  for (; index < end; index++) {
    const gradient = load<f32>(at(g, index));
    const mean = beta1 * load<f32>(at(m, index)) + complement1 * gradient;
    const square = beta2 * load<f32>(at(v, index)) + complement2 * (gradient * gradient);
    const scale = Mathf.sqrt(square * correction2) + epsilon;
    store<f32>(at(newM, index), mean);
    store<f32>(at(newV, index), square);
    store<f32>(at(newW, index), load<f32>(at(w, index)) - (stepSize * mean) / scale);
  }
}
