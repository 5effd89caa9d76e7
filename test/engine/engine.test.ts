import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npy } from "../../samples/numpy.mjs";
import { createEngine } from "../../src/engine/engine";
import { openCheckpoint } from "../../src/engine/checkpoint";
import { openDataset } from "../../src/engine/datasets";
import type { DatasetSource, EpochLosses, HyperparameterValues, Progress } from "../../src/protocol/data";
import type { CheckpointHeader } from "../../src/protocol/checkpointHeader";
import { backendOptions } from "../helpers/backends";
import { writeDigits } from "../helpers/memoryDataset";

// The engine as the extension sees it, on real files: from a dataset to a checkpoint to every answer a view can ask for.

const folder = mkdtempSync(join(tmpdir(), "latent-engine-"));
const progress = new Map<string, Progress[]>();
const listeners = new Set<(runId: string, progress: Progress) => void>();
let engine: ReturnType<typeof createEngine>;
let runs = 0;

const csvFolder = dirname(createRequire(import.meta.url).resolve("@observablehq/sample-datasets/penguins.csv"));
const penguins: DatasetSource = { path: join(folder, "penguins.csv"), choices: {} };
const digits: DatasetSource = { path: join(folder, "digits-images-idx3-ubyte"), choices: {} };

beforeAll(async () => {
  copyFileSync(join(csvFolder, "penguins.csv"), penguins.path);
  writeDigits(folder, 2000);
  engine = createEngine({ ...(await backendOptions()), backend: "wasm" }, {
    didProgress: (runId, snapshot) => {
      progress.set(runId, [...(progress.get(runId) ?? []), snapshot]);
      for (const listener of listeners) listener(runId, snapshot);
    },
    didOpenBackend: () => undefined,
    didLog: () => undefined,
  });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(source: DatasetSource, model: string, hyperparameters: HyperparameterValues, signal = new AbortController().signal) {
  const runId = String(++runs);
  const checkpointPath = join(folder, "latents", `${runId}.latent.safetensors`);
  return { runId, checkpointPath, done: engine.fit({ runId, source, model, hyperparameters, seed: 3, checkpointPath }, signal) };
}

async function headerOf(path: string): Promise<CheckpointHeader> {
  const file = await openCheckpoint(path);
  await file.close();
  return file.header;
}

const withoutTimes = (losses: EpochLosses[]) => losses.map(({ epoch, train, validation }) => ({ epoch, train, validation }));

describe("a table", () => {
  let path: string;
  beforeAll(async () => {
    const run = start(penguins, "pca", {});
    path = run.checkpointPath;
    expect((await run.done).state).toBe("complete");
  });

  it("is described before anything is trained, with models that fit it", async () => {
    const found = await engine.inspect(penguins);
    expect(found.schema).toMatchObject({ count: 344, kind: "table" });
    expect(found.labels).toMatchObject({ name: "species", classes: 3 });
    expect(found.models.map(({ id }) => id)).toEqual(["pca", "linearAutoencoder", "autoencoder", "vae", "mds", "tsne", "umap"]);
    const size = found.schema.shape[0]!;
    for (const { hyperparameters, isMap } of found.models) if (!isMap) expect(hyperparameters["latentDim"]).toMatchObject({ max: size });
  });

  it("answers what the scatter asks", async () => {
    const { count, colorings, projections, datasetProblem } = await engine.overview(path);
    expect([count, datasetProblem]).toEqual([344, null]);
    expect(projections.map(({ id }) => id)).toContain("axes");
    const { data, axes } = await engine.points(path, { projection: "axes", dimensions: 2 });
    expect(data).toHaveLength(688);
    expect(axes[0]).toMatch(/^PC 1 \(\d/);
    for (const { id } of colorings) expect((await engine.coloring(path, id)).values).toHaveLength(344);
    // Categories first: they tell most.
    expect(colorings.map(({ id }) => id).filter(id => id.startsWith("column:"))).toEqual(["island", "sex", "culmen_length_mm", "culmen_depth_mm", "flipper_length_mm", "body_mass_g"].map(name => `column:${name}`));
    expect(Object.fromEntries(colorings.filter(({ known }) => known).map(({ id, known }) => [id, known]))).toEqual(Object.fromEntries(["island", "sex", "culmen_length_mm", "culmen_depth_mm", "flipper_length_mm", "body_mass_g"].map(name => [`column:${name}`, "feature"])));
    const species = await engine.coloring(path, "label");
    expect(species).toMatchObject({ kind: "classes", classes: ["Adelie", "Chinstrap", "Gentoo"] });
    const { facts } = await engine.details(path, Int32Array.of(0, 343));
    expect(Object.fromEntries(facts[0]!)).toMatchObject({ species: "Adelie", island: "Torgersen", body_mass_g: "3750" });
    expect([...(await engine.find(path, "gentoo"))]).toHaveLength(124);
    expect([...(await engine.find(path, "#12"))]).toEqual([12]);
    const { rows, distances } = await engine.neighbors(path, { row: 0, metric: "euclidean", count: 5 });
    expect(rows).toHaveLength(5);
    expect([...rows]).not.toContain(0);
    expect([...distances]).toEqual([...distances].sort((a, b) => a - b));
    await expect(engine.coloring(path, "column:nothing")).rejects.toMatchObject({ code: "bad-request" });
    await expect(engine.details(path, Int32Array.of(344))).rejects.toMatchObject({ code: "bad-request", message: expect.stringContaining("344") });
  });

  it("shows one latent dimension as a strip", async () => {
    const run = start(penguins, "pca", { latentDim: 1 });
    await run.done;
    const { projections } = await engine.overview(run.checkpointPath);
    expect(projections.map(({ id, dimensions }) => [id, dimensions])).toEqual([["strip", [2]]]);
    const { data } = await engine.points(run.checkpointPath, { projection: "strip", dimensions: 2 });
    const { data: z } = await engine.latents(run.checkpointPath, Int32Array.from({ length: 344 }, (_, row) => row));
    expect(data.filter((_, i) => i % 2 === 0)).toEqual(z);
    expect(new Set(data.filter((_, i) => i % 2 === 1)).size).toBeGreaterThan(300);
  });

  it("stays valid when a file of labels appears beside its dataset later", async () => {
    const rows: DatasetSource = { path: join(folder, "later.npy"), choices: {} };
    writeFileSync(rows.path, npy({ type: "f4", shape: [50, 4], data: Float32Array.from({ length: 200 }, (_, i) => Math.sin(i)) }));
    const run = start(rows, "pca", { latentDim: 2 });
    await run.done;
    writeFileSync(join(folder, "later_labels.npy"), npy({ type: "u1", shape: [50], data: new Uint8Array(50) }));
    expect((await engine.inspect(rows)).labels).not.toBeNull();
    expect((await engine.overview(run.checkpointPath)).datasetProblem).toBeNull();
    rmSync(join(folder, "later_labels.npy"));
  });

  it("rebuilds rows exactly from all components, and worse from fewer", async () => {
    const rows = Int32Array.of(0, 10, 200);
    const errors = async (components: number | null) => (await engine.reconstruct(path, { rows, components })).errors.reduce((sum, error) => sum + error, 0);
    expect(await errors(null)).toBeLessThan(1e-9);
    const falling = [await errors(0), await errors(2), await errors(5), await errors(9)];
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    const { x, reconstruction } = await engine.reconstruct(path, { rows, components: null });
    x.data.forEach((value, i) => expect(Math.abs(reconstruction.data[i]! - value)).toBeLessThan(1e-3 * Math.max(1, Math.abs(value))));
  });

  it("gives its components in the units of the columns", async () => {
    const components = (await engine.principalComponents(path))!;
    expect(components.explainedVarianceRatio.reduce((sum, ratio) => sum + ratio, 0)).toBeCloseTo(1, 5);
    const mass = (await headerOf(path)).schema.columns.find(({ name }) => name === "body_mass_g")!;
    expect(components.mean.data[mass.start]).toBeCloseTo(4201.75, 0); // mean of the 342 given masses, filled for two
  });

  it("is steered: latents, summary, traversal, sheet, decode", async () => {
    const summary = await engine.latentSummary(path);
    expect(summary.dim).toBe((await headerOf(path)).latent.dim);
    expect([...summary.order].map(j => summary.effects[j]!)).toEqual([...summary.effects].sort((a, b) => b - a));
    const z = await engine.anchor(path, { kind: "row", row: 7 });
    expect([...z]).toEqual([...(await engine.latents(path, Int32Array.of(7))).data]);
    const back = await engine.decode(path, { data: z, shape: [1, z.length] });
    const { x } = await engine.details(path, Int32Array.of(7));
    back.data.forEach((value, i) => expect(Math.abs(value - x.data[i]!)).toBeLessThan(1e-3 * Math.max(1, Math.abs(x.data[i]!))));
    const { rows, values } = await engine.traverse(path, { anchor: { kind: "mean" }, dimensions: [0, 2], steps: 5, from: 0.05, to: 0.95 });
    expect([rows.shape, values.length]).toEqual([[2, 5, summary.dim], 10]);
    const sheet = await engine.sheet(path, { anchor: { kind: "draw", seed: 4 }, dimensions: [0, 1], steps: 4, from: 0.1, to: 0.9 });
    expect(sheet.rows.shape).toEqual([4, 4, summary.dim]);
    await expect(engine.traverse(path, { anchor: { kind: "mean" }, dimensions: [99], steps: 5, from: 0, to: 1 })).rejects.toMatchObject({ code: "bad-request" });
    await expect(engine.decode(path, { data: new Float32Array(4), shape: [1, 4] })).rejects.toMatchObject({ code: "bad-request" });
  });

  it("exports its latents for numpy and as a table", async () => {
    const npy = join(folder, "latents.npy");
    await engine.exportLatents(path, { format: "npy", target: npy });
    const written = await openDataset({ path: npy, choices: {} });
    expect(written.schema).toMatchObject({ count: 344 });
    expect([...(await written.rows(Int32Array.of(7)))]).toEqual([...(await engine.latents(path, Int32Array.of(7))).data]);
    await written.close();
    const csv = join(folder, "latents.csv");
    await engine.exportLatents(path, { format: "csv", target: csv });
    const lines = readFileSync(csv, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(345);
    expect(lines[0]).toMatch(/^row,name,species,PC 1,PC 2/);
    expect(lines[1]).toMatch(/^0,.*,Adelie,/);
  });

  it("is renamed in its own file", async () => {
    await engine.rename(path, "My penguins");
    expect((await headerOf(path)).name).toBe("My penguins");
    expect((await engine.points(path, { projection: "axes", dimensions: 3 })).data).toHaveLength(344 * 3);
  });

  it("still shows what it holds when the dataset moves, and finds it again", async () => {
    const moved = join(folder, "elsewhere.csv");
    renameSync(penguins.path, moved);
    await engine.release(path);
    const { datasetProblem, colorings } = await engine.overview(path);
    expect(datasetProblem).toContain("penguins.csv");
    expect(colorings.map(({ id }) => id)).toContain("label");
    expect((await engine.points(path, { projection: "axes", dimensions: 2 })).data).toHaveLength(688);
    await expect(engine.details(path, Int32Array.of(0))).rejects.toMatchObject({ code: "bad-dataset" });
    await expect(engine.locateDataset(path, join(csvFolder, "olympians.csv"))).rejects.toMatchObject({ code: "bad-dataset" });
    await engine.locateDataset(path, moved);
    expect((await engine.overview(path)).datasetProblem).toBeNull();
    renameSync(moved, penguins.path);
  });

  it("notices that the dataset was edited", async () => {
    const before = readFileSync(penguins.path);
    await engine.locateDataset(path, penguins.path);
    writeFileSync(penguins.path, before.toString().replace("39.1", "99.1"));
    await engine.release(path);
    expect((await engine.overview(path)).datasetProblem).toContain("changed");
    writeFileSync(penguins.path, before);
  });
});

describe("training", () => {
  const small: HyperparameterValues = { latentDim: 4, hidden: [48], epochs: 4, batchSize: 64, patience: 0 };

  it("lets views look while it learns, and ends complete", async () => {
    const run = start(digits, "autoencoder", small);
    const seen: { live: boolean; errors: Float32Array }[] = [];
    const look = (runId: string, { phase, epoch }: Progress) => {
      if (runId !== run.runId || phase !== "fitting" || epoch < 1 || seen.length > 0) return;
      seen.push({ live: false, errors: new Float32Array(0) });
      void Promise.all([engine.overview(run.checkpointPath), engine.reconstruct(run.checkpointPath, { rows: Int32Array.of(1, 2), components: null })])
        .then(([{ live }, { errors }]) => { seen[0] = { live, errors }; });
    };
    listeners.add(look);
    expect(existsSync(run.checkpointPath)).toBe(false);
    expect((await run.done).state).toBe("complete");
    listeners.delete(look);
    expect(seen[0]).toMatchObject({ live: true });
    expect(seen[0]!.errors).toHaveLength(2);
    const header = await headerOf(run.checkpointPath);
    expect(header).toMatchObject({ state: "complete", position: null, model: "autoencoder", epochs: 4 });
    expect(header.losses).toHaveLength(4);
    expect(Object.keys(header.tensors).filter(name => name.startsWith("resume."))).toEqual([]);
    const snapshots = progress.get(run.runId)!;
    expect(snapshots.map(({ phase }) => phase)).toEqual(expect.arrayContaining(["waiting", "loading", "fitting", "encoding", "saving"]));
    expect(snapshots.map(({ fraction }) => fraction)).toEqual(snapshots.map(({ fraction }) => fraction).sort((a, b) => a - b));
    expect((await engine.coloring(run.checkpointPath, "label")).values).toHaveLength(2000);
    const { shape } = await engine.thumbnails(run.checkpointPath, Int32Array.of(5, 6));
    expect(shape).toEqual([2, 28, 28, 1]);
  });

  it("is cancelled in mid-epoch, keeps what it has, and resumes to the same losses", async () => {
    // Progress comes ten times a second: enough epochs for one of the first to be seen.
    const longer = { ...small, epochs: 12 };
    const whole = start(digits, "vae", longer);
    await whole.done;
    const expected = withoutTimes((await headerOf(whole.checkpointPath)).losses);

    const abort = new AbortController();
    const run = start(digits, "vae", longer, abort.signal);
    const stop = (runId: string, { epoch, phase }: Progress) => {
      if (runId === run.runId && phase === "fitting" && epoch >= 1) abort.abort();
    };
    listeners.add(stop);
    const result = await run.done;
    listeners.delete(stop);
    expect(result.state).toBe("interrupted");
    const interrupted = await headerOf(run.checkpointPath);
    expect(interrupted.state).toBe("interrupted");
    expect(interrupted.position!.epoch).toBeGreaterThanOrEqual(1);
    expect(interrupted.position!.epoch).toBeLessThan(longer.epochs);
    // It can be looked at as it is: latents are encoded when asked for.
    expect((await engine.points(run.checkpointPath, { projection: "axes", dimensions: 2 })).data).toHaveLength(4000);

    expect((await engine.resume({ runId: "resumed", checkpointPath: run.checkpointPath }, new AbortController().signal)).state).toBe("complete");
    const resumed = await headerOf(run.checkpointPath);
    expect(withoutTimes(resumed.losses)).toEqual(expected);
    const [a, b] = await Promise.all([whole, run].map(async ({ checkpointPath }) => {
      const file = await openCheckpoint(checkpointPath);
      const latents = (await file.read("latents")).data;
      await file.close();
      return latents;
    }));
    expect(b).toEqual(a);
    await expect(engine.resume({ runId: "again", checkpointPath: run.checkpointPath }, new AbortController().signal)).rejects.toMatchObject({ code: "bad-request" });
  });

  it("waits for the run before it, and can be cancelled while waiting", async () => {
    const first = start(digits, "autoencoder", { ...small, epochs: 2 });
    const abort = new AbortController();
    const second = start(digits, "autoencoder", small, abort.signal);
    const third = start(digits, "pca", { latentDim: 2 });
    setTimeout(() => abort.abort(), 50);
    await expect(second.done).rejects.toMatchObject({ code: "cancelled" });
    expect((await first.done).state).toBe("complete");
    expect((await third.done).state).toBe("complete");
    expect(existsSync(second.checkpointPath)).toBe(false);
  });

  it("stops at a loss that is no number, says so, and keeps the file", async () => {
    // With such steps log σ² soon passes 88, where e^x is no f32 any more.
    const run = start(digits, "vae", { ...small, learningRate: 1, epochs: 50, schedule: "constant" });
    await expect(run.done).rejects.toMatchObject({ code: "diverged", message: expect.stringMatching(/loss became .* learning rate/) });
    expect(await headerOf(run.checkpointPath)).toMatchObject({ state: "interrupted", stopReason: expect.stringContaining("loss became") });
  });

  it("leaves no file of what was refused before its first step", async () => {
    const run = start(penguins, "mds", { metric: "precomputed" });
    await expect(run.done).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/no distance matrix.*out of the feature columns/) });
    expect(existsSync(run.checkpointPath)).toBe(false);
    const equal = join(folder, "equal.csv");
    writeFileSync(equal, `a,b\n${"7,8\n".repeat(20)}`);
    for (const map of ["tsne", "umap", "mds"]) await expect(start({ path: equal, choices: {} }, map, {}).done).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/equal.csv: all rows are equal/) });
  });

  it("refuses what cannot be, with the numbers", async () => {
    const attempt = (source: DatasetSource, model: string, hyperparameters: HyperparameterValues) => start(source, model, hyperparameters).done;
    await expect(attempt(digits, "nothing", {})).rejects.toMatchObject({ code: "bad-request", message: expect.stringContaining("pca") });
    await expect(attempt(penguins, "convAutoencoder", {})).rejects.toMatchObject({ code: "bad-request", message: expect.stringContaining("image") });
    await expect(attempt(penguins, "pca", { latentDim: 100 })).rejects.toMatchObject({ code: "bad-request", message: expect.stringMatching(/1 to \d+, got 100/) });
    await expect(attempt(digits, "vae", { beta: -1 })).rejects.toMatchObject({ code: "bad-request" });
    await expect(attempt(digits, "vae", { sigma: 1 })).rejects.toMatchObject({ code: "bad-request", message: expect.stringContaining("sigma") });
    await expect(attempt({ path: join(folder, "missing.npy"), choices: {} }, "pca", {})).rejects.toMatchObject({ code: "bad-dataset" });
    const existing = join(folder, "there.latent.safetensors");
    mkdirSync(folder, { recursive: true });
    writeFileSync(existing, "mine");
    await expect(engine.fit({ runId: "x", source: penguins, model: "pca", hyperparameters: {}, seed: 1, checkpointPath: existing }, new AbortController().signal)).rejects.toMatchObject({ code: "bad-request" });
    expect(readFileSync(existing, "utf8")).toBe("mine");
  });
});
