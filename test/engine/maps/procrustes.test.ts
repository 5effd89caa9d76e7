import { describe, expect, it } from "vitest";
import { aligned, procrustes } from "../../../src/engine/maps/procrustes";
import { normals, random } from "../../../src/engine/random";
import { digitRows, momentMap } from "../../helpers/digitMaps";

/** y = 2.5 R x + t, R a rotation about an axis and, where `mirrored`, a reflection too. */
function moved(map: Float32Array, dimensions: 2 | 3, mirrored: boolean): Float32Array {
  const [cos, sin] = [Math.cos(2), Math.sin(2)];
  return map.map((_, i) => {
    const [row, j] = [i - (i % dimensions), i % dimensions];
    const [x, y] = [map[row]! * (mirrored ? -1 : 1), map[row + 1]!];
    return 2.5 * [cos * x - sin * y, sin * x + cos * y, dimensions === 3 ? map[row + 2]! : 0][j]! + [3, -7, 11][j]!;
  });
}

describe.each([2, 3] as const)("procrustes in %s dimensions", dimensions => {
  const map = normals(200 * dimensions, random(1));

  it.each([false, true])("finds back what was moved, mirrored: %s", mirrored => {
    const onto = moved(map, dimensions, mirrored);
    const alignment = procrustes(map, onto, dimensions);
    expect(alignment.scale).toBeCloseTo(2.5, 5);
    expect(alignment.residual).toBeLessThan(1e-9);
    aligned(map, alignment).forEach((value, i) => expect(value).toBeCloseTo(onto[i]!, 4));
  });

  it("gives an orthogonal matrix for maps that are a point or a line", () => {
    const line = map.map((value, i) => (i % dimensions === 0 ? value : 0));
    for (const [from, onto] of [[map, new Float32Array(map.length)], [new Float32Array(map.length), map], [line, map], [map, line], [line, line]] as const) {
      const { rotation, scale, residual } = procrustes(from, onto, dimensions);
      expect(Number.isFinite(scale)).toBe(true);
      expect(residual).toBeLessThanOrEqual(1);
      for (let i = 0; i < dimensions; i++) {
        for (let j = 0; j < dimensions; j++) {
          let product = 0;
          for (let l = 0; l < dimensions; l++) product += rotation[i * dimensions + l]! * rotation[j * dimensions + l]!;
          expect(product).toBeCloseTo(i === j ? 1 : 0, 9);
        }
      }
    }
  });

  it("aligns by the rows that both have", () => {
    const onto = moved(map, dimensions, false);
    const from = Float32Array.from([...map.subarray(50 * dimensions), ...normals(30 * dimensions, random(2))]);
    const pairs = { from: Int32Array.from({ length: 150 }, (_, i) => i), onto: Int32Array.from({ length: 150 }, (_, i) => i + 50) };
    const alignment = procrustes(from, onto, dimensions, pairs);
    expect(alignment.residual).toBeLessThan(1e-9);
    expect(aligned(from, alignment)[0]).toBeCloseTo(onto[50 * dimensions]!, 4);
  });
});

it("leaves what scipy leaves", async () => {
  // scipy.spatial.procrustes(x[:, [60, 80]], m)[2], and (x[:, [60, 80, 100]], np.c_[m, x[:, 130]])[2]; x, m as in quality.test.ts
  const { data, count, dim } = await digitRows(1000, 2);
  const map = momentMap({ data, count, dim, metric: "euclidean" });
  const pixels = (row: number, columns: number[]) => columns.map(column => data[row * dim + column]!);
  const all = (make: (row: number) => number[]) => Float32Array.from(Array.from({ length: count }, (_, row) => make(row)).flat());
  expect(procrustes(map, all(row => pixels(row, [60, 80])), 2).residual).toBeCloseTo(0.8505562598129055, 7);
  expect(procrustes(all(row => [map[row * 2]!, map[row * 2 + 1]!, ...pixels(row, [130])]), all(row => pixels(row, [60, 80, 100])), 3).residual).toBeCloseTo(0.8690223039772538, 7);
});

it("refuses maps without a common row, in words", () => {
  expect(() => procrustes(new Float32Array(0), new Float32Array(0), 2)).toThrow("no rows in common");
});
