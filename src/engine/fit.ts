import { stat } from "node:fs/promises";
import { basename, dirname, relative } from "node:path";
import { checkpointExtension, checkpointFormatVersion, type CheckpointHeader, type CheckpointRecord } from "../protocol/checkpointHeader";
import { rowSize, type DatasetSource, type HyperparameterValues, type Labels, type Progress, type RunPhase } from "../protocol/data";
import type { FitResult } from "../protocol/engineApi";
import { isCancelled, LatentError } from "../protocol/errors";
import type { OpenedBackend } from "./backend";
import { basisPath, openCheckpoint, referenceTo, writeCheckpoint } from "./checkpoint";
import { namingDataset, openDataset, resolvedSource } from "./datasets";
import type { Dataset } from "./datasets/dataset";
import { subsetOf } from "./datasets/subset";
import { encodeDataset } from "./encodeDataset";
import { resolveHyperparameters } from "./models/hyperparameters";
import { capabilitiesOf, FitInterrupted, type FitOutcome, type FitProgress, type FitState, type Model, type ModelSpec } from "./models/model";
import { models } from "./models";
import { addPrefix, withPrefix } from "./models/weights";
import { causeOfFitFailure, noteFailure } from "./fitFailure";
import { checkpointsBeside, findKeptGraph } from "./keptGraphs";
import { readScaler, type OpenCheckpoints } from "./openCheckpoints";
import { openReferenced, subsetRows } from "./referencedDatasets";
import type { NamedTensors } from "./safetensors";
import { modelSchema, scalerTensors } from "./scaler";
import { latentData, loadTrainingData, type TrainingData } from "./trainingData";

// From a dataset to a checkpoint. A model that trains in epochs has its file from the first moment on, marked as
// interrupted and holding all that a resume needs; it becomes complete with the last write. So nothing is lost whenever
// the process dies, and a cancel only has to write once more.

export interface FitJob {
  checkpointPath: string;
  /** What to fit, or null to resume what the checkpoint at that path holds. */
  start: { source: DatasetSource; model: string; hyperparameters: HyperparameterValues; seed: number; basis?: string; subset?: { of: string; rows: Int32Array | null } } | null;
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

/** Shares of the whole run's time line. */
const loadingShare = 0.04;
const encodingStart = 0.93;
/** Between saves of a fit under way, so that writing never takes a noticeable share of training (ms). */
const saveEvery = 3000;

/** Runs one fit to its end, its cancel or its failure; the checkpoint is then as complete as it can be. */
export async function runFit(job: FitJob, backend: OpenedBackend, checkpoints: OpenCheckpoints): Promise<FitResult> {
  return job.start ? namingDataset(job.start.source.path, () => run(job, backend, checkpoints)) : run(job, backend, checkpoints);
}

async function run(job: FitJob, backend: OpenedBackend, checkpoints: OpenCheckpoints): Promise<FitResult> {
  let isMap = false;
  const report = reporter(job, backend.device, () => isMap);
  report("loading", 0);
  const prepared = job.start ? await prepare(job, job.start, backend, report, checkpoints) : await prepareResume(job, backend, report, checkpoints);
  const { model, data, dataset, record, labels, rows } = prepared;
  isMap = model.map !== undefined;
  let epoch = 0;
  const hide = checkpoints.showLive(job.checkpointPath, {
    schema: record.schema, scaler: data.scaler, model, dataset, labels,
    header: (): CheckpointHeader => ({ ...record, tensors: {} }),
    epoch: () => epoch,
    signal: job.signal,
  });
  const startedBefore = record.seconds;
  const startedAt = performance.now();
  const seconds = () => startedBefore + (performance.now() - startedAt) / 1000;
  let lastSave = -Infinity;
  try {
    const save = async (state: FitState) => {
      takeState(record, state, seconds());
      takeMap(record, model);
      await writeCheckpoint(job.checkpointPath, record, await interruptedTensors(model, data, labels, rows, state));
      lastSave = performance.now();
    };
    let outcome: FitOutcome;
    try {
      outcome = await model.fit(data, {
        seed: record.seed,
        labels,
        signal: job.signal,
        findGraph: async wanted => findKeptGraph(wanted, await checkpointsBeside(job.checkpointPath, record.basis), job.signal),
        resume: prepared.resume,
        onProgress: progress => {
          epoch = progress.epoch;
          record.device = progress.device ?? record.device;
          report("fitting", loadingShare + (encodingStart - loadingShare) * progress.fraction, progress);
        },
        onEpoch: async state => {
          if (performance.now() - lastSave > saveEvery) await save(await state());
        },
      });
    } catch (error) {
      if (error instanceof FitInterrupted) {
        await save(error.state);
        return { checkpointPath: job.checkpointPath, state: "interrupted" };
      }
      throw error;
    }
    Object.assign(record, {
      state: "complete", position: null, stopReason: "", losses: outcome.history, bestEpoch: outcome.bestEpoch, metrics: outcome.metrics,
      capabilities: capabilitiesOf(model), seconds: seconds(),
    } satisfies Partial<CheckpointRecord>);
    takeMap(record, model);
    const tensors: NamedTensors = { ...(await modelTensors(model, data, labels, rows)), ...outcome.tensors };
    if (model.encode) try {
      const encoded = await encodeDataset({ schema: record.schema, scaler: data.scaler, model }, dataset, job.signal, fraction => report("encoding", encodingStart + (0.99 - encodingStart) * fraction, finished(outcome)));
      Object.assign(tensors, encoded);
      if (encoded["scores"]) record.metrics["mean score"] = meanOf(encoded["scores"].data as Float32Array);
    } catch (error) {
      if (!isCancelled(error)) throw error; // the model is complete; views encode when they need it
    }
    report("saving", 0.99, finished(outcome));
    record.seconds = seconds();
    await writeCheckpoint(job.checkpointPath, record, tensors);
    return { checkpointPath: job.checkpointPath, state: "complete" };
  } catch (error) {
    const cause = await causeOfFitFailure(error, backend, record.hyperparameters);
    await noteFailure(job.checkpointPath, job.start !== null, record, cause);
    throw cause;
  } finally {
    hide();
    model.dispose();
    await dataset.close();
  }
}

interface PreparedRun {
  model: Model;
  dataset: Dataset;
  data: TrainingData;
  labels: Labels | null;
  /** The rows of the dataset's file that are fitted; null for all. */
  rows: Int32Array | null;
  record: CheckpointRecord;
  resume: FitState | null;
}
type Report = ReturnType<typeof reporter>;

async function prepare(job: FitJob, { source, model: id, hyperparameters, seed, basis, subset }: NonNullable<FitJob["start"]>, backend: OpenedBackend, report: Report, checkpoints: OpenCheckpoints): Promise<PreparedRun> {
  const spec = specOf(id);
  if (await stat(job.checkpointPath).catch(() => undefined)) throw new LatentError("bad-request", `${job.checkpointPath} exists already`);
  const whole = await openDataset(source, { signal: job.signal, onProgress: fraction => report("loading", loadingShare * 0.5 * fraction) });
  return closingOnError(whole, async () => {
    const rows = subset ? await rowsInWhole(subset, checkpoints) : null;
    const dataset = rows ? subsetOf(whole, rows) : whole;
    if (!spec.accepts.includes(dataset.schema.kind)) throw new LatentError("bad-request", `${spec.title} needs ${spec.accepts.join(" or ")} rows; ${basename(source.path)} holds ${dataset.schema.kind} rows`);
    const { scaling, values } = resolveHyperparameters(spec, hyperparameters, dataset.schema);
    const labels = await dataset.labels(job.signal);
    const data = basis ? await latentsOf(basis, dataset, spec, checkpoints) : await loadTrainingData(dataset, {
      scaling, validationShare: spec.validationShare(values), seed, scaler: null, signal: job.signal,
      onProgress: fraction => report("loading", loadingShare * (0.5 + 0.5 * fraction)),
    });
    const model = spec.create(modelSchema(data.schema, scaling), values, { seed });
    const record: CheckpointRecord = {
      formatVersion: checkpointFormatVersion, name: "", model: id, modelTitle: spec.title,
      hyperparameters: { ...values, scaling }, seed,
      dataset: referenceTo(job.checkpointPath, resolvedSource(source, whole), dataset.fingerprint),
      schema: basis ? dataset.schema : data.schema, ...(rows ? { subset: { of: whole.schema.count } } : {}), ...(basis ? { basis: { name: basename(basis).replace(checkpointExtension, ""), relativePath: relative(dirname(job.checkpointPath), basis).replaceAll("\\", "/") } } : {}),
      labels: labels && { name: labels.name, kind: labels.kind, classes: labels.kind === "classes" ? labels.classes : [] },
      latent: model.latent, capabilities: capabilitiesOf(model), state: "interrupted", losses: [], position: null, stopReason: "",
      epochs: spec.epochs(values), bestEpoch: 0, metrics: {}, backend: backend.id, device: backend.device,
      createdAt: new Date().toISOString(), seconds: 0,
    };
    return { model, dataset, data, labels, rows, record, resume: null };
  });
}

async function prepareResume(job: FitJob, backend: OpenedBackend, report: Report, checkpoints: OpenCheckpoints): Promise<PreparedRun> {
  const file = await openCheckpoint(job.checkpointPath);
  try {
    const { tensors: _, ...record } = file.header;
    if (!record.position) throw new LatentError("bad-request", `${basename(job.checkpointPath)} is complete: there is nothing to resume`);
    const spec = specOf(record.model);
    const rows = await subsetRows(file.header, file.read);
    const dataset = await openReferenced(job.checkpointPath, file.header, rows);
    return await closingOnError(dataset, async () => {
      const { scaling, values } = resolveHyperparameters(spec, record.hyperparameters, record.schema);
      const scaler = await readScaler(file.read, rowSize(record.schema));
      const labels = await dataset.labels(job.signal);
      const { basis } = record;
      const data = basis ? await latentsOf(basisPath(job.checkpointPath, basis), dataset, spec, checkpoints) : await loadTrainingData(dataset, {
        scaling, validationShare: spec.validationShare(values), seed: record.seed, scaler, signal: job.signal,
        onProgress: fraction => report("loading", loadingShare * fraction),
      });
      const model = spec.create(modelSchema(data.schema, scaling), values, { weights: await file.readAll("model.") });
      const resume = { position: { ...record.position!, history: record.losses, bestEpoch: record.bestEpoch }, tensors: { ...(await file.readAll("resume.")), ...addPrefix("neighbors.", await file.readAll("neighbors.")) } };
      return { model, dataset, data, labels, rows, record: { ...record, backend: backend.id, device: backend.device, stopReason: "" }, resume };
    });
  } finally {
    await file.close();
  }
}

/** Rows as a checkpoint counts them (null for all it has), as the dataset's file does: the checkpoint may itself be of some rows alone. Null for all of the file. */
async function rowsInWhole({ of, rows }: { of: string; rows: Int32Array | null }, checkpoints: OpenCheckpoints): Promise<Int32Array | null> {
  return checkpoints.use(of, async checkpoint => {
    if (checkpoint.live && checkpoint.header.subset) throw new LatentError("bad-request", `${basename(of)} is still being fitted`);
    const own = (await checkpoint.tensor("subset.rows"))?.data;
    return own ? (rows ?? Int32Array.from(own, (_, row) => row)).map(row => Number(own[row])) : rows;
  });
}

/** The latents of another checkpoint of the same dataset in place of the rows. Throws `bad-request` where it cannot be. */
async function latentsOf(path: string, dataset: Dataset, spec: ModelSpec, checkpoints: OpenCheckpoints): Promise<TrainingData> {
  if (!spec.isMap) throw new LatentError("bad-request", `${spec.title} is fitted to rows, not to the latents of ${basename(path)}`);
  return checkpoints.use(path, async checkpoint => {
    const { header } = checkpoint;
    if (header.dataset.fingerprint !== dataset.fingerprint) throw new LatentError("bad-request", `${basename(path)} belongs to other rows than ${header.dataset.name} holds now`);
    return latentData(Float32Array.from(await checkpoint.latents()), header.latent.dim, rowSize(dataset.schema));
  });
}

function specOf(id: string): ModelSpec {
  if (!Object.hasOwn(models, id)) throw new LatentError("bad-request", `there is no model "${id}", only ${Object.keys(models).join(", ")}`);
  return models[id as keyof typeof models];
}

async function closingOnError<T>(dataset: Dataset, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await dataset.close();
    throw error;
  }
}

function takeState(record: CheckpointRecord, { position }: FitState, seconds: number): void {
  record.losses = position.history;
  record.bestEpoch = position.bestEpoch;
  record.position = { ...position, history: [] };
  record.state = "interrupted";
  record.seconds = seconds;
}

/** What is said of the graph that a resumed map had before holds on. */
function takeMap(record: CheckpointRecord, model: Model): void {
  const [graph, steps] = [model.graphRecord?.(), model.steps?.()];
  if (graph) record.neighbors = graph;
  if (steps) record.epochs = steps;
}

async function modelTensors(model: Model, data: TrainingData, labels: Labels | null, rows: Int32Array | null): Promise<NamedTensors> {
  return {
    ...addPrefix("model.", await model.weights()),
    ...scalerTensors(data.scaler),
    ...model.kept?.(),
    ...(rows ? { "subset.rows": { shape: [rows.length], data: rows } } : {}),
    ...(labels ? { labels: { shape: [labels.values.length], data: labels.values } } : {}),
  };
}

/** As `modelTensors`, with the best weights so far for viewing, and what a resume needs. */
async function interruptedTensors(model: Model, data: TrainingData, labels: Labels | null, rows: Int32Array | null, { tensors }: FitState): Promise<NamedTensors> {
  const best = addPrefix("model.", withPrefix(tensors, "best."));
  return { ...(await modelTensors(model, data, labels, rows)), ...best, ...addPrefix("resume.", tensors) };
}

function finished(outcome: FitOutcome): FitProgress {
  return { fraction: 1, epoch: outcome.history.length, epochs: outcome.history.length, losses: outcome.history.at(-1)?.train ?? null, history: outcome.history };
}

/** Sends at most ten snapshots a second, and always the first of a phase. */
function reporter(job: FitJob, device: string, isMap: () => boolean) {
  const startedAt = performance.now();
  let lastSent = -Infinity;
  let lastPhase: RunPhase | undefined;
  let lastDevice = device;
  return (phase: RunPhase, fraction: number, fit?: FitProgress) => {
    const now = performance.now();
    lastDevice = fit?.device ?? lastDevice;
    if (phase === lastPhase && now - lastSent < 100) return;
    lastSent = now;
    lastPhase = phase;
    const elapsed = (now - startedAt) / 1000;
    job.onProgress({
      phase, isMap: isMap(), fraction, device: lastDevice,
      epoch: fit?.epoch ?? 0, epochs: fit?.epochs ?? 0, losses: fit?.losses ?? null, history: fit?.history ?? [],
      secondsLeft: elapsed > 1.5 && fraction > 0.02 ? (elapsed * (1 - fraction)) / fraction : null,
    });
  };
}

function meanOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
