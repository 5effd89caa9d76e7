import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import { matrixDistance, type DistanceMatrix } from "./distanceMatrix";
import type { MapRows, Report } from "./map";

// What MDS asks of its data, be it rows or a matrix of distances.

export type MdsSource = MapRows | DistanceMatrix;

export interface Distances {
  readonly count: number;
  /** Rows start ≤ i < end to the rows `columns`: [(end − start) × columns.length], taken from the crew's memory. */
  block(start: number, end: number, columns: Int32Array): Shared<Float32Array>;
  /** The distances among some rows: [rows.length × rows.length], taken from the crew's memory. */
  among(rows: Int32Array): Shared<Float32Array>;
  /** The distance of two rows. */
  pair(i: number, j: number): number;
}

export interface SourceDistances extends Distances {
  /** All pairs into `triangle` [count (count − 1) / 2] of crew memory: the distance of rows i > j is at i (i − 1) / 2 + j. */
  fill(triangle: Shared<Float32Array>, report: Report): void;
}

/** Fixed, so that the number of threads does not show in the result. */
export const parts = 16;
/** Rows of a triangle between two reports. */
const rowsAtOnce = 256;

/** The place of the pair of rows i > j in a triangle. */
export const pairIndex = (i: number, j: number) => (i * (i - 1)) / 2 + j;

/** The distances of `source`: Euclidean or 1 − cos between rows (a row of zeros is at 1 from all others), or as they are. Rows are copied into the crew's memory. */
export function distancesOf(crew: Crew, source: MdsSource): SourceDistances {
  if (source.count < 2) throw new LatentError("bad-request", `MDS of ${source.count} rows: at least 2 are needed`);
  return "values" in source ? matrixDistances(crew, source) : rowDistances(crew, source);
}

function rowDistances(crew: Crew, rows: MapRows): SourceDistances {
  const { count, dim } = rows;
  const cosine = rows.metric === "cosine";
  const padded = Math.ceil(dim / 4) * 4; // kernels read four values at a time; zeros add nothing
  const copy = crew.heap.float32(count * padded);
  const zeros = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const row = rows.data.subarray(i * dim, i * dim + dim);
    const target = copy.values.subarray(i * padded, i * padded + dim);
    target.set(row);
    if (!cosine) continue;
    let square = 0;
    for (const value of row) square += value * value;
    if (square === 0) zeros[i] = 1;
    else for (let c = 0; c < dim; c++) target[c] = row[c]! / Math.sqrt(square);
  }
  const hasZeros = zeros.includes(1);
  const gather = (indices: Int32Array) => {
    const gathered = crew.heap.float32(indices.length * padded);
    indices.forEach((row, c) => gathered.values.set(copy.values.subarray(row * padded, (row + 1) * padded), c * padded));
    return gathered;
  };
  /** A row of zeros has no direction; as everywhere, it counts as at right angles to all others. */
  const correctZeros = (block: Float32Array, row: (r: number) => number, columns: Int32Array) => {
    if (!hasZeros) return;
    for (let at = 0; at < block.length; at++) {
      const [i, j] = [row(Math.floor(at / columns.length)), columns[at % columns.length]!];
      if (i !== j && (zeros[i] || zeros[j])) block[at] = 1;
    }
  };
  return {
    count,
    fill: (triangle, report) => {
      for (let start = 0; start < count; start += rowsAtOnce) {
        const end = Math.min(count, start + rowsAtOnce);
        crew.run("mdsDistances", parts, copy.address, copy.address, padded, start, end, 0, Number(cosine), triangle.address);
        report((end / count) ** 2);
      }
      if (hasZeros) for (let i = 1; i < count; i++) for (let j = 0; j < i; j++) if (zeros[i] || zeros[j]) triangle.values[pairIndex(i, j)] = 1;
    },
    block: (start, end, columns) => {
      const target = crew.heap.float32((end - start) * columns.length);
      crew.heap.scope(() => crew.run("mdsDistances", parts, copy.address, gather(columns).address, padded, start, end, columns.length, Number(cosine), target.address));
      correctZeros(target.values, r => start + r, columns);
      return target;
    },
    among: chosen => {
      const target = crew.heap.float32(chosen.length ** 2);
      crew.heap.scope(() => {
        const { address } = gather(chosen);
        crew.run("mdsDistances", parts, address, address, padded, 0, chosen.length, chosen.length, Number(cosine), target.address);
      });
      correctZeros(target.values, r => chosen[r]!, chosen);
      return target;
    },
    pair: (i, j) => {
      if (i !== j && (zeros[i] || zeros[j])) return 1;
      let square = 0;
      for (let c = 0, a = i * padded, b = j * padded; c < dim; c++) square += (copy.values[a + c]! - copy.values[b + c]!) ** 2;
      return cosine ? square / 2 : Math.sqrt(square);
    },
  };
}

function matrixDistances(crew: Crew, matrix: DistanceMatrix): SourceDistances {
  const { count } = matrix;
  return {
    count,
    fill: (triangle, report) => {
      for (let i = 1; i < count; i++) {
        for (let j = 0; j < i; j++) triangle.values[pairIndex(i, j)] = matrixDistance(matrix, i, j);
        if (i % rowsAtOnce === 0) report((i / count) ** 2);
      }
    },
    ...tableOf(crew, (i, j) => matrixDistance(matrix, i, j)),
  };
}

/** The distances that lie in a filled triangle. */
export function triangleDistances(crew: Crew, triangle: Shared<Float32Array>, count: number): Distances {
  return { count, ...tableOf(crew, (i, j) => (i === j ? 0 : triangle.values[i > j ? pairIndex(i, j) : pairIndex(j, i)]!)) };
}

function tableOf(crew: Crew, pair: Distances["pair"]): Omit<Distances, "count"> {
  return {
    pair,
    block: (start, end, columns) => {
      const target = crew.heap.float32((end - start) * columns.length);
      for (let i = start, at = 0; i < end; i++) for (const column of columns) target.values[at++] = pair(i, column);
      return target;
    },
    among: rows => {
      const target = crew.heap.float32(rows.length ** 2);
      let at = 0;
      for (const i of rows) for (const j of rows) target.values[at++] = pair(i, j);
      return target;
    },
  };
}
