import { stat } from "node:fs/promises";
import type { CheckpointHeader } from "../protocol/checkpointHeader";
import { rowSize, type Labels } from "../protocol/data";
import { LatentError } from "../protocol/errors";
import { openCheckpoint, updateCheckpoint } from "./checkpoint";
import { spreadRows } from "./spreadRows";
import type { Dataset } from "./datasets/dataset";
import { resolveHyperparameters } from "./models/hyperparameters";
import { models } from "./models";
import { encodeDataset } from "./encodeDataset";
import { encodeRows, type FittedModel } from "./modelSpace";
import { labelsFrom, placedSets, placedShape, type PlacedRowSet } from "./placedRows";
import { openReferenced, subsetRows } from "./referencedDatasets";
import type { HostTensor } from "./safetensors";
import { modelSchema, type Scaler } from "./scaler";

// The checkpoints that views are looking at, each with its model rebuilt and its dataset open. Opened when first asked
// about, kept while used, closed after a while of quiet or when the file changes. A fit in progress stands in for its own
// file, so every view works on a model that is still learning.

export interface OpenCheckpoint extends FittedModel {
  readonly path: string;
  readonly header: CheckpointHeader;
  /** Another one when the file has changed. */
  readonly stamp: string;
  /** True while the fit is under way: latents are then not kept. */
  readonly live: boolean;
  /** The dataset; rejects with `bad-dataset` when it is gone or has changed. */
  dataset(): Promise<Dataset>;
  labels(): Promise<Labels | null>;
  /** Latents of all rows [count × dim], from the file or encoded now. */
  latents(): Promise<Float32Array>;
  /** Latents that stand for all rows [n × dim]: all of them, or while the model is learning those of rows spread evenly. */
  typicalLatents(): Promise<Float32Array>;
  /** Score of each row [count]; rejects with `unsupported` for models that cannot score. */
  scores(): Promise<Float32Array>;
  tensor(name: string): Promise<HostTensor | null>;
  /** Rows of other datasets that were placed in a map, in the order in which they are counted. */
  readonly placed: readonly PlacedRowSet[];
  /** Results worth keeping as long as this stays open, by name. */
  remember<T>(name: string, compute: () => Promise<T>): Promise<T>;
}

/** A fit that is under way. */
export interface LiveFit extends FittedModel {
  header(): CheckpointHeader;
  dataset: Dataset;
  labels: Labels | null;
  /** Whole epochs done: what was computed from the model holds until the next. */
  epoch(): number;
  /** Aborted when the fit is to stop: nothing that views asked for may keep it waiting. */
  signal: AbortSignal;
}

/** How many rows stand for all while a model is learning: encoding all would take an epoch's time again and again. */
const typicalRows = (schema: FittedModel["schema"]) => Math.max(64, Math.min(2048, Math.floor(2 ** 21 / rowSize(schema))));

interface Entry {
  checkpoint: OpenCheckpoint;
  stamp: string;
  users: number;
  lastUse: number;
  close(): Promise<void>;
}

/** Unused checkpoints that stay open: all nine of a comparison, and what other views show. */
const keptOpen = 12;

export class OpenCheckpoints {
  private readonly entries = new Map<string, Promise<Entry>>();
  private readonly live = new Map<string, LiveFit>();

  /** Lets views look at a fit under way under its file's path, until the returned function is called. */
  showLive(path: string, fit: LiveFit): () => void {
    this.live.set(path, fit);
    return () => this.live.delete(path);
  }

  /** Runs `work` on the checkpoint; it stays open at least as long. */
  async use<T>(path: string, work: (checkpoint: OpenCheckpoint) => Promise<T>): Promise<T> {
    const live = this.live.get(path);
    if (live) return work(liveCheckpoint(path, live));
    const entry = await this.entry(path);
    entry.users++;
    try {
      return await work(entry.checkpoint);
    } finally {
      entry.users--;
      entry.lastUse = Date.now();
      await this.closeUnused();
    }
  }

  /** Closes the checkpoint, so that its file can be moved, and what is held of it is forgotten. */
  async release(path: string): Promise<void> {
    const entry = this.entries.get(path);
    this.entries.delete(path);
    await entry?.then(({ close }) => close(), () => undefined);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.entries.keys()].map(path => this.release(path)));
  }

  private async entry(path: string): Promise<Entry> {
    const stamp = await stampOf(path);
    const known = await this.entries.get(path)?.catch(() => undefined);
    if (known && known.stamp === stamp) return known;
    if (known) await this.release(path);
    const opening = open(path, stamp);
    this.entries.set(path, opening);
    opening.catch(() => this.entries.delete(path));
    return opening;
  }

  private async closeUnused(): Promise<void> {
    const idle: [string, Entry][] = [];
    for (const [path, entry] of this.entries) {
      const opened = await entry.catch(() => undefined);
      if (opened && opened.users === 0) idle.push([path, opened]);
    }
    idle.sort((a, b) => b[1].lastUse - a[1].lastUse);
    for (const [path] of idle.slice(keptOpen)) await this.release(path);
  }
}

/** Tells versions of a file apart; a missing file is `bad-checkpoint`. */
async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size } = await stat(path).catch(() => {
    throw new LatentError("bad-checkpoint", `${path} does not exist`);
  });
  return `${mtimeMs} ${size}`;
}

async function open(path: string, stamp: string): Promise<Entry> {
  const file = await openCheckpoint(path);
  try {
    const { header } = file;
    const spec = Object.hasOwn(models, header.model) ? models[header.model as keyof typeof models] : undefined;
    if (!spec) throw new LatentError("unsupported", `is a model of kind "${header.model}", which this version does not know`);
    const { scaling, values } = resolveHyperparameters(spec, header.hyperparameters, header.schema);
    const model = spec.create(modelSchema(header.schema, scaling), values, { weights: await file.readAll("model.") });
    const scaler = await readScaler(file.read, rowSize(header.schema));
    const { remember, known } = createMemory();
    const fitted: FittedModel = { schema: header.schema, scaler, model };
    const dataset = () => remember("dataset", async () => openReferenced(path, header, await subsetRows(header, file.read)));
    // Shared by all views, so no single view's signal may stop it.
    const encoded = () => remember("encoded", async () => {
      const computed = await encodeDataset(fitted, await dataset());
      // Kept in the file as well, so that the next opening is quick; a read-only place is no reason to fail.
      if (header.state === "complete") await updateCheckpoint(path, record => record, computed).catch(() => undefined);
      return computed;
    });
    const stored = (name: string) => remember(name, async () => (file.has(name) ? checkRows(name, await file.read(name), header) : null));
    const checkpoint: OpenCheckpoint = {
      ...fitted, path, header, stamp, dataset, remember, live: false,
      placed: placedSets(path, header, stored, remember),
      tensor: stored,
      latents: async () => ((await stored("latents")) ?? (await encoded())["latents"]!).data as Float32Array,
      typicalLatents: () => checkpoint.latents(),
      scores: async () => {
        const scores = (await stored("scores")) ?? (await encoded())["scores"];
        if (!scores) throw new LatentError("unsupported", "this model gives no scores");
        return scores.data as Float32Array;
      },
      labels: async () => {
        const values = await stored("labels");
        return header.labels && values && labelsFrom(header.labels, values);
      },
    };
    const close = async () => {
      model.dispose();
      await file.close();
      for (const name of ["dataset", ...checkpoint.placed.map(({ record }) => `placed ${record.id}`)]) {
        await (known(name) as Promise<Dataset> | undefined)?.then(opened => opened.close(), () => undefined);
      }
    };
    return { checkpoint, stamp, users: 0, lastUse: Date.now(), close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Tensors with a row each must have as many as the dataset; others pass. */
function checkRows(name: string, tensor: HostTensor, header: CheckpointHeader): HostTensor {
  const { schema, latent } = header;
  const expected = name === "latents" ? [schema.count, latent.dim] : name === "scores" || name === "labels" ? [schema.count] : (placedShape(name, header) ?? tensor.shape);
  if (tensor.shape.join() !== expected.join()) throw new LatentError("bad-checkpoint", `tensor "${name}" has shape [${tensor.shape.join(", ")}], expected [${expected.join(", ")}]`);
  return tensor;
}

/** A checkpoint whose model is still learning. What views ask for is kept for the rest of the epoch. */
function liveCheckpoint(path: string, fit: LiveFit): OpenCheckpoint {
  const memory = rememberedOf(fit);
  const remember = memory.remember;
  const encoded = () => remember("encoded", () => encodeDataset(fit, fit.dataset, fit.signal));
  return {
    path, stamp: `epoch ${fit.epoch()}`, live: true, schema: fit.schema, scaler: fit.scaler, model: fit.model, header: fit.header(), remember,
    dataset: async () => fit.dataset,
    labels: async () => fit.labels,
    latents: async () => mapOf(fit) ?? ((await encoded())["latents"]!.data as Float32Array),
    typicalLatents: async () => mapOf(fit) ?? remember("typical", async () => encodeRows(fit, await fit.dataset.rows(spreadRows(fit.schema.count, typicalRows(fit.schema)), fit.signal))),
    scores: async () => {
      const { scores } = await encoded();
      if (!scores) throw new LatentError("unsupported", "this model gives no scores");
      return scores.data as Float32Array;
    },
    tensor: async () => null,
    placed: [],
  };
}

/** The picture of a map under way; null for other models. Throws `unsupported` before there is one. */
function mapOf({ model }: LiveFit): Float32Array | null {
  if (!model.map) return null;
  const picture = model.map();
  if (!picture) throw new LatentError("unsupported", "The map has no picture yet: the rows' neighbours are being found.");
  return picture;
}

const liveMemories = new WeakMap<LiveFit, { epoch: number; remember: OpenCheckpoint["remember"] }>();

function rememberedOf(fit: LiveFit): { remember: OpenCheckpoint["remember"] } {
  const known = liveMemories.get(fit);
  if (known?.epoch === fit.epoch()) return known;
  const memory = { epoch: fit.epoch(), remember: createMemory().remember };
  liveMemories.set(fit, memory);
  return memory;
}

/** Results by name, computed once; a failure is forgotten, so that the next one who asks tries again. */
function createMemory(): { remember: OpenCheckpoint["remember"]; known(name: string): Promise<unknown> | undefined } {
  const results = new Map<string, Promise<unknown>>();
  return {
    known: name => results.get(name),
    remember: <T>(name: string, compute: () => Promise<T>): Promise<T> => {
      const known = results.get(name) as Promise<T> | undefined;
      if (known) return known;
      const computing = compute();
      results.set(name, computing);
      computing.catch(() => results.delete(name));
      return computing;
    },
  };
}

/** Reads and checks the scaler's tensors. */
export async function readScaler(read: (name: string) => Promise<HostTensor>, size: number): Promise<Scaler> {
  const [shift, scale] = await Promise.all([read("scaler.shift"), read("scaler.scale")]);
  for (const tensor of [shift, scale]) {
    if (tensor.data.length !== size || !(tensor.data instanceof Float32Array)) throw new LatentError("bad-checkpoint", `the scaler has ${tensor.data.length} values for rows of ${size}`);
  }
  return { shift: shift.data as Float32Array, scale: scale.data as Float32Array };
}
