import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/engine/checkpoint";
import type { HyperparameterValues, Progress } from "../../src/protocol/data";
import type { EngineApi } from "../../src/protocol/engineApi";
import { connect, expose, type Message, type Port } from "../../src/protocol/rpc";
import { npy } from "../helpers/datasetFiles";
import { mapEngine } from "../helpers/mapEngine";
import { writeDigits } from "../helpers/memoryDataset";

// New rows in finished maps, through the engine: a file in, the same map with more points in it out.

const [known, held] = [200, 60];
// How well rows find their own kind is told of more.
const [crowded, guests] = [600, 200];
const penguins = createRequire(import.meta.url).resolve("@observablehq/sample-datasets/penguins.csv");

describe("rows placed in a map", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-place-"));
  const digits = writeDigits(folder, known);
  const others = writeDigits(folder, held, known, "others");
  const crowd = writeDigits(folder, crowded, 0, "crowd");
  const newcomers = writeDigits(folder, guests, crowded, "newcomers");
  let engine: Awaited<ReturnType<typeof mapEngine>>;
  let onProgress: (runId: string, progress: Progress) => void = () => undefined;
  beforeAll(async () => {
    engine = await mapEngine((id, progress) => onProgress(id, progress));
  });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const signal = () => new AbortController().signal;
  const fit = async (model: string, name: string, hyperparameters: HyperparameterValues, path = digits, more: { basis?: string } = {}) =>
    (await engine.fit({ runId: name, source: { path, choices: {} }, model, hyperparameters, seed: 3, checkpointPath: join(folder, `${name}.latent.safetensors`), ...more }, signal())).checkpointPath;
  const place = (path: string, rows: string, stop = signal(), choices = {}) => engine.place({ runId: "place", path, source: { path: rows, choices } }, stop);
  const tensor = async (path: string, name: string) => {
    const file = await openCheckpoint(path);
    try {
      return (await file.read(name)).data.slice();
    } finally {
      await file.close();
    }
  };
  const headerOf = async (path: string) => {
    const file = await openCheckpoint(path);
    await file.close();
    return file.header;
  };

  /** Share of points whose class most of their five nearest points of the map have; a point of the map is not its own neighbour. */
  const accuracy = (map: Float32Array, classes: Int32Array, points: Float32Array, wanted: Int32Array, dimensions: number, areOwn = false) => {
    let right = 0;
    for (let i = 0; i < wanted.length; i++) {
      // The five nearest so far, in order.
      const nearest = new Float64Array(5).fill(Infinity), classOf = new Int32Array(5);
      for (let j = 0; j < classes.length; j++) {
        let sum = 0;
        for (let axis = 0; axis < dimensions; axis++) sum += (map[j * dimensions + axis]! - points[i * dimensions + axis]!) ** 2;
        if (sum >= nearest[4]! || (areOwn && i === j)) continue;
        let at = 4;
        for (; at > 0 && nearest[at - 1]! > sum; at--) [nearest[at], classOf[at]] = [nearest[at - 1]!, classOf[at - 1]!];
        [nearest[at], classOf[at]] = [sum, classes[j]!];
      }
      const votes = new Int32Array(10);
      for (const known of classOf) votes[known]!++;
      right += Number(votes.indexOf(Math.max(...votes)) === wanted[i]!);
    }
    return right / wanted.length;
  };

  it.each([
    ["tsne", { iterations: 500 }], ["tsne", { iterations: 500, dimensions: "3", metric: "cosine" }], ["umap", {}], ["umap", { metric: "cosine" }],
    ["mds", { kind: "classical" }], ["mds", { kind: "metric", iterations: 100 }], ["mds", { kind: "nonmetric", iterations: 100 }], ["mds", { kind: "classical", dimensions: "3" }],
  ] as const)("by %s %j lie among their own kind as the map's rows do, and the map stays to the bit", async (model, hyperparameters) => {
    const path = await fit(model, `${model}-${Object.values(hyperparameters).join("-")}`, hyperparameters, crowd);
    const before = await tensor(path, "latents");
    expect(await place(path, newcomers)).toEqual({ id: 1, count: guests });
    expect(await tensor(path, "latents")).toEqual(before);
    const dimensions = "dimensions" in hyperparameters ? 3 : 2;
    const { sets, data } = await engine.placed(path, { projection: "axes", dimensions });
    const { fingerprint } = (await headerOf(path)).placed![0]!.dataset;
    expect(sets).toEqual([{ id: 1, name: "newcomers-images-idx3-ubyte", fingerprint, count: guests, problem: null }]);
    expect(data).toHaveLength(guests * dimensions);
    expect(data.every(Number.isFinite)).toBe(true);
    const [own, placed] = [await engine.coloring(path, "label"), await engine.placedColoring(path, "label")] as { values: Int32Array; classes: string[] }[];
    expect(placed!.classes).toEqual(own!.classes);
    const ofMap = accuracy(before as Float32Array, own!.values, before as Float32Array, own!.values, dimensions, true);
    const ofPlaced = accuracy(before as Float32Array, own!.values, data, placed!.values, dimensions);
    expect(ofPlaced).toBeGreaterThan(ofMap - 0.1);
    if (process.env["LATENT_LENS_SHOW"]) process.stdout.write(`${model} ${JSON.stringify(hyperparameters)}: the map ${ofMap.toFixed(3)}, placed ${ofPlaced.toFixed(3)}\n`);
  }, 120_000);

  it("of classical MDS are where the map has its own rows, and of metric MDS nearly so", async () => {
    for (const [kind, tolerance] of [["classical", 1e-3], ["metric", 0.05]] as const) {
      const path = await fit("mds", `again-${kind}`, { kind });
      await place(path, writeDigits(folder, 100, 0, "again"));
      const map = await tensor(path, "latents") as Float32Array;
      const { data } = await engine.placed(path, { projection: "axes", dimensions: 2 });
      const extent = map.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const apart = Array.from({ length: 100 }, (_, i) => Math.hypot(data[2 * i]! - map[2 * i]!, data[2 * i + 1]! - map[2 * i + 1]!) / extent).sort((a, b) => a - b);
      expect(apart[kind === "classical" ? 99 : 50]).toBeLessThan(tolerance);
    }
  });

  it("show what they are, are found, have neighbours, and are exported with the map", async () => {
    const path = await fit("umap", "asked", {});
    await place(path, others);
    const row = known + 17;
    const details = await engine.details(path, Int32Array.of(3, row));
    const files = new Map([digits, others].map(file => [file, readFileSync(file)]));
    const inFile = (file: string, at: number) => [...files.get(file)!.subarray(16 + 784 * at, 16 + 784 * (at + 1))];
    expect(details.x.shape).toEqual([2, 28, 28, 1]);
    expect([...details.x.data]).toEqual([...inFile(digits, 3), ...inFile(others, 17)]);
    expect(details.titles).toEqual(["row 3", "row 17"]);
    expect((await engine.thumbnails(path, Int32Array.of(row))).shape).toEqual([1, 28, 28, 1]);
    expect(await engine.location(path, row)).toEqual({ path: others });
    const { values } = await engine.placedColoring(path, "label") as { values: Int32Array };
    const found = await engine.find(path, "7");
    const sevens = Array.from(values.keys()).filter(at => values[at] === 7).map(at => known + at);
    expect([...found].filter(at => at >= known)).toEqual(sevens);
    const neighbors = await engine.neighbors(path, { row, metric: "euclidean", count: 12 });
    const pixels = inFile(others, 17);
    const squared = Array.from({ length: known }, (_, at) => inFile(digits, at).reduce((sum, value, i) => sum + (value - pixels[i]!) ** 2, 0));
    // Of the 50 principal components that the map was made of; the nearest of all pixels is among them.
    expect([...neighbors.rows]).toContain(squared.indexOf(Math.min(...squared)));
    expect([...neighbors.distances]).toEqual([...neighbors.distances].sort((a, b) => a - b));
    await expect(engine.details(path, Int32Array.of(known + held))).rejects.toThrow(`there is no row ${known + held}, rows go from 0 to ${known + held - 1}`);
    await expect(engine.latents(path, Int32Array.of(row))).rejects.toThrow(`rows go from 0 to ${known - 1}`);

    for (const coloring of ["dimension:1", "cluster:5"]) expect((await engine.placedColoring(path, coloring)).values).toHaveLength(held);
    const clusters = await engine.placedColoring(path, "cluster:5");
    expect([...clusters.values].every(value => value >= 0 && value < 5)).toBe(true);

    const csv = join(folder, "latents.csv");
    await engine.exportLatents(path, { format: "csv", target: csv });
    const lines = readFileSync(csv, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(1 + known + held);
    expect(lines[0]).toMatch(/^"?dataset"?,/);
    expect(lines[1 + row]).toMatch(new RegExp(`^others-images-idx3-ubyte,17,row 17,${values[17]},`));
    await engine.exportLatents(path, { format: "npy", target: join(folder, "latents.npy") });
    expect(readFileSync(join(folder, "latents.npy")).toString("latin1", 0, 128)).toContain(`(${known + held}, 2)`);
  });

  it("are kept by a rename, replaced when placed again, stay when their file is gone, and go when they are removed", async () => {
    const path = await fit("umap", "kept", { epochs: 100 });
    const gone = writeDigits(folder, 40, 700, "gone");
    expect(await place(path, others)).toMatchObject({ id: 1 });
    expect(await place(path, gone)).toMatchObject({ id: 2, count: 40 });
    const map = await tensor(path, "latents");
    expect(await place(path, others)).toMatchObject({ id: 3 });
    await engine.rename(path, "with others");
    expect((await headerOf(path)).placed!.map(({ id, count }) => [id, count])).toEqual([[2, 40], [3, held]]);
    renameSync(gone, join(folder, "away"));
    await engine.release(path);
    const { sets, data } = await engine.placed(path, { projection: "axes", dimensions: 2 });
    expect(sets.map(({ id, problem }) => [id, problem === null])).toEqual([[2, false], [3, true]]);
    expect(data).toHaveLength(2 * (40 + held));
    expect((await engine.placedColoring(path, "label")).values.slice(0, 40).every(value => value >= 0)).toBe(true);
    await expect(engine.details(path, Int32Array.of(known))).rejects.toMatchObject({ code: "bad-dataset" });
    expect((await engine.details(path, Int32Array.of(known + 40))).titles).toEqual(["row 0"]);
    await engine.removePlaced(path, 2);
    await expect(engine.removePlaced(path, 2)).rejects.toThrow("no longer placed");
    await engine.removePlaced(path, 3);
    const header = await headerOf(path);
    expect(header.placed).toBeUndefined();
    expect(Object.keys(header.tensors).filter(name => name.startsWith("placed."))).toEqual([]);
    expect(await tensor(path, "latents")).toEqual(map);
  });

  it("go through the encoder whose latents were mapped", async () => {
    const basis = await fit("pca", "basis", { latentDim: 12 }, crowd);
    const path = await fit("umap", "of-basis", {}, crowd, { basis });
    const phases = new Set<string>();
    onProgress = (_, { phase }) => phases.add(phase);
    await place(path, newcomers);
    expect([...phases]).toEqual(["loading", "encoding", "placing", "saving"]);
    const map = await tensor(path, "latents") as Float32Array;
    const { data } = await engine.placed(path, { projection: "axes", dimensions: 2 });
    const [own, placed] = [await engine.coloring(path, "label"), await engine.placedColoring(path, "label")] as { values: Int32Array }[];
    expect(accuracy(map, own!.values, data, placed!.values, 2)).toBeGreaterThan(accuracy(map, own!.values, map, own!.values, 2, true) - 0.1);
  });

  it("leave nothing when they are cancelled, and soon", async () => {
    const path = await fit("tsne", "cancelled", { iterations: 250 });
    const many = writeDigits(folder, 9000, 1000, "many");
    const before = readFileSync(path);
    for (const at of ["loading", "placing"] as const) {
      const abort = new AbortController();
      let asked = 0;
      onProgress = (_, { phase, fraction }) => {
        if (phase !== at || abort.signal.aborted || (at === "placing" && fraction < 0.75)) return;
        asked = performance.now();
        abort.abort();
      };
      await expect(place(path, many, abort.signal)).rejects.toMatchObject({ code: "cancelled" });
      expect(asked).toBeGreaterThan(0);
      const took = performance.now() - asked;
      if (process.env["LATENT_LENS_SHOW"]) process.stdout.write(`cancelled while ${at}: ${took.toFixed(0)} ms\n`);
      expect(took).toBeLessThan(5000);
      expect(readFileSync(path).equals(before)).toBe(true);
    }
    expect(readdirSync(folder).filter(name => name.endsWith(".tmp"))).toEqual([]);
  }, 60_000);

  it("are placed, asked for and cancelled over the boundary between processes", async () => {
    const path = await fit("mds", "remote", { kind: "classical" });
    // As two processes: everything that crosses is a structured clone.
    const listeners: ((message: Message) => void)[][] = [[], []];
    const port = (own: 0 | 1): Port => ({
      post: message => setImmediate(() => listeners[1 - own]!.forEach(listen => listen(structuredClone(message)))),
      listen: receive => listeners[own]!.push(receive),
    });
    const { close: _, ...methods } = engine;
    expose<EngineApi>(port(0), methods);
    const { remote } = connect<EngineApi>(port(1));
    const { source } = await remote.inspectFor(path, { path: others, choices: null });
    expect(source.choices["labels"]).toEqual(["others-labels-idx1-ubyte"]);
    const before = readFileSync(path);
    const abort = new AbortController();
    onProgress = () => abort.abort();
    await expect(remote.place({ runId: "remote", path, source }, abort.signal)).rejects.toMatchObject({ code: "cancelled" });
    expect(readFileSync(path).equals(before)).toBe(true);
    const fractions: number[] = [];
    onProgress = (id, { fraction }) => { if (id === "remote") fractions.push(fraction); };
    expect(await remote.place({ runId: "remote", path, source }, signal())).toEqual({ id: 1, count: held });
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const { data } = await remote.placed(path, { projection: "axes", dimensions: 2 });
    expect(data).toBeInstanceOf(Float32Array);
    expect(data).toEqual((await engine.placed(path, { projection: "axes", dimensions: 2 })).data);
    await expect(remote.place({ runId: "remote", path, source: { path: join(folder, "nowhere.npy"), choices: {} } })).rejects.toMatchObject({ code: "bad-dataset" });
    await remote.removePlaced(path, 1);
    expect((await remote.placed(path, { projection: "axes", dimensions: 2 })).sets).toEqual([]);
  });

  it("are refused in words where they cannot be placed", async () => {
    const map = await fit("umap", "refusing", { epochs: 50 });
    const write = (name: string, type: "<f4", shape: number[]) => {
      const path = join(folder, name);
      writeFileSync(path, npy(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1), type, shape));
      return path;
    };
    await expect(place(map, write("wide.npy", "<f4", [5, 9]))).rejects.toMatchObject({ code: "bad-dataset", message: "wide.npy: holds vector rows, the map is of image rows" });
    await expect(place(map, write("small.npy", "<f4", [5, 14, 14]), signal(), { rows: ["images"] })).rejects.toThrow("small.npy: has rows of shape [14, 14, 1], the map is of rows of shape [28, 28, 1]");
    await expect(place(map, join(folder, "absent.npy"))).rejects.toMatchObject({ code: "bad-dataset" });
    await expect(place(map, write("none.npy", "<f4", [0, 28, 28]), signal(), { rows: ["images"] })).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringContaining("none.npy") });
    const pca = await fit("pca", "no-map", { latentDim: 2 });
    await expect(place(pca, others)).rejects.toThrow("no-map.latent.safetensors is no map: rows are placed in those of MDS, t-SNE, UMAP");
    const distances = join(folder, "distances.npy");
    writeFileSync(distances, npy(Array.from({ length: 400 }, (_, at) => Math.abs(Math.floor(at / 20) - (at % 20))), "<f4", [20, 20]));
    const measured = await fit("mds", "measured", { metric: "precomputed", kind: "classical" }, distances);
    await expect(place(measured, distances)).rejects.toThrow("a map of distances");
    const stop = new AbortController();
    onProgress = (id, { phase, epoch }) => { if (id === "stopped" && phase === "fitting" && epoch > 5) stop.abort(); };
    const checkpointPath = join(folder, "stopped.latent.safetensors");
    await engine.fit({ runId: "stopped", source: { path: digits, choices: {} }, model: "tsne", hyperparameters: { iterations: 20_000 }, seed: 3, checkpointPath }, stop.signal);
    await expect(place(checkpointPath, others)).rejects.toThrow("Resume it, then place the rows");
  }, 60_000);

  describe("of a table", () => {
    const [head, ...lines] = readFileSync(penguins, "utf8").trimEnd().split("\n");
    const columns = head!.split(",");
    const write = (name: string, text: readonly string[][]) => {
      const path = join(folder, name);
      writeFileSync(path, text.map(cells => cells.join(",")).join("\n"));
      return path;
    };
    const table = (rows: string[]) => rows.map(line => line.split(","));
    const first = write("penguins.csv", [columns, ...table(lines.filter((_, i) => i % 4 !== 0))]);
    const rest = table(lines.filter((_, i) => i % 4 === 0));

    it("are found by the names of their columns, in any order and beside others", async () => {
      const path = await fit("umap", "penguins", {}, first);
      const straight = write("rest.csv", [columns, ...rest]);
      const turned = write("turned.csv", [["note", ...[...columns].reverse()], ...rest.map((cells, i) => [`n${i}`, ...[...cells].reverse()])]);
      const described = await engine.inspectFor(path, { path: turned, choices: null });
      expect(described.notes.some(note => note.startsWith("not yet like"))).toBe(false);
      await place(path, straight);
      const { data: one } = await engine.placed(path, { projection: "axes", dimensions: 2 });
      await engine.place({ runId: "turned", path, source: described.source }, signal());
      const { data: both } = await engine.placed(path, { projection: "axes", dimensions: 2 });
      expect(both.slice(one.length)).toEqual(one);
      expect((await engine.details(path, Int32Array.of(lines.length))).facts[0]![0]).toEqual(["note", "n0"]);
      const species = await engine.placedColoring(path, "column:island");
      expect([...species.values].every(value => value >= 0)).toBe(true);
    });

    it("are read as the map's were, as far as the file has it, and what is missing is named", async () => {
      const path = await fit("umap", "read-alike", { epochs: 50 }, first);
      // A penguin that nobody measured lies where the map has it, whatever the others of its new file weigh.
      const [unmeasured] = table(lines.filter(line => line.split(",").filter(cell => cell === "" || cell === "NaN").length >= 4));
      const beside = write("beside.csv", [columns, unmeasured!, ...rest.filter(cells => cells.includes("Gentoo"))]);
      expect((await engine.inspectFor(path, { path: beside, choices: null })).notes.join()).toContain("filled with the column's mean in the map's rows: ");
      const { id } = await place(path, beside);
      expect((await tensor(path, `placed.${id}.neighbors.distances`))[0]).toBeLessThan(1e-5);
      await engine.removePlaced(path, id);
      const at = columns.indexOf("species"), mass = columns.indexOf("body_mass_g"), island = columns.indexOf("island");
      const without = (column: number) => [columns, ...rest].map(cells => cells.filter((_, i) => i !== column));
      const unlabelled = await engine.inspectFor(path, { path: write("unlabelled.csv", without(at)), choices: null });
      expect(unlabelled.labels).toBeNull();
      await engine.place({ runId: "unlabelled", path, source: unlabelled.source }, signal());
      expect([...(await engine.placedColoring(path, "label")).values].every(value => value === -1)).toBe(true);
      const light = await engine.inspectFor(path, { path: write("light.csv", without(mass)), choices: null });
      expect(light.notes[0]).toContain('not yet like the map\'s rows: it lacks the column "body_mass_g"');
      await expect(engine.place({ runId: "light", path, source: light.source }, signal())).rejects.toThrow('light.csv: lacks the column "body_mass_g"');
      const elsewhere = write("elsewhere.csv", [columns, ...rest.map(cells => cells.map((cell, i) => (i === island ? "Atlantis" : cell)))]);
      await expect(place(path, elsewhere)).rejects.toThrow('elsewhere.csv: column "island" has the category "Atlantis", which the map\'s rows have not');
    });
  });
});
