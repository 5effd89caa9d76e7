import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import { createTsne, type TsneOptions } from "../../../src/engine/maps/tsne";
import { principalInitial } from "../../../src/engine/maps/tsneInitial";
import { normals, random } from "../../../src/engine/random";
import { digitRows } from "../../helpers/digitRows";
import { bruteForceGraph, nearestOf, trustworthiness } from "../../helpers/neighbors";

let folder: string, crew: Crew;
beforeAll(async () => void (crew = openCrew({ folder: (folder = await buildKernels()), threads: 1 })));
afterAll(() => crew.close());

async function digits(count: number, k: number) {
  const rows = await digitRows(count, 2);
  return { ...rows, graph: bruteForceGraph(rows.data, count, rows.dim, k) };
}

function finished(count: number, graph: Parameters<typeof createTsne>[1], options: TsneOptions, on = crew) {
  const run = createTsne(count, graph, options, on);
  while (run.iteration < run.iterations) run.step();
  return run;
}

describe("digits, PCA's picture to begin from, perplexity 30,", () => {
  // scikit-learn 1.2.1 on the same rows (every second pixel) with the same settings.
  it("are mapped no worse than by scikit-learn's Barnes-Hut", async () => {
    const rows = await digits(1000, 999);
    for (const repulsion of ["exact", "grid"] as const) {
      const run = finished(1000, nearestOf(rows.graph, 90), { initial: principalInitial(rows, 2, 1, crew), repulsion, seed: 1 });
      expect(run.objective().value).toBeLessThan(1.0952 + 0.02);
      expect(trustworthiness(rows.graph, run.coordinates(), 2, 12)).toBeGreaterThan(0.9461 - 0.004);
    }
  });

  it("are mapped no worse than by scikit-learn's exact method", async () => {
    const rows = await digits(500, 499);
    const principal = principalInitial(rows, 2, 1, crew);
    // Where a run ends hangs on the last bits of its beginning, for the KL by some 0.03 either way: the middle one of three counts.
    const maps = [1, 2, 3].map(seed => {
      const noise = normals(1000, random(seed, "noise"));
      const run = finished(500, rows.graph, { initial: principal.map((value, at) => value + 1e-7 * noise[at]!), seed: 1 });
      return { kl: run.objective().value, picture: run.coordinates() };
    }).sort((one, other) => one.kl - other.kl);
    expect(maps[1]!.kl).toBeLessThan(0.7833 + 0.05);
    expect(trustworthiness(rows.graph, maps[1]!.picture, 2, 12)).toBeGreaterThan(0.9159 - 0.004);
  });
});

describe.each([
  { repulsion: "exact", dimensions: 2 },
  { repulsion: "grid", dimensions: 2 },
  { repulsion: "exact", dimensions: 3 },
  { repulsion: "grid", dimensions: 3 },
] as const)("a run, $repulsion in $dimensions dimensions", ({ repulsion, dimensions }) => {
  const options = { initial: "random", perplexity: 10, exaggerationIterations: 40, iterations: 50, dimensions, repulsion, seed: 7 } as const;

  it("gives the same bits with one thread and with two, and other bits with another seed", async () => {
    const { graph } = await digits(200, 30);
    const pair = openCrew({ folder, threads: 2 });
    const [first, second, other] = [finished(200, graph, options), finished(200, graph, options, pair), finished(200, graph, { ...options, seed: 8 })];
    expect(second.coordinates()).toEqual(first.coordinates());
    expect(second.objective()).toEqual(first.objective());
    expect(other.coordinates()).not.toEqual(first.coordinates());
    await pair.close();
  });

  it.each([13, 40])("stopped after %s steps has a picture, and goes on as if it had not been", async stop => {
    const { graph } = await digits(200, 30);
    const whole = createTsne(200, graph, options, crew);
    while (whole.iteration < stop) whole.step();
    const picture = whole.coordinates();
    expect(picture.length).toBe(200 * dimensions);
    expect(picture.every(Number.isFinite)).toBe(true);
    const resumed = createTsne(200, graph, { ...options, initial: "random", seed: 99, resume: whole.state() }, crew);
    expect(resumed.iteration).toBe(stop);
    expect(resumed.coordinates()).toEqual(picture);
    whole.objective(); // looking must not change what comes
    for (const run of [whole, resumed]) while (run.iteration < run.iterations) run.step();
    expect(resumed.state()).toEqual(whole.state());
  });
});

describe("what may come", () => {
  it.each([1, 2, 3, 4, 5])("%s rows", count => {
    const data = Float32Array.from({ length: 2 * count }, (_, at) => at * at);
    const graph = bruteForceGraph(data, count, 2, count - 1);
    for (const dimensions of [2, 3] as const) {
      const run = finished(count, graph, { initial: principalInitial({ data, count, dim: 2, metric: "euclidean" }, dimensions, 1, crew), dimensions, seed: 1 });
      expect(run.coordinates().every(Number.isFinite)).toBe(true);
      expect(Number.isFinite(run.objective().value)).toBe(true);
      expect(run.perplexity).toBeCloseTo(Math.max(1, (count - 1) / 3));
    }
  });

  it("duplicates, all rows equal among them", async () => {
    const { data, dim } = await digitRows(100, 4);
    const twice = new Float32Array(data.length * 2);
    twice.set(data);
    twice.set(data, data.length);
    for (const rows of [twice, new Float32Array(200 * dim)]) {
      const graph = bruteForceGraph(rows, 200, dim, 90);
      for (const repulsion of ["exact", "grid"] as const) {
        const run = finished(200, graph, { initial: principalInitial({ data: rows, count: 200, dim, metric: "euclidean" }, 2, 1, crew), repulsion, iterations: 300, seed: 1 });
        expect(run.coordinates().every(Number.isFinite)).toBe(true);
        expect(Number.isFinite(run.objective().value)).toBe(true);
      }
    }
  });

  it("outliers far away, in the rows and in the initial picture", async () => {
    const { data, dim } = await digitRows(300, 4);
    data.fill(1e9, 0, dim);
    data.fill(-1e9, dim, 2 * dim);
    const graph = bruteForceGraph(data, 300, dim, 90);
    const far = principalInitial({ data, count: 300, dim, metric: "euclidean" }, 2, 1, crew);
    far[0] = 1e6;
    for (const repulsion of ["exact", "grid"] as const) {
      const run = finished(300, graph, { initial: far, repulsion, seed: 1 });
      expect(run.coordinates().every(Number.isFinite)).toBe(true);
      expect(Number.isFinite(run.objective().value)).toBe(true);
    }
  });

  it("options and graphs that do not fit are refused in words", async () => {
    const { graph } = await digits(100, 20);
    const make = (options: Partial<TsneOptions>, count = 100) => () => createTsne(count, graph, { initial: "random", seed: 1, ...options }, crew);
    expect(make({ perplexity: 10 })).toThrow("has 20 neighbours a row; t-SNE needs three times the perplexity, 30");
    expect(make({ perplexity: 0.5 })).toThrow("perplexity 0.5");
    expect(make({ perplexity: 5, earlyExaggeration: 0 })).toThrow("early exaggeration 0");
    expect(make({ perplexity: 5, learningRate: -1 })).toThrow("learning rate -1");
    expect(make({ perplexity: 5, initial: new Float32Array(7) })).toThrow("7 values for 100 rows in 2 dimensions");
    expect(make({ perplexity: 5, initial: new Float32Array(200).fill(NaN) })).toThrow("not numbers");
    expect(make({ perplexity: 5, resume: {} })).toThrow('no "positions" of 100 × 2');
    expect(make({ perplexity: 5 }, 0)).toThrow("no rows");
    expect(make({ perplexity: 5 }, 50)).toThrow("beyond the 50");
  });

  it("a learning rate that throws the points away is named", async () => {
    const { graph } = await digits(100, 30);
    expect(() => finished(100, graph, { initial: new Float32Array(200).fill(3e38).map((value, at) => (at % 3 ? value : -value)), perplexity: 5, seed: 1 })).toThrow(/lost its points in step \d+: try a smaller learning rate/);
  });
});
