import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { MapMetric, MapRows } from "../../../src/engine/maps/map";
import { mapQuality, type MapQuality, type QualityOptions } from "../../../src/engine/maps/quality";
import { ranked } from "../../../src/engine/maps/qualityShepard";
import { normals, random } from "../../../src/engine/random";
import { digitRows, momentMap } from "../../helpers/digitMaps";
import { mnistDigits } from "../../helpers/memoryDataset";

let crew: Crew;
let alone: Crew;
let rows: MapRows;
let map: Float32Array;
let labels: Int32Array;
beforeAll(async () => {
  const folder = await buildKernels();
  crew = openCrew({ folder, threads: 3 });
  alone = openCrew({ folder, threads: 1 });
  rows = await digitRows(1000, 2);
  map = momentMap(rows);
  labels = ((await mnistDigits(1000).labels()) as { values: Int32Array }).values;
});
afterAll(() => Promise.all([crew.close(), alone.close()]));

/** The first `count` rows in the map, judged. */
const judge = (options: Partial<QualityOptions> & { k: number }, { metric = "euclidean", on = crew, count = 1000 }: { metric?: MapMetric; on?: Crew; count?: number } = {}): MapQuality =>
  mapQuality({ data: rows.data.subarray(0, count * rows.dim), count, dim: rows.dim, metric }, map.subarray(0, 2 * count), on, { seed: 1, report: () => undefined, ...options });

const judgements = new Map<number, MapQuality>();
/** All rows and labels judged with k neighbours, once for all tests: half a million distances take a second to rank. */
const judged = (k: number) => judgements.get(k) ?? judgements.set(k, judge({ k, labels })).get(k)!;

// By scikit-learn 1.2.1 and scipy 1.10 on the same 1,000 digits, x = pixels / 255 as f32, m = momentMap(x):
//   trustworthiness(x, m, n_neighbors=k), trustworthiness(m, x, n_neighbors=k), neighbours by NearestNeighbors(n_neighbors=k).fit(…).kneighbors()
const reference = [
  { k: 5, trustworthiness: 0.590964314516129, continuity: 0.7235788306451614, overlap: 0.0182, accuracy: 0.193 },
  { k: 12, trustworthiness: 0.5896912888436068, continuity: 0.7012265240278486, overlap: 0.03741666666666667, accuracy: 0.197 },
  { k: 30, trustworthiness: 0.5968264711017985, continuity: 0.6801167801641348, overlap: 0.07303333333333333, accuracy: 0.193 },
];

describe("the quality of a map of digits", () => {
  it.each(reference)("is scikit-learn's with $k neighbours", ({ k, trustworthiness, continuity, overlap, accuracy }) => {
    const quality = judged(k);
    expect(quality.trustworthiness).toBeCloseTo(trustworthiness, 9);
    expect(quality.continuity).toBeCloseTo(continuity, 9);
    expect(quality.neighborOverlap).toBeCloseTo(overlap, 12);
    expect(quality.labelAccuracy).toBeCloseTo(accuracy, 12);
    expect([quality.k, quality.judged]).toEqual([k, 1000]);
  });

  it("is scikit-learn's by cosine but for what f32 does to rows of length 1", () => {
    expect(judge({ k: 12 }, { metric: "cosine" }).trustworthiness).toBeCloseTo(0.5830481406011208, 6);
  });

  it("has scipy's rank correlation of all distances, and their stress in the best size", () => {
    // spearmanr(pdist(x), pdist(m)), sqrt(1 − (dx·dm)² / (dx·dx · dm·dm))
    const { shepard } = judged(5);
    expect([shepard.pairs, shepard.of, shepard.data.length]).toEqual([499_500, 499_500, 5000]);
    expect(shepard.spearman).toBeCloseTo(0.3109026122728767, 8);
    expect(shepard.stress1).toBeCloseTo(0.5761078639691376, 8);
  });

  it("is nearly the same judged on a sample, which is stated", () => {
    const [all, some] = [judged(12), judge({ k: 12, most: 300 })];
    expect(some.judged).toBe(300);
    expect(Math.abs(some.trustworthiness - all.trustworthiness)).toBeLessThan(0.02);
    expect(Math.abs(some.continuity - all.continuity)).toBeLessThan(0.02);
  });

  it("is the same on any number of threads", () => expect(judge({ k: 12, labels }, { on: alone })).toEqual(judged(12)));

  it("has no accuracy where no class is known, and judges only rows that have one", () => {
    const count = 200;
    expect(judge({ k: 5 }, { count }).labelAccuracy).toBeNull();
    expect(judge({ k: 5, labels: new Int32Array(count).fill(-1) }, { count }).labelAccuracy).toBeNull();
    expect(judge({ k: 5, labels: Int32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 3 : -1)) }, { count }).labelAccuracy).toBeGreaterThan(0.9);
  });

  it("refuses more neighbours than ranks have room for, in words", () => expect(() => judge({ k: 500 })).toThrow("from 1 to 499"));
});

describe("the quality of other maps", () => {
  const judgeMap = (data: Float32Array, dim: number, coordinates: Float32Array, k = 5) =>
    mapQuality({ data, count: data.length / dim, dim, metric: "euclidean" }, coordinates, crew, { k, seed: 1, report: () => undefined });

  it("is perfect where the map is the data turned and sized", () => {
    const data = normals(400 * 2, random(1));
    const quality = judgeMap(data, 2, data.map((_, i) => (i % 2 === 0 ? -4 * data[i + 1]! : 4 * data[i - 1]!)));
    expect([quality.trustworthiness, quality.continuity, quality.neighborOverlap]).toEqual([1, 1, 1]);
    expect(quality.shepard.spearman).toBeCloseTo(1, 6);
    expect(quality.shepard.stress1).toBeLessThan(1e-5);
  });

  it("is that of chance where the map is noise", () => {
    const quality = judgeMap(normals(1000 * 8, random(1)), 8, normals(1000 * 2, random(2)));
    expect(quality.trustworthiness).toBeLessThan(0.55);
    expect(Math.abs(quality.shepard.spearman)).toBeLessThan(0.02);
  });

  it("is stated where rows lie in one place, far from the origin, or all", () => {
    const far = normals(300 * 3, random(3)).map(value => 1000 + value);
    far.copyWithin(0, 3, 6);
    const quality = judgeMap(far, 3, far.filter((_, i) => i % 3 < 2));
    expect(quality.trustworthiness).toBeGreaterThan(0.7); // two of its three columns
    const one = judgeMap(new Float32Array(300), 3, new Float32Array(200));
    expect([one.trustworthiness, one.continuity, one.shepard.stress1]).toEqual([1, 1, 0]);
  });
});

it("equal values share the mean of their ranks", () => expect([...ranked(Float64Array.of(3, 1, 3, 2, 3))]).toEqual([4, 1, 4, 2, 4]));
