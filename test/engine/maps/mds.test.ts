import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import { distanceMatrix } from "../../../src/engine/maps/distanceMatrix";
import { createMds, largestExact, type MdsRun } from "../../../src/engine/maps/mds";
import type { MdsSource } from "../../../src/engine/maps/mdsDistances";
import { exactMap } from "../../../src/engine/maps/mdsExact";
import type { MdsOptions } from "../../../src/engine/maps/mdsOptions";
import { stressOf } from "../../../src/engine/maps/mdsPairs";
import { random } from "../../../src/engine/random";
import { digitRows } from "../../helpers/digitRows";

let crew: Crew;
beforeAll(async () => void (crew = openCrew({ folder: await buildKernels(), threads: 2 })));
afterAll(() => crew.close());

const quiet = () => undefined;
const create = (source: MdsSource, options: Partial<MdsOptions>, state?: ReturnType<MdsRun["state"]>) => createMds(crew, source, { kind: "metric", dimensions: 2, seed: 1, ...options }, quiet, state);

/** Runs to the end, and gives the stress before the first step and after each. */
function finish(run: MdsRun): number[] {
  const curve = [run.objective().value];
  while (run.iteration < run.iterations) {
    run.step();
    curve.push(run.objective().value);
  }
  return curve;
}
/** The largest rise of a curve, as a share. */
const rise = (curve: number[]) => Math.max(...curve.slice(1).map((value, i) => value / curve[i]! - 1));

/** Distances of a map [count × dimensions], f64, as a matrix. */
function matrixOf(map: ArrayLike<number>, dimensions: number, change = (distance: number) => distance) {
  const count = map.length / dimensions;
  const values = Float32Array.from({ length: count ** 2 }, (_, at) => {
    const [i, j] = [Math.floor(at / count) * dimensions, (at % count) * dimensions];
    return change(Math.hypot(...Array.from({ length: dimensions }, (_, axis) => map[i + axis]! - map[j + axis]!)));
  });
  return distanceMatrix(values, count, count);
}

describe("one evaluation of a map", () => {
  // 38 rows: the last vector of most rows is not full.
  it.each([[2, true], [3, true], [2, false], [3, false]])("in %i dimensions, metric %s, is what its definition says", (dimensions, isMetric) => crew.heap.scope(() => {
    const count = 38;
    const stream = random(1, "evaluation");
    const triangle = crew.heap.float32((count * (count - 1)) / 2);
    triangle.values.forEach((_, at) => { triangle.values[at] = 1 + (isMetric ? stream.uniform() : stream.integer(6)); }); // whole numbers: many ties
    const delta = Array.from(triangle.values);
    const map = exactMap(crew, triangle, count, dimensions, isMetric);
    for (let axis = 0; axis < dimensions; axis++) {
      const values = Array.from({ length: count }, () => stream.normal());
      const mean = values.reduce((sum, value) => sum + value / count, 0);
      values.forEach((value, i) => { map.x[axis * map.stride + i] = value - mean; });
    }
    const at = (i: number, axis: number) => map.x[axis * map.stride + i]!;
    const pairs = Array.from({ length: count }, (_, i) => Array.from({ length: i }, (_, j) => ({ i, j }))).flat();
    const d = pairs.map(({ i, j }) => Math.hypot(...Array.from({ length: dimensions }, (_, axis) => at(i, axis) - at(j, axis))));
    const wanted = isMetric ? delta : disparities(delta, d);
    const image = new Float64Array(map.image.length);
    pairs.forEach(({ i, j }, pair) => {
      for (let axis = 0; axis < dimensions; axis++) {
        const pull = (wanted[pair]! / d[pair]!) * (at(i, axis) - at(j, axis)) / count;
        image[axis * map.stride + i]! += pull;
        image[axis * map.stride + j]! -= pull;
      }
    });
    const scale = sum(d.map((value, pair) => value * wanted[pair]!)) / sum(d.map(value => value ** 2));
    const { stress, scale: found } = map.evaluate();
    expect(found / scale).toBeCloseTo(1, 5);
    expect(stress).toBeCloseTo(stressOf(Float32Array.from(d, value => scale * value), Float32Array.from(wanted)), 5);
    image.forEach((value, place) => expect(map.image[place]).toBeCloseTo(value, 4));
    pairs.forEach(({ i, j }, pair) => expect(map.disparity(i, j)).toBeCloseTo(wanted[pair]!, 4));
  }));
});

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** Kruskal's disparities by the minimax formula of isotonic regression (Barlow et al. 1972), Σ d̂² = Σ δ². */
function disparities(delta: number[], d: number[]): number[] {
  const order = [...delta.keys()].sort((a, b) => delta[a]! - delta[b]! || d[a]! - d[b]!);
  const sums = [0];
  order.forEach((pair, k) => sums.push(sums[k]! + d[pair]!));
  const fits = new Array<number>(d.length);
  order.forEach((pair, k) => {
    let largest = 0;
    for (let first = 0; first <= k; first++) {
      let least = Infinity;
      for (let end = k + 1; end <= order.length; end++) least = Math.min(least, (sums[end]! - sums[first]!) / (end - first));
      largest = Math.max(largest, least);
    }
    fits[pair] = largest;
  });
  const factor = Math.sqrt(sum(delta.map(value => value ** 2)) / sum(fits.map(value => value ** 2)));
  return fits.map(value => value * factor);
}

describe("metric MDS", () => {
  it("of 1,000 digits reaches a stress-1 of 0.362, never rising, and ends when it has converged", async () => {
    const run = await create(await digitRows(1000), { landmarks: 200 });
    const curve = finish(run);
    expect(curve.at(-1)).toBeLessThanOrEqual(0.362);
    expect(rise(curve)).toBeLessThan(1e-6);
    expect(run.iteration).toBeLessThan(300);
    expect(run.iterations).toBe(run.iteration);
    const { distances, mapDistances, disparities: wanted } = run.shepard();
    expect(distances).toHaveLength(5000);
    expect(wanted).toEqual(distances);
    expect(Math.abs(stressOf(mapDistances, distances) / curve.at(-1)! - 1)).toBeLessThan(0.05);
    const before = run.coordinates();
    run.step(); // nothing is left to do
    expect(run.coordinates()).toEqual(before);
  });

  it.each([2, 3] as const)("finds a flat configuration again in %i dimensions", async dimensions => {
    const stream = random(4, "configuration");
    const places = Float64Array.from({ length: 60 * dimensions }, () => 10 * stream.uniform());
    const source = matrixOf(places, dimensions);
    const curve = finish(await create(source, { dimensions, landmarks: 20 }));
    expect(curve.at(-1)).toBeLessThan(1e-5);
    const run = await create(source, { dimensions, start: { random: 8 }, iterations: 200 });
    finish(run);
    const found = matrixOf(run.coordinates(), dimensions);
    found.values.forEach((distance, at) => expect(Math.abs(distance - source.values[at]!)).toBeLessThan(0.01));
  });

  it.each([2, 3] as const)("by sampled columns comes within a hundredth of the stress by all, in %i dimensions", async dimensions => {
    const rows = await digitRows(400, 2);
    const [all, sampled] = [await create(rows, { dimensions }), await create(rows, { dimensions, columns: 64 })];
    const curve = finish(sampled);
    expect(sampled.iteration).toBe(100);
    expect(curve.at(-1)! / finish(all).at(-1)!).toBeLessThan(1.01);
    expect([all.columns, sampled.columns]).toEqual([undefined, 64]);
  });

  it("keeps the best of its random starts", async () => {
    const rows = await digitRows(120, 2);
    const run = await create(rows, { start: { random: 3 }, iterations: 30, eps: 0 });
    expect(run.iterations).toBe(90);
    const curve = finish(run);
    expect(curve).toHaveLength(91);
    expect(curve[90]).toBeCloseTo(Math.min(curve[29]!, curve[59]!, curve[90]!), 3);
    const { mapDistances, distances } = run.shepard(); // 5000 of 7140 pairs
    expect(stressOf(mapDistances, distances) / curve[90]!).toBeCloseTo(1, 1);
  });
});

describe("nonmetric MDS", () => {
  it("has no more stress than metric MDS, never rising, with disparities in the data's order", async () => {
    const rows = await digitRows(300, 2);
    const metric = await create(rows, {});
    const least = finish(metric).at(-1)!;
    const run = await create(rows, { kind: "nonmetric", start: metric.coordinates() });
    const curve = finish(run);
    expect(curve[0]).toBeLessThanOrEqual(least);
    expect(curve.at(-1)).toBeLessThan(0.9 * least);
    expect(rise(curve)).toBeLessThan(1e-6);
    const { distances, disparities: fits } = run.shepard();
    const order = [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!);
    for (let k = 1; k < order.length; k++) if (distances[order[k]!]! > distances[order[k - 1]!]!) expect(fits[order[k]!]! / fits[order[k - 1]!]!).toBeGreaterThan(1 - 1e-6);
  });

  it("finds a configuration from the order of its distances alone", async () => {
    const stream = random(5, "configuration");
    const places = Float64Array.from({ length: 60 }, () => stream.normal());
    const source = matrixOf(places, 2, distance => distance ** 3);
    const curve = finish(await create(source, { kind: "nonmetric", iterations: 1000, eps: 1e-4 }));
    expect(curve.at(-1)).toBeLessThan(0.005);
  });
});

describe("an MDS run", () => {
  const kinds: [string, Partial<MdsOptions>][] = [["metric", {}], ["nonmetric", { kind: "nonmetric" }], ["in space", { dimensions: 3 }], ["from random starts", { start: { random: 3 }, iterations: 8, eps: 0 }], ["by sampled columns", { columns: 30, iterations: 20 }]];

  it.each(kinds)("%s goes on from its state to the same picture, bit for bit, on any number of threads", async (_, options) => {
    const rows = await digitRows(150, 2);
    const whole = await create(rows, options);
    for (let step = 0; step < 20; step++) whole.step();
    const begun = await create(rows, options);
    for (let step = 0; step < 11; step++) begun.step();
    const other = openCrew({ folder: await buildKernels(), threads: 1 });
    try {
      const resumed = await createMds(other, rows, { kind: "metric", dimensions: 2, seed: 1, ...options }, quiet, begun.state());
      expect(resumed.iteration).toBe(11);
      expect(resumed.coordinates()).toEqual(begun.coordinates());
      for (let step = 0; step < 9; step++) resumed.step();
      expect(resumed.coordinates()).toEqual(whole.coordinates());
      expect(resumed.objective()).toEqual(whole.objective());
      expect(resumed.iterations).toBe(whole.iterations);
      const [left, right] = [resumed, whole].map(finish);
      expect(left!.at(-1)).toBe(right!.at(-1));
    } finally {
      await other.close();
    }
  });

  it("takes distances that were measured as it takes rows", async () => {
    const rows = await digitRows(80, 2);
    const matrix = matrixOf(rows.data, rows.dim);
    const [fromRows, fromMatrix] = [await create(rows, {}), await create(matrix, {})].map(run => finish(run).at(-1)!);
    expect(fromMatrix).toBeCloseTo(fromRows!, 4);
  });

  it("spreads points from a start on a line, and rows in one place", async () => {
    const corners = matrixOf([0, 0, 0, 1, 1, 0, 1, 1, 1, 1], 2);
    const run = await create(corners, { start: Float32Array.of(0, 0, 1, 1e-3, 2, 0, 3, 0, 3, 0), eps: 0 });
    expect(finish(run).at(-1)).toBeLessThan(1e-4);
  });

  it("says what is wrong", async () => {
    const rows = await digitRows(30, 4);
    await expect(create({ ...rows, data: new Float32Array(rows.data.length) }, {})).rejects.toThrow("one place");
    await expect(create({ ...rows, data: rows.data.map(value => value * 1e25) }, {})).rejects.toThrow("too large");
    await expect(create({ ...rows, count: 1 }, {})).rejects.toThrow("at least 2");
    await expect(create({ ...rows, count: largestExact.nonmetric + 1 }, { kind: "nonmetric" })).rejects.toThrow("up to 10000 rows, these are 10001");
    await expect(create(rows, { iterations: 0 })).rejects.toThrow("iterations: 0");
    await expect(create(rows, { kind: "nonmetric", columns: 5 })).rejects.toThrow("only metric MDS");
    await expect(create(rows, { start: { random: 2 }, columns: 5 })).rejects.toThrow("only one");
    await expect(create(rows, { start: new Float32Array(5) })).rejects.toThrow("5 values for 30 rows");
    const state = (await create(rows, { dimensions: 3 })).state();
    await expect(create(rows, {}, state)).rejects.toThrow("not that of an MDS map of 30 rows in 2 dimensions");
    const cancelled = createMds(crew, rows, { kind: "metric", dimensions: 2, seed: 1 }, () => { throw new Error("cancelled"); });
    await expect(cancelled).rejects.toThrow("cancelled");
  });
});
