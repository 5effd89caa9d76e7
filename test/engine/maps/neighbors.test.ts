import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { MapMetric, MapRows, NeighborGraph } from "../../../src/engine/maps/map";
import { neighborGraph, type NeighborMethod } from "../../../src/engine/maps/neighbors";
import { normals, random } from "../../../src/engine/random";
import { LatentError } from "../../../src/protocol/errors";
import { digitRows } from "../../helpers/digitMaps";

let crew: Crew;
let alone: Crew;
beforeAll(async () => {
  const folder = await buildKernels();
  crew = openCrew({ folder, threads: 3 });
  alone = openCrew({ folder, threads: 1 });
});
afterAll(() => Promise.all([crew.close(), alone.close()]));

const graphOf = (rows: MapRows, k: number, method: NeighborMethod = "auto", on = crew) => neighborGraph(rows, k, on, { seed: 1, report: () => undefined, method });

/** [count × k] by plain loops in f64. */
function bruteForce({ data, count, dim, metric }: MapRows, k: number): { rows: Int32Array; distances: Float64Array } {
  const graph = { rows: new Int32Array(count * k), distances: new Float64Array(count * k) };
  const norm = (i: number) => Math.sqrt(data.subarray(i * dim, (i + 1) * dim).reduce((sum, value) => sum + value ** 2, 0));
  const norms = Array.from({ length: count }, (_, i) => norm(i));
  for (let i = 0; i < count; i++) {
    const all = Array.from({ length: count }, (_, j) => {
      let sum = 0;
      for (let c = 0; c < dim; c++) {
        const a = data[i * dim + c]!;
        const b = data[j * dim + c]!;
        sum += metric === "cosine" ? a * b : (a - b) ** 2;
      }
      const product = norms[i]! * norms[j]!;
      return { j, distance: metric === "cosine" ? (product === 0 ? 1 : 1 - sum / product) : Math.sqrt(sum) };
    }).filter(({ j }) => j !== i).sort((a, b) => a.distance - b.distance || a.j - b.j);
    all.slice(0, k).forEach(({ j, distance }, place) => {
      graph.rows[i * k + place] = j;
      graph.distances[i * k + place] = distance;
    });
  }
  return graph;
}

function expectNearest(graph: NeighborGraph, expected: { rows: Int32Array; distances: Float64Array }, tolerance = 1e-6): void {
  expect(graph.rows.length).toBe(expected.rows.length);
  expected.distances.forEach((distance, i) => expect(Math.abs(graph.distances[i]! - distance), `entry ${i}`).toBeLessThanOrEqual(tolerance * (1 + distance)));
}

describe("exact neighbours", () => {
  it.each<MapMetric>(["euclidean", "cosine"])("of digits are those of plain loops, %s", async metric => {
    const rows = await digitRows(400, 3, metric);
    const graph = graphOf(rows, 15);
    const expected = bruteForce(rows, 15);
    expectNearest(graph, expected);
    expect(graph.rows.filter((row, i) => row === expected.rows[i]).length).toBeGreaterThan(0.999 * graph.rows.length);
    expect(graph.recall).toBe(1);
  });

  it.each([1, 2, 3, 5])("of %s columns", dim => {
    const rows = { data: normals(300 * dim, random(1)), count: 300, dim, metric: "euclidean" as const };
    expectNearest(graphOf(rows, 7), bruteForce(rows, 7));
  });

  it("reach all other rows", () => {
    const rows = { data: normals(20 * 3, random(2)), count: 20, dim: 3, metric: "euclidean" as const };
    expectNearest(graphOf(rows, 19), bruteForce(rows, 19));
  });

  it("are told apart where two clusters are a million times as far from each other as their rows", () => {
    const data = normals(400 * 4, random(3)).map((value, i) => value / 64 + (i % 8 < 4 ? 0 : 65_536));
    const rows = { data, count: 400, dim: 4, metric: "euclidean" as const };
    const [graph, expected] = [graphOf(rows, 5), bruteForce(rows, 5)];
    expectNearest(graph, expected);
    expect([...graph.rows].every((row, i) => row % 2 === Math.floor(i / 5) % 2)).toBe(true);
  });

  it("of rows in one place are the first of them, at distance 0", () => {
    const { rows, distances } = graphOf({ data: new Float32Array(200 * 3).fill(7), count: 200, dim: 3, metric: "euclidean" }, 4);
    expect([...rows.subarray(400, 404)]).toEqual([0, 1, 2, 3]);
    expect([...rows.subarray(0, 4)]).toEqual([1, 2, 3, 4]);
    expect(Math.max(...distances)).toBe(0);
  });

  it("by cosine have distance 1 to and from a row of zeros", () => {
    const data = normals(100 * 3, random(4)).map((value, i) => (i < 6 ? 0 : Math.abs(value)));
    const graph = graphOf({ data, count: 100, dim: 3, metric: "cosine" }, 5);
    graph.distances.subarray(0, 10).forEach(distance => expect(distance).toBeCloseTo(1, 6));
    expect([...graph.rows.subarray(10)].every(row => row >= 2)).toBe(true);
  });
});

describe("approximate neighbours", () => {
  it("of digits have the recall that they state", async () => {
    const rows = await digitRows(4000, 4);
    const [graph, exact] = [graphOf(rows, 15, "approximate"), graphOf(rows, 15, "exact")];
    let found = 0;
    for (let i = 0; i < rows.count; i++) {
      const farthest = exact.distances[i * 15 + 14]! * (1 + 1e-6);
      found += graph.distances.subarray(i * 15, (i + 1) * 15).filter(distance => distance <= farthest).length;
      const own = graph.rows.subarray(i * 15, (i + 1) * 15);
      expect(new Set(own).size).toBe(15);
      expect(own.includes(i)).toBe(false);
    }
    expect(found / graph.rows.length).toBeGreaterThan(0.95);
    expect(Math.abs(found / graph.rows.length - graph.recall)).toBeLessThan(0.01);
    expect(graph.recall).toBeLessThan(1); // cells were searched, not all rows
  });

  it.each<MapMetric>(["euclidean", "cosine"])("are right where half of the rows are one row, %s", metric => {
    const data = normals(1000 * 5, random(5)).map((value, i) => (i < 2500 ? (i % 5) - 1 : value));
    const rows = { data, count: 1000, dim: 5, metric };
    const graph = graphOf(rows, 10, "approximate");
    expect(graph.recall).toBeGreaterThan(0.95);
    expect(Math.max(...graph.distances.subarray(0, 5000))).toBeLessThan(1e-6);
    expect([...graph.rows].every(row => row >= 0)).toBe(true);
  });

  it("of noise, which has no cells, are found all the same", () => {
    const rows = { data: normals(3000 * 40, random(6)), count: 3000, dim: 40, metric: "euclidean" as const };
    expect(graphOf(rows, 10, "approximate").recall).toBeGreaterThan(0.95);
  });
});

describe("a neighbour graph", () => {
  it.each<NeighborMethod>(["exact", "approximate"])("is the same on any number of threads, %s", async method => {
    const rows = await digitRows(2000, 4);
    expect(graphOf(rows, 15, method, alone)).toEqual(graphOf(rows, 15, method));
  });

  it("reports how far it is, and stops where that throws", async () => {
    const rows = await digitRows(2000, 4);
    const fractions: number[] = [];
    neighborGraph(rows, 5, crew, { seed: 1, report: fraction => void fractions.push(fraction), method: "approximate" });
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    const stop = () => { throw new LatentError("cancelled", "Cancelled."); };
    expect(() => neighborGraph(rows, 5, crew, { seed: 1, report: stop })).toThrow("Cancelled.");
  });

  const three = { data: Float32Array.of(1, 2, 3, 4, 5, 6), count: 3, dim: 2, metric: "euclidean" as const };
  it.each([
    ["as many neighbours as rows", three, 3, "3 neighbours of each row were asked for, and there are 3 rows. Ask for 1 to 2."],
    ["a single row", { ...three, data: Float32Array.of(1, 2), count: 1 }, 1, "At least 2 rows are needed"],
    ["a value that is missing", { ...three, data: Float32Array.of(1, 2, 3, NaN, 5, 6) }, 1, "Row 1 has the value NaN in column 1"],
    ["a value whose square is infinite", { ...three, data: Float32Array.of(1, 2, 3, 4, 1e30, 6) }, 1, "Row 2"],
  ])("refuses %s, in words", (_, rows, k, message) => expect(() => graphOf(rows, k)).toThrow(message));
});
