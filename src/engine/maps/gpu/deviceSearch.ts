import { LatentError } from "../../../protocol/errors";
import type { SearchRows } from "../neighborRows";
import { roundingOf } from "../neighborSearch";
import type { Dispatch, GpuBuffer, MapDevice } from "./device";
import { CONSTANT_BYTES, placesOf, products, selection, tileOf } from "./neighborShaders";

// All pairs of rows on a device, in tiles that fit its memory: the rows lie there in chunks, and a submission is one block of
// queries against all of them.

/** Sides of a product's workgroup and threads of a selection's. SwiftShader takes the square of the threads' time at every barrier. */
const workgroups = { hardware: { side: 16, threads: 64 }, software: { side: 4, threads: 16 } };
/** Multiply-adds of a submission: some milliseconds, so that the engine's own work on the same GPU comes between. */
const submissionWork = 2e10;
/** Queries of a submission are not fewer, where there are so many. */
const leastQueries = 256;
/** Bytes of a chunk, at most. */
const chunkBytes = 2 ** 27;

/** Into what the pairs are divided, at most. */
export interface SearchTiles {
  /** Queries of a submission. */
  queries: number;
  /** Rows of a chunk. */
  rows: number;
}
/** Enough work for the largest cards; 64 MB of keys. */
export const usualTiles: SearchTiles = { queries: 1024, rows: 16_384 };

/** What comes into question as the nearest rows of some queries. */
export interface Candidates {
  /** [queries × size] row numbers. */
  rows: Int32Array;
  /** [queries × size] ascending: no larger than the squared distances of these rows and, the last, of all others. */
  keys: Float32Array;
}

export interface DeviceSearch {
  /** Queries of one submission. */
  readonly atOnce: number;
  /** Candidates for the rows from `first` on, up to `atOnce` of them. One at a time. */
  nearest(first: number): Promise<Candidates>;
  /** Gives the memory back; the device stays open. */
  close(): void;
}

/**
 * Puts the rows on the device, to be searched for the `size` nearest other rows of each. Throws `unsupported` or `out-of-memory`
 * where the device is too small for it.
 */
export function deviceSearch(device: MapDevice, space: SearchRows, size: number, tiles: SearchTiles): DeviceSearch {
  const { count, depth } = space;
  const { side, threads } = workgroups[device.software ? "software" : "hardware"];
  const needed = 8 * placesOf(threads, size) + 64;
  const memory = device.limits["maxComputeWorkgroupStorageSize"] ?? 0;
  if (needed > memory) throw new LatentError("unsupported", `${device.name} has ${memory} bytes of memory for a workgroup; the search of ${size} rows needs ${needed}`);
  // A device may round in any direction, which is twice the error of rounding to the nearest.
  const keep = 1 - 2 * roundingOf(depth);
  const tile = tileOf(side);
  const toTiles = (length: number) => Math.ceil(Math.min(length, count) / tile) * tile;
  const atOnce = toTiles(Math.min(tiles.queries, Math.max(leastQueries, submissionWork / (count * depth))));
  const stride = toTiles(Math.min(tiles.rows, Math.floor(chunkBytes / (4 * depth))));

  const buffers: GpuBuffer[] = [];
  const held = (buffer: GpuBuffer) => {
    buffers.push(buffer);
    return buffer;
  };
  const storage = (values: number) => held(device.storage(4 * values));
  const close = () => {
    for (const buffer of buffers) buffer.destroy();
  };
  try {
    const keys = storage(atOnce * stride), nearestKeys = storage(atOnce * size), nearestRows = storage(atOnce * size);
    const queries = storage(atOnce * depth), querySquares = storage(atOnce);
    const block = held(device.uniform(CONSTANT_BYTES));
    const dispatches: Dispatch[] = [];
    for (let first = 0; first < count; first += stride) {
      const length = Math.min(stride, count - first);
      const chunk = held(device.uniform(CONSTANT_BYTES)), rows = storage(stride * depth), squares = storage(stride);
      const centred = centredRows(space, first, length);
      device.write(chunk, Uint32Array.of(first, length));
      device.write(rows, centred.values);
      device.write(squares, centred.squares);
      dispatches.push(
        [device.bind(products(side, depth, stride, keep), [block, chunk, queries, querySquares, rows, squares, keys]), (atOnce / tile) * (stride / tile)],
        [device.bind(selection(threads, size, stride), [block, chunk, keys, nearestKeys, nearestRows]), atOnce],
      );
    }
    return {
      atOnce,
      nearest: async first => {
        const length = Math.min(atOnce, count - first);
        const { values, squares } = centredRows(space, first, length);
        device.write(block, Uint32Array.of(first, length));
        device.write(queries, values);
        device.write(querySquares, squares);
        const [foundRows, foundKeys] = await device.run(dispatches, [nearestRows, nearestKeys].map(buffer => ({ buffer, bytes: 4 * length * size })));
        return { rows: new Int32Array(foundRows!), keys: new Float32Array(foundKeys!) };
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Rows from `first` on relative to the centre, near which products lose the fewest digits, and their squares with the excess. */
function centredRows({ rows, excess, centre, depth }: SearchRows, first: number, length: number) {
  const values = new Float32Array(length * depth), squares = new Float32Array(length);
  for (let i = 0, at = 0; i < length; i++) {
    let sum = 0;
    for (let j = 0; j < depth; j++, at++) {
      const value = Math.fround(rows.values[first * depth + at]! - centre.values[j]!);
      values[at] = value;
      sum += value * value;
    }
    squares[i] = sum + (excess?.values[first + i] ?? 0);
  }
  return { values, squares };
}
