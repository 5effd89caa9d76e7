import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../../src/engine/checkpoint";
import { models } from "../../../src/engine/models";
import type { Progress } from "../../../src/protocol/data";
import { npy } from "../../helpers/datasetFiles";
import { mapEngine } from "../../helpers/mapEngine";
import { mnistDigits, writeDigits } from "../../helpers/memoryDataset";

// The maps through the engine, as a user meets them: a file in, a checkpoint out, stopped and resumed.

const maps = Object.entries(models).filter(([, spec]) => spec.isMap).map(([id]) => id);
const count = 600;

describe("maps through the engine", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-maps-"));
  const path = writeDigits(folder, count);
  let engine: Awaited<ReturnType<typeof mapEngine>>;
  let onProgress: (progress: Progress) => void = () => undefined;
  beforeAll(async () => {
    engine = await mapEngine((_, progress) => onProgress(progress));
  });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const small: Record<string, object> = { tsne: { iterations: 500, perplexity: 15 }, umap: { epochs: 600 }, mds: { kind: "nonmetric", iterations: 80 } };
  const fit = (model: string, name: string, more = {}, signal = new AbortController().signal) =>
    engine.fit({ runId: name, source: { path, choices: {} }, model, hyperparameters: { ...small[model], ...more }, seed: 3, checkpointPath: join(folder, `${name}.latent.safetensors`) }, signal);

  it.each(maps)("%s draws all rows, says how well, and its picture is what its views show", async model => {
    const { checkpointPath, state } = await fit(model, `${model}-whole`);
    expect(state).toBe("complete");
    const file = await openCheckpoint(checkpointPath);
    const { header } = file;
    await file.close();
    expect(header).toMatchObject({ state: "complete", capabilities: ["map"], device: "CPU · 1 thread", latent: { dim: 2 }, schema: { count, shape: [28, 28, 1] } });
    expect(header.losses.length).toBeGreaterThan(10);
    expect(header.losses.at(-1)!.train["total"]).toBeLessThan(header.losses[0]!.train["total"]!);
    const overview = await engine.overview(checkpointPath);
    expect(overview).toMatchObject({ usualProjection: "axes", datasetProblem: null });
    const { data } = await engine.points(checkpointPath, { projection: "axes", dimensions: 2 });
    expect(data).toHaveLength(2 * count);
    expect(data.every(Number.isFinite)).toBe(true);
    const quality = await engine.quality(checkpointPath, { projection: "axes", dimensions: 2 });
    expect(quality).toMatchObject({ count, judged: count, k: 12, pairs: (count * (count - 1)) / 2 });
    expect(quality.trustworthiness).toBeGreaterThan(model === "mds" ? 0.75 : 0.88);
    expect(quality.continuity).toBeGreaterThan(model === "mds" ? 0.85 : 0.88);
    expect(quality.labelAccuracy).toBeGreaterThan(model === "mds" ? 0.4 : 0.75);
    expect(quality.dataDistances).toHaveLength(quality.mapDistances.length);
    // What lies nearest in the data, from the graph that the map was made of.
    const neighbors = await engine.neighbors(checkpointPath, { row: 7, metric: "euclidean", count: 5 });
    expect(neighbors.rows).toHaveLength(5);
    expect(neighbors.within).toBe(model === "mds" ? "latents" : "data");
    expect([...neighbors.distances]).toEqual([...neighbors.distances].sort((a, b) => a - b));
    // Neighbours in the picture are mostly of one class: 600 digits know that much.
    const { values } = await mnistDigits(count, 1).labels() as { values: Int32Array };
    let same = 0;
    for (let row = 0; row < count; row++) {
      const { rows: [nearest] } = nearestInPicture(data, row);
      if (values[row] === values[nearest!]) same++;
    }
    expect(same / count).toBeGreaterThan(model === "mds" ? 0.35 : 0.75);
  });

  it.each(maps)("%s stops where it is told, keeps the picture, and goes on to the same one", async model => {
    const whole = await engine.points(join(folder, `${model}-whole.latent.safetensors`), { projection: "axes", dimensions: 2 });
    const abort = new AbortController();
    onProgress = ({ epoch }) => epoch > 0 && abort.abort();
    const { state, checkpointPath } = await fit(model, `${model}-halves`, {}, abort.signal);
    onProgress = () => undefined;
    expect(state).toBe("interrupted");
    expect((await engine.points(checkpointPath, { projection: "axes", dimensions: 2 })).data).toHaveLength(2 * count);
    expect((await engine.resume({ runId: "again", checkpointPath }, new AbortController().signal)).state).toBe("complete");
    expect((await engine.points(checkpointPath, { projection: "axes", dimensions: 2 })).data).toEqual(whole.data);
  });

  it("are judged one after the other, each as by itself, and not when that is no longer wanted", async () => {
    const { checkpointPath: pca } = await fit("pca", "judged-pca", { latentDim: 2 });
    const paths = [pca, ...maps.map(model => join(folder, `${model}-whole.latent.safetensors`))];
    const judge = (path: string, signal = new AbortController().signal) => engine.quality(path, { projection: "axes", dimensions: 2 }, signal);
    const anew = (path: string) => engine.rename(path, `renamed ${renamed++}`); // another file, of which no verdict is known
    let renamed = 0;
    for (const path of paths) await anew(path);
    const order: number[] = [];
    const abort = new AbortController();
    const all = paths.map(async (path, i) => judge(path, i === 2 ? abort.signal : undefined).finally(() => order.push(i)));
    abort.abort();
    const together = await Promise.allSettled(all);
    expect(together[2]).toMatchObject({ status: "rejected", reason: { code: "cancelled" } });
    expect(order[0], "before the first is judged").toBe(2);
    for (const [i, path] of paths.entries()) {
      await anew(path);
      const alone = await judge(path);
      if (i !== 2) expect(together[i]).toEqual({ status: "fulfilled", value: alone });
    }
  });

  it("t-SNE in three dimensions, of directions, from all values", async () => {
    const { checkpointPath } = await fit("tsne", "space", { dimensions: "3", metric: "cosine", components: 0, iterations: 60 });
    expect((await engine.points(checkpointPath, { projection: "axes", dimensions: 3 })).data).toHaveLength(3 * count);
  });

  it("maps the latents of another checkpoint, and refuses a model or rows that do not fit", async () => {
    const { checkpointPath: basis } = await fit("pca", "basis", { latentDim: 8 });
    const request = { runId: "latents", source: { path, choices: {} }, model: "umap", hyperparameters: small["umap"] as Record<string, number>, seed: 3, basis, checkpointPath: join(folder, "of-latents.latent.safetensors") };
    const { checkpointPath } = await engine.fit(request, new AbortController().signal);
    const file = await openCheckpoint(checkpointPath);
    expect(file.header).toMatchObject({ basis: { name: "basis", relativePath: "basis.latent.safetensors" }, schema: { shape: [28, 28, 1] }, state: "complete" });
    await file.close();
    expect((await engine.thumbnails(checkpointPath, Int32Array.of(5))).shape).toEqual([1, 28, 28, 1]);
    await expect(engine.fit({ ...request, model: "pca", hyperparameters: {}, checkpointPath: join(folder, "no.latent.safetensors") }, new AbortController().signal)).rejects.toThrow(/PCA is fitted to rows/);
  });

  it("fits the selected rows alone, and of these again some", async () => {
    const { checkpointPath: of } = await fit("pca", "all-rows", { latentDim: 4 });
    const select = async (name: string, from: string, rows: Int32Array) => engine.fit({
      runId: name, source: { path, choices: {} }, model: "umap", hyperparameters: small["umap"] as Record<string, number>, seed: 3, subset: { of: from, rows }, checkpointPath: join(folder, `${name}.latent.safetensors`),
    }, new AbortController().signal);
    const first = await select("some", of, Int32Array.from({ length: 100 }, (_, i) => 3 * i));
    const second = await select("fewer", first.checkpointPath, Int32Array.from({ length: 40 }, (_, i) => 2 * i + 1));
    const overview = await engine.overview(second.checkpointPath);
    expect(overview).toMatchObject({ count: 40, datasetProblem: null });
    // Row 5 of the last is row 11 of the one before, row 33 of the file.
    const [ours, file] = [await engine.details(second.checkpointPath, Int32Array.of(5)), await engine.details(of, Int32Array.of(33))];
    expect(ours.x.data).toEqual(file.x.data);
    const labels = async (checkpoint: string) => (await engine.coloring(checkpoint, "label")).values;
    expect((await labels(second.checkpointPath))[5]).toBe((await labels(of))[33]);
    await engine.locateDataset(second.checkpointPath, path);
    expect((await engine.points(second.checkpointPath, { projection: "axes", dimensions: 2 })).data).toHaveLength(80);
  });

  it("maps distances that were measured, and says what is wrong with others", async () => {
    // Distances between places in a plane, which a map can only be congruent to.
    const n = 40;
    const places = Array.from({ length: n }, (_, i) => [3 * Math.cos(i * 2.4) * Math.sqrt(i), Math.sin(i * 2.4) * Math.sqrt(i)] as const);
    const distance = (a: number, b: number) => Math.hypot(places[a]![0] - places[b]![0], places[a]![1] - places[b]![1]);
    const table = (value: (i: number, j: number) => number) => npy(Array.from({ length: n * n }, (_, at) => value(Math.floor(at / n), at % n)), "<f4", [n, n]);
    const file = join(folder, "distances.npy");
    writeFileSync(file, table(distance));
    const fitTo = (model: string, name: string, hyperparameters: Record<string, string | number>, from = file) =>
      engine.fit({ runId: name, source: { path: from, choices: {} }, model, hyperparameters: { metric: "precomputed", ...hyperparameters }, seed: 3, checkpointPath: join(folder, `${name}.latent.safetensors`) }, new AbortController().signal);
    const described = await engine.inspect({ path: file, choices: {} });
    expect(described.notes.join()).toContain("maps take it as distances");
    expect(described.models.filter(({ isMap }) => isMap).map(({ hyperparameters: { metric } }) => [metric!.default, metric!.advanced])).toEqual(maps.map(() => ["precomputed", false]));
    const others = await engine.inspect({ path, choices: {} });
    expect(others.models.find(({ id }) => id === "umap")!.hyperparameters["metric"]!.default).toBe("euclidean");
    const { checkpointPath } = await fitTo("mds", "of-distances", { kind: "classical" });
    const { data } = await engine.points(checkpointPath, { projection: "axes", dimensions: 2 });
    for (const [a, b] of [[0, 39], [5, 17], [21, 8]] as const) expect(Math.hypot(data[2 * a]! - data[2 * b]!, data[2 * a + 1]! - data[2 * b + 1]!)).toBeCloseTo(distance(a, b), 3);
    for (const model of ["tsne", "umap"]) {
      const made = await fitTo(model, `${model}-of-distances`, model === "tsne" ? { perplexity: 5, iterations: 100 } : { neighbors: 6, epochs: 50 });
      expect((await engine.points(made.checkpointPath, { projection: "axes", dimensions: 2 })).data.every(Number.isFinite)).toBe(true);
      const nearest = Array.from({ length: n }, (_, i) => i).filter(i => i !== 9).sort((a, b) => distance(9, a) - distance(9, b));
      expect((await engine.neighbors(made.checkpointPath, { row: 9, metric: "euclidean", count: 3 })).rows).toEqual(Int32Array.from(nearest.slice(0, 3)));
    }
    await expect(engine.quality(checkpointPath, { projection: "axes", dimensions: 2 })).rejects.toThrow("map of distances");
    const lopsided = join(folder, "lopsided.npy");
    writeFileSync(lopsided, table((i, j) => distance(i, j) + (i === 3 && j === 7 ? 5 : 0)));
    await expect(fitTo("mds", "no-distances", {}, lopsided)).rejects.toThrow(/row 7.*row 3|row 3.*row 7/s);
    await expect(fit("umap", "digits-are-none", { metric: "precomputed" })).rejects.toThrow("square");
  });

  it("says how many steps it takes, where that shows on the way", async () => {
    const { checkpointPath } = await fit("mds", "settled", { kind: "metric", iterations: 20_000 });
    const { header } = await openCheckpoint(checkpointPath).then(async file => file.close().then(() => file));
    expect(header.epochs).toBe(header.metrics["iterations"]);
    expect(header.epochs).toBe(header.losses.at(-1)!.epoch);
    expect(header.epochs).toBeLessThan(2000);
  });

  it("classical MDS is there at once, without steps", async () => {
    const { checkpointPath } = await fit("mds", "classical", { kind: "classical" });
    const file = await openCheckpoint(checkpointPath);
    expect(file.header).toMatchObject({ state: "complete", epochs: 0, losses: [] });
    await file.close();
  });

  it("is cancelled before it begins without leaving a picture", async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(fit("tsne", "never", {}, abort.signal)).rejects.toMatchObject({ code: "cancelled" });
  });
});

function nearestInPicture(data: Float32Array, row: number): { rows: number[] } {
  let [best, least] = [-1, Infinity];
  for (let i = 0; i < data.length / 2; i++) {
    const distance = (data[2 * i]! - data[2 * row]!) ** 2 + (data[2 * i + 1]! - data[2 * row + 1]!) ** 2;
    if (i !== row && distance < least) [best, least] = [i, distance];
  }
  return { rows: [best] };
}
