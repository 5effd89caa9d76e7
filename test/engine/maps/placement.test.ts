import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import type { MapMetric, MapRows } from "../../../src/engine/maps/map";
import { createMds } from "../../../src/engine/maps/mds";
import { neighborsOfNew } from "../../../src/engine/maps/neighborsOfNew";
import { placeRows } from "../../../src/engine/maps/placement";
import { random } from "../../../src/engine/random";
import { digitRows } from "../../helpers/digitRows";
import { neighborsAmong } from "../../helpers/neighbors";

let crew: Crew;
beforeAll(async () => { crew = openCrew({ folder: await buildKernels(), threads: 2 }); });
afterAll(() => crew.close());
const ignore = () => undefined;

describe("the neighbours of new rows among a map's", () => {
  const [known, added, k] = [400, 120, 15];
  const split = async (change: (value: number) => number, metric: MapMetric = "euclidean") => {
    const { data, dim } = await digitRows(known + added, 2);
    const all = data.map(change);
    const part = (from: number, count: number): MapRows => ({ data: all.slice(from * dim, (from + count) * dim), count, dim, metric });
    return { rows: part(0, known), fresh: part(known, added), dim };
  };

  it("are the nearest of all, as comparing them one by one finds them", async () => {
    const { rows, fresh, dim } = await split(value => value);
    const found = neighborsOfNew(rows, fresh, k, crew, ignore);
    const truth = neighborsAmong(fresh.data, rows.data, dim, k);
    expect(found.rows).toEqual(truth.rows);
    found.distances.forEach((value, i) => expect(value).toBeCloseTo(truth.distances[i]!, 4));
  });

  it("are found where products of far away rows round their order away", async () => {
    const { rows, fresh, dim } = await split(value => Math.fround(3000 + value / 64));
    expect(neighborsOfNew(rows, fresh, k, crew, ignore).rows).toEqual(neighborsAmong(fresh.data, rows.data, dim, k).rows);
  });

  it("by direction: a row and its double are the same, and a row of zeros is as far from all", async () => {
    const { rows, fresh, dim } = await split(value => value, "cosine");
    fresh.data.set(rows.data.subarray(7 * dim, 8 * dim).map(value => 2 * value), 0);
    fresh.data.fill(0, dim, 2 * dim);
    const found = neighborsOfNew(rows, fresh, k, crew, ignore);
    expect(found.rows[0]).toBe(7);
    expect(found.distances[0]).toBeCloseTo(0, 5);
    expect([...found.distances.subarray(k, 2 * k)].every(value => Math.abs(value - 1) < 1e-6)).toBe(true);
  });

  it("cannot be more than there are rows, nor of values that are no numbers; a report can stop the search", async () => {
    const { rows, fresh, dim } = await split(value => value);
    expect(neighborsOfNew({ ...rows, data: rows.data.slice(0, 3 * dim), count: 3 }, fresh, 3, crew, ignore).rows).toHaveLength(3 * added);
    expect(() => neighborsOfNew(rows, fresh, known + 1, crew, ignore)).toThrow("401 neighbours of each new row were asked for among the 400 rows of the map");
    fresh.data[5 * dim + 2] = NaN;
    expect(() => neighborsOfNew(rows, fresh, k, crew, ignore)).toThrow("Row 5 has the value NaN in column 2");
    fresh.data[5 * dim + 2] = 0;
    expect(() => neighborsOfNew(rows, fresh, k, crew, () => { throw new Error("stop"); })).toThrow("stop");
  });
});

describe("rows placed in an MDS map", () => {
  /** Points of a plane that lies askew in five dimensions: a map of them has their own distances, and new points of the plane have one place in it. */
  const plane = (count: number, seed: number): MapRows => {
    const stream = random(seed, "plane");
    const axes = [[0.6, 0, 0.8, 0, 0], [0, 1, 0, 0, 0]] as const;
    const data = new Float32Array(count * 5);
    for (let i = 0; i < count; i++) {
      const [u, v] = [3 * stream.normal(), stream.normal()];
      for (let j = 0; j < 5; j++) data[i * 5 + j] = u * axes[0][j]! + v * axes[1][j]! + 10;
    }
    return { data, count, dim: 5, metric: "euclidean" };
  };
  const apart = (a: Float32Array, i: number, b: Float32Array, j: number, dim: number) => {
    let sum = 0;
    for (let c = 0; c < dim; c++) sum += (a[i * dim + c]! - b[j * dim + c]!) ** 2;
    return Math.sqrt(sum);
  };
  const setting = async (kind: "classical" | "metric" | "nonmetric", rows: MapRows, added: MapRows, dimensions: 2 | 3 = 2) => {
    const run = await createMds(crew, rows, { kind, dimensions, seed: 4, iterations: 200, eps: 0 }, ignore);
    while (run.iteration < run.iterations) run.step();
    return { kind: "mds" as const, values: { kind, metric: "euclidean" }, seed: 4, map: { coordinates: run.coordinates(), dimensions }, rows, added };
  };

  // Nonmetric disparities are known up to the steps of the monotone function alone.
  it.each([["classical", 1e-3, 150], ["classical", 1e-3, 1500], ["metric", 5e-3, 150], ["nonmetric", 0.15, 150]] as const)("%s have the distances that they have in the data, to %d, with %d rows", async (kind, tolerance, count) => {
    const [rows, added] = [plane(count, 1), plane(40, 2)];
    const task = await setting(kind, rows, added);
    const { coordinates, graph } = placeRows(task, crew, ignore);
    expect(graph.k).toBe(15);
    // The size of a nonmetric map is its own.
    const scale = kind === "nonmetric" ? apart(task.map.coordinates, 0, task.map.coordinates, 1, 2) / apart(rows.data, 0, rows.data, 1, 5) : 1;
    let worst = 0;
    for (let i = 0; i < 40; i++) for (const j of [0, 31, 77, 120]) worst = Math.max(worst, Math.abs(apart(coordinates, i, task.map.coordinates, j, 2) / scale - apart(added.data, i, rows.data, j, 5)));
    expect(worst).toBeLessThan(tolerance);
  });

  it("in a plane lie at the foot of theirs, and a third axis that nothing asks for stays empty", async () => {
    const task = await setting("classical", plane(150, 1), plane(10, 2), 3);
    const { coordinates } = placeRows(task, crew, ignore);
    for (let i = 0; i < 10; i++) expect(Math.abs(coordinates[3 * i + 2]!)).toBeLessThan(1e-3);
  });

  it.each([2, 3] as const)("metric have the least stress against the map's digits that is near, in %s dimensions", async dimensions => {
    const { data, dim } = await digitRows(330, 2);
    const part = (from: number, count: number): MapRows => ({ data: data.slice(from * dim, (from + count) * dim).map(value => value / 255), count, dim, metric: "euclidean" });
    const task = await setting("metric", part(0, 300), part(300, 30), dimensions);
    const { coordinates } = placeRows(task, crew, ignore);
    const stressAt = (i: number, x: readonly number[]) => {
      let sum = 0;
      for (let l = 0; l < 300; l++) sum += (Math.hypot(...x.map((value, axis) => value - task.map.coordinates[l * dimensions + axis]!)) - apart(task.added.data, i, task.rows.data, l, dim)) ** 2;
      return sum;
    };
    for (let i = 0; i < 30; i++) {
      const x = [...coordinates.subarray(i * dimensions, (i + 1) * dimensions)];
      const here = stressAt(i, x);
      for (let axis = 0; axis < dimensions; axis++) for (const step of [-0.05, 0.05]) expect(stressAt(i, x.map((value, a) => (a === axis ? value + step : value)))).toBeGreaterThan(here - 1e-6);
    }
  });

  it("are refused in a map of distances", async () => {
    const task = await setting("classical", plane(20, 1), plane(2, 2));
    expect(() => placeRows({ ...task, values: { ...task.values, metric: "precomputed" } }, crew, ignore)).toThrow("a new row's distances to the rows of the map are not known");
  });
});
