import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { MapRows, MapRun, NeighborGraph } from "../../../src/engine/maps/map";
import { neighborGraph } from "../../../src/engine/maps/neighbors";
import { mapQuality } from "../../../src/engine/maps/quality";
import { createUmap, type UmapOptions } from "../../../src/engine/maps/umap";
import type { UmapLabels } from "../../../src/engine/maps/umapLabels";
import { placeInUmap } from "../../../src/engine/maps/umapPlace";
import { random } from "../../../src/engine/random";
import { digitRows } from "../../helpers/digitRows";
import { mnistDigits } from "../../helpers/memoryDataset";

let crew: Crew, single: Crew;
beforeAll(async () => {
  const folder = await buildKernels();
  crew = openCrew({ folder, threads: 2 });
  single = openCrew({ folder, threads: 1 });
});
afterAll(async () => void (await Promise.all([crew.close(), single.close()])));

function finished<T extends MapRun>(run: T): T {
  while (run.iteration < run.iterations) run.step();
  return run;
}

const quiet = () => undefined;
const graphOf = (rows: MapRows, k = 14) => neighborGraph(rows, Math.min(k, rows.count - 1), crew, { seed: 1, report: quiet, method: "exact" });
const rowsOf = (data: Float32Array, dim: number): MapRows => ({ data, dim, count: data.length / dim, metric: "euclidean" });
const quality = (rows: MapRows, coordinates: Float32Array, labels: Int32Array | null = null, k = 15) => mapQuality(rows, coordinates, crew, { k, seed: 1, labels, report: quiet });

async function digitLabels(count: number): Promise<Int32Array> {
  const labels = await mnistDigits(count, 2).labels();
  if (labels?.kind !== "classes") throw new Error("digits have classes");
  return Int32Array.from(labels.values);
}

/** The k nearest rows of `others` for every row of `rows`, by comparing all. */
function nearestAmong(rows: MapRows, others: MapRows, k: number): NeighborGraph {
  const graph: NeighborGraph = { k, rows: new Int32Array(rows.count * k), distances: new Float32Array(rows.count * k), recall: 1 };
  for (let row = 0; row < rows.count; row++) {
    const distances = Float64Array.from({ length: others.count }, (_, other) => {
      let sum = 0;
      for (let i = 0; i < rows.dim; i++) sum += (rows.data[row * rows.dim + i]! - others.data[other * rows.dim + i]!) ** 2;
      return Math.sqrt(sum);
    });
    const order = Array.from(distances.keys()).sort((a, b) => distances[a]! - distances[b]!).slice(0, k);
    graph.rows.set(order, row * k);
    graph.distances.set(order.map(other => distances[other]!), row * k);
  }
  return graph;
}

/** Normal clouds around centers [clouds × dim]. */
function clouds(centers: number[][], each: number | ((cloud: number) => number)): Float32Array {
  const stream = random(1, "clouds");
  return Float32Array.from(centers.flatMap((center, cloud) => Array.from({ length: typeof each === "number" ? each : each(cloud) }, () => center.map(value => value + stream.normal())).flat()));
}

describe("a UMAP of 2,000 digits", () => {
  let rows: MapRows, labels: Int32Array, graph: NeighborGraph;
  beforeAll(async () => {
    rows = await digitRows(2000, 2);
    labels = await digitLabels(2000);
    graph = graphOf(rows);
  });

  it("is as trustworthy as umap-learn's, and its objective falls", () => {
    const run = createUmap(graph, { seed: 1 }, crew);
    expect(run.origin).toBe("spectral layout");
    while (run.iteration < 100) run.step();
    const early = run.objective().value;
    finished(run);
    expect(run.objective().value).toBeLessThan(0.6 * early);
    // umap-learn 0.5.3 on the same pixels, UMAP(random_state=s).fit_transform(X), sklearn's trustworthiness(X, e, n_neighbors=15):
    // s = 1: 0.9380, s = 2: 0.9334, s = 3: 0.9396, without a seed 0.9386.
    expect(quality(rows, run.coordinates()).trustworthiness).toBeGreaterThan(0.9396 - 0.005);
  });

  it("goes on from a saved state to the same bits, on any number of threads", () => {
    const options = { seed: 2, epochs: 30 };
    const whole = finished(createUmap(graph, options, crew)).coordinates();
    const half = createUmap(graph, options, single);
    for (let i = 0; i < 13; i++) half.step();
    const resumed = createUmap(graph, { ...options, resume: half.state() }, crew);
    expect(resumed.iteration).toBe(13);
    expect(resumed.coordinates()).toEqual(half.coordinates());
    expect(finished(resumed).coordinates()).toEqual(whole);
    expect(finished(half).coordinates()).toEqual(whole);
    expect(finished(createUmap(graph, { ...options, seed: 3 }, crew)).coordinates()).not.toEqual(whole);
  });

  it("in three dimensions keeps more of the neighbours", () => {
    const coordinates = finished(createUmap(graph, { seed: 1, dimensions: 3, epochs: 200 }, crew)).coordinates();
    expect(coordinates.length).toBe(6000);
    // umap-learn: UMAP(random_state=1, n_components=3, n_epochs=200) 0.9529.
    expect(quality(rows, coordinates).trustworthiness).toBeGreaterThan(0.9529 - 0.005);
  });

  it("parts the classes better when it is told them, or half of them, or how large they are", () => {
    const accuracy = (told?: UmapLabels) => quality(rows, finished(createUmap(graph, { seed: 1, epochs: 200, ...(told ? { labels: told } : {}) }, crew)).coordinates(), labels, 10).labelAccuracy!;
    const [plain, told] = [accuracy(), accuracy(labels)];
    // umap-learn: UMAP(random_state=1, n_epochs=200).fit_transform(X, y) 0.9945, with −1 for every other row 0.887.
    expect(told).toBeGreaterThan(0.98);
    expect(accuracy(labels.map((label, i) => (i % 2 ? label : -1)))).toBeGreaterThan(plain + 0.02);
    expect(accuracy(Float32Array.from(labels))).toBeGreaterThan(plain + 0.05);
  });

  it("takes new digits in among those of their class, and stays where it is", () => {
    const old = rowsOf(rows.data.subarray(0, 1500 * rows.dim), rows.dim);
    const coordinates = finished(createUmap(graphOf(old), { seed: 1, epochs: 200 }, crew)).coordinates();
    const map = { coordinates, dimensions: 2 } as const;
    const among = nearestAmong(rowsOf(rows.data.subarray(1500 * rows.dim), rows.dim), old, 15);
    const placed = placeInUmap(map, among, { seed: 1 }, crew);
    expect(placeInUmap(map, among, { seed: 1 }, single)).toEqual(placed);
    const nearest = nearestAmong(rowsOf(placed, 2), rowsOf(coordinates, 2), 1).rows;
    // umap-learn's transform, n_epochs=200: 0.668 and 0.652 with two seeds.
    expect(nearest.reduce((sum, row, i) => sum + Number(labels[row] === labels[1500 + i]), 0) / nearest.length).toBeGreaterThan(0.65);
    const copies = { k: 1, rows: Int32Array.of(7, 9), distances: new Float32Array(2), recall: 1 };
    expect([...placeInUmap(map, copies, { seed: 1, neighbors: 1, epochs: 1, learningRate: 1e-9 }, crew)]).toEqual([...coordinates.subarray(14, 16), ...coordinates.subarray(18, 20)]);
    expect(() => placeInUmap(map, { ...copies, rows: Int32Array.of(7, 1500) }, { seed: 1, neighbors: 1 }, crew)).toThrow("row 1500 of a map of 1500 rows");
    expect(() => placeInUmap(map, copies, { seed: 1 }, crew)).toThrow("15 neighbours among the old ones");
  });
});

describe("UMAP of unusual rows", () => {
  it("keeps unconnected parts apart", () => {
    const far = clouds([[0, 0, 0], [1000, 0, 0]], 100);
    const run = finished(createUmap(graphOf(rowsOf(far, 3)), { seed: 1 }, crew));
    expect(run.origin).toBe("spectral layout of each of 2 unconnected parts");
    expect(quality(rowsOf(far, 3), run.coordinates(), Int32Array.from({ length: 200 }, (_, i) => Math.floor(i / 100)), 5).labelAccuracy).toBe(1);
    const many = clouds(Array.from({ length: 9 }, (_, i) => [1000 * i, 0, 0]), i => (i < 6 ? 30 : 3));
    const parts = finished(createUmap(graphOf(rowsOf(many, 3), 2), { seed: 1, neighbors: 3, dimensions: 3 }, crew));
    expect(parts.origin).toMatch(/unconnected parts, \d of at most 4 rows at random$/);
    expect(parts.coordinates().every(Number.isFinite)).toBe(true);
  });

  it("puts duplicates beside each other, not far apart and not in one place", () => {
    const data = clouds([[0, 0, 0]], 100);
    for (let copy = 1; copy < 30; copy++) data.copyWithin(3 * copy, 0, 3);
    const run = finished(createUmap(graphOf(rowsOf(data, 3)), { seed: 1 }, crew));
    const coordinates = run.coordinates();
    expect(coordinates.every(Number.isFinite)).toBe(true);
    expect(new Set(coordinates).size).toBe(200);
    const spread = (from: number, to: number) => Math.max(...coordinates.subarray(2 * from, 2 * to).filter((_, i) => i % 2 === 0)) - Math.min(...coordinates.subarray(2 * from, 2 * to).filter((_, i) => i % 2 === 0));
    expect(spread(0, 30)).toBeLessThan(spread(0, 100));
  });

  it.each([2, 3, 4, 5, 16])("maps %s rows", count => {
    const run = finished(createUmap(graphOf(rowsOf(clouds([[0, 0]], count), 2)), { seed: 1, epochs: 50 }, crew));
    expect(run.coordinates().length).toBe(2 * count);
    expect(run.coordinates().every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(run.objective().value)).toBe(true);
  });

  it("says what does not fit", () => {
    const data = clouds([[0, 0]], 30);
    const graph = graphOf(rowsOf(data, 2), 5);
    const create = (options: Partial<UmapOptions>) => () => createUmap(graph, { seed: 1, neighbors: 6, ...options }, crew);
    expect(create({ neighbors: 15 })).toThrow("needs 14 others of every row, but the neighbour graph has 5");
    expect(create({ neighbors: 1 })).toThrow("2 or more");
    expect(create({ minDist: 4 })).toThrow("minDist is 4");
    expect(create({ spread: 0 })).toThrow("spread is 0");
    expect(create({ epochs: 0 })).toThrow("0 epochs");
    expect(create({ labels: new Int32Array(3) })).toThrow("3 labels for 30 rows");
    expect(create({ initial: new Float32Array(3) })).toThrow("3 coordinates, but 30 rows in 2 dimensions have 60");
    expect(create({ resume: {} })).toThrow("not one of a UMAP of 30 rows");
    graph.rows[7] = 30;
    expect(create({})).toThrow("names row 30 as a neighbour of row 1");
    graph.distances[4] = NaN;
    expect(create({})).toThrow("row 0 the distance NaN to its neighbour 5");
  });

  it("begins where it is told", () => {
    const data = clouds([[0, 0]], 30);
    const run = createUmap(graphOf(rowsOf(data, 2)), { seed: 1, initial: data }, crew);
    const coordinates = run.coordinates();
    expect([0, 1].map(axis => Math.max(...coordinates.filter((_, i) => i % 2 === axis)))).toEqual([expect.closeTo(5, 2), expect.closeTo(5, 2)]);
    expect(createUmap(graphOf(rowsOf(data, 2)), { seed: 1, initial: "random" }, crew).origin).toBe("random places");
  });
});
