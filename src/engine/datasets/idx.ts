import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { LatentError } from "../../protocol/errors";
import { arrayDataset } from "./arrayDataset";
import { collect, openFileSource, type ByteSource } from "./byteSource";
import type { DatasetReader } from "./dataset";
import type { ElementType } from "./elements";
import { fingerprintOfFiles } from "./fingerprintOfFiles";
import { gunzipped, gunzippedStart } from "./gzip";
import { readArrayLabels } from "./labelArrays";
import { chooseLabelFile, rowsFileOf } from "./labelFiles";
import { datasetError, opening } from "./opening";
import { viewRows } from "./rowView";
import { arrayBytes, openStoredArray, shapeText, type ArrayLayout, type StoredArray } from "./storedArray";

// IDX, the format of MNIST and its kin (http://yann.lecun.com/exdb/mnist): two zero bytes, the element type, the number
// of axes, each axis as a big-endian 32-bit size, then the values, big-endian, last axis fastest.

const endings = [".idx", ".idx.gz", "-ubyte", "-ubyte.gz", ".ubyte", ".ubyte.gz"] as const;

export const idx: DatasetReader = {
  title: "IDX (MNIST)",
  endings,
  folders: false,
  open: (path, choices, context = {}) =>
    opening(path, async keep => {
      const array = keep(await openIdx(path, context.signal));
      if (array.shape.length === 1) throw await labelsNotRows(path, array.count);
      const view = viewRows(array.shape, array.element === "u1", choices, 1);
      const labels = await chooseLabelFile(path, array.count, choices, endings, async file => labelCount(await readLayout(file)));
      return arrayDataset({
        path,
        array,
        view,
        labels: labels.file === null ? null : { name: "label", read: signal => readLabels(labels.file!, signal) },
        choices: [labels.choice],
        notes: labels.notes,
        fingerprint: await fingerprintOfFiles(labels.file === null ? [path] : [path, labels.file]),
      }, context.signal);
    }),
};

async function readLabels(path: string, signal?: AbortSignal) {
  return opening(path, async keep => {
    const array = keep(await openIdx(path, signal));
    const labels = await readArrayLabels(array, basename(path), signal);
    await array.close();
    return labels;
  });
}

function labelCount({ shape }: ArrayLayout): number {
  if (shape.length !== 1) throw new LatentError("bad-dataset", `it has shape ${shapeText(shape)}, labels are a list`);
  return shape[0]!;
}

async function labelsNotRows(path: string, count: number): Promise<LatentError> {
  const rows = await rowsFileOf(path, endings);
  const advice = rows ? `Open ${rows} beside it` : "Open the file of images that it belongs to";
  return new LatentError("bad-dataset", `${basename(path)} is a list of ${count} values: it holds labels, not rows. ${advice}; the labels are found by name`);
}

/** Opens the array in an IDX file, unpacked when its name ends in .gz. */
async function openIdx(path: string, signal?: AbortSignal): Promise<StoredArray> {
  const layout = await readLayout(path);
  const what = basename(path);
  const length = layout.offset + arrayBytes(layout, what);
  const source = isPacked(path) ? await collect(gunzipped(path), length, what, signal) : await openFileSource(path);
  return opening(path, async keep => {
    keep(source);
    if (source.size > length) {
      const claim = `${what} has shape ${shapeText(layout.shape)} by its header, which ends at byte ${length}`;
      throw new LatentError("bad-dataset", `${claim}, but the file has ${source.size}: the header or the file is damaged`);
    }
    return openStoredArray(source, layout, what, signal);
  });
}

const isPacked = (path: string) => path.toLowerCase().endsWith(".gz");

/** The header, checked against the size of the file before anything is read or unpacked. */
async function readLayout(path: string): Promise<ArrayLayout> {
  const longestHeader = 4 + 4 * 255;
  const place = await stat(path).catch((error: unknown) => {
    throw datasetError(error, path);
  });
  if (!place.isFile()) throw new LatentError("bad-dataset", `${path} is not a file`);
  const { size } = place;
  const head = isPacked(path)
    ? await gunzippedStart(path, longestHeader).catch((error: unknown) => {
        throw datasetError(error, path);
      })
    : await readHead(path, Math.min(size, longestHeader));
  const layout = parseHeader(head, basename(path));
  const needed = layout.offset + arrayBytes(layout, basename(path));
  // Deflate shrinks to a 1032nd at best: a small file cannot hold a large array, whatever its header says.
  const most = isPacked(path) ? size * 1032 : size;
  if (needed > most) {
    throw new LatentError("bad-dataset", `${basename(path)} has shape ${shapeText(layout.shape)} by its header, ${needed} bytes, but the file has ${size}: it is cut short or damaged`);
  }
  return layout;
}

async function readHead(path: string, length: number): Promise<Uint8Array> {
  const source: ByteSource = await openFileSource(path);
  try {
    return await source.read(0, Math.min(length, source.size));
  } finally {
    await source.close();
  }
}

const elementOf = new Map<number, ElementType>([[0x08, "u1"], [0x09, "i1"], [0x0b, "i2"], [0x0c, "i4"], [0x0d, "f4"], [0x0e, "f8"]]);

function parseHeader(head: Uint8Array, name: string): ArrayLayout {
  const [first, second, code = 0, axes = 0] = head;
  const element = elementOf.get(code);
  if (head.length < 4 || first !== 0 || second !== 0 || element === undefined) {
    const start = head.length === 0 ? "nothing" : `bytes ${[...head.subarray(0, 4)].join(" ")}`;
    throw new LatentError("bad-dataset", `${name} is not an IDX file: it starts with ${start}, expected 0 0, an element type of 8, 9, 11, 12, 13 or 14, and the number of axes`);
  }
  if (axes === 0) throw new LatentError("bad-dataset", `${name} has no axes by its header: it holds a single value`);
  if (head.length < 4 + 4 * axes) throw new LatentError("bad-dataset", `${name} ends within its header of ${axes} axes`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  return { element, littleEndian: false, shape, fortran: false, offset: 4 + 4 * axes };
}
