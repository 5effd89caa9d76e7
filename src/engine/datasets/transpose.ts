import { LatentError, throwIfCancelled } from "../../protocol/errors";
import { memorySource, openSpool, type ByteSource } from "./byteSource";
import { inParallel } from "./parallel";

// Arrays saved in Fortran order (what pandas' `.values` often is) have their rows scattered over the whole file. They are
// put into row-major order once, on opening: in memory when they are small, else block by block into a temporary file.

/** Bytes: the largest array that is transposed in memory, the largest block of others, what is read at once. */
export const transposeLimits = { memory: 2 ** 29, block: 2 ** 27, read: 2 ** 23 };

type Words = Uint8Array | Uint16Array | Uint32Array;

/**
 * The elements of a Fortran-ordered array of `shape` at `offset`, each `elementSize` bytes, in row-major order. Holds at
 * most 512 MiB in memory.
 */
export async function toRowMajor(
  source: ByteSource, shape: readonly number[], elementSize: number, offset: number, signal?: AbortSignal, limits = transposeLimits,
): Promise<ByteSource> {
  const [count, ...rest] = shape as [number, ...number[]];
  const places = rowMajorPlaces(rest);
  const total = count * places.length * elementSize;
  if (total <= limits.memory) {
    return memorySource(await transposeBlock(source, count, places, elementSize, offset, 0, count, limits, signal));
  }
  const rowsAtOnce = Math.max(1, Math.floor(limits.block / (places.length * elementSize)));
  const spool = await openSpool();
  try {
    for (let start = 0; start < count; start += rowsAtOnce) {
      await spool.append(await transposeBlock(source, count, places, elementSize, offset, start, Math.min(count, start + rowsAtOnce), limits, signal));
    }
    return await spool.finish();
  } catch (error) {
    await spool.discard();
    throw error;
  }
}

/** For each value of a row in Fortran order, its place in row-major order; `rest` is the shape of a row. */
function rowMajorPlaces(rest: readonly number[]): Uint32Array {
  const size = rest.reduce((product, axis) => product * axis, 1);
  if (size >= 2 ** 31) throw new LatentError("unsupported", `one row has ${size} values`);
  const places = new Uint32Array(size);
  const strides = rest.map((_, axis) => rest.slice(axis + 1).reduce((product, width) => product * width, 1));
  const index = rest.map(() => 0);
  for (let i = 0, place = 0; i < size; i++) {
    places[i] = place;
    for (let axis = 0; axis < rest.length; axis++) {
      place += strides[axis]!;
      if (++index[axis]! < rest[axis]!) break;
      place -= strides[axis]! * rest[axis]!;
      index[axis] = 0;
    }
  }
  return places;
}

/** Rows [start, end) in row-major order. In the source each value of a row is a run of `count` elements, one a row. */
async function transposeBlock(
  source: ByteSource, count: number, places: Uint32Array, elementSize: number, offset: number, start: number, end: number,
  limits: typeof transposeLimits, signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const rows = end - start;
  const block = new Uint8Array(rows * places.length * elementSize);
  const [target, words] = [wordsOf(block, elementSize), Math.max(1, elementSize / 4)];
  const columnsAtOnce = Math.max(1, Math.floor(limits.read / (rows * elementSize)));
  for (let column = 0; column < places.length; column += columnsAtOnce) {
    throwIfCancelled(signal);
    const columns = Math.min(columnsAtOnce, places.length - column);
    const runs = await readColumns(source, offset + (column * count + start) * elementSize, columns, rows * elementSize, count * elementSize);
    const run = wordsOf(runs, elementSize);
    for (let tile = 0; tile < columns; tile += tileColumns) {
      scatter(run, target, places, column, tile, Math.min(columns, tile + tileColumns), rows, words);
    }
  }
  return block;
}

/** `columns` runs of `length` bytes that lie `stride` bytes apart, one behind the other. */
async function readColumns(source: ByteSource, position: number, columns: number, length: number, stride: number): Promise<Uint8Array<ArrayBuffer>> {
  if (length === stride) return source.read(position, columns * length);
  const runs = new Uint8Array(columns * length);
  await inParallel(Array.from({ length: columns }, (_, i) => i), 4, async i => runs.set(await source.read(position + i * stride, length), i * length));
  return runs;
}

/** Columns whose values for one row are written together: a cache line of floats, or every write would miss the cache. */
const tileColumns = 16;

/**
 * Puts columns [from, to) of `run` at their places in every row of `target`. An 8-byte element is two words: as doubles a
 * NaN could lose its payload, as BigInts it would take ten times longer.
 */
function scatter(run: Words, target: Words, places: Uint32Array, column: number, from: number, to: number, rows: number, words: number): void {
  const stride = places.length * words;
  for (let row = 0; row < rows; row++) {
    for (let c = from; c < to; c++) {
      const source = (c * rows + row) * words;
      const place = row * stride + places[column + c]! * words;
      target[place] = run[source]!;
      if (words === 2) target[place + 1] = run[source + 1]!;
    }
  }
}

function wordsOf(bytes: Uint8Array<ArrayBuffer>, elementSize: number): Words {
  if (elementSize === 1) return bytes;
  if (elementSize === 2) return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
