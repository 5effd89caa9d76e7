import type { NeighborGraph } from "../../src/engine/maps/map";

/** The exact k nearest other rows of every row by Euclidean distance, compared in f64: the oracle of graphs found faster. */
export function bruteForceGraph(data: Float32Array, count: number, dim: number, k: number): NeighborGraph {
  return search(data, data.subarray(0, count * dim), dim, k, true);
}

/** The exact k nearest of `among` [rows × dim] for every row of `data`. */
export function neighborsAmong(data: Float32Array, among: Float32Array, dim: number, k: number): NeighborGraph {
  return search(data, among, dim, k, false);
}

function search(data: Float32Array, among: Float32Array, dim: number, k: number, same: boolean): NeighborGraph {
  const count = data.length / dim, others = among.length / dim;
  const rows = new Int32Array(count * k), distances = new Float32Array(count * k);
  const squares = new Float64Array(others);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < others; j++) {
      let sum = 0;
      for (let a = i * dim, b = j * dim; a < (i + 1) * dim; a++, b++) sum += (data[a]! - among[b]!) ** 2;
      squares[j] = sum;
    }
    if (same) squares[i] = Infinity;
    const farthest = squares.slice().sort()[k - 1]!;
    const order = Array.from(squares.keys()).filter(j => squares[j]! <= farthest).sort((a, b) => squares[a]! - squares[b]! || a - b);
    for (let j = 0; j < k; j++) {
      rows[i * k + j] = order[j]!;
      distances[i * k + j] = Math.sqrt(squares[order[j]!]!);
    }
  }
  return { k, rows, distances, recall: 1 };
}

/** The graph with each row's first k neighbours alone. */
export function nearestOf(graph: NeighborGraph, k: number): NeighborGraph {
  const kept = (_: unknown, at: number) => at % graph.k < k;
  return { ...graph, k, rows: graph.rows.filter(kept), distances: graph.distances.filter(kept) };
}

/**
 * Trustworthiness (Venna & Kaski 2001) of a picture [count × dimensions] of rows whose graph holds all other rows: 1 where each
 * point's k neighbours in the picture are among its row's k neighbours, less for each intruder by how far away its row is.
 */
export function trustworthiness(graph: NeighborGraph, picture: Float32Array, dimensions: number, k: number): number {
  const count = graph.k + 1;
  const shown = bruteForceGraph(picture, count, dimensions, k);
  const ranks = new Int32Array(count);
  let penalty = 0;
  for (let i = 0; i < count; i++) {
    graph.rows.subarray(i * graph.k, (i + 1) * graph.k).forEach((row, rank) => void (ranks[row] = rank + 1));
    for (const row of shown.rows.subarray(i * k, (i + 1) * k)) penalty += Math.max(ranks[row]! - k, 0);
  }
  return 1 - (2 / (count * k * (2 * count - 3 * k - 1))) * penalty;
}
