import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { NeighborGraph } from "./map";

// The fuzzy simplicial set of UMAP (McInnes, Healy & Melville 2018, section 3.1 and algorithms 2 and 3): how surely two rows are
// neighbours, as a symmetric sparse matrix.

/** A symmetric sparse matrix of memberships in (0, 1], row by row: those of row i are entries starts[i] … starts[i + 1] − 1, columns ascending. */
export interface FuzzySet {
  count: number;
  /** [count + 1] */
  starts: Int32Array;
  /** [entries] row numbers. */
  columns: Int32Array;
  /** [entries] f32 */
  weights: Float32Array;
}

/** In how many parts a crew does work on `count` rows: more than threads, so that none waits long for the others. */
export const partsOf = (count: number) => Math.min(64, Math.ceil(count / 64));

/**
 * How many neighbours a row of the graph must give for the setting `neighbors`, which counts the row itself, as the authors' code does. All other rows
 * where there are fewer. Throws `bad-request` where the graph has fewer than that.
 */
export function othersOf(graph: NeighborGraph, count: number, neighbors: number): number {
  if (!(Number.isInteger(neighbors) && neighbors >= 2)) throw new LatentError("bad-request", `UMAP with ${neighbors} neighbours: 2 or more, the row itself among them, are needed`);
  const others = Math.min(neighbors - 1, count - 1);
  if (graph.k < others) throw new LatentError("bad-request", `UMAP with ${neighbors} neighbours needs ${others} others of every row, but the neighbour graph has ${graph.k}. Make it with k = ${others} or more.`);
  return others;
}

/**
 * Memberships [rows × others] f32 of each row's first `others` neighbours: exp(−max(0, d − ρ) / σ), where ρ is the distance to the nearest row that is not
 * in the same place and σ makes their sum log2(`target`). With `connected` false ρ is 0. Throws `bad-request` for distances that are not ascending numbers from 0.
 */
export function localMemberships(graph: NeighborGraph, others: number, target: number, connected: boolean, crew: Crew): Float32Array {
  const count = graph.distances.length / graph.k;
  let sum = 0;
  for (let row = 0; row < count; row++) {
    for (let j = 0, before = 0; j < others; j++) {
      const distance = graph.distances[row * graph.k + j]!;
      if (!(distance >= before && distance < Infinity)) throw new LatentError("bad-request", `The neighbour graph gives row ${row} the distance ${distance} to its neighbour ${j + 1}; distances must be finite and ascend from 0.`);
      before = distance;
      sum += distance;
    }
  }
  return crew.heap.scope(() => {
    const distances = crew.heap.float32(graph.distances.length);
    distances.values.set(graph.distances);
    const weights = crew.heap.float32(count * others);
    const meanDistance = sum / (count * (others + 1));
    crew.run("umapMemberships", partsOf(count), distances.address, weights.address, count, graph.k, others, Number(connected), Math.log2(target), meanDistance);
    return weights.values.slice();
  });
}

/** The fuzzy set of a neighbour graph of `count` rows. `neighbors` counts the row itself. Throws `bad-request` for a graph that does not fit. */
export function fuzzySet(graph: NeighborGraph, neighbors: number, crew: Crew): FuzzySet {
  const count = graph.rows.length / graph.k;
  const others = othersOf(graph, count, neighbors);
  const weights = localMemberships(graph, others, others + 1, true, crew);
  const columns = new Int32Array(count * others);
  for (let row = 0; row < count; row++) {
    for (let j = 0; j < others; j++) {
      const other = graph.rows[row * graph.k + j]!;
      if (!(other >= 0 && other < count && other !== row)) throw new LatentError("bad-request", `The neighbour graph names row ${other} as a neighbour of row ${row}; it must be another of the ${count} rows.`);
      columns[row * others + j] = other;
    }
  }
  return fuzzyUnion(count, Int32Array.from({ length: count + 1 }, (_, row) => row * others), columns, weights);
}

/**
 * The union of a fuzzy set with its transpose, a + b − a b. The set [count × count] has the entries starts[i] … starts[i + 1] − 1 in row i, in any order;
 * entries that are 0 are left out.
 */
export function fuzzyUnion(count: number, starts: Int32Array, columns: Int32Array, weights: Float32Array): FuzzySet {
  // Transposing twice sorts the columns of every row.
  const turned = transposed(count, starts, columns, weights);
  const sorted = transposed(count, turned.starts, turned.columns, turned.weights);
  const all = 2 * weights.length;
  const result = { count, starts: new Int32Array(count + 1), columns: new Int32Array(all), weights: new Float32Array(all) };
  let at = 0;
  for (let row = 0; row < count; row++) {
    let left = sorted.starts[row]!, right = turned.starts[row]!;
    const leftEnd = sorted.starts[row + 1]!, rightEnd = turned.starts[row + 1]!;
    while (left < leftEnd || right < rightEnd) {
      const leftColumn = left < leftEnd ? sorted.columns[left]! : count;
      const rightColumn = right < rightEnd ? turned.columns[right]! : count;
      const a = leftColumn <= rightColumn ? sorted.weights[left++]! : 0;
      const b = rightColumn <= leftColumn ? turned.weights[right++]! : 0;
      const weight = a + b - a * b;
      if (weight === 0) continue;
      result.columns[at] = Math.min(leftColumn, rightColumn);
      result.weights[at++] = weight;
    }
    result.starts[row + 1] = at;
  }
  return { ...result, columns: result.columns.slice(0, at), weights: result.weights.slice(0, at) };
}

function transposed(count: number, starts: Int32Array, columns: Int32Array, weights: Float32Array): FuzzySet {
  const result = { count, starts: new Int32Array(count + 1), columns: new Int32Array(columns.length), weights: new Float32Array(weights.length) };
  for (const column of columns) result.starts[column + 1]!++;
  for (let row = 0; row < count; row++) result.starts[row + 1]! += result.starts[row]!;
  const next = result.starts.slice(0, count);
  for (let row = 0; row < count; row++) {
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry++) {
      const to = next[columns[entry]!]!++;
      result.columns[to] = row;
      result.weights[to] = weights[entry]!;
    }
  }
  return result;
}

/** The set without entries below `smallest`. */
export function pruned(set: FuzzySet, smallest: number): FuzzySet {
  const result = { count: set.count, starts: new Int32Array(set.count + 1), columns: set.columns.slice(), weights: set.weights.slice() };
  let at = 0;
  for (let row = 0; row < set.count; row++) {
    for (let entry = set.starts[row]!; entry < set.starts[row + 1]!; entry++) {
      if (set.weights[entry]! < smallest) continue;
      result.columns[at] = set.columns[entry]!;
      result.weights[at++] = set.weights[entry]!;
    }
    result.starts[row + 1] = at;
  }
  return { ...result, columns: result.columns.slice(0, at), weights: result.weights.slice(0, at) };
}
