import { LatentError } from "../../protocol/errors";
import type { Labels } from "../../protocol/data";
import { isFloat } from "./elements";
import { labelsFromNumbers, mostArrayClasses, mostTableClasses } from "./labelValues";
import { shapeText, type StoredArray } from "./storedArray";

const rowsAtOnce = 2 ** 18;

/** True for shapes that hold one value a row: [n] and [n, 1]. */
export const isListShape = (shape: readonly number[]): boolean => shape.length > 0 && shape.slice(1).every(size => size === 1);

/** The labels in a numeric array of shape [n] or [n, 1]; NaN marks rows without one. Does not close the array. */
export async function readArrayLabels(array: StoredArray, name: string, signal?: AbortSignal): Promise<Labels> {
  if (!isListShape(array.shape)) throw new LatentError("bad-dataset", `${name} has shape ${shapeText(array.shape)}, labels are one value a row`);
  const mostClasses = isFloat(array.element) ? mostTableClasses : mostArrayClasses;
  const nameOf = array.element === "bool" ? (value: number) => (value ? "True" : "False") : String;
  return labelsFromNumbers(name, await readColumn(array, 0, signal), mostClasses, nameOf);
}

/** Value `place` of every row. NaN is allowed: it marks what is missing; infinities are made NaN. */
export async function readColumn(array: StoredArray, place: number, signal?: AbortSignal): Promise<Float32Array> {
  const values = new Float32Array(array.count);
  const step = Math.max(1, Math.floor(rowsAtOnce / array.rowSize));
  for (let start = 0; start < array.count; start += step) {
    const rows = await array.read(start, Math.min(step, array.count - start), signal, "allowed");
    for (let i = 0, from = place; from < rows.length; i++, from += array.rowSize) {
      const value = rows[from]!;
      values[start + i] = Number.isFinite(value) ? value : NaN;
    }
  }
  return values;
}
