import * as tf from "@tensorflow/tfjs-core";
import { adamSlots, applyAdam } from "../kernels/adam";
import { applyDescent, type DescentRule } from "../kernels/descent";
import type { NamedTensors } from "../safetensors";
import { readVariables, writeVariables } from "./layers";

/** Ways to take a step, as they are offered; each with the running means m, of gradients, and v, of their squares, that it keeps. */
export const optimizers = {
  adam: "Adam (Kingma & Ba 2015), which suits most models",
  momentum: "SGD with momentum 0.9; wants a larger learning rate",
  rmsProp: "RMSProp (Tieleman & Hinton 2012)",
} as const;
export type OptimizerId = keyof typeof optimizers;

/** An optimizer over named variables, whose running means can be saved and restored for a resumed fit. */
export interface Optimizer {
  /** One step; `step` counts from 1, `gradients` go by the variables' own (TensorFlow) names. */
  apply(gradients: tf.NamedTensorMap, learningRate: number, step: number): void;
  /** The running means, as `m.<name>` and `v.<name>`. */
  read(): Promise<NamedTensors>;
  write(means: NamedTensors): void;
  dispose(): void;
}

/** The optimizer of that name; variables that are not trained are left out. */
export function createOptimizer(id: OptimizerId, variables: Readonly<Record<string, tf.Variable>>): Optimizer {
  const trained = Object.entries(variables).filter(([, { trainable }]) => trainable);
  return id === "adam" ? adam(trained) : descent(id, id === "momentum" ? "m" : "v", trained);
}

function adam(trained: [string, tf.Variable][]): Optimizer {
  const slots = adamSlots(trained.map(([, variable]) => variable));
  const means = Object.fromEntries(trained.flatMap(([name], i) => [[`m.${name}`, slots[i]!.m], [`v.${name}`, slots[i]!.v]]));
  return { apply: (gradients, learningRate, step) => applyAdam(slots, gradients, { learningRate, step }), ...keeping(means) };
}

function descent(rule: DescentRule, prefix: "m" | "v", trained: [string, tf.Variable][]): Optimizer {
  const slots = trained.map(([, variable]) => ({ variable, mean: tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)) }));
  const means = Object.fromEntries(trained.map(([name], i) => [`${prefix}.${name}`, slots[i]!.mean]));
  return { apply: (gradients, learningRate) => applyDescent(slots, gradients, { rule, learningRate }), ...keeping(means) };
}

function keeping(means: Record<string, tf.Variable>): Omit<Optimizer, "apply"> {
  return {
    read: () => readVariables(means),
    write: values => writeVariables(means, values),
    dispose: () => tf.dispose(Object.values(means)),
  };
}
