import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { npy } from "../../../samples/numpy.mjs";
import { rollUp } from "../../../samples/swissRoll.mjs";
import { openCheckpoint } from "../../../src/engine/checkpoint";
import { createEngine } from "../../../src/engine/engine";
import type { CheckpointHeader } from "../../../src/protocol/checkpointHeader";
import type { HyperparameterValues } from "../../../src/protocol/data";
import { backendOptions } from "../../helpers/backends";
import { mnistPath } from "../../helpers/memoryDataset";

// What the pages show in these tests: checkpoints that the engine makes of real data, once for all test files of a worker.

export interface Checkpoint {
  path: string;
  fileName: string;
  header: CheckpointHeader;
}

const folder = resolve(import.meta.dirname, `../../../out/pages/data-${process.env["VITEST_POOL_ID"] ?? "0"}`);
const require = createRequire(import.meta.url);
const rows = 300;

/** Names as long as people make them, in more than one script. */
export const longNames = {
  title: "Überlange Bezeichnung eines Datensatzes 数据集 مجموعة البيانات 🐧 ".repeat(4).slice(0, 200),
  classes: ["Pygoscelis adeliae (Hombron & Jacquinot, 1841) – Adéliepinguin", "Pygoscelis_antarcticus_without_any_place_to_break_the_name_ok", "帽帶企鵝與巴布亞企鵝在南極半島的共同繁殖地觀測記錄及其體型測量資料彙編之第三卷附錄補充說明全文與索引以及圖表目錄"],
  columns: ["körpermasse_in_gramm_gemessen_am_frühen_morgen_vor_der_nahrungssuche", "長度", "مسافة"],
};

/** The checkpoints by name. Latents of 16 dimensions make more knobs than are shown at first; a plane has its sheet. */
const recipes = {
  penguins: { source: penguins, model: "pca", hyperparameters: {} },
  digits: { source: digits, model: "vae", hyperparameters: { latentDim: 16, hidden: [64], epochs: 12, batchSize: 20, learningRate: 0.004, patience: 0 } },
  plane: { source: digits, model: "autoencoder", hyperparameters: { latentDim: 2, hidden: [32], epochs: 2, batchSize: 50, patience: 0 } },
  components: { source: digits, model: "pca", hyperparameters: { latentDim: 12 } },
  roll: { source: roll, model: "pca", hyperparameters: { latentDim: 3 } },
  long: { source: longTable, model: "autoencoder", hyperparameters: { latentDim: 3, hidden: [8], epochs: 2, patience: 0 } },
  gone: { source: leavingTable, model: "pca", hyperparameters: {} },
} satisfies Record<string, { source(): string; model: string; hyperparameters: HyperparameterValues }>;
/** `beside` and `plain` are of the same rows as `placed`, in whose comparisons alone they are looked at. */
export type CheckpointName = keyof typeof recipes | "interrupted" | "placed" | "beside" | "plain";
export const checkpointNames = [...(Object.keys(recipes) as (keyof typeof recipes)[]), "interrupted", "placed"] as const;

let opened: ReturnType<typeof make> | undefined;

/** The engine and its checkpoints; made by the first test file that asks. */
export function checkpoints() {
  return (opened ??= make());
}

async function make() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const stop = new AbortController();
  const engine = createEngine({ ...(await backendOptions()), backend: "wasm" }, {
    didProgress: (runId, { phase, epoch }) => runId === "interrupted" && phase === "fitting" && epoch >= 1 && stop.abort(),
    didOpenBackend: () => undefined,
    didLog: () => undefined,
  });
  const fit = async (name: CheckpointName, path: string, model: string, hyperparameters: HyperparameterValues, signal = new AbortController().signal): Promise<Checkpoint> => {
    const checkpointPath = join(folder, "latents", `${name}.latent.safetensors`);
    await engine.fit({ runId: name, source: { path, choices: {} }, model, hyperparameters, seed: 1, checkpointPath }, signal);
    return read(checkpointPath);
  };
  const read = async (path: string): Promise<Checkpoint> => {
    const file = await openCheckpoint(path);
    await file.close();
    return { path, fileName: basename(path), header: file.header };
  };
  const made = {} as Record<CheckpointName, Checkpoint>;
  for (const [name, { source, model, hyperparameters }] of Object.entries(recipes)) made[name as CheckpointName] = await fit(name as CheckpointName, source(), model, hyperparameters);
  made.interrupted = await fit("interrupted", digits(), "autoencoder", { latentDim: 2, hidden: [32], epochs: 50, batchSize: 50, patience: 0 }, stop.signal);
  const [most, rest, few] = [someTable("most", at => at % 4 !== 0), someTable("rest", at => at % 4 === 0), someTable("few", at => at % 40 === 0)];
  const placedIn = async ({ path: map }: Checkpoint, ...tables: string[]) => {
    for (const path of tables) await engine.place({ runId: "placed", path: map, source: { path, choices: {} } }, new AbortController().signal);
    return read(map);
  };
  made.placed = await placedIn(await fit("placed", most, "umap", { epochs: 100, dimensions: "3" }), rest);
  made.beside = await placedIn(await fit("beside", most, "mds", {}), few, rest);
  made.plain = await fit("plain", most, "pca", {});
  rmSync(made.gone.header.dataset.source.path);
  await engine.release(made.gone.path);
  return { engine, ...made };
}

function penguins(): string {
  const path = join(folder, "penguins.csv");
  copyFileSync(require.resolve("@observablehq/sample-datasets/penguins.csv"), path);
  return path;
}

/** Some of the penguins. */
function someTable(name: string, takes: (at: number) => boolean): string {
  const path = join(folder, `${name}.csv`);
  const [head, ...lines] = readFileSync(penguins(), "utf8").trimEnd().split("\n");
  writeFileSync(path, [head!, ...lines.filter((_, at) => takes(at))].join("\n"));
  return path;
}

/** The first digits of MNIST's test set as IDX files of their own. */
function digits(): string {
  const path = join(folder, "digits-images-idx3-ubyte");
  const cut = (name: "t10k-images-idx3" | "t10k-labels-idx1", bytes: number, target: string) => {
    const part = Buffer.from(readFileSync(mnistPath(name)).subarray(0, bytes));
    part.writeUInt32BE(rows, 4);
    writeFileSync(target, part);
  };
  cut("t10k-images-idx3", 16 + 784 * rows, path);
  cut("t10k-labels-idx1", 8 + rows, join(folder, "digits-labels-idx1-ubyte"));
  return path;
}

function roll(): string {
  const path = join(folder, "roll.npy");
  const { points, positions } = rollUp(rows);
  writeFileSync(path, npy({ type: "f4", shape: [rows, 3], data: points }));
  writeFileSync(join(folder, "roll_labels.npy"), npy({ type: "f4", shape: [rows], data: positions }));
  return path;
}

/** The penguins under long names of species and columns. */
function longTable(): string {
  const path = join(folder, "long.csv");
  const [head, ...lines] = readFileSync(penguins(), "utf8").trimEnd().split("\n");
  const [mass, length, depth] = longNames.columns as [string, string, string];
  const species = ["Adelie", "Chinstrap", "Gentoo"];
  const renamed = lines.map(line => line.replace(/^\w+/, name => `"${longNames.classes[species.indexOf(name)]}"`));
  writeFileSync(path, [head!.replace("body_mass_g", mass).replace("culmen_length_mm", length).replace("culmen_depth_mm", depth), ...renamed].join("\n"));
  return path;
}

/** A table that is gone when the pages look for it. */
function leavingTable(): string {
  const path = join(folder, "gone.csv");
  copyFileSync(penguins(), path);
  return path;
}
