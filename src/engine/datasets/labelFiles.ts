import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DatasetChoice } from "../../protocol/data";
import { LatentError, messageOf } from "../../protocol/errors";
import { choose } from "./choices";
import { none } from "./columnNames";

// Array formats keep labels in a file of their own, found beside the rows by its name: x_train.npy → y_train.npy,
// train-images-idx3-ubyte → train-labels-idx1-ubyte(.gz), faces.npy → faces_labels.npy or labels.npy.

const rowWords = ["x", "data", "images", "image", "imgs", "img", "features", "inputs", "samples", "vectors", "embeddings", "latents"];
const labelWords = ["labels", "y", "label", "targets", "target", "classes", "class"];
/** Parts of a name that say the format, not what is in the file. */
const formatWord = /^(idx\d*|ubyte|npy|gz)$/;

/** "Train-Images.idx3-ubyte.gz" → "train-images": what a name says beyond its format, whatever its separators. */
function coreOf(name: string): string {
  return name.toLowerCase().split(/[\s._-]+/).filter(word => word !== "" && !formatWord.test(word)).join("-");
}

/**
 * The names, best first, that labels of rows in `core` may have. `paired` ones are made from the name of the rows;
 * the others ("labels") could belong to anything in the folder.
 */
export function labelCores(core: string): { paired: string[]; general: string[] } {
  const words = core.split("-");
  const paired = new Set<string>();
  words.forEach((word, at) => {
    const replaced = (other: string) => [...words.slice(0, at), other, ...words.slice(at + 1)].join("-");
    if (word === "x") paired.add(replaced("y"));
    if (rowWords.includes(word)) for (const other of labelWords) paired.add(replaced(other));
    const glued = /^x(train|test|val|valid)$/.exec(word) ?? /^(train|test|val|valid)x$/.exec(word);
    if (glued) paired.add(replaced(word.startsWith("x") ? `y${glued[1]}` : `${glued[1]}y`));
  });
  for (const other of labelWords) paired.add(`${core}-${other}`).add(`${other}-${core}`);
  paired.delete(core);
  return { paired: [...paired], general: labelWords.filter(word => word !== core && !paired.has(word)) };
}

const namesBeside = async (path: string, endings: readonly string[]) => {
  const names = await readdir(dirname(path)).catch(() => []);
  return names.filter(name => name !== basename(path) && endings.some(ending => name.toLowerCase().endsWith(ending))).sort();
};

/** The answer to `labels` for a file of rows: the label file in force, or null. */
export interface LabelFileChoice {
  choice: DatasetChoice;
  /** Path of the chosen file. */
  file: string | null;
  notes: string[];
}

/**
 * Finds label files beside `path` and chooses one: the user's answer, else the first that has a label for each of the
 * `count` rows. `labelCount` says how many labels a file holds and throws when it holds none. An answer that does not
 * fit is `bad-dataset`; a found file that does not fit is left out with a note.
 */
export async function chooseLabelFile(
  path: string, count: number, answers: Record<string, string[]>, endings: readonly string[], labelCount: (path: string) => Promise<number>,
): Promise<LabelFileChoice> {
  const { paired, general } = labelCores(coreOf(basename(path)));
  const beside = new Map<string, string[]>();
  for (const name of await namesBeside(path, endings)) beside.set(coreOf(name), [...(beside.get(coreOf(name)) ?? []), name]);
  const found: { name: string; problem: string | null }[] = [];
  for (const core of [...paired, ...general]) {
    for (const name of beside.get(core) ?? []) {
      const problem = await labelCount(join(dirname(path), name)).then(
        labels => (labels === count ? null : `it has ${labels} labels for ${count} rows`),
        error => messageOf(error),
      );
      // A file that merely is called "labels" may belong to something else: it is offered only when it fits.
      if (problem === null || paired.includes(core)) found.push({ name, problem });
    }
  }
  const choice = choose(answers, {
    id: "labels",
    title: "Labels",
    options: [...found.map(({ name, problem }) => ({ id: name, label: name, ...(problem ? { description: problem } : {}) })), { id: none, label: "None" }],
    fallback: [found.find(({ problem }) => problem === null)?.name ?? none],
  });
  const chosen = found.find(({ name }) => name === choice.selected[0]);
  if (chosen?.problem) throw new LatentError("bad-dataset", `${chosen.name} cannot be the labels: ${chosen.problem}. Choose others or none`);
  const unfit = found.some(({ problem }) => problem === null) ? [] : found;
  const notes = unfit.map(({ name, problem }) => `${name} beside it is not used: ${problem}`);
  if (chosen) notes.push(`labels from ${chosen.name}`);
  return { choice, file: chosen ? join(dirname(path), chosen.name) : null, notes };
}

/** The file of rows whose labels `path` may hold, for a message; null when none lies beside it. */
export async function rowsFileOf(path: string, endings: readonly string[]): Promise<string | null> {
  const core = coreOf(basename(path));
  const beside = await namesBeside(path, endings);
  return beside.find(name => labelCores(coreOf(name)).paired.includes(core)) ?? null;
}
