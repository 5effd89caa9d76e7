import { LatentError } from "../../protocol/errors";
import type { NamedTensors } from "../safetensors";

/** Throws `bad-checkpoint` unless `weights` has exactly the expected tensors, all 32-bit floats. */
export function checkWeights(expected: Record<string, number[]>, weights: NamedTensors): void {
  for (const [name, shape] of Object.entries(expected)) {
    const tensor = weights[name];
    if (!tensor) throw new LatentError("bad-checkpoint", `has no weights "${name}" [${shape.join(", ")}]`);
    if (tensor.shape.join() !== shape.join()) throw new LatentError("bad-checkpoint", `weights "${name}" have shape [${tensor.shape.join(", ")}], this model needs [${shape.join(", ")}]`);
    if (!(tensor.data instanceof Float32Array)) throw new LatentError("bad-checkpoint", `weights "${name}" are not 32-bit floats`);
  }
  const extra = Object.keys(weights).find(name => !Object.hasOwn(expected, name));
  if (extra !== undefined) throw new LatentError("bad-checkpoint", `has weights "${extra}", which this model does not know`);
}

/** The tensors whose name starts with `prefix`, by the rest of their name unless `keepName`. */
export function withPrefix(tensors: NamedTensors, prefix: string, keepName = false): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [keepName ? name : name.slice(prefix.length), tensor]));
}

/** The tensors with `prefix` before each name. */
export function addPrefix(prefix: string, tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}
