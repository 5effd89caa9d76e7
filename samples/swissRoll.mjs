// The rolled-up plane of Tenenbaum, de Silva and Langford (2000): three dimensions that are two.
import { uniform } from "./random.mjs";

/** @param {number} count @returns {{ points: Float32Array, positions: Float32Array }} rows of x, y, z; the angle along the roll */
export function rollUp(count) {
  const random = uniform(2000);
  const points = new Float32Array(count * 3);
  const positions = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const angle = 1.5 * Math.PI * (1 + 2 * random());
    points.set([angle * Math.cos(angle), 21 * random(), angle * Math.sin(angle)], index * 3);
    positions[index] = angle;
  }
  return { points, positions };
}
