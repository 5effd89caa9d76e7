import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import type { MapRows } from "./map";

// Rows as the kernels search them: on the crew's heap, each padded with zeros to a multiple of four values. Cosine becomes
// Euclidean: of rows of length 1, 1 − cos = ½ ‖a − b‖². A row of zeros has no direction, and distance 1 to all others; it
// stays zero and has an excess of 1, which is added to its squared distances: 1 + 1 to a row of length 1, 0 + 2 to its like.

export interface SearchRows {
  count: number;
  /** Values of a row on the heap, a multiple of 4. */
  depth: number;
  /** [count, depth] */
  rows: Shared<Float32Array>;
  /** [count] what is added to the squared distances of a row; null where that is 0 for all. */
  excess: Shared<Float32Array> | null;
  /** [depth] the mean of the rows. */
  centre: Shared<Float32Array>;
  /** Distances are ½ ‖a − b‖². */
  half: boolean;
}

/** Squares of larger values are no f32. */
const largest = 1e17;

/** Puts the rows on the heap. Throws `bad-dataset` with the row's number where a value is not finite or its square would not be. */
export function loadRows(crew: Crew, from: MapRows): SearchRows {
  const { count, dim, metric } = from;
  if (from.data.length !== count * dim) throw new LatentError("internal", `${count} rows of ${dim} values cannot be ${from.data.length} values`);
  const depth = Math.ceil(dim / 4) * 4;
  const space: SearchRows = {
    count, depth, half: metric === "cosine",
    rows: crew.heap.float32(count * depth), excess: metric === "cosine" ? crew.heap.float32(count) : null, centre: crew.heap.float32(depth),
  };
  const mean = new Float64Array(dim);
  for (let i = 0; i < count; i++) {
    copyRow(from, i, space, i);
    for (let j = 0; j < dim; j++) {
      const value = space.rows.values[i * depth + j]!;
      if (!(Math.abs(value) < largest)) throw new LatentError("bad-dataset", `Row ${i} has the value ${from.data[i * dim + j]} in column ${j}: distances need finite numbers below ${largest}.`);
      mean[j]! += value;
    }
  }
  space.centre.values.set(mean.map(sum => sum / count));
  return space;
}

/** Puts row `order[i]` in place i. */
export function reorderRows(from: MapRows, order: Int32Array, space: SearchRows): void {
  order.forEach((row, i) => copyRow(from, row, space, i));
}

function copyRow({ data, dim, metric }: MapRows, row: number, { rows, excess, depth }: SearchRows, place: number): void {
  const source = row * dim;
  const target = place * depth;
  const to = rows.values;
  let scale = 1;
  if (metric === "cosine") {
    let square = 0;
    for (let j = 0; j < dim; j++) square += data[source + j]! ** 2;
    scale = square === 0 ? 0 : 1 / Math.sqrt(square);
    excess!.values[place] = square === 0 ? 1 : 0;
  }
  for (let j = 0; j < dim; j++) to[target + j] = data[source + j]! * scale;
}
