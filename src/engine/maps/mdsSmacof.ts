import type { NamedTensors } from "../safetensors";
import type { Evaluation, ExactMap } from "./mdsExact";
import type { MdsSteps } from "./mdsSteps";

// SMACOF (de Leeuw 1977): each step replaces the map by its Guttman transform Γ(x), which never raises the stress. We take the
// relaxed step 2 Γ(x) − x of de Leeuw & Heiser (1980): as safe, since the majorizing parabola is as high there as at x, and twice
// as fast near the end. x is taken at its best scale, which Γ does not depend on and which would otherwise swing about it.

export interface SmacofOptions {
  dimensions: 2 | 3;
  /** Most steps from each start. */
  iterations: number;
  /** A start ends when a step lowers the stress by less than this share of it. */
  eps: number;
  /** Starts, of which the best is kept. */
  starts: number;
  /** The map [count × dimensions] that a start begins with. */
  start(number: number): Float32Array;
}

/** Runs SMACOF on `map` of `count` rows, from the beginning or from an earlier `state`. */
export function smacof(map: ExactMap, count: number, { dimensions, iterations, eps, starts, start }: SmacofOptions, state?: NamedTensors): MdsSteps {
  const { x, image, stride } = map;
  /** Which start is under way, its steps, and whether the last one has ended. */
  let [number, steps, ended] = state ? Array.from(state["progress"]!.data, Number) as [number, number, number] : [0, 0, 0];
  let best: { coordinates: Float32Array; stress: number } | undefined;
  if (state?.["best"]) best = { coordinates: state["best"].data as Float32Array, stress: Number(state["best_stress"]!.data[0]) };
  let now: Evaluation;

  /** Takes a map, row-major, and centres it. */
  function take(coordinates: Float32Array, isCentred = false): void {
    for (let axis = 0; axis < dimensions; axis++) {
      let mean = 0;
      if (!isCentred) for (let i = 0; i < count; i++) mean += coordinates[i * dimensions + axis]! / count;
      for (let i = 0; i < count; i++) x[axis * stride + i] = coordinates[i * dimensions + axis]! - mean;
    }
    now = map.evaluate();
  }
  function give(scale: number): Float32Array {
    const coordinates = new Float32Array(count * dimensions);
    for (let axis = 0; axis < dimensions; axis++) for (let i = 0; i < count; i++) coordinates[i * dimensions + axis] = x[axis * stride + i]! * scale;
    return coordinates;
  }
  take(state ? (state["map"]!.data as Float32Array) : start(0), state !== undefined);

  return {
    left: () => (ended ? 0 : iterations - steps + iterations * (starts - 1 - number)),
    step: () => {
      if (ended) return;
      const before = now;
      for (let at = 0; at < x.length; at++) x[at] = 2 * image[at]! - before.scale * x[at]!;
      now = map.evaluate();
      steps++;
      if (steps < iterations && before.stress - now.stress > eps * before.stress) return;
      if (starts > 1 && !(best && best.stress <= now.stress)) best = { coordinates: give(1), stress: now.stress };
      if (number + 1 < starts) {
        [number, steps] = [number + 1, 0];
        take(start(number));
      } else {
        ended = 1;
        if (best && best.stress < now.stress) take(best.coordinates, true);
      }
    },
    stress: () => now.stress,
    coordinates: () => give(now.scale),
    state: () => ({
      map: { shape: [count, dimensions], data: give(1) },
      progress: { shape: [3], data: Int32Array.of(number, steps, ended) },
      ...(best && { best: { shape: [count, dimensions], data: best.coordinates }, best_stress: { shape: [1], data: Float64Array.of(best.stress) } }),
    }),
  };
}
