import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import type { NeighborGraph } from "./map";

/** Symmetric similarities pᵢⱼ in sparse rows, in a crew's memory; rows are padded with weight 0 to whole vectors of four. */
export interface Affinities {
  count: number;
  /** [count + 1] where each row begins. */
  starts: Shared<Int32Array>;
  columns: Shared<Int32Array>;
  values: Shared<Float32Array>;
}

/** Parts of every call, whatever the number of threads: the bits depend on it. */
export const parts = 16;

/** How many neighbours a perplexity is searched among: three times as many, as far as there are rows (van der Maaten 2014). */
export function neighborsFor(perplexity: number, count: number): number {
  return Math.max(Math.min(count - 1, Math.floor(3 * perplexity)), 0);
}

/** The perplexity that `count` rows can have: at most a third of the other rows, as in openTSNE, and at least 1. */
export function usablePerplexity(perplexity: number, count: number): number {
  if (!(perplexity >= 1)) throw new LatentError("bad-request", `perplexity ${perplexity}: it is a number of neighbours, 1 or more; 30 is usual`);
  return Math.max(Math.min(perplexity, (count - 1) / 3), 1);
}

/** Throws `bad-request` where the graph does not fit `count` rows and the perplexity. */
export function checkGraph({ k, rows, distances }: NeighborGraph, count: number, needed: number): void {
  if (k < needed) throw new LatentError("bad-request", `the neighbour graph has ${k} neighbours a row; t-SNE needs three times the perplexity, ${needed}`);
  if (rows.length !== distances.length || rows.length % Math.max(k, 1) !== 0) throw new LatentError("internal", `a neighbour graph of ${rows.length} rows and ${distances.length} distances, k = ${k}`);
  if (rows.some(row => row < 0 || row >= count)) throw new LatentError("internal", `a neighbour graph names a row beyond the ${count} there are`);
}

/** p_{j|i} of every row's first `neighbors` neighbours, [count × stride] in the crew's memory, stride = neighbors rounded up to four. */
export function conditional(count: number, graph: NeighborGraph, neighbors: number, perplexity: number, crew: Crew): { columns: Shared<Int32Array>; values: Shared<Float32Array>; stride: number } {
  const { heap } = crew;
  const stride = Math.ceil(neighbors / 4) * 4;
  const columns = heap.int32(count * neighbors);
  const values = heap.float32(count * stride);
  heap.scope(() => {
    const distances = heap.float32(count * neighbors);
    for (let i = 0; i < count; i++) {
      columns.values.set(graph.rows.subarray(i * graph.k, i * graph.k + neighbors), i * neighbors);
      distances.values.set(graph.distances.subarray(i * graph.k, i * graph.k + neighbors), i * neighbors);
    }
    crew.run("tsneConditional", parts, distances.address, values.address, count, neighbors, perplexity, Math.log(perplexity));
  });
  return { columns, values, stride };
}

/**
 * pᵢⱼ = (p_{j|i} + p_{i|j}) / 2n (van der Maaten & Hinton 2008, section 3.1), with p_{j|i} over the first `neighbors` of each
 * row of the graph, 0 elsewhere. A graph of all other rows gives the exact similarities.
 */
export function symmetricAffinities(count: number, graph: NeighborGraph, neighbors: number, perplexity: number, crew: Crew): Affinities {
  const { heap } = crew;
  const lengths = heap.int32(count + 1);
  // The rows' lengths are known only after all that is needed to fill them; so they are filled behind that, and moved.
  const [columns, values] = heap.scope(() => {
    const sparse = symmetrized(count, graph, neighbors, perplexity, lengths, crew);
    return [sparse.columns.values.slice(), sparse.values.values.slice()] as const;
  });
  const result = { count, starts: lengths, columns: heap.int32(columns.length), values: heap.float32(values.length) };
  result.columns.values.set(columns);
  result.values.values.set(values);
  return result;
}

function symmetrized(count: number, graph: NeighborGraph, neighbors: number, perplexity: number, lengths: Shared<Int32Array>, crew: Crew): { columns: Shared<Int32Array>; values: Shared<Float32Array> } {
  const { heap } = crew;
  const edges = count * neighbors;
  const forward = conditional(count, graph, neighbors, perplexity, crew);
  // Twice transposed, P has ascending columns, as Pᵀ has.
  const cursors = heap.int32(count + 1);
  crew.run("tsneCountIncoming", parts, forward.columns.address, edges, cursors.address, count);
  toStarts(cursors.values);
  const starts = heap.int32(count + 1);
  starts.values.set(cursors.values);
  const back = { columns: heap.int32(edges), values: heap.float32(edges) };
  crew.run("tsneTranspose", parts, count, neighbors, forward.stride, 0, forward.columns.address, forward.values.address, cursors.address, back.columns.address, back.values.address);
  for (let i = 0; i < count; i++) cursors.values[i] = i * neighbors;
  crew.run("tsneTranspose", parts, count, 0, 0, starts.address, back.columns.address, back.values.address, cursors.address, forward.columns.address, forward.values.address);
  const symmetrize = (toStartsAddress: number, toColumns: number, toValues: number) =>
    crew.run("tsneSymmetrize", parts, count, neighbors, forward.columns.address, forward.values.address, starts.address, back.columns.address, back.values.address, 1 / (2 * count), lengths.address, toStartsAddress, toColumns, toValues);
  symmetrize(0, 0, 0);
  toStarts(lengths.values);
  const total = lengths.values[count]!;
  const sparse = { columns: heap.int32(total), values: heap.float32(total) };
  symmetrize(lengths.address, sparse.columns.address, sparse.values.address);
  return sparse;
}

/** Lengths in all places but the last become starts. */
function toStarts(lengths: Int32Array): void {
  let sum = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i]!;
    lengths[i] = sum;
    sum += length;
  }
}
