import type { Metric, Neighbors } from "../../protocol/engineApi";

/**
 * The `count` rows nearest to `query` in latent space [n × dim], nearest first, without `exclude`. Euclidean distance, or
 * cosine distance 1 − cos between the raw vectors (not centred: centring changes the angles). Exact: O(n dim). A zero
 * vector has no direction; its cosine distance is 1.
 */
export function nearestRows(latents: Float32Array, dim: number, query: Float32Array, metric: Metric, count: number, exclude: number): Neighbors {
  const n = latents.length / dim;
  const wanted = Math.max(0, Math.min(count, exclude >= 0 && exclude < n ? n - 1 : n));
  const rows = new Int32Array(wanted);
  const distances = new Float32Array(wanted).fill(Infinity);
  const distance = metric === "cosine" ? cosineDistance(query) : squaredEuclidean;
  for (let i = 0; i < n; i++) {
    if (i === exclude) continue;
    const value = distance(latents, i * dim, query);
    if (wanted === 0 || !(value < distances[wanted - 1]!)) continue;
    let place = wanted - 1;
    for (; place > 0 && distances[place - 1]! > value; place--) {
      distances[place] = distances[place - 1]!;
      rows[place] = rows[place - 1]!;
    }
    distances[place] = value;
    rows[place] = i;
  }
  if (metric === "euclidean") distances.forEach((value, i) => { distances[i] = Math.sqrt(value); });
  return { rows, distances, within: "latents" };
}

function squaredEuclidean(latents: Float32Array, start: number, query: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < query.length; j++) {
    const difference = latents[start + j]! - query[j]!;
    sum += difference * difference;
  }
  return sum;
}

function cosineDistance(query: Float32Array) {
  let own = 0;
  for (const value of query) own += value * value;
  return (latents: Float32Array, start: number): number => {
    let dot = 0;
    let other = 0;
    for (let j = 0; j < query.length; j++) {
      const value = latents[start + j]!;
      dot += value * query[j]!;
      other += value * value;
    }
    return own > 0 && other > 0 ? 1 - dot / Math.sqrt(own * other) : 1;
  };
}
