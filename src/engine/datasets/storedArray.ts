import { LatentError, throwIfCancelled } from "../../protocol/errors";
import type { ByteSource } from "./byteSource";
import type { Rows } from "./dataset";
import { decodeElements, decodedDtype, elementBytes, isFloat, type ElementType } from "./elements";
import { checkIndices, checkWindow, gatherRows } from "./rowRuns";
import { toRowMajor } from "./transpose";

// An n-dimensional array of numbers in a ByteSource, read by rows: the first axis counts rows, the others make up one.
// What IDX, npy and npz have in common.

/** How an array lies in its source. */
export interface ArrayLayout {
  element: ElementType;
  littleEndian: boolean;
  /** The whole shape; the first axis counts the rows. */
  shape: readonly number[];
  /** Fortran order: the first axis varies fastest. */
  fortran: boolean;
  /** Where the first element lies. */
  offset: number;
}

export interface StoredArray {
  readonly shape: readonly number[];
  readonly element: ElementType;
  readonly dtype: "uint8" | "float32";
  readonly count: number;
  /** Values in one row. */
  readonly rowSize: number;
  /** Rows [start, start + count), [count × rowSize]. NaN and infinities are `bad-dataset` unless `allowed`. */
  read(start: number, count: number, signal?: AbortSignal, nonFinite?: "refused" | "allowed"): Promise<Rows>;
  /** Any rows in any order, [n × rowSize]; NaN and infinities are `bad-dataset`. */
  rows(indices: Int32Array, signal?: AbortSignal): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Bytes that an array of this shape takes, exact; `bad-dataset` when the shape is empty or beyond all files. */
export function arrayBytes({ shape, element }: Pick<ArrayLayout, "shape" | "element">, what: string): number {
  const bytes = shape.reduce((product, size) => product * BigInt(size), BigInt(elementBytes[element]));
  if (bytes === 0n) throw new LatentError("bad-dataset", `${what} has shape ${shapeText(shape)}: it holds no values`);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new LatentError("bad-dataset", `${what} has shape ${shapeText(shape)} by its header, ${bytes} bytes: no file is that long, the header is damaged`);
  }
  return Number(bytes);
}

/**
 * Opens the array and takes `source` over: closing the array closes it. A source too short for the shape is
 * `bad-dataset`. Fortran order is transposed once, here.
 */
export async function openStoredArray(source: ByteSource, layout: ArrayLayout, what: string, signal?: AbortSignal): Promise<StoredArray> {
  const bytes = arrayBytes(layout, what);
  const there = source.size - layout.offset;
  if (bytes > there) {
    const claim = `${what} has shape ${shapeText(layout.shape)} by its header, which takes ${bytes} bytes`;
    throw new LatentError("bad-dataset", `${claim}, but only ${Math.max(0, there)} are there: it is cut short or its header is damaged`);
  }
  const most = 2 ** 31 - 1; // rows are named by 32-bit integers
  if (layout.shape[0]! > most) throw new LatentError("unsupported", `${what} has ${layout.shape[0]} rows; at most ${most} can be opened`);
  const transposed = layout.fortran && layout.shape.filter(size => size > 1).length > 1;
  const data = transposed ? await toRowMajor(source, layout.shape, elementBytes[layout.element], layout.offset, signal) : source;
  if (transposed) await source.close();
  return rowReader(data, { ...layout, offset: transposed ? 0 : layout.offset });
}

function rowReader(source: ByteSource, { element, littleEndian, shape, offset }: ArrayLayout): StoredArray {
  const [count, ...rest] = shape as [number, ...number[]];
  const rowSize = rest.reduce((product, size) => product * size, 1);
  const rowBytes = rowSize * elementBytes[element];
  const readWindow = async (start: number, rows: number, checked: boolean) => {
    const values = decodeElements(await source.read(offset + start * rowBytes, rows * rowBytes), element, littleEndian);
    if (checked && isFloat(element)) refuseNonFinite(values, start, rowSize);
    return values;
  };
  return {
    shape,
    element,
    dtype: decodedDtype(element),
    count,
    rowSize,
    read: async (start, rows, signal, nonFinite = "refused") => {
      throwIfCancelled(signal);
      checkWindow(start, rows, count);
      return readWindow(start, rows, nonFinite === "refused");
    },
    rows: async (indices, signal) => {
      throwIfCancelled(signal);
      checkIndices(indices, count);
      const gathered = await gatherRows(indices, rowSize, rowBytes, (start, rows) => readWindow(start, rows, false), signal);
      if (isFloat(element)) refuseNonFinite(gathered, indices, rowSize);
      return gathered;
    },
    close: () => source.close(),
  };
}

/** True when no value is NaN or infinite: those are the floats whose eight exponent bits are all set. */
function allFinite(values: Float32Array): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let signs = 0;
  // One added to a full exponent reaches the sign bit; integers do this four times faster than adding up floats would.
  for (let i = 0; i < bits.length; i++) signs |= (bits[i]! & 0x7f800000) + 0x00800000;
  return signs >= 0;
}

/** `rows` are the row numbers of the block, or the first of consecutive ones. */
function refuseNonFinite(values: Rows, rows: number | Int32Array, rowSize: number): void {
  if (values instanceof Uint8Array || allFinite(values)) return;
  const place = values.findIndex(value => !Number.isFinite(value));
  const at = Math.floor(place / rowSize);
  const row = typeof rows === "number" ? rows + at : rows[at]!;
  const value = values[place]!;
  const shown = Number.isNaN(value) ? "NaN" : `${value > 0 ? "" : "-"}infinite or beyond 32-bit floats`;
  throw new LatentError("bad-dataset", `row ${row}, value ${place % rowSize} is ${shown} (counted from 0): fill or leave out such values before saving`);
}

/** "[60000, 28, 28]" */
export const shapeText = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
