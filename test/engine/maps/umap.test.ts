import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { MapRun, NeighborGraph } from "../../../src/engine/maps/map";
import { createUmap, type UmapOptions } from "../../../src/engine/maps/umap";
import type { UmapLabels } from "../../../src/engine/maps/umapLabels";
import { placeInUmap } from "../../../src/engine/maps/umapPlace";
import { random } from "../../../src/engine/random";
import { mnistDigits } from "../../helpers/memoryDataset";
import { bruteForceGraph, labelAccuracy, trustworthiness } from "../../helpers/umapReference";

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

async function digits(count: number) {
  const dataset = mnistDigits(count, 2);
  const labels = await dataset.labels();
  if (labels?.kind !== "classes") throw new Error("digits have classes");
  return { data: await dataset.rows(Int32Array.from({ length: count }, (_, i) => i)), dim: 196, labels: Int32Array.from(labels.values) };
}

/** Normal clouds around centers [clouds × dim]. */
function clouds(centers: number[][], each: number | ((cloud: number) => number)): Float32Array {
  const stream = random(1, "clouds");
  return Float32Array.from(centers.flatMap((center, cloud) => Array.from({ length: typeof each === "number" ? each : each(cloud) }, () => center.map(value => value + stream.normal())).flat()));
}

describe("a UMAP of 2,000 digits", () => {
  let rows: Awaited<ReturnType<typeof digits>>;
  let graph: NeighborGraph;
  beforeAll(async () => {
    rows = await digits(2000);
    graph = bruteForceGraph(rows.data, rows.dim, 14);
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
    expect(trustworthiness(rows.data, rows.dim, run.coordinates(), 2, 15)).toBeGreaterThan(0.9396 - 0.005);
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
    expect(trustworthiness(rows.data, rows.dim, coordinates, 3, 15)).toBeGreaterThan(0.9529 - 0.005);
  });

  it("parts the classes better when it is told them, or half of them, or how large they are", () => {
    const accuracy = (labels?: UmapLabels) => labelAccuracy(finished(createUmap(graph, { seed: 1, epochs: 200, labels }, crew)).coordinates(), 2, rows.labels, 10);
    const [plain, told] = [accuracy(), accuracy(rows.labels)];
    // umap-learn: UMAP(random_state=1, n_epochs=200).fit_transform(X, y) 0.9945, with −1 for every other row 0.887.
    expect(told).toBeGreaterThan(0.98);
    expect(accuracy(rows.labels.map((label, i) => (i % 2 ? label : -1)))).toBeGreaterThan(plain + 0.02);
    expect(accuracy(Float32Array.from(rows.labels))).toBeGreaterThan(plain + 0.05);
  });

  it("takes new digits in among those of their class, and stays where it is", () => {
    const old = 1500;
    const oldData = rows.data.subarray(0, old * rows.dim);
    const map = finished(createUmap(bruteForceGraph(oldData, rows.dim, 14), { seed: 1, epochs: 200 }, crew)).coordinates();
    const among = bruteForceGraph(rows.data.subarray(old * rows.dim), rows.dim, 15, oldData);
    const placed = placeInUmap(among, map, { seed: 1, dimensions: 2 }, crew);
    expect(placeInUmap(among, map, { seed: 1, dimensions: 2 }, single)).toEqual(placed);
    const { rows: nearest } = bruteForceGraph(placed, 2, 1, map);
    // umap-learn's transform, n_epochs=200: 0.668 and 0.652 with two seeds.
    expect(nearest.reduce((sum, row, i) => sum + Number(rows.labels[row] === rows.labels[old + i]), 0) / nearest.length).toBeGreaterThan(0.65);
    const copies = { k: 1, rows: Int32Array.of(7, 9), distances: new Float32Array(2), recall: 1 };
    expect([...placeInUmap(copies, map, { seed: 1, dimensions: 2, neighbors: 1, epochs: 1, learningRate: 1e-9 }, crew)]).toEqual([...map.subarray(14, 16), ...map.subarray(18, 20)]);
  });
});

describe("UMAP of unusual rows", () => {
  const graphOf = (data: Float32Array, dim: number, k = 14) => bruteForceGraph(data, dim, Math.min(k, data.length / dim - 1));

  it("keeps unconnected parts apart", () => {
    const far = clouds([[0, 0, 0], [1000, 0, 0]], 100);
    const run = finished(createUmap(graphOf(far, 3), { seed: 1 }, crew));
    expect(run.origin).toBe("spectral layout of each of 2 unconnected parts");
    expect(labelAccuracy(run.coordinates(), 2, Int32Array.from({ length: 200 }, (_, i) => Math.floor(i / 100)), 5)).toBe(1);
    const many = clouds(Array.from({ length: 9 }, (_, i) => [1000 * i, 0, 0]), i => (i < 6 ? 30 : 3));
    const parts = finished(createUmap(graphOf(many, 3, 2), { seed: 1, neighbors: 3, dimensions: 3 }, crew));
    expect(parts.origin).toMatch(/unconnected parts, \d of at most 4 rows at random$/);
    expect(parts.coordinates().every(Number.isFinite)).toBe(true);
  });

  it("puts duplicates beside each other, not far apart and not in one place", () => {
    const data = clouds([[0, 0, 0]], 100);
    for (let copy = 1; copy < 30; copy++) data.copyWithin(3 * copy, 0, 3);
    const run = finished(createUmap(graphOf(data, 3), { seed: 1 }, crew));
    const coordinates = run.coordinates();
    expect(coordinates.every(Number.isFinite)).toBe(true);
    expect(new Set(coordinates).size).toBe(200);
    const spread = (from: number, to: number) => Math.max(...coordinates.subarray(2 * from, 2 * to).filter((_, i) => i % 2 === 0)) - Math.min(...coordinates.subarray(2 * from, 2 * to).filter((_, i) => i % 2 === 0));
    expect(spread(0, 30)).toBeLessThan(spread(0, 100));
  });

  it.each([2, 3, 4, 5, 16])("maps %s rows", count => {
    const run = finished(createUmap(graphOf(clouds([[0, 0]], count), 2), { seed: 1, epochs: 50 }, crew));
    expect(run.coordinates().length).toBe(2 * count);
    expect(run.coordinates().every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(run.objective().value)).toBe(true);
  });

  it("says what does not fit", () => {
    const data = clouds([[0, 0]], 30);
    const graph = graphOf(data, 2, 5);
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
    const run = createUmap(graphOf(data, 2), { seed: 1, initial: data }, crew);
    const coordinates = run.coordinates();
    expect([0, 1].map(axis => Math.max(...coordinates.filter((_, i) => i % 2 === axis)))).toEqual([expect.closeTo(5, 2), expect.closeTo(5, 2)]);
    expect(createUmap(graphOf(data, 2), { seed: 1, initial: "random" }, crew).origin).toBe("random places");
  });
});
