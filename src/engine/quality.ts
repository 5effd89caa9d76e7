import { rowSize } from "../protocol/data";
import type { Points, Quality } from "../protocol/engineApi";
import { LatentError } from "../protocol/errors";
import { basisPath } from "./checkpoint";
import { windowsOf } from "./datasets/windows";
import { checkpointsBeside, findKeptGraph, wantedGraph } from "./keptGraphs";
import { judgeMap, type MapRows } from "./mapRuns";
import type { OpenCheckpoint, OpenCheckpoints } from "./openCheckpoints";
import { scaledTensor } from "./scaler";

// How far a picture of a checkpoint can be trusted, against the rows that it was made of.

/** Neighbours of a row that are judged: as many as the published comparisons take. */
const neighbors = 12;
/** Judged are as many rows as can be compared with all rows in some seconds (multiply-adds). */
const work = 5e10;
const [leastJudged, mostJudged] = [500, 10_000];
/** Values of the rows that are held in memory for it. */
const mostValues = 4e8;

/**
 * The quality of `points`, a projection of the checkpoint, against the rows in model space, or against the latents that a map
 * was made of. Throws `bad-request` for fewer rows than neighbours can be told of, `unsupported` for more than fit in memory.
 */
export async function qualityOf(checkpoint: OpenCheckpoint, points: Points, checkpoints: OpenCheckpoints, signal?: AbortSignal): Promise<Quality> {
  const { count } = checkpoint.schema;
  if (points.dimensions !== 2 && points.dimensions !== 3) throw new LatentError("bad-request", `a picture of ${points.dimensions} dimensions`);
  const k = Math.min(neighbors, Math.ceil(count / 2) - 1);
  if (k < 1) throw new LatentError("bad-request", `${count} rows are too few to judge a map of them`);
  const rows = await rowsOf(checkpoint, checkpoints, signal);
  const labels = await checkpoint.labels();
  const judged = Math.max(leastJudged, Math.min(mostJudged, Math.floor(work / (count * rows.dim))));
  const nearInData = await keptNeighbors(checkpoint, rows, k, signal);
  const { shepard, ...numbers } = await judgeMap({
    rows, nearInData, coordinates: points.data, labels: labels?.kind === "classes" ? labels.values : null, k, most: judged, seed: checkpoint.header.seed,
  }, signal);
  return { ...numbers, count, spearman: shepard.spearman, stress1: shepard.stress1, pairs: shepard.pairs, dataDistances: shepard.data, mapDistances: shepard.map };
}

/** [count × k] the nearest of each row where a map of the very same rows has them exactly, this one or one beside it; else null. */
async function keptNeighbors({ path, header }: OpenCheckpoint, rows: MapRows, k: number, signal?: AbortSignal): Promise<Int32Array | null> {
  const wanted = { ...wantedGraph(rows, rows.metric, k, { seed: header.seed, signal }), size: k, exact: true };
  return (await findKeptGraph(wanted, [path, ...await checkpointsBeside(path, header.basis)], signal))?.graph.rows ?? null;
}

async function rowsOf(checkpoint: OpenCheckpoint, checkpoints: OpenCheckpoints, signal?: AbortSignal): Promise<MapRows> {
  const { header } = checkpoint;
  const { count } = checkpoint.schema;
  if (header.hyperparameters["metric"] === "precomputed") throw new LatentError("unsupported", "This is a map of distances, not of rows: its stress or divergence, in the tree, says how good it is.");
  const metric = header.hyperparameters["metric"] === "cosine" ? "cosine" : "euclidean";
  if (header.basis) return checkpoints.use(basisPath(checkpoint.path, header.basis), async basis => ({ data: shared(await basis.latents()), count, dim: basis.header.latent.dim, metric }));
  const dim = rowSize(checkpoint.schema);
  if (count * dim > mostValues) throw new LatentError("unsupported", `${count} rows of ${dim} values are more than a map is judged against at once. Judge a map of a checkpoint's latents instead.`);
  const data = new Float32Array(new SharedArrayBuffer(4 * count * dim));
  for await (const window of windowsOf(await checkpoint.dataset(), signal)) {
    const x = scaledTensor(window.rows.subarray(0, window.count * dim), checkpoint.scaler);
    data.set((await x.data()) as Float32Array, window.start * dim);
    x.dispose();
  }
  return { data, count, dim, metric };
}

function shared(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
