import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../scripts/buildKernels.mjs";
import { writeCheckpoint } from "../../src/engine/checkpoint";
import { checkpointsBeside, findKeptGraph, graphTensors, rowsDigest, wantedGraph, type WantedGraph } from "../../src/engine/keptGraphs";
import { openCrew, type Crew } from "../../src/engine/maps/crew";
import { distanceMatrix, graphOfDistances } from "../../src/engine/maps/distanceMatrix";
import { graphSize, neighborsNeeded, searchesExactly } from "../../src/engine/maps/graphSize";
import type { MapMetric, MapRows, NeighborGraph } from "../../src/engine/maps/map";
import { neighborGraph } from "../../src/engine/maps/neighbors";
import { mapQuality } from "../../src/engine/maps/quality";
import type { GraphRecord } from "../../src/protocol/checkpointHeader";
import { recordOf } from "../helpers/checkpoints";
import { digitRows, momentMap } from "../helpers/digitMaps";
import { bruteForceGraph, nearestOf } from "../helpers/neighbors";

const [count, seed] = [1000, 5];
let crew: Crew;
let rows: MapRows;
/** Of 30 neighbours, exact, and of 15, approximate. */
let exact: NeighborGraph, approximate: NeighborGraph;
const search = (of: MapRows, k: number, method: "exact" | "approximate", by = seed) => neighborGraph(of, k, crew, { seed: by, report: () => undefined, method });
beforeAll(async () => {
  crew = openCrew({ folder: await buildKernels(), threads: 2 });
  rows = await digitRows(count, 2);
  exact = search(rows, 30, "exact");
  approximate = search(rows, 15, "approximate");
});
afterAll(() => crew.close());

describe("a graph that was found by comparing all pairs", () => {
  it("has of equally near rows those with the lower numbers, however many there are", async () => {
    // Of few gray levels, so that squared distances are small integers, which any order of adding gives exactly; and of many copies.
    const digits = await digitRows(400, 4);
    const data = digits.data.map((_, i) => Math.floor(4 * digits.data[i % (3 * digits.dim) < digits.dim ? i % digits.dim : i]!));
    for (const k of [5, 14]) expect(search({ ...digits, data }, k, "exact")).toEqual({ ...bruteForceGraph(data, 400, digits.dim, k), exact: true });
  });

  it.each<MapMetric>(["euclidean", "cosine"])("begins with those of any smaller one, bit for bit, %s", metric => {
    // Many distances are equal: of more rows than a search keeps for exact comparison, one in seven lies in one place, and the next nearly there.
    const data = rows.data.map((value, i) => {
      const [row, column] = [Math.floor(i / rows.dim), i % rows.dim];
      return row % 7 > 1 ? value : rows.data[column]! + (row % 7 === 1 && column === row % 50 ? 2 ** -22 : 0);
    });
    const large = search({ ...rows, data, metric }, 60, "exact");
    expect(large.exact).toBe(true);
    for (const k of [1, 7, 45]) expect(nearestOf(large, k), `${k}`).toEqual(search({ ...rows, data, metric }, k, "exact"));
  });

  it("does so of distances that were measured", () => {
    const n = 60;
    const matrix = distanceMatrix(Float32Array.from({ length: n * n }, (_, at) => Math.abs((Math.floor(at / n) % 9) - (at % n % 9)) + (Math.floor(at / n) === at % n ? 0 : 1)), n, n);
    const large = graphOfDistances(matrix, 40);
    for (const k of [1, 6, 25]) expect(nearestOf(large, k)).toEqual(graphOfDistances(matrix, k));
  });

  it("says so, and others do not", () => {
    expect([exact.exact, approximate.exact]).toEqual([true, false]);
  });
});

describe("the size of a map's graph", () => {
  it("is what the map needs, as far as there are rows", () => {
    expect(neighborsNeeded("tsne", { perplexity: 30 }, 1000)).toBe(90);
    expect(neighborsNeeded("tsne", { perplexity: 30 }, 61)).toBe(60);
    expect(neighborsNeeded("umap", { neighbors: 15 }, 1000)).toBe(14);
    expect(neighborsNeeded("umap", { neighbors: 15 }, 10)).toBe(9);
    expect(neighborsNeeded("mds", {}, 1000)).toBeNull();
    for (const [needed, of] of [[90, 1000], [14, 1000], [14, 15], [9, 10], [1, 2]] as const) {
      expect(graphSize(needed, of, true)).toBe(needed);
      expect(graphSize(needed, of, false)).toBeGreaterThanOrEqual(needed);
      expect(graphSize(needed, of, false)).toBeLessThan(of);
    }
  });

  it("and its search are known before it", () => {
    expect([searchesExactly({ count: 20_000, dim: 50 }), searchesExactly({ count: 5000, dim: 784 }), searchesExactly({ count: 70_000, dim: 50 })]).toEqual([false, true, false]);
    expect(searchesExactly({ count: 19_000, dim: 50 })).toBe(true);
  });
});

describe("the digest of rows", () => {
  it("is of their bits, number, length and metric", async () => {
    const digest = await rowsDigest(rows, "euclidean");
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const shared = new Float32Array(new SharedArrayBuffer(rows.data.byteLength));
    shared.set(rows.data);
    expect(await rowsDigest({ ...rows, data: shared }, "euclidean")).toBe(digest);
    const changed = rows.data.slice();
    changed[changed.length - 1]! += 2 ** -20;
    const others = await Promise.all([
      rowsDigest({ ...rows, data: changed }, "euclidean"), rowsDigest(rows, "cosine"), rowsDigest(rows, "precomputed"),
      rowsDigest({ ...rows, count: rows.count / 2, dim: 2 * rows.dim }, "euclidean"),
    ]);
    expect(new Set([digest, ...others]).size).toBe(5);
  });

  it("is stopped", async () => {
    await expect(rowsDigest(rows, "euclidean", AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a graph in a folder of checkpoints", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-graphs-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const pathOf = (name: string) => join(folder, `${name}.latent.safetensors`);

  /** A map's file as far as its graph goes. */
  async function write(name: string, graph: NeighborGraph, { of = rows, record = {}, tensors = {} }: { of?: MapRows; record?: object; tensors?: object } = {}): Promise<string> {
    const neighbors: GraphRecord = { digest: await rowsDigest(of, of.metric), dim: of.dim, exact: graph.exact === true };
    await writeCheckpoint(pathOf(name), recordOf({
      model: "tsne", hyperparameters: { metric: of.metric }, seed, schema: { count: of.count, kind: "vector", shape: [of.dim], range: null, columns: [] }, neighbors, ...record,
    }), { ...graphTensors(graph), ...tensors });
    return pathOf(name);
  }
  const wanted = (change: Partial<WantedGraph> = {}, of = rows): WantedGraph => ({ ...wantedGraph(of, of.metric, 14, { seed }), ...change });
  const find = (path: string, change: Partial<WantedGraph> = {}, of = rows) => findKeptGraph(wanted(change, of), [path]);

  it("is found where it is exact and large enough, and is cut to what a search would give", async () => {
    const path = await write("exact", exact);
    const found = await find(path);
    expect(found).toEqual({ graph: search(rows, 14, "exact"), from: "exact" });
    expect(wanted()).toMatchObject({ needed: 14, exact: true });
    // By whatever seed: nothing of it is random.
    expect(await find(path, { seed: 6, needed: 30, size: 30 })).toEqual({ graph: exact, from: "exact" });
    expect((await find(path, { needed: 20, size: 90 }))?.graph.k).toBe(30);
    expect(await find(path, { needed: 31, size: 31 })).toBeNull();
  });

  it("is not found for other rows, another metric, or fewer of them", async () => {
    const path = await write("exact", exact);
    const data = rows.data.slice();
    data[17]! += 2 ** -20;
    expect(await find(path, {}, { ...rows, data })).toBeNull();
    expect(await find(path, {}, { ...rows, metric: "cosine" })).toBeNull();
    expect(await find(path, {}, { ...rows, count: count - 1, data: rows.data.subarray(rows.dim) })).toBeNull();
  });

  it("is found where it is approximate only by the same seed and for as many neighbours", async () => {
    const path = await write("approximate", approximate);
    const same = { exact: false, needed: 15, size: 15 };
    expect(await find(path, same)).toEqual({ graph: search(rows, 15, "approximate"), from: "approximate" });
    expect(await find(path, { ...same, seed: 6 })).toBeNull();
    expect(await find(path, { ...same, needed: 14, size: 14 })).toBeNull();
    expect((await find(path, { ...same, needed: 14 }))?.graph.k).toBe(15);
    // Neither stands in for the other: the map would be another one than without this file.
    expect(await find(path, { ...same, exact: true })).toBeNull();
    expect(await find(await write("exact", exact), { exact: false, needed: 30, size: 30 })).toBeNull();
  });

  it("is passed over where it is damaged, of an older version, cut short, foreign or gone", async () => {
    const changed = (change: (graph: NeighborGraph) => void) => {
      const graph = { ...exact, rows: exact.rows.slice(), distances: exact.distances.slice() };
      change(graph);
      return graph;
    };
    const bad = [
      await write("beyond", changed(graph => { graph.rows[77] = count; })),
      await write("itself", changed(graph => { graph.rows[5 * 30] = 5; })),
      await write("disorder", changed(graph => { graph.distances[31] = graph.distances[35]!; })),
      await write("nan", changed(graph => { graph.distances[count * 30 - 1] = NaN; })),
      await write("real", exact, { tensors: { "neighbors.rows": { shape: [count, 30], data: Float32Array.from(exact.rows) } } }),
      await write("short", exact, { tensors: { "neighbors.distances": { shape: [count - 1, 30], data: exact.distances.slice(30) } } }),
      await write("old", exact, { record: { neighbors: undefined } }),
      await write("cut", exact), pathOf("text"), pathOf("gone"),
    ];
    truncateSync(pathOf("cut"), 100_000);
    writeFileSync(pathOf("text"), "nothing of ours");
    for (const path of bad) expect(await find(path), path).toBeNull();
    // Nor does one of them keep another from being found.
    expect(await findKeptGraph(wanted(), [...bad, await write("whole", exact)])).toMatchObject({ from: "whole" });
  });

  it("is looked for in the folder of the map and in that of its basis, not in the map's own file", async () => {
    const [here, there] = [mkdtempSync(join(folder, "here-")), mkdtempSync(join(folder, "there-"))];
    const source = await write("exact", exact);
    const names = [[here, "own"], [here, "b"], [here, "a"], [there, "basis"]].map(([of, name]) => join(of!, `${name}.latent.safetensors`));
    for (const path of names) copyFileSync(source, path);
    writeFileSync(join(here, ".a.latent.safetensors.1-1.tmp"), "half");
    const [own, b, a, basis] = names as [string, string, string, string];
    expect(await checkpointsBeside(own)).toEqual([a, b]);
    expect(await checkpointsBeside(own, { name: "basis", relativePath: `../${there.slice(folder.length + 1)}/basis.latent.safetensors` })).toEqual([a, b, basis]);
    expect(await checkpointsBeside(join(folder, "nowhere", "x.latent.safetensors"))).toEqual([]);
  });

  it("is no longer looked for after an abort", async () => {
    const path = await write("exact", exact);
    await expect(findKeptGraph(wanted(), [path], AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("the quality of a map", () => {
  it.each([300, 120])("is the same, bit for bit, by neighbours that are known already, judged on %s rows", async most => {
    const few = await digitRows(300, 2);
    const known = search(few, 30, "exact");
    const judge = (nearInData: Int32Array | null) => mapQuality(few, momentMap(few), crew, { k: 12, seed: 1, most, nearInData, report: () => undefined });
    const searched = judge(null);
    expect(judge(nearestOf(known, 12).rows)).toEqual(searched);
    // It is these neighbours that are judged: of the wrong rows' the map keeps fewer.
    const wrong = judge(nearestOf(known, 12).rows.reverse());
    expect(wrong.continuity).toBeLessThan(searched.continuity);
    expect(() => judge(known.rows)).toThrow("12 of each");
  });
});
