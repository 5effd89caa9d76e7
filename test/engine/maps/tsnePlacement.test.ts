import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { NeighborGraph } from "../../../src/engine/maps/map";
import { createTsne } from "../../../src/engine/maps/tsne";
import { placeInto } from "../../../src/engine/maps/tsnePlacement";
import { digitRows } from "../../helpers/digitRows";
import { mnistDigits } from "../../helpers/memoryDataset";
import { bruteForceGraph, neighborsAmong } from "../../helpers/neighbors";

const known = 700, added = 150, k = 15;
let crew: Crew, rows: Awaited<ReturnType<typeof digitRows>>, labels: Int32Array, graph: NeighborGraph;
const maps = new Map<2 | 3, Float32Array>();

beforeAll(async () => {
  crew = openCrew({ folder: await buildKernels(), threads: 1 });
  rows = await digitRows(known + added, 2);
  labels = (await mnistDigits(known + added).labels())!.values as Int32Array;
  const old = rows.data.subarray(0, known * rows.dim);
  for (const dimensions of [2, 3] as const) {
    const run = createTsne(known, bruteForceGraph(old, known, rows.dim, 60), { initial: "random", perplexity: 20, dimensions, repulsion: "exact", iterations: 400, seed: 1 }, crew);
    while (run.iteration < run.iterations) run.step();
    maps.set(dimensions, run.coordinates());
  }
  graph = neighborsAmong(rows.data.subarray(known * rows.dim), old, rows.dim, k);
});
afterAll(() => crew.close());

/** Share of new points whose label most of their five nearest old ones have, in the map or among the rows. */
function agreement(map: Float32Array, placed: Float32Array, dimensions: number): number {
  const near = neighborsAmong(placed, map, dimensions, 5);
  let right = 0;
  for (let i = 0; i < added; i++) {
    const votes = new Int32Array(10);
    for (const row of near.rows.subarray(i * 5, i * 5 + 5)) votes[labels[row]!]!++;
    right += Number(votes.indexOf(Math.max(...votes)) === labels[known + i]!);
  }
  return right / added;
}

describe.each([2, 3] as const)("new digits in a map of %s dimensions", dimensions => {
  it("come to lie among their own kind, and the map stays", () => {
    const map = maps.get(dimensions)!;
    const before = map.slice();
    const placed = placeInto({ coordinates: map, dimensions }, graph, {}, crew);
    expect(map).toEqual(before);
    expect(placed.length).toBe(added * dimensions);
    const ofRows = agreement(rows.data.subarray(0, known * rows.dim), rows.data.subarray(known * rows.dim), rows.dim);
    expect(agreement(map, placed, dimensions)).toBeGreaterThan(ofRows - 0.05);
  });

  // The grid moves with the points, and its errors with it.
  it.each([["exact", 1e-4], ["grid", 0.3]] as const)("lie where one alone would, %s", (repulsion, tolerance) => {
    const map = maps.get(dimensions)!;
    const all = placeInto({ coordinates: map, dimensions }, graph, { repulsion, iterations: 60 }, crew);
    for (const row of [0, 17]) {
      const alone = placeInto({ coordinates: map, dimensions }, { ...graph, rows: graph.rows.slice(row * k, row * k + k), distances: graph.distances.slice(row * k, row * k + k) }, { repulsion, iterations: 60 }, crew);
      alone.forEach((value, axis) => expect(Math.abs(value - all[row * dimensions + axis]!)).toBeLessThan(tolerance));
    }
  });
});

it("rows of the map itself are placed near where they are", () => {
  const old = rows.data.subarray(0, known * rows.dim);
  const map = maps.get(2)!;
  const placed = placeInto({ coordinates: map, dimensions: 2 }, neighborsAmong(old.subarray(0, 100 * rows.dim), old, rows.dim, k), {}, crew);
  const distances = Array.from({ length: 100 }, (_, i) => Math.hypot(placed[2 * i]! - map[2 * i]!, placed[2 * i + 1]! - map[2 * i + 1]!)).sort((a, b) => a - b);
  expect(distances[50]).toBeLessThan(1);
});

describe("what may come", () => {
  it("no new rows; a map of one point; an outlier", () => {
    const map = { coordinates: maps.get(2)!, dimensions: 2 as const };
    expect(placeInto(map, { k, rows: new Int32Array(0), distances: new Float32Array(0), recall: 1 }, {}, crew)).toEqual(new Float32Array(0));
    const one = placeInto({ coordinates: Float32Array.of(3, 4), dimensions: 2 }, { k: 1, rows: Int32Array.of(0, 0), distances: Float32Array.of(1, 2), recall: 1 }, {}, crew);
    expect(one.every(Number.isFinite)).toBe(true);
    const far = placeInto(map, { k, rows: graph.rows.slice(0, k), distances: new Float32Array(k).fill(1e20), recall: 1 }, {}, crew);
    expect(far.every(value => Math.abs(value) < 200)).toBe(true);
  });

  it("is refused in words where graph or map do not fit; a report can stop it", () => {
    const map = { coordinates: maps.get(2)!, dimensions: 2 as const };
    expect(() => placeInto(map, graph, { perplexity: 10 }, crew)).toThrow("has 15 neighbours a row; t-SNE needs three times the perplexity, 30");
    expect(() => placeInto({ ...map, coordinates: new Float32Array(0) }, graph, {}, crew)).toThrow("no map");
    expect(() => placeInto({ ...map, coordinates: new Float32Array(40) }, graph, {}, crew)).toThrow("beyond the 20");
    expect(() => placeInto(map, graph, { report: fraction => { if (fraction > 0.5) throw new Error("stop"); } }, crew)).toThrow("stop");
  });
});
