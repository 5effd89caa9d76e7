import type { Viewport } from "./camera";

// Where points lie on the screen. Brute force over all points: a million take some milliseconds, less than building and
// keeping an index for every camera.

/** A point that is not drawn, because it is behind the viewer, has this position. */
const nowhere = -1e9;

/** CSS pixels [n × 2] of points [n × dimensions] under a matrix; `into` is reused when it has the right size. */
export function projectAll(positions: Float32Array, dimensions: number, matrix: Float32Array, { width, height }: Viewport, into?: Float32Array): Float32Array {
  const n = positions.length / dimensions;
  const screen = into && into.length === 2 * n ? into : new Float32Array(2 * n);
  const m = matrix;
  for (let i = 0; i < n; i++) {
    const x = positions[i * dimensions]!;
    const y = positions[i * dimensions + 1]!;
    const z = dimensions === 3 ? positions[i * 3 + 2]! : 0;
    const w = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!;
    if (w <= 0) {
      screen[2 * i] = nowhere;
      screen[2 * i + 1] = nowhere;
      continue;
    }
    screen[2 * i] = (0.5 + (m[0]! * x + m[4]! * y + m[8]! * z + m[12]!) / (2 * w)) * width;
    screen[2 * i + 1] = (0.5 - (m[1]! * x + m[5]! * y + m[9]! * z + m[13]!) / (2 * w)) * height;
  }
  return screen;
}

/** The shown point nearest to a pixel, within `reach` pixels; −1 when there is none. */
export function nearestPoint(screen: Float32Array, shown: Uint8Array, x: number, y: number, reach: number): number {
  let best = -1;
  let bestDistance = reach * reach;
  for (let i = 0; i < shown.length; i++) {
    if (!shown[i]) continue;
    const dx = screen[2 * i]! - x;
    const dy = screen[2 * i + 1]! - y;
    const distance = dx * dx + dy * dy;
    if (distance < bestDistance) {
      bestDistance = distance;
      best = i;
    }
  }
  return best;
}

/** The shown point to go to from `from` when an arrow key points along (dx, dy): near, and rather ahead than aside. −1 when none is ahead. */
export function pointAhead(screen: Float32Array, shown: Uint8Array, from: number, dx: number, dy: number): number {
  let best = -1;
  let bestCost = Infinity;
  for (let i = 0; i < shown.length; i++) {
    if (!shown[i] || i === from || screen[2 * i] === nowhere) continue;
    const ox = screen[2 * i]! - screen[2 * from]!;
    const oy = screen[2 * i + 1]! - screen[2 * from + 1]!;
    const ahead = ox * dx + oy * dy;
    const aside = Math.abs(ox * dy - oy * dx);
    if (ahead <= 0 || aside > ahead) continue;
    const cost = ahead + 2 * aside;
    if (cost < bestCost) {
      bestCost = cost;
      best = i;
    }
  }
  return best;
}

/** The shown points inside a polygon of pixels [x0, y0, x1, y1, …] (even–odd rule), ascending. */
export function pointsInside(screen: Float32Array, shown: Uint8Array, polygon: readonly number[]): Int32Array {
  const count = polygon.length / 2;
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let k = 0; k < count; k++) {
    left = Math.min(left, polygon[2 * k]!);
    right = Math.max(right, polygon[2 * k]!);
    top = Math.min(top, polygon[2 * k + 1]!);
    bottom = Math.max(bottom, polygon[2 * k + 1]!);
  }
  const inside: number[] = [];
  for (let i = 0; i < shown.length; i++) {
    const x = screen[2 * i]!;
    const y = screen[2 * i + 1]!;
    if (!shown[i] || x < left || x > right || y < top || y > bottom) continue;
    let odd = false;
    for (let k = 0, previous = count - 1; k < count; previous = k++) {
      const [ax, ay, bx, by] = [polygon[2 * k]!, polygon[2 * k + 1]!, polygon[2 * previous]!, polygon[2 * previous + 1]!];
      if (ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) odd = !odd;
    }
    if (odd) inside.push(i);
  }
  return Int32Array.from(inside);
}
