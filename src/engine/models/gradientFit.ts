import * as tf from "@tensorflow/tfjs-core";
import { LatentError } from "../../protocol/errors";
import type { EpochLosses, FitPosition, Hyperparameter, LossTerms, Schema } from "../../protocol/data";
import { random, shuffled, type Random } from "../random";
import type { NamedTensors } from "../safetensors";
import type { TrainingData } from "../trainingData";
import { readVariables, writeVariables } from "./layers";
import { FitInterrupted, type FitContext, type FitOutcome, type FitState } from "./model";
import { createOptimizer, optimizers, type Optimizer, type OptimizerId } from "./optimizers";
import { addPrefix, withPrefix } from "./weights";

// The one training loop. Everything random in it is named by seed, epoch and batch, and everything it accumulates is in
// FitState, so a fit that is stopped anywhere and resumed takes the very steps of one that was not.

/** Hyperparameters every gradient-trained model has. */
export const trainingHyperparameters = {
  epochs: { kind: "integer", label: "Epochs", detail: "passes over the data, at most", default: 20, min: 1, max: 10_000 },
  batchSize: { kind: "integer", label: "Batch size", detail: "rows per step", default: 128, min: 1, max: 65_536, advanced: true },
  learningRate: { kind: "number", label: "Learning rate", detail: "of the optimizer, at the start", default: 0.001, min: 1e-7, max: 1, advanced: true },
  optimizer: { kind: "choice", label: "Optimizer", default: "adam", options: optimizers, advanced: true },
  schedule: {
    kind: "choice", label: "Learning rate schedule", default: "cosine", advanced: true,
    options: { cosine: "falls to 0 along a half cosine", constant: "stays the same" },
  },
  validation: { kind: "number", label: "Validation share", detail: "of the rows, held out to choose the best epoch", default: 0.1, min: 0, max: 0.5, advanced: true },
  patience: { kind: "integer", label: "Patience", detail: "epochs without a better validation loss before stopping; 0 never stops", default: 10, min: 0, max: 10_000, advanced: true },
} as const satisfies Record<string, Hyperparameter>;

/** Steps that a fit takes by default at least; small datasets need many epochs for them. */
const usualSteps = 3000;

/** Batch size, epochs and patience that suit the number of rows. */
export function trainingDefaults({ count }: Schema): { epochs: number; batchSize: number; patience: number } {
  const { batchSize: largest, epochs: fewest, patience } = trainingHyperparameters;
  const batchSize = Math.max(16, Math.min(largest.default, 2 ** Math.floor(Math.log2(Math.max(1, count / 20)))));
  const epochs = Math.max(fewest.default, Math.min(500, Math.ceil((usualSteps * batchSize) / count)));
  return { epochs, batchSize, patience: Math.max(patience.default, Math.round(epochs / 5)) };
}

export interface GradientFitOptions {
  epochs: number;
  batchSize: number;
  learningRate: number;
  schedule: "cosine" | "constant";
  optimizer: OptimizerId;
  patience: number;
}

/** What the loop needs of a model. */
export interface Trainable {
  readonly variables: Readonly<Record<string, tf.Variable>>;
  /**
   * Named scalar terms of a batch [n, d]; `total` is minimized, the others are reported. `noise` is the batch's own
   * random stream; `training` is false where the loss is only looked at.
   */
  loss(x: tf.Tensor2D, noise: Random, training: boolean): { total: tf.Scalar } & Record<string, tf.Scalar>;
}

/** The event loop is served at least this often (ms), so that a cancel or a slider gets through. */
const serveEvery = 25;

/**
 * Minimizes `trainable.loss` over shuffled batches and leaves the best epoch's weights in the variables.
 * Throws `FitInterrupted` with the state to resume from when cancelled, `diverged` when the loss is no number.
 */
export async function gradientFit(trainable: Trainable, data: TrainingData, context: FitContext, options: GradientFitOptions): Promise<FitOutcome> {
  const { variables } = trainable;
  const optimizer = createOptimizer(options.optimizer, variables);
  const losses = lossQueue();
  try {
    let best: NamedTensors | undefined;
    const position: FitPosition = structuredClone(context.resume?.position) ?? { epoch: 0, batch: 0, rows: 0, sums: {}, seconds: 0, history: [], bestEpoch: 0 };
    if (context.resume) {
      const { tensors } = context.resume;
      writeVariables(variables, withPrefix(tensors, "weights."));
      optimizer.write({ ...withPrefix(tensors, "m.", true), ...withPrefix(tensors, "v.", true) });
      if (position.bestEpoch > 0) best = withPrefix(tensors, "best.");
    }
    const batches = Math.ceil(data.train.length / options.batchSize);
    const clock = stopwatch(position);
    const state = async (): Promise<FitState> => ({
      position: structuredClone(position),
      tensors: {
        ...addPrefix("weights.", await readVariables(variables)),
        ...(await optimizer.read()),
        ...addPrefix("best.", best ?? {}),
      },
    });
    const report = () => context.onProgress({
      fraction: Math.min(1, (position.epoch + position.batch / batches) / options.epochs),
      epoch: position.epoch, epochs: options.epochs, losses: means(position), history: position.history,
    });
    let served = performance.now();
    const serve = async () => {
      if (performance.now() - served >= serveEvery) {
        await losses.flush(position);
        clock.lap();
        report();
        await new Promise(setImmediate);
        served = performance.now();
      }
      if (context.signal?.aborted) {
        await losses.flush(position);
        clock.lap();
        throw new FitInterrupted(await state());
      }
    };

    if (!context.resume) await context.onEpoch(state);
    report();
    while (position.epoch < options.epochs && !outOfPatience(position, options.patience)) {
      const order = shuffled(data.train, random(context.seed, "epoch", position.epoch));
      for (; position.batch < batches; position.batch++) {
        await serve();
        const rows = order.subarray(position.batch * options.batchSize, (position.batch + 1) * options.batchSize);
        const step = position.epoch * batches + position.batch;
        const rate = options.schedule === "cosine" ? 0.5 * options.learningRate * (1 + Math.cos((Math.PI * step) / (options.epochs * batches))) : options.learningRate;
        const x = await data.batch(rows);
        losses.push(takeStep(trainable, optimizer, x, { noise: random(context.seed, "noise", position.epoch, position.batch), rate, step: step + 1 }), rows.length);
      }
      await losses.flush(position);
      const validation = await validationLosses(trainable, data, context.seed, options.batchSize, serve);
      clock.lap();
      position.history.push({ epoch: position.epoch + 1, train: means(position)!, validation, seconds: round(clock.epochSeconds()) });
      position.epoch++;
      position.batch = 0;
      position.rows = 0;
      position.sums = {};
      if (validation && position.epoch === epochOfBest(position.history)) {
        position.bestEpoch = position.epoch;
        best = await readVariables(variables);
      }
      report();
      await context.onEpoch(state);
      await serve();
    }
    if (best) writeVariables(variables, best);
    const kept = position.history[(position.bestEpoch || position.history.length) - 1]!;
    return { history: position.history, bestEpoch: position.bestEpoch, metrics: namedMetrics(kept) };
  } finally {
    losses.dispose();
    optimizer.dispose();
  }
}

/** One step of the optimizer on a batch, which is disposed, whatever happens. The caller disposes the loss terms. */
function takeStep(trainable: Trainable, optimizer: Optimizer, x: tf.Tensor2D, { noise, rate, step }: { noise: Random; rate: number; step: number }): StackedTerms {
  try {
    const { value, grads } = gradients(trainable, x, noise);
    try {
      optimizer.apply(grads, rate, step);
      return value;
    } finally {
      tf.dispose(grads);
    }
  } finally {
    x.dispose();
  }
}

/** Gradients by the variables' own names, and the named loss terms stacked in one tensor. The caller disposes both. */
function gradients(trainable: Trainable, x: tf.Tensor2D, noise: Random): { value: StackedTerms; grads: tf.NamedTensorMap } {
  let value: StackedTerms | undefined;
  const { value: total, grads } = tf.variableGrads(() => {
    const terms = trainable.loss(x, noise, true);
    value = stackTerms(terms);
    return terms.total;
  }, Object.values(trainable.variables));
  total.dispose();
  return { value: value!, grads };
}

type StackedTerms = { names: string[]; values: tf.Tensor };
const stackTerms = (terms: Record<string, tf.Scalar>): StackedTerms => ({ names: Object.keys(terms), values: tf.keep(tf.stack(Object.values(terms))) });

/**
 * Loss terms of the steps taken, read back together: one transfer every few steps instead of a wait after each. Sums are
 * kept in f64 on the host, weighted by rows.
 */
function lossQueue() {
  let queued: { terms: StackedTerms; rows: number }[] = [];
  return {
    push: (terms: StackedTerms, rows: number) => void queued.push({ terms, rows }),
    flush: async (position: FitPosition) => {
      if (queued.length === 0) return;
      const taken = queued;
      queued = [];
      const all = tf.stack(taken.map(item => item.terms.values));
      const values = await all.data();
      tf.dispose([all, ...taken.map(item => item.terms.values)]);
      const { names } = taken[0]!.terms;
      taken.forEach(({ rows }, i) => {
        position.rows += rows;
        names.forEach((name, j) => {
          const value = values[i * names.length + j]!;
          if (!Number.isFinite(value)) throw new LatentError("diverged", `The ${name} loss became ${value} in epoch ${position.epoch + 1}. A smaller learning rate or scaled data usually helps.`);
          position.sums[name] = (position.sums[name] ?? 0) + value * rows;
        });
      });
    },
    dispose: () => tf.dispose(queued.map(item => item.terms.values)),
  };
}

function means({ sums, rows }: FitPosition): LossTerms | null {
  return rows === 0 ? null : Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / rows]));
}

/** Mean loss terms over the held-out rows, with the same noise every time so that epochs compare; null without any. */
async function validationLosses(trainable: Trainable, data: TrainingData, seed: number, batchSize: number, serve: () => Promise<void>): Promise<LossTerms | null> {
  if (data.validation.length === 0) return null;
  const queue = lossQueue();
  const sums: FitPosition = { epoch: 0, batch: 0, rows: 0, sums: {}, seconds: 0, history: [], bestEpoch: 0 };
  try {
    for (let start = 0; start < data.validation.length; start += batchSize) {
      await serve(); // a cancel here leaves the state of an epoch whose batches are all done
      const rows = data.validation.subarray(start, start + batchSize);
      const x = await data.batch(rows);
      queue.push(tf.tidy(() => stackTerms(trainable.loss(x, random(seed, "validation", start), false))), rows.length);
      x.dispose();
    }
    await queue.flush(sums);
    return means(sums);
  } finally {
    queue.dispose();
  }
}

function epochOfBest(history: EpochLosses[]): number {
  const totals = history.map(({ validation }) => validation?.["total"] ?? Infinity);
  return totals.indexOf(Math.min(...totals)) + 1;
}

function outOfPatience({ epoch, bestEpoch, history }: FitPosition, patience: number): boolean {
  return patience > 0 && Boolean(history.at(-1)?.validation) && epoch - bestEpoch >= patience;
}

function namedMetrics(kept: EpochLosses): LossTerms {
  const metrics: LossTerms = {};
  for (const [name, value] of Object.entries(kept.train)) metrics[`train ${name}`] = value;
  for (const [name, value] of Object.entries(kept.validation ?? {})) metrics[`validation ${name}`] = value;
  return metrics;
}

/** Counts the seconds a fit has worked, across interruptions. */
function stopwatch(position: FitPosition) {
  let last = performance.now();
  let epochStart = position.history.reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    lap: () => {
      position.seconds += (performance.now() - last) / 1000;
      last = performance.now();
    },
    epochSeconds: () => {
      const seconds = position.seconds - epochStart;
      epochStart = position.seconds;
      return seconds;
    },
  };
}

const round = (seconds: number) => Math.round(seconds * 1000) / 1000;
