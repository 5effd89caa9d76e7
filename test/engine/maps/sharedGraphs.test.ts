import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint, updateCheckpoint } from "../../../src/engine/checkpoint";
import { makeMap } from "../../../src/engine/mapRuns";
import type { HyperparameterValues, Progress } from "../../../src/protocol/data";
import { npy } from "../../helpers/datasetFiles";
import { digitRows } from "../../helpers/digitMaps";
import { mapEngine } from "../../helpers/mapEngine";
import { writeDigits } from "../../helpers/memoryDataset";
import { bruteForceGraph } from "../../helpers/neighbors";

// One neighbour graph for the maps of the same rows, through the engine: what a map takes from another's file, and that it is the
// same map as without it.

const count = 200;
const tsne = { perplexity: 12, iterations: 60 };
const umap = { epochs: 40 };

describe("maps of the same rows", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-shared-"));
  const digits = writeDigits(folder, count);
  let engine: Awaited<ReturnType<typeof mapEngine>>;
  let onProgress: (progress: Progress) => void = () => undefined;
  beforeAll(async () => {
    engine = await mapEngine((_, progress) => onProgress(progress));
  });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A fit to a file of the folder `place`. */
  const fit = async (place: string, name: string, model: string, hyperparameters: HyperparameterValues, { path = digits, seed = 3, signal = new AbortController().signal, ...more }: { path?: string; seed?: number; basis?: string; signal?: AbortSignal } = {}) => {
    mkdirSync(join(folder, place), { recursive: true });
    return (await engine.fit({ runId: name, source: { path, choices: {} }, model, hyperparameters, seed, checkpointPath: join(folder, place, `${name}.latent.safetensors`), ...more }, signal)).checkpointPath;
  };
  const contents = async (path: string) => {
    const file = await openCheckpoint(path);
    try {
      return { header: file.header, tensors: await file.readAll("") };
    } finally {
      await file.close();
    }
  };
  const originOf = async (path: string) => (await contents(path)).header.neighbors!.from;
  /** Gives a file a graph that no search would find: of each row the next ones, all at distance 1. */
  const plant = async (path: string) => {
    const k = (await contents(path)).header.tensors["neighbors.rows"]!.shape[1]!;
    const rows = Int32Array.from({ length: count * k }, (_, i) => (Math.floor(i / k) + 1 + (i % k)) % count);
    await updateCheckpoint(path, record => record, { "neighbors.rows": { shape: [count, k], data: rows }, "neighbors.distances": { shape: [count, k], data: new Float32Array(count * k).fill(1) } });
  };

  it("take the graph of one that was made before, and are the maps that they are alone", async () => {
    const first = await contents(await fit("both", "first", "tsne", tsne));
    expect(first.header.neighbors).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), dim: 50, exact: true });
    for (const seed of [3, 4]) {
      const [second, alone] = [await contents(await fit("both", `umap-${seed}`, "umap", umap, { seed })), await contents(await fit("alone", `umap-${seed}`, "umap", umap, { seed }))];
      expect(second.header.neighbors).toEqual({ ...first.header.neighbors, from: "first" });
      expect(alone.header.neighbors).toEqual(seed === 3 ? first.header.neighbors : { ...first.header.neighbors, from: "umap-3" });
      // The picture, and the graph, which is cut to what this map needs.
      expect(second.tensors).toEqual(alone.tensors);
      expect(second.header.metrics).toEqual(alone.header.metrics);
      expect(second.tensors["neighbors.rows"]!.shape).toEqual([count, 14]);
    }
  });

  it("search nothing then: they are made of the graph that is there", async () => {
    await plant(await fit("planted", "a", "tsne", tsne));
    const { header, tensors } = await contents(await fit("planted", "b", "umap", umap));
    expect(header.neighbors!.from).toBe("a");
    expect([...tensors["neighbors.rows"]!.data.subarray(0, 3)]).toEqual([1, 2, 3]);
    expect(tensors["latents"]).not.toEqual((await contents(join(folder, "alone", "umap-3.latent.safetensors"))).tensors["latents"]);
    // The thread tells of a graph where it searched one.
    const rows = await digitRows(80, 4);
    for (const [graph, told] of [[null, 1], [bruteForceGraph(rows.data, rows.count, rows.dim, 14), 0]] as const) {
      let graphs = 0;
      const listener = { onPreparing: () => undefined, onGraph: () => void graphs++, onDevice: () => undefined, onFrame: () => undefined, onState: () => undefined };
      await makeMap({ kind: "umap", rows, values: { neighbors: 15, minDist: 0.1, spread: 1, negativeSamples: 5, initial: "spectral", epochs: 5 }, labels: null, seed: 1, state: null, graph }, listener);
      expect(graphs).toBe(told);
    }
  });

  it("search anew for another metric, other rows, more neighbours, or where the file is broken or older", async () => {
    const first = await fit("apart", "a", "tsne", tsne);
    await plant(first);
    const others = writeDigits(folder, count, 500, "others");
    const made = [
      await fit("apart", "cosine", "umap", { ...umap, metric: "cosine" }),
      await fit("apart", "fewer-components", "umap", { ...umap, components: 20 }),
      await fit("apart", "others", "umap", umap, { path: others }),
      await fit("apart", "more", "umap", { ...umap, neighbors: 60 }),
    ];
    for (const path of made) expect(await originOf(path), path).toBeUndefined();
    expect([...(await contents(made[3]!)).tensors["neighbors.rows"]!.data.subarray(0, 3)]).not.toEqual([1, 2, 3]);
    for (const path of made) rmSync(path);
    writeFileSync(join(dirname(first), "0.latent.safetensors"), "no checkpoint");
    expect(await originOf(await fit("apart", "beside-broken", "umap", umap))).toBe("a");
    rmSync(join(dirname(first), "beside-broken.latent.safetensors"));
    await updateCheckpoint(first, ({ neighbors: _, ...record }) => record);
    expect(await originOf(await fit("apart", "beside-old", "umap", umap))).toBeUndefined();
  });

  it("share a graph of a checkpoint's latents from its own folder, and one of distances that were measured", async () => {
    const basis = await fit("basis", "pca", "pca", { latentDim: 6 });
    await fit("basis", "tsne", "tsne", tsne, { basis });
    const [second, alone] = [await fit("elsewhere", "umap", "umap", umap, { basis }), join(folder, "third", "pca.latent.safetensors")];
    expect(await originOf(second)).toBe("tsne");
    mkdirSync(dirname(alone));
    copyFileSync(basis, alone);
    const third = await fit("third", "umap", "umap", umap, { basis: alone });
    expect(await originOf(third)).toBeUndefined();
    expect((await contents(second)).tensors).toEqual((await contents(third)).tensors);

    const n = 60;
    const path = join(folder, "distances.npy");
    writeFileSync(path, npy(Array.from({ length: n * n }, (_, at) => Math.abs(Math.sqrt(Math.floor(at / n)) - Math.sqrt(at % n))), "<f4", [n, n]));
    const measured = { metric: "precomputed" };
    await fit("measured", "tsne", "tsne", { ...measured, perplexity: 8, iterations: 50 }, { path });
    const umapOf = { ...measured, neighbors: 8, epochs: 20 };
    const [shared, searched] = [await contents(await fit("measured", "umap", "umap", umapOf, { path })), await contents(await fit("measured-alone", "umap", "umap", umapOf, { path }))];
    expect([shared.header.neighbors!.from, searched.header.neighbors!.from]).toEqual(["tsne", undefined]);
    expect(shared.tensors).toEqual(searched.tensors);
    // The same table as rows has other neighbours.
    expect(await originOf(await fit("measured", "rows", "umap", { neighbors: 8, epochs: 20, components: 0 }, { path }))).toBeUndefined();
  });

  it("keep what was said of the graph when they are stopped and resumed", async () => {
    await fit("halves", "a", "tsne", tsne);
    const abort = new AbortController();
    onProgress = ({ epoch }) => epoch > 0 && abort.abort(); // long before the last
    const path = await fit("halves", "b", "umap", { epochs: 12_000 }, { signal: abort.signal });
    onProgress = () => undefined;
    const stopped = await contents(path);
    expect(stopped.header).toMatchObject({ state: "interrupted", neighbors: { from: "a" } });
    await engine.resume({ runId: "again", checkpointPath: path }, new AbortController().signal);
    const { header, tensors } = await contents(path);
    expect(header).toMatchObject({ state: "complete", neighbors: stopped.header.neighbors! });
    expect(tensors["neighbors.rows"]).toEqual(stopped.tensors["neighbors.rows"]);
  });

  it("are judged by the graph that they keep, with the same result, where it is of the rows that count", async () => {
    const basis = await fit("judged", "pca", "pca", { latentDim: 6 });
    const path = await fit("judged", "umap", "umap", umap, { basis });
    const quality = async () => engine.quality(path, { projection: "axes", dimensions: 2 });
    const byGraph = await quality();
    const { neighbors } = (await contents(path)).header;
    await updateCheckpoint(path, ({ neighbors: _, ...record }) => record);
    expect(await quality()).toEqual(byGraph);
    await updateCheckpoint(path, record => ({ ...record, neighbors: neighbors! }));
    await plant(path);
    expect((await quality()).continuity).toBeLessThan(byGraph.continuity - 0.1);
    // A map of principal components is judged by all values, of which its graph knows nothing.
    const ofComponents = await fit("judged-rows", "umap", "umap", umap);
    const before = await engine.quality(ofComponents, { projection: "axes", dimensions: 2 });
    await plant(ofComponents);
    expect(await engine.quality(ofComponents, { projection: "axes", dimensions: 2 })).toEqual(before);
  });
});
