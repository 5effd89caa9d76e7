import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { NeighborGraph } from "../../../src/engine/maps/map";
import { conditional, neighborsFor, symmetricAffinities, usablePerplexity } from "../../../src/engine/maps/tsneAffinities";
import { digitRows } from "../../helpers/digitRows";
import { bruteForceGraph } from "../../helpers/neighbors";

let crew: Crew;
beforeAll(async () => void (crew = openCrew({ folder: await buildKernels(), threads: 2 })));
afterAll(() => crew.close());

describe("similarities", () => {
  const n = 300, k = 31, perplexity = 10;
  let graph: NeighborGraph;
  beforeAll(async () => {
    const { data, dim } = await digitRows(n, 2);
    graph = bruteForceGraph(data, n, dim, k);
  });

  it("are the lecture's p_{j|i}, each row of the wanted perplexity", () => {
    crew.heap.scope(() => {
      const { values, stride } = conditional(n, graph, k, perplexity, crew);
      for (let i = 0; i < n; i++) {
        const p = values.values.subarray(i * stride, i * stride + k);
        const squares = Array.from(graph.distances.subarray(i * k, i * k + k), distance => distance ** 2);
        expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
        expect(Math.exp(-p.reduce((sum, value) => sum + value * Math.log(value), 0)) / perplexity).toBeCloseTo(1, 4);
        // One σᵢ explains all of them: ln p_{j|i} falls with d² along a line of slope −1 / 2σᵢ².
        const slope = Math.log(p[0]! / p[k - 1]!) / (squares[k - 1]! - squares[0]!);
        const ratios = squares.map((square, j) => p[j]! / (p[0]! * Math.exp((squares[0]! - square) * slope)));
        expect(Math.max(...ratios) - Math.min(...ratios)).toBeLessThan(1e-4);
        expect(Array.from(values.values.subarray(i * stride + k, (i + 1) * stride))).toEqual([0]);
      }
    });
  });

  it("are made symmetric and sum to 1", () => {
    const { values, stride } = conditional(n, graph, k, perplexity, crew);
    const expected = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < k; j++) {
        const other = graph.rows[i * k + j]!, half = values.values[i * stride + j]! / (2 * n);
        expected[i * n + other]! += half;
        expected[other * n + i]! += half;
      }
    }
    const sparse = symmetricAffinities(n, graph, k, perplexity, crew);
    const found = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      expect((sparse.starts.values[i + 1]! - sparse.starts.values[i]!) % 4).toBe(0);
      for (let at = sparse.starts.values[i]!; at < sparse.starts.values[i + 1]!; at++) found[i * n + sparse.columns.values[at]!]! += sparse.values.values[at]!;
    }
    expect(expected.reduce((worst, value, at) => Math.max(worst, Math.abs(found[at]! - value)), 0)).toBeLessThan(1e-9);
    expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  });

  it("do not care for the unit of the distances", () => {
    const scaled = (factor: number) => Array.from(conditional(n, { ...graph, distances: graph.distances.map(distance => distance * factor) }, k, perplexity, crew).values.values);
    const plain = scaled(1);
    for (const factor of [1e-12, 1e12]) expect(Math.max(...scaled(factor).map((value, at) => Math.abs(value - plain[at]!)))).toBeLessThan(1e-5);
  });

  it("are equal among equally far neighbours, duplicates too", () => {
    for (const distance of [0, 3]) {
      const { values } = conditional(5, { k: 4, rows: Int32Array.from([1, 2, 3, 4, 0, 2, 3, 4, 0, 1, 3, 4, 0, 1, 2, 4, 0, 1, 2, 3]), distances: new Float32Array(20).fill(distance), recall: 1 }, 4, 2, crew);
      expect(Array.from(values.values)).toEqual(new Array(20).fill(0.25));
    }
  });
});

it("a perplexity beyond a third of the other rows is lowered to that; none below 1", () => {
  expect(usablePerplexity(30, 91)).toBe(30);
  expect(usablePerplexity(30, 31)).toBe(10);
  expect([1, 2, 3, 4].map(count => usablePerplexity(30, count))).toEqual([1, 1, 1, 1]);
  expect(neighborsFor(30, 1000)).toBe(90);
  expect([1, 2, 5].map(count => neighborsFor(usablePerplexity(30, count), count))).toEqual([0, 1, 4]);
  for (const perplexity of [0, -1, NaN]) expect(() => usablePerplexity(perplexity, 100)).toThrow(/perplexity .*1 or more/);
});
