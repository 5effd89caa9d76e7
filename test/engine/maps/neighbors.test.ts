import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { MapMetric, MapRows, NeighborGraph } from "../../../src/engine/maps/map";
import { neighborGraph, type NeighborMethod } from "../../../src/engine/maps/neighbors";
import { normals, random } from "../../../src/engine/random";
import { mnistDigits } from "../../helpers/memoryDataset";

let crew: Crew;
let alone: Crew;
beforeAll(async () => {
  const folder = await buildKernels();
  crew = openCrew({ folder, threads: 3 });
  alone = openCrew({ folder, threads: 1 });
});
afterAll(() => Promise.all([crew.close(), alone.close()]));

const graphOf = (rows: MapRows, k: number, method: NeighborMethod = "auto", on = crew) => neighborGraph(rows, k, on, { seed: 1, report: () => undefined, method });

async function digits(count: number, every = 1, metric: MapMetric = "euclidean"): Promise<MapRows> {
  const dataset = mnistDigits(count, every);
  const data = Float32Array.from(await dataset.read(0, count), value => value / 255);
  return { data, count, dim: data.length / count, metric };
}

/** [count × k] by plain loops in f64. */
function bruteForce({ data, count, dim, metric }: MapRows, k: number): { rows: Int32Array; distances: Float64Array } {
  const graph = { rows: new Int32Array(count * k), distances: new Float64Array(count * k) };
  const norm = (i: number) => Math.sqrt(data.subarray(i * dim, (i + 1) * dim).reduce((sum, value) => sum + value ** 2, 0));
  const norms = Array.from({ length: count }, (_, i) => norm(i));
  for (let i = 0; i < count; i++) {
    const all = Array.from({ length: count }, (_, j) => {
      let sum = 0;
      for (let c = 0; c < dim; c++) {
        const [a, b] = [data[i * dim + c]!, data[j * dim + c]!];
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
    const rows = await digits(600, 2, metric);
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
});
