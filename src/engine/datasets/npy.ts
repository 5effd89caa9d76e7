import { basename } from "node:path";
import { LatentError } from "../../protocol/errors";
import { arrayDataset } from "./arrayDataset";
import { openFileSource } from "./byteSource";
import type { DatasetReader } from "./dataset";
import { elementBytes } from "./elements";
import { fingerprintOfFiles } from "./fingerprintOfFiles";
import { chooseLabelFile, rowsFileOf } from "./labelFiles";
import { labelLength, openNpyArray, readNpyHeader, readNpyLabels } from "./npyFile";
import type { NpyHeader } from "./npyHeader";
import { opening } from "./opening";
import { viewRows } from "./rowView";
import { shapeText } from "./storedArray";

const endings = [".npy"] as const;

export const npy: DatasetReader = {
  title: "NumPy array",
  endings,
  folders: false,
  open: (path, choices, context = {}) =>
    opening(path, async keep => {
      const name = basename(path);
      const source = keep(await openFileSource(path));
      const header = await readNpyHeader(source, name);
      if (header.shape.length < 2) throw await listNotRows(path, header);
      const array = keep(await openNpyArray(source, header, name, context.signal));
      const view = viewRows(array.shape, array.element === "u1", choices);
      const labels = await chooseLabelFile(path, array.count, choices, endings, labelCount);
      return arrayDataset({
        path,
        array,
        view,
        labels: labels.file === null ? null : { name: "label", read: signal => readLabels(labels.file!, signal) },
        choices: [labels.choice],
        notes: [...labels.notes, ...trailingBytesNote(header, source.size)],
        fingerprint: await fingerprintOfFiles(labels.file === null ? [path] : [path, labels.file]),
      }, context.signal);
    }),
};

/** np.save can be called twice on one file; only the first array is read. */
function trailingBytesNote(header: NpyHeader, size: number): string[] {
  if (header.kind !== "numbers") return [];
  const end = header.offset + header.shape.reduce((product, axis) => product * axis, elementBytes[header.element]);
  return end < size ? [`${size - end} bytes after the array are not read`] : [];
}

async function labelCount(path: string): Promise<number> {
  return opening(path, async keep => {
    const source = keep(await openFileSource(path));
    const header = await readNpyHeader(source, basename(path));
    await source.close();
    const count = labelLength(header);
    if (count === null) throw new LatentError("bad-dataset", `it has shape ${shapeText(header.shape)}, labels are one value a row`);
    return count;
  });
}

async function readLabels(path: string, signal?: AbortSignal) {
  return opening(path, async keep => {
    const source = keep(await openFileSource(path));
    const labels = await readNpyLabels(source, await readNpyHeader(source, basename(path)), basename(path), signal);
    await source.close();
    return labels;
  });
}

async function listNotRows(path: string, { shape }: NpyHeader): Promise<LatentError> {
  const name = basename(path);
  if (shape.length === 0) return new LatentError("bad-dataset", `${name} holds a single value, not rows`);
  const rows = await rowsFileOf(path, endings);
  const advice = rows ? `They could be the labels of ${rows} beside it: open that file` : "They could be labels; rows need a shape of two or more axes, e.g. x.reshape(-1, 1)";
  return new LatentError("bad-dataset", `${name} is a list of ${shape[0]} values, not rows. ${advice}`);
}
