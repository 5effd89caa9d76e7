import { basename } from "node:path";
import type { DatasetChoice } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import { arrayDataset, type LazyLabels } from "./arrayDataset";
import { fingerprintOf, openFileSource } from "./byteSource";
import { choose } from "./choices";
import { distinctNames, none } from "./columnNames";
import type { DatasetReader } from "./dataset";
import { readColumn } from "./labelArrays";
import { labelCores } from "./labelFiles";
import { labelLength, openNpyArray, parseNamed, readNpyLabels } from "./npyFile";
import { longestNpyHeader, type NpyHeader } from "./npyHeader";
import { opening } from "./opening";
import { viewRows } from "./rowView";
import { shapeText } from "./storedArray";
import { openZip, type ZipArchive, type ZipMember } from "./zipArchive";

// An npz file is a zip archive of npy files. One member holds the rows, another may hold their labels, and the rest that
// have as many rows describe them (the factors of dSprites, say).

interface Member {
  name: string;
  file: ZipMember;
  header: NpyHeader;
}

export const npz: DatasetReader = {
  title: "NumPy archive",
  endings: [".npz"],
  folders: false,
  open: (path, choices, context = {}) =>
    opening(path, async keep => {
      const archive = keep(await openZip(path));
      const { members, notes } = await readMembers(archive);
      const arrayChoice = chooseArray(members, choices, basename(path), notes);
      const rows = members.find(member => member.name === arrayChoice.selected[0])!;
      const array = keep(await openNpyArray(await rows.file.open(context.signal), rows.header, rows.name, context.signal));
      const view = viewRows(array.shape, array.element === "u1", choices);
      const others = members.filter(member => member !== rows && member.header.shape[0] === array.count);
      const labelChoice = chooseLabels(rows.name, others, choices);
      const labels = others.find(member => member.name === labelChoice.selected[0]);
      return arrayDataset({
        path,
        array,
        view,
        labels: labels ? lazyLabels(labels) : null,
        columns: others.filter(member => member !== labels).flatMap(columnsOf),
        choices: [arrayChoice, labelChoice],
        notes: [...notes, ...(labels ? [`labels from ${labels.name}`] : [])],
        fingerprint: await fingerprintOfArchive(path, [arrayChoice, labelChoice]),
        resources: [archive],
      }, context.signal);
    }),
};

const mostProblems = 5;

/** The arrays in the archive; what cannot be read is named in a note. */
async function readMembers(archive: ZipArchive): Promise<{ members: Member[]; notes: string[] }> {
  const names = distinctNames(archive.members.map(file => file.name.replace(/\.npy$/, "")), index => `array ${index}`);
  const members: Member[] = [];
  const problems: string[] = [];
  for (const [index, file] of archive.members.entries()) {
    const name = names[index]!;
    try {
      if (file.problem) throw new LatentError("unsupported", `${name} ${file.problem}`);
      members.push({ name, file, header: parseNamed(await file.start(longestNpyHeader), name) });
    } catch (error) {
      if (!(error instanceof LatentError)) throw error;
      problems.push(error.message);
    }
  }
  const shown = problems.slice(0, mostProblems).map(problem => `not read: ${problem}`);
  if (problems.length > mostProblems) shown.push(`not read: ${problems.length - mostProblems} more members`);
  return { members, notes: shown };
}

const rowNames = ["x_train", "train_x", "train_images", "x", "data", "images", "imgs", "features", "vectors", "embeddings", "x_test"];

/** Which member holds the rows: one with a name that says so, else the largest. */
function chooseArray(members: readonly Member[], answers: Record<string, string[]>, file: string, problems: readonly string[]): DatasetChoice {
  const able = members.filter(({ header }) => header.kind === "numbers" && header.shape.length >= 2);
  if (able.length === 0) {
    const found = members.map(({ name, header }) => `${name} ${shapeText(header.shape)}`).join(", ");
    const reasons = [found ? `, only ${found}` : "", ...problems.slice(0, 3).map(problem => `; ${problem}`)].join("");
    throw new LatentError("bad-dataset", `${file} holds no array of numbers with rows (two or more axes)${reasons}`);
  }
  const rank = ({ name }: Member) => {
    const at = rowNames.indexOf(name.toLowerCase());
    return at < 0 ? rowNames.length : at;
  };
  const ordered = [...able].sort((a, b) => rank(a) - rank(b) || valueCount(b) - valueCount(a));
  return choose(answers, {
    id: "array",
    title: "Rows from",
    options: able.map(optionFor),
    fallback: [ordered[0]!.name],
  });
}

const valueCount = ({ header }: Member) => header.shape.reduce((product, size) => product * size, 1);
const optionFor = ({ name, header }: Member) => ({ id: name, label: name, description: `${shapeText(header.shape)} ${header.kind === "numbers" ? header.element : "text"}` });

/** Which member labels the rows: one whose name pairs with theirs, else one called "labels" or the like. */
function chooseLabels(rows: string, others: readonly Member[], answers: Record<string, string[]>): DatasetChoice {
  const able = others.filter(({ header }) => labelLength(header) !== null);
  const { paired, general } = labelCores(rows.toLowerCase().replaceAll("_", "-"));
  const wanted = [...paired, ...general];
  const named = wanted.map(core => able.find(({ name }) => name.toLowerCase().replaceAll("_", "-") === core)).find(Boolean);
  return choose(answers, {
    id: "labels",
    title: "Labels",
    options: [...able.map(optionFor), { id: none, label: "None" }],
    fallback: [named?.name ?? none],
  });
}

function lazyLabels({ name, file, header }: Member): LazyLabels {
  return {
    name,
    read: signal =>
      opening(name, async keep => {
        const source = keep(await file.open(signal));
        const labels = await readNpyLabels(source, header, name, signal);
        await source.close();
        return labels;
      }),
  };
}

const mostColumns = 64;

/** A list is a column as it is, an array [n, k] of few values a row is k of them; anything wider is other rows. */
function columnsOf(member: Member): LazyLabels[] {
  const { name, file, header } = member;
  if (labelLength(header) !== null) return [lazyLabels(member)];
  const width = header.shape[1];
  if (header.kind !== "numbers" || header.shape.length !== 2 || width === undefined || width > mostColumns) return [];
  return Array.from({ length: width }, (_, place) => ({
    name: `${name} ${place}`,
    read: signal =>
      opening(name, async keep => {
        const array = keep(await openNpyArray(await file.open(signal), header, name, signal));
        const values = await readColumn(array, place, signal);
        await array.close();
        return { kind: "numbers" as const, name: `${name} ${place}`, values };
      }),
  }));
}

/** The archive's bytes and which members are read from it. */
async function fingerprintOfArchive(path: string, choices: readonly DatasetChoice[]): Promise<string> {
  const source = await openFileSource(path);
  try {
    return await fingerprintOf([source], ...choices.flatMap(choice => choice.selected));
  } finally {
    await source.close();
  }
}
