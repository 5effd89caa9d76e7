import type * as tf from "@tensorflow/tfjs-core";
import type { GraphRecord } from "../../protocol/checkpointHeader";
import { LatentError } from "../../protocol/errors";
import {
  capabilities, type Capability, type EpochLosses, type FitPosition, type Hyperparameter, type HyperparameterValues,
  type Labels, type LatentSpace, type LossTerms, type RowKind, type Schema,
} from "../../protocol/data";
import type { KeptGraph, WantedGraph } from "../keptGraphs";
import type { NamedTensors } from "../safetensors";
import type { ScalingId } from "../scaler";
import type { TrainingData } from "../trainingData";

// A model learns from rows in model space (scaled, see scaler.ts) and says what it can do by the methods it has: views
// appear by capability. A new model is one file with a `defineModel` and one line in index.ts.

export interface Model {
  readonly latent: LatentSpace;
  fit(data: TrainingData, context: FitContext): Promise<FitOutcome>;
  /** All that `create` needs to rebuild the fitted model, in host memory. */
  weights(): Promise<NamedTensors>;
  dispose(): void;
  /** [n, d] → [n, latent.dim] */
  encode?(x: tf.Tensor2D): tf.Tensor2D;
  /** [n, latent.dim] → [n, d] */
  decode?(z: tf.Tensor2D): tf.Tensor2D;
  /** `count` draws from the model's own prior: [count, latent.dim]. */
  sample?(count: number, seed: number): tf.Tensor2D;
  /** [n, d] → [n], higher is more anomalous. */
  score?(x: tf.Tensor2D): tf.Tensor1D;
  /** Of a map: the latents of all rows as they are at the moment, [count × latent.dim]; null before there are any. */
  map?(): Float32Array | null;
  /** Tensors that belong into the file whatever the state of the fit, beside the weights. */
  kept?(): NamedTensors;
  /** Of a map: how many steps the whole takes, once that is known: the rows may have a say in it, and steps that change nothing end it. */
  steps?(): number | null;
  /** Of a map: what the record says of the neighbour graph in `kept`; null where that was there before this fit, or there is none. */
  graphRecord?(): GraphRecord | null;
}

/** What a fit is given besides the data. */
export interface FitContext {
  seed: number;
  signal?: AbortSignal;
  /** What is known of the rows, for models that can be told. */
  labels?: Labels | null;
  /** Looks for a neighbour graph that an earlier map of the same rows has kept; null where none serves. */
  findGraph?(wanted: WantedGraph): Promise<KeptGraph | null>;
  /** The state an interrupted fit of the same model left, to go on from exactly. */
  resume: FitState | null;
  onProgress(progress: FitProgress): void;
  /** Awaited before the first step and after every epoch; calling `state` copies what a resume would need. */
  onEpoch(state: () => Promise<FitState>): Promise<void>;
}

export interface FitProgress {
  /** Share of the fit that is done, 0 to 1. */
  fraction: number;
  epoch: number;
  epochs: number;
  losses: LossTerms | null;
  history: EpochLosses[];
  /** What computes, where it is not the engine's own device. */
  device?: string;
}

export interface FitOutcome {
  history: EpochLosses[];
  /** Epoch whose weights were kept, from 1; 0 when there are no epochs. */
  bestEpoch: number;
  metrics: LossTerms;
  /** Tensors beyond the weights that are worth keeping, e.g. the explained variance. */
  tensors?: NamedTensors;
}

/** Where a fit stood: numbers for the record, arrays for the file. */
export interface FitState {
  position: FitPosition;
  /** `weights.*` of the moment, `m.*` and `v.*` of the optimizer, `best.*` of the best epoch so far; of a map what its run's `state()` gives. */
  tensors: NamedTensors;
}
/** Thrown by a fit that was cancelled and can be resumed from `state`. */
export class FitInterrupted extends LatentError {
  constructor(readonly state: FitState) {
    super("cancelled", `Stopped in epoch ${state.position.epoch + 1}.`);
  }
}

/** How a model begins: fresh, everything random named by the seed, or from the weights of a fitted one. */
export type Start = { seed: number } | { weights: NamedTensors };

/** The value type of each kind of hyperparameter. */
type ValueOf<H extends Hyperparameter> = H extends { kind: "integer" | "number" } ? number
  : H extends { kind: "boolean" } ? boolean
  : H extends { kind: "choice"; options: infer Options } ? keyof Options & string
  : number[];
export type ValuesOf<H extends Record<string, Hyperparameter>> = { [K in keyof H]: ValueOf<H[K]> };

export interface ModelSpec {
  title: string;
  detail: string;
  /** The paper or chapter whose equations the model implements. */
  reference: string;
  hyperparameters: Record<string, Hyperparameter>;
  accepts: readonly RowKind[];
  /** The scaling that these values demand, whatever was chosen; none where the choice holds. */
  scaling?(values: HyperparameterValues): ScalingId | undefined;
  /** True for a map: it learns no function, only where the rows lie (see `Model.map`). */
  isMap?: boolean;
  /** Defaults that suit these rows better than the table's. */
  defaults?(schema: Schema): HyperparameterValues;
  /** Epochs planned for these values; 0 for a closed form. */
  epochs(values: HyperparameterValues): number;
  /** Share of the rows held out for validation, 0 to 0.5. */
  validationShare(values: HyperparameterValues): number;
  /**
   * `schema` describes rows in model space. Weights are checked before anything is allocated: `bad-checkpoint` names the
   * tensor whose name or shape does not fit.
   */
  create(schema: Schema, values: HyperparameterValues, start: Start): Model;
}

/** Declares a model; hyperparameter values reach `create` typed by the table and already checked. */
export function defineModel<const H extends Record<string, Hyperparameter>>(
  spec: Omit<ModelSpec, "hyperparameters" | "create" | "epochs" | "validationShare" | "scaling"> & {
    hyperparameters: H;
    epochs?(values: ValuesOf<H>): number;
    scaling?(values: ValuesOf<H>): ScalingId | undefined;
    validationShare?(values: ValuesOf<H>): number;
    create(schema: Schema, values: ValuesOf<H>, start: Start): Model;
  },
): ModelSpec {
  const typed = (values: HyperparameterValues) => values as unknown as ValuesOf<H>;
  return {
    ...spec,
    scaling: values => spec.scaling?.(typed(values)),
    epochs: values => spec.epochs?.(typed(values)) ?? 0,
    validationShare: values => spec.validationShare?.(typed(values)) ?? 0,
    create: (schema, values, start) => spec.create(schema, typed(values), start),
  };
}

/** True when the model has all of the given methods. */
export function can<C extends Capability>(model: Model, ...needs: C[]): model is Model & Required<Pick<Model, C>> {
  return needs.every(need => typeof model[need] === "function");
}

/** What the model can do, with the score that reconstruction error gives counted in. */
export function capabilitiesOf(model: Model): Capability[] {
  return capabilities.filter(capability => can(model, capability) || (capability === "score" && can(model, "encode", "decode")));
}
