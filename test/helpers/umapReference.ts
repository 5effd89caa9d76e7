import type { NeighborGraph } from "../../src/engine/maps/map";

/** Squared Euclidean distances of row `row` of `data` [count × dim] to all rows of `others`. */
function distancesOf(data: ArrayLike<number>, row: number, others: ArrayLike<number>, dim: number): Float64Array {
  const result = new Float64Array(others.length / dim);
  for (let other = 0; other < result.length; other++) {
    let sum = 0;
    for (let i = 0; i < dim; i++) sum += (data[row * dim + i]! - others[other * dim + i]!) ** 2;
    result[other] = sum;
  }
  return result;
}

/** The k nearest rows among `others` of every row of `data` by comparing all; the row itself is left out where they are the same. */
export function bruteForceGraph(data: Float32Array, dim: number, k: number, others = data): NeighborGraph {
  const count = data.length / dim;
  const graph = { k, rows: new Int32Array(count * k), distances: new Float32Array(count * k), recall: 1 };
  for (let row = 0; row < count; row++) {
    const distances = distancesOf(data, row, others, dim);
    if (others === data) distances[row] = Infinity;
    const nearest = nearestOf(distances, k);
    nearest.forEach((other, j) => {
      graph.rows[row * k + j] = other;
      graph.distances[row * k + j] = Math.sqrt(distances[other]!);
    });
  }
  return graph;
}

function nearestOf(distances: Float64Array, k: number): number[] {
  const nearest: number[] = [];
  distances.forEach((distance, other) => {
    if (nearest.length === k && distance >= distances[nearest[k - 1]!]!) return;
    let at = nearest.length;
    while (at > 0 && distances[nearest[at - 1]!]! > distance) at--;
    nearest.splice(at, 0, other);
    if (nearest.length > k) nearest.pop();
  });
  return nearest;
}

/** Trustworthiness (Venna & Kaski 2001) of a picture: 1 where each point's k nearest points are among its row's k nearest rows. */
export function trustworthiness(data: Float32Array, dim: number, coordinates: Float32Array, dimensions: number, k: number): number {
  const count = data.length / dim;
  let penalty = 0;
  for (let row = 0; row < count; row++) {
    const near = distancesOf(coordinates, row, coordinates, dimensions);
    near[row] = Infinity;
    const far = distancesOf(data, row, data, dim);
    far[row] = Infinity;
    for (const other of nearestOf(near, k)) {
      let rank = 1;
      for (const distance of far) if (distance < far[other]!) rank++;
      penalty += Math.max(0, rank - k);
    }
  }
  return 1 - (2 * penalty) / (count * k * (2 * count - 3 * k - 1));
}

/** Share of points whose label is the commonest among their k nearest points. */
export function labelAccuracy(coordinates: Float32Array, dimensions: number, labels: ArrayLike<number>, k: number): number {
  const { rows } = bruteForceGraph(coordinates, dimensions, k);
  let right = 0;
  for (let row = 0; row < labels.length; row++) {
    const votes = new Map<number, number>();
    for (const other of rows.subarray(row * k, row * k + k)) votes.set(labels[other]!, (votes.get(labels[other]!) ?? 0) + 1);
    if ([...votes].sort((a, b) => b[1] - a[1])[0]![0] === labels[row]) right++;
  }
  return right / labels.length;
}
