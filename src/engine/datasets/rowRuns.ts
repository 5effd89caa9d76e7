import { LatentError, throwIfCancelled } from "../../protocol/errors";
import { inParallel } from "./parallel";

// Random rows are read in runs: rows that lie next to each other, or nearly so, come in one read. A batch drawn at random
// from a large file is then as many reads as it has far-apart rows, and a sorted or small selection a few.

/** Rows [start, start + count) to read at once; `positions` are the places in the request that want `rows`. */
export interface RowRun {
  start: number;
  count: number;
  /** Positions in the asked-for indices, by ascending row. */
  positions: Uint32Array;
}

const longestRun = 2 ** 22; // bytes; bounds what a run may need beside the answer
const widestGap = 2 ** 14; // bytes read for nothing cost less than another read

/** The runs that cover `indices`, for rows of `rowBytes` bytes each. */
export function rowRuns(indices: Int32Array, rowBytes: number): RowRun[] {
  const order = new Uint32Array(indices.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  order.sort((a, b) => indices[a]! - indices[b]!);
  const gap = Math.floor(widestGap / rowBytes);
  const limit = Math.max(1, Math.floor(longestRun / rowBytes));
  const runs: RowRun[] = [];
  for (let first = 0; first < order.length; ) {
    const start = indices[order[first]!]!;
    let last = start;
    let end = first + 1;
    for (; end < order.length; end++) {
      const row = indices[order[end]!]!;
      if (row - last > gap + 1 || row - start >= limit) break;
      last = row;
    }
    runs.push({ start, count: last - start + 1, positions: order.subarray(first, end) });
    first = end;
  }
  return runs;
}

/**
 * Fills [n × size] with the given rows. `read` gives rows [start, start + count) row-major; several reads are under way
 * at once.
 */
export async function gatherRows(
  indices: Int32Array,
  size: number,
  rowBytes: number,
  read: (start: number, count: number) => Promise<ArrayLike<number>>,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const gathered = new Float32Array(indices.length * size);
  await inParallel(rowRuns(indices, rowBytes), 8, async run => {
    throwIfCancelled(signal);
    const values = await read(run.start, run.count);
    for (const position of run.positions) {
      const from = (indices[position]! - run.start) * size;
      const to = position * size;
      for (let i = 0; i < size; i++) gathered[to + i] = values[from + i]!;
    }
  });
  return gathered;
}

/** Throws `bad-request` unless [start, start + count) are rows of a dataset of `total`. */
export function checkWindow(start: number, count: number, total: number): void {
  if (!Number.isInteger(start) || !Number.isInteger(count) || start < 0 || count < 0 || start + count > total) {
    throw new LatentError("bad-request", `rows ${start} to ${start + count} asked for, the dataset has ${total}`);
  }
}

/** Throws `bad-request` unless all `indices` are rows of a dataset of `total`. */
export function checkIndices(indices: Int32Array, total: number): void {
  for (const index of indices) if (index < 0 || index >= total) throw new LatentError("bad-request", `row ${index} asked for, the dataset has ${total}`);
}
