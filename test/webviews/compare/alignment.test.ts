import { describe, expect, it } from "vitest";
import { random } from "../../../src/engine/random";
import { procrustes, turned, type Turn } from "../../../src/webviews/compare/alignment";

const stream = random(3, "alignment");
/** A cloud longer than wide, away from the origin, with no symmetry. */
const cloud = Float32Array.from({ length: 2 * 200 }, (_, i) => (i % 2 ? 5 + stream.normal() : -3 + 4 * stream.normal() ** 2));
const rotation = (angle: number): Turn => [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)];
const reflection = (angle: number): Turn => [Math.cos(angle), Math.sin(angle), Math.sin(angle), -Math.cos(angle)];

/** Σ |aᵢ − bᵢ|² after both are centred. */
function distance(a: Float32Array, b: Float32Array): number {
  const mean = (points: Float32Array, k: number) => points.reduce((sum, value, i) => (i % 2 === k ? sum + value : sum), 0) / (points.length / 2);
  const [means, others] = [[mean(a, 0), mean(a, 1)], [mean(b, 0), mean(b, 1)]];
  return a.reduce((sum, value, i) => sum + (value - means[i % 2]! - (b[i]! - others[i % 2]!)) ** 2, 0);
}

describe("procrustes", () => {
  it.each([rotation(0), rotation(0.7), rotation(-2.9), reflection(0), reflection(1.3), reflection(3)].map(turn => ({ turn })))("finds the way back from a map turned by $turn", ({ turn }) => {
    const back = turned(turned(cloud, turn), procrustes(turned(cloud, turn), cloud));
    expect(distance(back, cloud) / distance(cloud, new Float32Array(cloud.length))).toBeLessThan(1e-9);
  });

  it("comes as near to another map as any rotation or reflection does", () => {
    const other = cloud.map((value, i) => 3 * cloud[i ^ 1]! + value + 8 * stream.normal());
    const least = distance(turned(other, procrustes(other, cloud)), cloud);
    for (let step = 0; step < 360; step++) {
      for (const turn of [rotation, reflection]) expect(distance(turned(other, turn((step * Math.PI) / 180)), cloud)).toBeGreaterThanOrEqual(least - 1e-6 * least);
    }
  });

  it("keeps all distances and the middle", () => {
    const moved = turned(cloud, procrustes(cloud, cloud.toReversed()));
    const length = (points: Float32Array, i: number, j: number) => Math.hypot(points[2 * i]! - points[2 * j]!, points[2 * i + 1]! - points[2 * j + 1]!);
    for (let i = 1; i < 200; i++) expect(length(moved, i, i - 1)).toBeCloseTo(length(cloud, i, i - 1), 4);
    const sumOf = (points: Float32Array) => points.reduce((sum, value) => sum + value, 0);
    expect(sumOf(moved)).toBeCloseTo(sumOf(cloud), 1);
  });

  it("leaves points that are all the same as they are, and refuses maps of other rows", () => {
    expect(procrustes(new Float32Array(8), cloud.subarray(0, 8))).toEqual([1, -0, 0, 1]);
    expect(() => procrustes(cloud, cloud.subarray(2))).toThrow("200 points cannot be turned onto 199");
  });
});
