import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { DatasetChoice, Labels } from "../../protocol/data";
import { LatentError, throwIfCancelled } from "../../protocol/errors";
import { fingerprintOf, openFileSource, type ByteSource } from "./byteSource";
import { choose } from "./choices";
import { counted } from "./counted";
import type { Dataset, DatasetReader } from "./dataset";
import { decodeImage, isColored, readImageInfo, type Fit, type ImageInfo, type ImageTarget } from "./imageDecoder";
import { findImages, imageEndings, type ImageFile } from "./imageFiles";
import { compareNaturally } from "./labelValues";
import { closeAll } from "./opening";
import { inParallel } from "./parallel";
import { spreadRows } from "../spreadRows";
import { checkIndices, checkWindow } from "./rowRuns";

// A folder of image files; its subfolders, when it has any, are the classes.

export const imageFolder: DatasetReader = {
  title: "Folder of images",
  endings: [],
  folders: true,
  open: async (path, choices, { signal, onProgress } = {}) => {
    throwIfCancelled(signal);
    const { images, others } = await findImages(path, signal);
    if (images.length === 0) {
      const found = others > 0 ? `, found only ${counted(others, "other file")}` : "";
      throw new LatentError("bad-dataset", `${basename(path)} holds no images: looked for files ending in ${imageEndings.join(", ")} in it and its subfolders${found}`);
    }
    const infos = await readInfos(path, images, signal, onProgress);
    const plan = await planImages(images, infos, choices, signal);
    const labels = folderLabels(images);
    const notes = [...labels.notes, ...plan.notes, ...(others > 0 ? [`left out: ${counted(others, "other file")}`] : [])];
    return imageDataset(images, plan.target, labels.labels, { choices: plan.choices, notes, fingerprint: await fingerprintOfFolder(images) });
  },
};

const decodedAtOnce = 4; // libuv decodes on four threads
const headersAtOnce = 8;

/** Headers of the folders opened last, by file and its size and time: another choice of size must not read all again. */
const recentInfos = new Map<string, Map<string, ImageInfo>>();
const mostRecent = 2;
const mostRemembered = 100_000; // images of a folder; beyond, the memory is worth more than the seconds

async function readInfos(root: string, images: readonly ImageFile[], signal?: AbortSignal, onProgress?: (fraction: number) => void): Promise<ImageInfo[]> {
  const known = recentInfos.get(root);
  const infos: ImageInfo[] = [];
  let done = 0;
  await inParallel(images, headersAtOnce, async (image, index) => {
    throwIfCancelled(signal);
    infos[index] = known?.get(stateOf(image)) ?? (await readImageInfo(image.path, image.name));
    if (++done % 64 === 0) onProgress?.(done / images.length);
  });
  recentInfos.delete(root);
  if (images.length <= mostRemembered) recentInfos.set(root, new Map(images.map((image, index) => [stateOf(image), infos[index]!])));
  for (const oldest of [...recentInfos.keys()].slice(0, -mostRecent)) recentInfos.delete(oldest);
  return infos;
}

const stateOf = ({ name, bytes, modified }: ImageFile) => `${name}\0${bytes}\0${modified}`;

function imageDataset(images: readonly ImageFile[], target: ImageTarget, labels: Labels | null, rest: Pick<Dataset, "choices" | "notes" | "fingerprint">): Dataset {
  const shape = [target.height, target.width, target.channels];
  const size = target.height * target.width * target.channels;
  const decodeInto = async (rows: Uint8Array | Float32Array, indices: Int32Array, signal?: AbortSignal) => {
    await inParallel(Array.from(indices), decodedAtOnce, async (row, position) => {
      throwIfCancelled(signal);
      const { path, name } = images[row]!;
      rows.set(await decodeImage(path, name, target), position * size);
    });
  };
  return {
    ...rest,
    schema: { count: images.length, kind: "image", shape, range: [0, 255], columns: [] },
    dtype: "uint8",
    columnNames: [],
    read: async (start, count, signal) => {
      throwIfCancelled(signal);
      checkWindow(start, count, images.length);
      const rows = new Uint8Array(count * size);
      await decodeInto(rows, Int32Array.from({ length: count }, (_, i) => start + i), signal);
      return rows;
    },
    rows: async (indices, signal) => {
      throwIfCancelled(signal);
      checkIndices(indices, images.length);
      const rows = new Float32Array(indices.length * size);
      await decodeInto(rows, indices, signal);
      return rows;
    },
    labels: async signal => {
      throwIfCancelled(signal);
      return labels && { ...labels, values: labels.values.slice() } as Labels;
    },
    column: async name => {
      throw new LatentError("bad-request", `there is no column "${name}"`);
    },
    facts: async indices => Array.from(indices, () => []),
    title: row => images[row]!.name,
    location: row => ({ path: images[row]!.path }),
    close: async () => undefined,
  };
}

function folderLabels(images: readonly ImageFile[]): { labels: Labels | null; notes: string[] } {
  const classes = [...new Set(images.flatMap(({ folder }) => folder ?? []))].sort(compareNaturally);
  if (classes.length === 0) return { labels: null, notes: [] };
  const indexOf = new Map(classes.map((name, index) => [name, index]));
  const values = Int32Array.from(images, ({ folder }) => (folder === null ? -1 : indexOf.get(folder)!));
  const without = images.filter(({ folder }) => folder === null).length;
  return {
    labels: { kind: "classes", name: "folder", values, classes },
    notes: [`classes from ${counted(classes.length, "subfolder")}${without > 0 ? `; without a class: ${counted(without, "image")} outside them` : ""}`],
  };
}

const sizes = [28, 32, 48, 64, 96, 128];
const largestNative = 128;
const defaultSide = 64;
const colorSample = 50;

/** Decides size, fit and colour from the headers and the user's answers. */
async function planImages(
  images: readonly ImageFile[], infos: readonly ImageInfo[], answers: Record<string, string[]>, signal?: AbortSignal,
): Promise<{ target: ImageTarget; choices: DatasetChoice[]; notes: string[] }> {
  const { width, height } = infos[0]!;
  const equal = infos.every(info => info.width === width && info.height === height);
  const size = choose(answers, {
    id: "size",
    title: "Image size",
    options: [
      ...(equal ? [{ id: "native", label: `${height}×${width}, as they are` }] : []),
      ...sizes.map(side => ({ id: String(side), label: `${side}×${side}` })),
    ],
    fallback: [equal && Math.max(width, height) <= largestNative ? "native" : String(defaultSide)],
  });
  const side = Number(size.selected[0]);
  const target = size.selected[0] === "native" ? { height, width } : { height: side, width: side };
  const distorted = infos.some(info => info.width * target.height !== info.height * target.width);
  const fit = choose(answers, {
    id: "fit",
    title: "Images of another shape",
    options: [{ id: "letterbox", label: "Whole image, the rest black" }, { id: "crop", label: "Cut to the middle" }, { id: "stretch", label: "Stretch" }],
    fallback: ["letterbox"],
  });
  const colored = await findColor(images, infos, signal);
  const color = choose(answers, {
    id: "color",
    title: "Colour",
    options: [{ id: "color", label: "Colour" }, { id: "grey", label: "Grey" }],
    fallback: [colored.found ? "color" : "grey"],
  });
  const resized = infos.filter(info => info.width !== target.width || info.height !== target.height).length;
  const alpha = infos.filter(info => info.hasAlpha).length;
  const animated = infos.filter(info => info.frames > 1).length;
  const howFit = { letterbox: "whole image, the rest black", crop: "cut to the middle", stretch: "stretched" }[fit.selected[0] as Fit];
  return {
    target: { ...target, channels: color.selected[0] === "grey" ? 1 : 3, fit: fit.selected[0] as Fit },
    choices: [size, ...(distorted ? [fit] : []), color],
    notes: [
      ...(resized > 0 ? [`resized: ${resized} of ${counted(images.length, "image")}, to ${target.height}×${target.width}${distorted ? ` (${howFit})` : ""}`] : []),
      colored.note,
      ...(alpha > 0 ? [`laid on white: ${counted(alpha, "image")} with transparency`] : []),
      ...(animated > 0 ? [`only the first frame or page: ${counted(animated, "image")} with several`] : []),
    ],
  };
}

/** Whether there are colour images: by the headers where they only allow grey, else by the pixels of a sample. */
async function findColor(images: readonly ImageFile[], infos: readonly ImageInfo[], signal?: AbortSignal): Promise<{ found: boolean; note: string }> {
  const candidates = images.filter((_, index) => infos[index]!.maybeColored);
  if (candidates.length === 0) return { found: false, note: "all images are grey" };
  const sample = spreadRows(candidates.length, colorSample);
  for (const index of sample) {
    throwIfCancelled(signal);
    const { path, name } = candidates[index]!;
    if (await isColored(path, name)) return { found: true, note: `there are colour images, e.g. ${name}` };
  }
  return { found: false, note: `no colour in ${sample.length} of ${candidates.length} images that could have some` };
}

const hashedFiles = 32;

/** Names and sizes of all files, and content blocks of some. */
async function fingerprintOfFolder(images: readonly ImageFile[]): Promise<string> {
  const names = createHash("sha256");
  for (const { name, bytes } of images) names.update(`${name}\0${bytes}\0`);
  const sources: ByteSource[] = [];
  try {
    for (const index of spreadRows(images.length, hashedFiles)) sources.push(await openFileSource(images[index]!.path));
    return await fingerprintOf(sources, names.digest("hex"));
  } finally {
    await closeAll(sources);
  }
}
