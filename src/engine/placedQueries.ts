import type { Labels } from "../protocol/data";
import type { Neighbors, PlacedPoints } from "../protocol/engineApi";
import { messageOf } from "../protocol/errors";
import { coloring } from "./colorings";
import { neighborsOf } from "./keptGraphs";
import type { OpenCheckpoint } from "./openCheckpoints";
import type { PlacedRowSet } from "./placedRows";

// What views ask of the rows that were placed in a map.

/** The sets, and where their rows lie in the map itself; other projections of it have no place for them. */
export async function placedPoints({ placed, header }: OpenCheckpoint, projection: string, dimensions: number): Promise<PlacedPoints> {
  const { dim } = header.latent;
  const sets = await Promise.all(placed.map(async ({ record: { id, dataset, count }, dataset: open }) => ({
    id, count, name: dataset.name, fingerprint: dataset.fingerprint, problem: await open().then(() => null, messageOf),
  })));
  if (projection !== "axes" || dimensions > dim) return { sets, data: new Float32Array(0) };
  const data = new Float32Array(sets.reduce((sum, { count }) => sum + count, 0) * dimensions);
  let at = 0;
  for (const set of placed) {
    const latents = await set.latents();
    for (let row = 0; row < set.record.count; row++) for (let axis = 0; axis < dimensions; axis++) data[at++] = latents[row * dim + axis]!;
  }
  return { sets, data };
}

/** The value of every placed row under a coloring: by the same label or column of its own dataset, the nearest cluster, or its place. */
export async function placedColoring(checkpoint: OpenCheckpoint, id: string): Promise<Labels> {
  const { placed, header: { latent: { dim } } } = checkpoint;
  const own = id === "score" ? null : await coloring(checkpoint, id); // also refuses an id that is none
  const [kind] = id.split(":", 1);
  const name = id.slice(kind!.length + 1);
  const parts = await Promise.all(placed.map(async (set): Promise<{ count: number; labels: Labels | null }> => ({
    count: set.record.count,
    labels: await (async () => {
      switch (kind) {
        case "label": return set.labels();
        case "column": return set.dataset().then(dataset => (dataset.columnNames.includes(name) ? dataset.column(name) : null), () => null);
        case "cluster": return nearestCluster(await checkpoint.latents(), own as Extract<Labels, { kind: "classes" }>, await set.latents(), dim);
        case "dimension": return { kind: "numbers" as const, name, values: (await set.latents()).filter((_, at) => at % dim === Number(name)) };
        default: return null;
      }
    })(),
  })));
  return inTermsOf(own ?? { kind: "numbers", name: "", values: new Float32Array(0) }, parts);
}

/** Values of several sets, one after the other, as those of `own` are told: classes by their names, new ones behind the known. */
function inTermsOf(own: Labels, parts: readonly { count: number; labels: Labels | null }[]): Labels {
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  let at = 0;
  if (own.kind === "numbers") {
    const values = new Float32Array(total).fill(NaN);
    for (const { count, labels } of parts) {
      if (labels?.kind === "numbers") values.set(labels.values, at);
      at += count;
    }
    return { kind: "numbers", name: own.name, values };
  }
  const classes = [...own.classes];
  const values = new Int32Array(total).fill(-1);
  for (const { count, labels } of parts) {
    if (labels?.kind === "classes") {
      const numbers = labels.classes.map(name => (classes.includes(name) ? classes.indexOf(name) : classes.push(name) - 1));
      labels.values.forEach((value, row) => { if (value >= 0) values[at + row] = numbers[value]!; });
    }
    at += count;
  }
  return { kind: "classes", name: own.name, values, classes };
}

/** The cluster whose mean is nearest to each place [n × dim]. */
function nearestCluster(latents: Float32Array, clusters: Extract<Labels, { kind: "classes" }>, places: Float32Array, dim: number): Labels {
  const k = clusters.classes.length;
  const [means, counts] = [new Float64Array(k * dim), new Float64Array(k)];
  clusters.values.forEach((cluster, row) => {
    counts[cluster]!++;
    for (let j = 0; j < dim; j++) means[cluster * dim + j]! += latents[row * dim + j]!;
  });
  const values = Int32Array.from({ length: places.length / dim }, (_, row) => {
    let [best, least] = [-1, Infinity];
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let j = 0; j < dim; j++) sum += (places[row * dim + j]! - means[c * dim + j]! / counts[c]!) ** 2;
      if (sum < least) [best, least] = [c, sum];
    }
    return best;
  });
  return { ...clusters, values };
}

/** The rows of the map that were nearest to a placed row in the data; null where so many are not kept, or by another metric. */
export async function neighborsOfPlaced(set: PlacedRowSet, row: number, count: number): Promise<Neighbors | null> {
  const kept = await set.neighbors();
  return kept && neighborsOf(kept, row, count);
}
