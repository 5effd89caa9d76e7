import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import { LatentError } from "../protocol/errors";
import { deviceLostExitCode, type BackendChoice, type EngineApi, type EngineEvents } from "../protocol/engineApi";
import type { Progress } from "../protocol/data";
import { openBackend, type OpenedBackend } from "./backend";
import type { BackendOptions } from "./backends/opened";
import { changeCheckpoint, openCheckpoint, referenceTo, updateCheckpoint } from "./checkpoint";
import { openDataset } from "./datasets";
import { subsetOf } from "./datasets/subset";
import { releaseIdleScans } from "./datasets/tableCache";
import { causeOf, deviceLost } from "./fitFailure";
import { exportLatents } from "./exportLatents";
import { runFit, type FitJob } from "./fit";
import { inspectDataset, inspectLike } from "./inspect";
import { configureMaps } from "./mapRuns";
import { models } from "./models";
import { OpenCheckpoints } from "./openCheckpoints";
import { subsetRows } from "./referencedDatasets";
import { place } from "./place";
import { placeOfRow, withoutPlaced } from "./placedRows";
import { checkpointQueries } from "./queries";
import { createTurns } from "./turns";

export interface EngineOptions extends Omit<BackendOptions, "choice"> {
  backend: BackendChoice;
}

/** Maps of fewer rows are made by the processor: opening a device and compiling for it takes a second or so. */
const mapsOnGpuFrom = 10_000;

/** The engine behind the process boundary: the backend is opened with the first call that needs it. */
export function createEngine(options: EngineOptions, events: EngineEvents): EngineApi & { close(): Promise<void> } {
  const checkpoints = new OpenCheckpoints();
  // One fit at a time: two would only slow each other down. The next one waits its turn.
  const turns = createTurns();
  configureMaps({ folder: options.kernelsFolder, threads: options.threads ?? 0, gpu: null });
  let opening: Promise<OpenedBackend> | undefined;
  const backend = () => (opening ??= openBackend({ ...options, choice: options.backend }).then(opened => {
    events.didLog("info", `backend ${opened.id} on ${opened.device}`);
    configureMaps({ gpu: opened.mapAdapter === null ? null : { adapter: opened.mapAdapter, leastRows: mapsOnGpuFrom } });
    events.didOpenBackend(opened.device, opened.broken);
    void opened.lost?.then(endAfterLoss);
    return opened;
  }));
  const endAfterLoss = async (reason: string) => {
    events.didLog("error", `the device was lost: ${reason}`);
    opening = Promise.reject(deviceLost(reason));
    opening.catch(() => undefined);
    // The fit under way fails at its next look at the device, and notes in its file why.
    await Promise.race([turns.done(), delay(lossGrace)]);
    process.exit(deviceLostExitCode);
  };
  // Dataset answers need no backend; everything about a model does.
  const queries = checkpointQueries(checkpoints);
  const withBackend = Object.fromEntries(Object.entries(queries).map(([name, query]) => [name, async (...args: unknown[]) => {
    const opened = await backend();
    return (query as (...rest: unknown[]) => Promise<unknown>)(...args).catch(async error => {
      throw await causeOf(error, opened);
    });
  }])) as unknown as typeof queries;

  const fitInTurn = async (runId: string, job: Omit<FitJob, "onProgress">) => {
    const opened = await backend();
    let { device } = opened;
    const onProgress = (progress: Progress) => {
      if (progress.device !== device) events.didLog("info", `computed by ${(device = progress.device)}`);
      events.didProgress(runId, progress);
    };
    onProgress({ phase: "waiting", isMap: false, fraction: 0, epoch: 0, epochs: 0, losses: null, history: [], secondsLeft: null, device: opened.device });
    return turns.take(() => runFit({ ...job, onProgress }, opened, checkpoints), job.signal);
  };

  return {
    ...withBackend,
    describe: async () => {
      const { id, device, unavailable, versions, details, gflops } = await backend();
      const measured = gflops && (await gflops()); // may be what starts the threads that the details tell of
      const { numTensors, numBytes } = tf.memory();
      return {
        backend: id, device, unavailable, details: details(), gflops: measured,
        versions: { node: process.versions.node, v8: process.versions.v8, "tfjs-core": tf.version_core, ...versions },
        memory: { tensors: numTensors, tensorBytes: numBytes, processBytes: process.memoryUsage().rss },
      };
    },
    models: async () => Object.fromEntries(Object.entries(models).map(([id, { title }]) => [id, title])),
    inspect: (source, signal) => inspectDataset(source, { signal }),
    fit: ({ runId, checkpointPath, source, model, hyperparameters, seed, basis, subset }, signal) =>
      fitInTurn(runId, { checkpointPath, start: { source, model, hyperparameters, seed, ...(basis === undefined ? {} : { basis }), ...(subset === undefined ? {} : { subset }) }, signal: signal! }),
    resume: async ({ runId, checkpointPath }, signal) => {
      await checkpoints.release(checkpointPath);
      return fitInTurn(runId, { checkpointPath, start: null, signal: signal! });
    },
    inspectFor: (path, { path: dataset, choices }, signal) => checkpoints.use(path, ({ header }) => inspectLike(header, dataset, choices, { ...(signal ? { signal } : {}) })),
    place: async ({ runId, path, source }, signal) => {
      const opened = await backend();
      return place({ path, source, device: opened.device, signal, onProgress: progress => events.didProgress(runId, progress) }, checkpoints).catch(async error => {
        throw await causeOf(error, opened);
      });
    },
    removePlaced: async (path, id) => {
      await checkpoints.release(path);
      await changeCheckpoint(path, record => withoutPlaced(record, id));
    },
    location: (path, row) => checkpoints.use(path, async checkpoint => {
      const { set, row: own } = placeOfRow(checkpoint, row);
      return (await (set ?? checkpoint).dataset()).location(own);
    }),
    exportLatents: async (path, { format, target }, signal) => {
      await backend();
      await checkpoints.use(path, checkpoint => exportLatents(checkpoint, format, target, signal));
    },
    locateDataset: async (path, datasetPath, signal) => {
      await locateDataset(path, datasetPath, signal);
      await checkpoints.release(path);
    },
    rename: async (path, name) => {
      await checkpoints.release(path);
      await updateCheckpoint(path, record => ({ ...record, name }));
    },
    release: path => checkpoints.release(path),
    close: async () => {
      await checkpoints.closeAll();
      await releaseIdleScans();
    },
  };
}

/** How long a lost device's fit may take to end (ms). */
const lossGrace = 2000;

async function locateDataset(path: string, datasetPath: string, signal?: AbortSignal): Promise<void> {
  const file = await openCheckpoint(path);
  const { header } = file;
  const rows = await subsetRows(header, file.read).finally(() => file.close());
  await stat(datasetPath).catch(() => {
    throw new LatentError("bad-dataset", `${datasetPath} does not exist`);
  });
  const source = { ...header.dataset.source, path: datasetPath };
  const whole = await openDataset(source, { signal });
  const dataset = rows && whole.schema.count === header.subset?.of ? subsetOf(whole, rows) : whole;
  const { fingerprint } = dataset;
  await dataset.close();
  if (fingerprint !== header.dataset.fingerprint) throw new LatentError("bad-dataset", `${datasetPath} holds other data than ${header.dataset.name} did when it was embedded`);
  await updateCheckpoint(path, record => ({ ...record, dataset: referenceTo(path, source, fingerprint) }));
}
