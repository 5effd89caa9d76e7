import { describe, expect, it } from "vitest";
import { principalAngles } from "../../../src/engine/linalg/principalAngles";
import { random } from "../../../src/engine/random";

describe("principalAngles", () => {
  it("finds a planted angle and resolves tiny ones", async () => {
    for (const angle of [1e-7, 0.01, 0.5, Math.PI / 2]) {
      const a = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0);
      const b = Float64Array.of(1, 0, 0, 0, 0, Math.cos(angle), Math.sin(angle), 0);
      const angles = await principalAngles(a, b, 2, 4);
      expect(angles[0]).toBeCloseTo(0, 9);
      expect(Math.abs(angles[1]! - angle) / angle).toBeLessThan(1e-6);
    }
  });

  it("does not depend on the bases of the subspaces", async () => {
    const stream = random(5, "rows");
    const a = Float64Array.from({ length: 3 * 20 }, () => stream.normal());
    const mixed = new Float64Array(3 * 20);
    const mix = [2, 1, 0, -1, 3, 1, 0.5, 0, 1];
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) for (let c = 0; c < 20; c++) mixed[i * 20 + c]! += mix[i * 3 + j]! * a[j * 20 + c]!;
    for (const angle of await principalAngles(a, mixed, 3, 20)) expect(angle).toBeLessThan(1e-7);
  });
});
