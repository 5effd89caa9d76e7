import { createHash } from "node:crypto";
import { rowSize } from "../protocol/data";
import type { Points, Quality } from "../protocol/engineApi";
import { LatentError } from "../protocol/errors";
import { basisPath } from "./checkpoint";
import { windowsOf } from "./datasets/windows";
import { checkpointsBeside, findKeptGraph, wantedGraph } from "./keptGraphs";
import { judgeMap, type MapRows } from "./mapRuns";
import type { OpenCheckpoint, OpenCheckpoints } from "./openCheckpoints";
import { scaledTensor } from "./scaler";
import { createTurns } from "./turns";

// How far a picture of a checkpoint can be trusted, against the rows that it was made of.

/** Neighbours of a row that are judged: as many as the published comparisons take. */
const neighbors = 12;
/** Judged are as many rows as can be compared with all rows in some seconds (multiply-adds). */
const work = 5e10;
const [leastJudged, mostJudged] = [500, 10_000];
/** Values of the rows that are held in memory for it. */
const mostValues = 4e8;
/** Verdicts that are remembered: more than a comparison has maps, each of some tens of kilobytes. */
const remembered = 64;

export interface Judge {
  /**
   * The quality of `points`, a projection of the checkpoint, against the rows in model space, or against the latents that a map
   * was made of. Throws `bad-request` for fewer rows than neighbours can be told of, `unsupported` for more than fit in memory,
   * `cancelled` after an abort, also while it waits for other pictures.
   */
  quality(checkpoint: OpenCheckpoint, points: Points, projection: string, signal?: AbortSignal): Promise<Quality>;
}

/** The rows that pictures are judged against, and what was found of them: the nearest of those that are judged. */
interface JudgedRows {
  key: string;
  rows: MapRows;
  near: { of: string; rows: Int32Array } | null;
}

/**
 * One picture at a time: several beside each other would be no sooner and hold the rows in memory once for each. Pictures of the same
 * rows that wait behind each other, as those of a comparison do, are judged against one copy, whose neighbours are searched once.
 */
export function createJudge(checkpoints: OpenCheckpoints): Judge {
  const turns = createTurns();
  const verdicts = new Map<string, Quality>();
  let held: JudgedRows | null = null;

  async function judge(checkpoint: OpenCheckpoint, points: Points, signal?: AbortSignal): Promise<Quality> {
    const { header, schema: { count } } = checkpoint;
    if (points.dimensions !== 2 && points.dimensions !== 3) throw new LatentError("bad-request", `a picture of ${points.dimensions} dimensions`);
    const k = Math.min(neighbors, Math.ceil(count / 2) - 1);
    if (k < 1) throw new LatentError("bad-request", `${count} rows are too few to judge a map of them`);
    const key = await keyOf(checkpoint, checkpoints);
    if (held?.key !== key) {
      held = null; // before the next are read
      held = { key, rows: await rowsOf(checkpoint, checkpoints, signal), near: null };
    }
    const { rows } = held;
    const labels = await checkpoint.labels();
    const most = Math.max(leastJudged, Math.min(mostJudged, Math.floor(work / (count * rows.dim))));
    // Which rows are judged depends on the seed.
    const of = `${header.seed} ${most} ${k}`;
    const nearInData = held.near?.of === of ? held.near.rows : await keptNeighbors(checkpoint, rows, k, signal);
    const { shepard, ...found } = await judgeMap({ rows, nearInData, coordinates: points.data, labels: labels?.kind === "classes" ? labels.values : null, k, most, seed: header.seed }, signal);
    held.near = { of, rows: found.nearInData };
    const { judged, trustworthiness, continuity, neighborOverlap, labelAccuracy } = found;
    return {
      count, judged, k, trustworthiness, continuity, neighborOverlap, labelAccuracy,
      spearman: shepard.spearman, stress1: shepard.stress1, pairs: shepard.pairs, dataDistances: shepard.data, mapDistances: shepard.map,
    };
  }

  return {
    quality: async (checkpoint, points, projection, signal) => {
      const picture = JSON.stringify([checkpoint.path, checkpoint.stamp, projection, points.dimensions]);
      const known = verdicts.get(picture);
      if (known) return known;
      return turns.take(async () => {
        try {
          const verdict = verdicts.get(picture) ?? (await judge(checkpoint, points, signal));
          verdicts.set(picture, verdict);
          for (const oldest of verdicts.keys()) if (verdicts.size > remembered) verdicts.delete(oldest);
          return verdict;
        } finally {
          if (turns.waiting === 0) held = null;
        }
      }, signal);
    },
  };
}

/** Equal for checkpoints whose pictures are judged against the very same rows. */
async function keyOf({ path, header, scaler }: OpenCheckpoint, checkpoints: OpenCheckpoints): Promise<string> {
  const metric = metricOf(header);
  if (header.basis) {
    const basis = basisPath(path, header.basis);
    return checkpoints.use(basis, async ({ stamp }) => JSON.stringify([metric, basis, stamp]));
  }
  const scaling = createHash("sha256").update(scaler.shift).update(scaler.scale).digest("hex");
  return JSON.stringify([metric, header.dataset.fingerprint, header.schema.count, scaling]);
}

const metricOf = ({ hyperparameters }: OpenCheckpoint["header"]) => (hyperparameters["metric"] === "cosine" ? "cosine" : "euclidean");

/** [count × k] the nearest of each row where a map of the very same rows has them exactly, this one or one beside it; else null. */
async function keptNeighbors({ path, header }: OpenCheckpoint, rows: MapRows, k: number, signal?: AbortSignal): Promise<Int32Array | null> {
  const wanted = { ...wantedGraph(rows, rows.metric, k, { seed: header.seed, signal }), size: k, exact: true };
  return (await findKeptGraph(wanted, [path, ...await checkpointsBeside(path, header.basis)], signal))?.graph.rows ?? null;
}

async function rowsOf(checkpoint: OpenCheckpoint, checkpoints: OpenCheckpoints, signal?: AbortSignal): Promise<MapRows> {
  const { header } = checkpoint;
  const { count } = checkpoint.schema;
  if (header.hyperparameters["metric"] === "precomputed") throw new LatentError("unsupported", "This is a map of distances, not of rows: its stress or divergence, in the tree, says how good it is.");
  const metric = metricOf(header);
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
