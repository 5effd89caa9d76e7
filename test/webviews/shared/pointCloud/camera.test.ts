import { describe, expect, it } from "vitest";
import { fit, magnification, matrixOf, zoom, type Bounds, type Camera2d, type Clear } from "../../../../src/webviews/shared/pointCloud/camera";
import { projectAll } from "../../../../src/webviews/shared/pointCloud/projected";

const bounds: Bounds = { middle: [10, -5], half: [4, 1] };

/** Where the cloud's outermost points lie, in CSS pixels: left, right, top, bottom. */
function edges(width: number, height: number, clear?: Clear): number[] {
  const viewport = { width, height };
  const [left, top, right, bottom] = projectAll(Float32Array.of(6, -4, 14, -6), 2, matrixOf(fit(bounds, 2, viewport, clear), bounds, viewport), viewport);
  return [left!, width - right!, top!, height - bottom!];
}

describe("a camera that shows everything", () => {
  it("leaves a twentieth at the sides, in the middle of the view", () => {
    const [left, right, top, bottom] = edges(800, 600);
    expect(left).toBeCloseTo(40, 3);
    expect(right).toBeCloseTo(40, 3);
    expect(top).toBeCloseTo(bottom!, 3);
  });

  it("keeps clear what it is told, as long as half of the view is left", () => {
    expect(edges(800, 600, [100, 0])[1]).toBeCloseTo(100, 3);
    expect(edges(800, 600, [20, 0])[1]).toBeCloseTo(40, 3);
    expect(edges(300, 600, [100, 0])[1]).toBeCloseTo(75, 3);
    expect(edges(2000, 100, [0, 20])[2]).toBeCloseTo(20, 3);
  });

  it("is what magnification is counted from", () => {
    const viewport = { width: 800, height: 600 };
    const whole = fit(bounds, 2, viewport, [100, 0]) as Camera2d;
    expect(magnification(whole, bounds, viewport, [100, 0])).toBe(1);
    expect(magnification(zoom(whole, 2, 10, 10, viewport), bounds, viewport, [100, 0])).toBeCloseTo(2, 6);
  });
});
