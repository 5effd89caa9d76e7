import { random } from "../random";

/**
 * k-means (Lloyd 1982) with k-means++ starts (Arthur & Vassilvitskii 2007) over latents [n × dim]: the cluster of each
 * row, clusters numbered by size, largest first. Stops when no row changes, at most after 100 rounds. `pause` is awaited
 * between rounds.
 */
export async function kMeans(latents: Float32Array, dim: number, k: number, seed: number, pause?: () => Promise<void>): Promise<Int32Array> {
  const n = latents.length / dim;
  const centres = await firstCentres(latents, dim, Math.min(k, n), seed, pause);
  const count = centres.length / dim;
  const cluster = new Int32Array(n).fill(-1);
  for (let round = 0; round < 100; round++) {
    const changed = assign(latents, dim, centres, cluster);
    if (changed === 0) break;
    recentre(latents, dim, centres, cluster);
    await pause?.();
  }
  const sizes = new Int32Array(count);
  for (const c of cluster) sizes[c]!++;
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const rank = new Int32Array(count);
  order.forEach((c, place) => { rank[c] = place; });
  return cluster.map(c => rank[c]!);
}

async function firstCentres(latents: Float32Array, dim: number, k: number, seed: number, pause?: () => Promise<void>): Promise<Float64Array> {
  const n = latents.length / dim;
  const stream = random(seed, "k-means++");
  const centres = new Float64Array(k * dim);
  const nearest = new Float64Array(n).fill(Infinity);
  let chosen = stream.integer(n);
  for (let c = 0; c < k; c++) {
    for (let j = 0; j < dim; j++) centres[c * dim + j] = latents[chosen * dim + j]!;
    let total = 0;
    for (let i = 0; i < n; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(latents, i * dim, centres, c * dim, dim));
      total += nearest[i]!;
    }
    let target = stream.uniform() * total;
    chosen = 0;
    while (chosen < n - 1 && (target -= nearest[chosen]!) > 0) chosen++;
    await pause?.();
  }
  return centres;
}

function assign(latents: Float32Array, dim: number, centres: Float64Array, cluster: Int32Array): number {
  const k = centres.length / dim;
  let changed = 0;
  for (let i = 0; i < cluster.length; i++) {
    let best = 0;
    let bestDistance = Infinity;
    for (let c = 0; c < k; c++) {
      const distance = squaredDistance(latents, i * dim, centres, c * dim, dim);
      if (distance < bestDistance) {
        bestDistance = distance;
        best = c;
      }
    }
    if (cluster[i] !== best) {
      cluster[i] = best;
      changed++;
    }
  }
  return changed;
}

/** Means of the clusters; an empty cluster keeps its centre. */
function recentre(latents: Float32Array, dim: number, centres: Float64Array, cluster: Int32Array): void {
  const k = centres.length / dim;
  const sums = new Float64Array(k * dim);
  const sizes = new Int32Array(k);
  cluster.forEach((c, i) => {
    sizes[c]!++;
    for (let j = 0; j < dim; j++) sums[c * dim + j]! += latents[i * dim + j]!;
  });
  for (let c = 0; c < k; c++) {
    if (sizes[c] === 0) continue;
    for (let j = 0; j < dim; j++) centres[c * dim + j] = sums[c * dim + j]! / sizes[c]!;
  }
}

function squaredDistance(a: Float32Array, aStart: number, b: Float64Array, bStart: number, dim: number): number {
  let sum = 0;
  for (let j = 0; j < dim; j++) {
    const difference = a[aStart + j]! - b[bStart + j]!;
    sum += difference * difference;
  }
  return sum;
}
