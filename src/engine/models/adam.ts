import type * as tf from "@tensorflow/tfjs-core";
import { adamSlots, applyAdam, disposeAdamSlots } from "../kernels/adam";
import type { NamedTensors } from "../safetensors";
import { readVariables, writeVariables } from "./layers";

/** Adam (Kingma & Ba 2015) over named variables, whose moments can be saved and restored for a resumed fit. */
export interface Adam {
  /** One step; `step` counts from 1, `gradients` go by the variables' own (TensorFlow) names. */
  apply(gradients: tf.NamedTensorMap, learningRate: number, step: number): void;
  /** First and second moments, as `m.<name>` and `v.<name>`. */
  read(): Promise<NamedTensors>;
  write(moments: NamedTensors): void;
  dispose(): void;
}

export function adam(variables: Readonly<Record<string, tf.Variable>>): Adam {
  const slots = adamSlots(Object.values(variables));
  const moments = Object.fromEntries(Object.keys(variables).flatMap((name, i) => [[`m.${name}`, slots[i]!.m], [`v.${name}`, slots[i]!.v]]));
  return {
    apply: (gradients, learningRate, step) => applyAdam(slots, gradients, { learningRate, step }),
    read: () => readVariables(moments),
    write: values => writeVariables(moments, values),
    dispose: () => disposeAdamSlots(slots),
  };
}
