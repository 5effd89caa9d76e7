import { basename } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { rowSize, type DatasetSource, type Progress, type RunPhase } from "../protocol/data";
import { LatentError } from "../protocol/errors";
import { basisPath, changeCheckpoint, referenceTo } from "./checkpoint";
import { namingDataset, openDataset, resolvedSource } from "./datasets";
import { alignedTo } from "./datasets/aligned";
import type { Dataset } from "./datasets/dataset";
import { windowsOf } from "./datasets/windows";
import { encodeDataset } from "./encodeDataset";
import { placeInMap, type MapKind, type MapRows } from "./mapRuns";
import { models } from "./models";
import { resolveHyperparameters } from "./models/hyperparameters";
import { reducedRows, sharedRows, type ReducedRows } from "./models/mapRows";
import type { OpenCheckpoint, OpenCheckpoints } from "./openCheckpoints";
import { withPlaced, type NewPlacedRows } from "./placedRows";
import { scaledTensor } from "./scaler";
import { latentData, loadTrainingData } from "./trainingData";

// New rows in a finished map: they go the way that the map's own rows went (scaling, or the encoder of the map's basis; principal
// components), are placed by the rows of the map that are near to them, and are kept in its file. The map itself stays as it is.

export interface PlaceJob {
  /** The map's checkpoint. */
  path: string;
  source: DatasetSource;
  device: string;
  signal?: AbortSignal | undefined;
  onProgress(progress: Progress): void;
}

/** Shares of the time line: opening the new rows, the map's rows as it was made of them, the new rows likewise, placing. */
const ends = { opening: 0.05, rows: 0.35, added: 0.45, placing: 0.98 };

/**
 * Places the rows of a dataset in a map and writes them to its file; gives the number of the set and its rows. Throws `unsupported` for
 * checkpoints that are no maps and for maps of measured distances, `bad-request` for a map that is not finished, `bad-dataset` for rows
 * that are none or not like those of the map (and for a map whose own rows are gone), `cancelled` after an abort, which leaves nothing.
 */
export async function place(job: PlaceJob, checkpoints: OpenCheckpoints): Promise<{ id: number; count: number }> {
  const report = reporter(job);
  report("loading", 0);
  const { createdAt, set } = await checkpoints.use(job.path, async checkpoint => {
    checkMap(checkpoint);
    return { createdAt: checkpoint.header.createdAt, set: await placed(job, checkpoint, checkpoints, report) };
  });
  if (job.signal?.aborted) throw new LatentError("cancelled", "Cancelled.");
  report("saving", ends.placing);
  let id = 0;
  await checkpoints.release(job.path);
  await changeCheckpoint(job.path, record => {
    if (record.createdAt !== createdAt) throw new LatentError("bad-request", `${basename(job.path)} holds another map than when the rows were placed. Place them again.`);
    const change = withPlaced(record, set);
    ({ id } = change);
    return change;
  });
  return { id, count: set.record.count };
}

/** Throws where rows cannot be placed, and says which models can. */
function checkMap({ header, live, path }: OpenCheckpoint): void {
  const name = basename(path);
  if (!header.capabilities.includes("map")) {
    const maps = Object.values(models).filter(({ isMap }) => isMap).map(({ title }) => title).join(", ");
    throw new LatentError("unsupported", `${name} is no map: rows are placed in those of ${maps}`);
  }
  if (live) throw new LatentError("bad-request", `${name} is still being made. Rows can be placed when it is finished.`);
  if (header.state !== "complete") throw new LatentError("bad-request", `${name} was stopped, and would move when it is resumed. Resume it, then place the rows.`);
  if (header.hyperparameters["metric"] === "precomputed") throw new LatentError("unsupported", `${name} is a map of distances. New rows have no place in it, since their distances to its rows are not known.`);
}

async function placed(job: PlaceJob, checkpoint: OpenCheckpoint, checkpoints: OpenCheckpoints, report: Report): Promise<NewPlacedRows> {
  const { header } = checkpoint;
  const { signal } = job;
  const spec = models[header.model as keyof typeof models];
  const { values } = resolveHyperparameters(spec, header.hyperparameters, header.schema);
  // Of what is wrong with the new rows alone is said which file it is: the map's own rows name themselves.
  const ofNewRows = <T>(work: () => Promise<T>) => namingDataset(job.source.path, work);
  const whole = await openDataset(job.source, { ...(signal ? { signal } : {}), like: header.schema.columns, onProgress: fraction => report("loading", ends.opening * fraction) });
  try {
    const dataset = await ofNewRows(async () => alignedTo(whole, header.schema));
    const { count } = dataset.schema;
    if (count === 0) throw new LatentError("bad-dataset", `${basename(job.source.path)} has no rows to place`);
    const labels = await ofNewRows(() => dataset.labels(signal));
    const inBasis = header.basis ? { path: basisPath(job.path, header.basis) } : null;
    const own = await ownRows(checkpoint, checkpoints, inBasis?.path, values, signal, fraction => report("loading", between("opening", "rows", fraction)));
    let added: MapRows;
    try {
      added = await ofNewRows(() => (inBasis
        ? checkpoints.use(inBasis.path, basis => encodedRows(dataset, basis, own, signal, fraction => report("encoding", between("rows", "added", fraction))))
        : scaledRows(dataset, checkpoint, own, signal, fraction => report("loading", between("rows", "added", fraction)))));
    } finally {
      own.dispose();
    }
    const map = { coordinates: await checkpoint.latents(), dimensions: header.latent.dim as 2 | 3 };
    const { coordinates, graph } = await ofNewRows(() => placeInMap(
      { kind: header.model as MapKind, values, seed: header.seed, rows: own.rows, added, map },
      fraction => report("placing", between("added", "placing", fraction)), signal,
    ));
    return {
      record: {
        dataset: referenceTo(job.path, resolvedSource(job.source, whole), whole.fingerprint), count, createdAt: new Date().toISOString(),
        labels: labels && { name: labels.name, kind: labels.kind, classes: labels.kind === "classes" ? labels.classes : [] },
      },
      tensors: {
        latents: { shape: [count, header.latent.dim], data: coordinates },
        ...(labels ? { labels: { shape: [count], data: labels.values } } : {}),
        "neighbors.rows": { shape: [count, graph.k], data: graph.rows },
        "neighbors.distances": { shape: [count, graph.k], data: graph.distances },
      },
    };
  } finally {
    await whole.close();
  }
}

/** The rows that the map was made of, as it was made of them. */
async function ownRows(checkpoint: OpenCheckpoint, checkpoints: OpenCheckpoints, basis: string | undefined, values: Parameters<typeof reducedRows>[1], signal: AbortSignal | undefined, report: (fraction: number) => void): Promise<ReducedRows> {
  const { header, scaler, schema } = checkpoint;
  const options = { seed: header.seed, ...(signal ? { signal } : {}) };
  if (basis !== undefined) return checkpoints.use(basis, async ({ header: { latent, dataset, schema: { count } }, latents }) => {
    if (dataset.fingerprint !== header.dataset.fingerprint || count !== schema.count) throw new LatentError("bad-request", `${basename(basis)}, which the map was made of, belongs to other rows now`);
    return reducedRows(latentData(Float32Array.from(await latents()), latent.dim, rowSize(schema)), values, options, report);
  });
  const data = await loadTrainingData(await checkpoint.dataset(), { scaling: "none", validationShare: 0, scaler, ...options, onProgress: fraction => report(0.5 * fraction) });
  return reducedRows(data, values, options, fraction => report(0.5 + 0.5 * fraction));
}

async function scaledRows(dataset: Dataset, { scaler }: OpenCheckpoint, own: ReducedRows, signal: AbortSignal | undefined, report: (fraction: number) => void): Promise<MapRows> {
  const { count } = dataset.schema;
  const rows = sharedRows(count, own.rows.dim);
  for await (const window of windowsOf(dataset, signal)) {
    const reduced = tf.tidy(() => own.reduce(scaledTensor(window.rows, scaler)));
    rows.set((await reduced.data()) as Float32Array, window.start * own.rows.dim);
    reduced.dispose();
    report((window.start + window.count) / count);
  }
  return { ...own.rows, data: rows, count };
}

/** New rows through the encoder whose latents were mapped. */
async function encodedRows(dataset: Dataset, basis: OpenCheckpoint, own: ReducedRows, signal: AbortSignal | undefined, report: (fraction: number) => void): Promise<MapRows> {
  const { count } = dataset.schema;
  const { dim } = basis.header.latent;
  const latents = (await encodeDataset(basis, dataset, signal, report))["latents"]!.data as Float32Array;
  const rows = sharedRows(count, own.rows.dim);
  const atOnce = Math.max(1, Math.floor(2 ** 20 / dim));
  for (let start = 0; start < count; start += atOnce) {
    const part = latents.subarray(start * dim, (start + atOnce) * dim);
    const reduced = tf.tidy(() => own.reduce(tf.tensor2d(part, [part.length / dim, dim])));
    rows.set((await reduced.data()) as Float32Array, start * own.rows.dim);
    reduced.dispose();
  }
  return { ...own.rows, data: rows, count };
}

const between = (from: keyof typeof ends, to: keyof typeof ends, fraction: number) => ends[from] + (ends[to] - ends[from]) * Math.min(1, fraction);

type Report = (phase: RunPhase, fraction: number) => void;

/** At most ten snapshots a second, and the first of each phase. */
function reporter({ device, onProgress }: PlaceJob): Report {
  let [last, lastPhase]: [number, RunPhase | undefined] = [-Infinity, undefined];
  return (phase, fraction) => {
    const now = performance.now();
    if (phase === lastPhase && now - last < 100) return;
    [last, lastPhase] = [now, phase];
    onProgress({ phase, isMap: false, fraction, epoch: 0, epochs: 0, losses: null, history: [], secondsLeft: null, device });
  };
}
