import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { symmetricEigen } from "../../../src/engine/linalg/symmetricEigen";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { MapRows } from "../../../src/engine/maps/map";
import { chooseLandmarks, classicalMap } from "../../../src/engine/maps/mdsClassical";
import { distancesOf, pairIndex } from "../../../src/engine/maps/mdsDistances";
import { createMds } from "../../../src/engine/maps/mds";
import { random, shuffled } from "../../../src/engine/random";
import { digitRows } from "../../helpers/digitRows";

let crew: Crew;
beforeAll(async () => void (crew = openCrew({ folder: await buildKernels(), threads: 2 })));
afterAll(() => crew.close());

const quiet = () => undefined;
const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

/** Scores on the first k principal components, by the covariance in f64: [count × k]. */
async function principalScores({ data, count, dim }: MapRows, k: number): Promise<Float64Array> {
  const mean = new Float64Array(dim);
  data.forEach((value, at) => { mean[at % dim]! += value / count; });
  const covariance = new Float64Array(dim * dim);
  for (let i = 0; i < count; i++) for (let a = 0; a < dim; a++) for (let b = 0; b < dim; b++) covariance[a * dim + b]! += (data[i * dim + a]! - mean[a]!) * (data[i * dim + b]! - mean[b]!);
  const { vectors } = await symmetricEigen(covariance, dim, k);
  const scores = new Float64Array(count * k);
  for (let i = 0; i < count; i++) for (let axis = 0; axis < k; axis++) for (let c = 0; c < dim; c++) scores[i * k + axis]! += (data[i * dim + c]! - mean[c]!) * vectors[axis * dim + c]!;
  return scores;
}

/** The largest difference of two maps, axis by axis and whatever the axis' sign, as a share of the largest coordinate. */
function difference(map: ArrayLike<number>, other: ArrayLike<number>, dimensions: number): number {
  const largest = Math.max(...Array.from(other, Math.abs));
  const sides = Array.from({ length: dimensions }, (_, axis) => [1, -1].map(sign => Math.max(...Array.from(map, (value, at) => (at % dimensions === axis ? Math.abs(value - sign * other[at]!) : 0)))));
  return Math.max(...sides.map(([same, opposite]) => Math.min(same!, opposite!))) / largest;
}

describe("distances", () => {
  // 7 values a row and 259 rows: neither fills the kernels' vectors, tiles and blocks.
  it.each(["euclidean", "cosine"] as const)("are %s, in triangles, blocks and pairs alike", metric => crew.heap.scope(() => {
    const [count, dim] = [259, 7];
    const stream = random(1, "rows");
    const data = Float32Array.from({ length: count * dim }, (_, at) => (at < dim ? 0 : stream.normal()));
    data.copyWithin(dim, 2 * dim, 3 * dim); // rows 1 and 2 are the same, row 0 is at the origin
    const expected = (i: number, j: number) => {
      const [a, b] = [data.subarray(i * dim, (i + 1) * dim), data.subarray(j * dim, (j + 1) * dim)];
      if (metric === "euclidean") return Math.hypot(...a.map((value, c) => value - b[c]!));
      if (i === j) return 0;
      const norm = Math.hypot(...a) * Math.hypot(...b);
      return norm === 0 ? 1 : 1 - a.reduce((sum, value, c) => sum + value * b[c]!, 0) / norm;
    };
    const distances = distancesOf(crew, { data, count, dim, metric });
    const triangle = crew.heap.float32((count * (count - 1)) / 2);
    distances.fill(triangle, quiet);
    const columns = Int32Array.of(0, 200, 31, 5, 2);
    const [block, among] = [distances.block(1, 259, columns).values, distances.among(columns).values];
    let worst = 0;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < i; j++) worst = Math.max(worst, Math.abs(triangle.values[pairIndex(i, j)]! - expected(i, j)), Math.abs(distances.pair(i, j) - expected(i, j)));
      if (i > 0) columns.forEach((column, c) => { worst = Math.max(worst, Math.abs(block[(i - 1) * 5 + c]! - expected(i, column))); });
    }
    columns.forEach((row, r) => columns.forEach((column, c) => { worst = Math.max(worst, Math.abs(among[r * 5 + c]! - expected(row, column))); }));
    expect(worst).toBeLessThan(3e-6);
    expect(triangle.values[pairIndex(2, 1)]).toBe(0);
  }));
});

describe("classical scaling", () => {
  it.each([2, 3])("of Euclidean distances is PCA, in %i dimensions", async dimensions => {
    const rows = await digitRows(300, 2);
    const map = await classicalMap(crew, distancesOf(crew, rows), all(300), dimensions, quiet);
    expect(difference(map.coordinates, await principalScores(rows, dimensions), dimensions)).toBeLessThan(1e-4);
    expect(map.eigenvalues.at(-1)! / map.eigenvalues[0]!).toBeGreaterThan(-1e-5);
  });

  it("by landmarks, all rows being landmarks, is classical scaling", async () => {
    const distances = distancesOf(crew, await digitRows(200, 2, "cosine"));
    const landmarks = shuffled(all(200), random(1));
    const [map, plain] = [await classicalMap(crew, distances, landmarks, 2, quiet), await classicalMap(crew, distances, all(200), 2, quiet)];
    expect(difference(map.coordinates, plain.coordinates, 2)).toBeLessThan(1e-5);
  });

  it("by a sixth of the rows fits the distances nearly as well", async () => {
    const rows = await digitRows(600, 2);
    const [few, full] = [await createMds(crew, rows, { kind: "classical", dimensions: 2, seed: 1, landmarks: 100 }, quiet), await createMds(crew, rows, { kind: "classical", dimensions: 2, seed: 1 }, quiet)];
    expect([few.classical!.landmarks, full.classical!.landmarks]).toEqual([100, 600]);
    expect([few.iterations, few.pairs]).toEqual([0, 179_700]);
    const ratio = few.objective().value / full.objective().value;
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.1);
    expect(chooseLandmarks(600, 60, 1)).not.toEqual(chooseLandmarks(600, 60, 2));
  });

  it("leaves an axis that no distance asks for at 0", async () => {
    const data = Float32Array.from({ length: 20 }, (_, i) => i);
    const { coordinates } = await classicalMap(crew, distancesOf(crew, { data, count: 20, dim: 1, metric: "euclidean" }), all(20), 2, quiet);
    coordinates.forEach((value, at) => expect(Math.abs(value)).toBeCloseTo(at % 2 === 0 ? Math.abs(at / 2 - 9.5) : 0, 4));
  });
});
