import { rowSize, type Hyperparameter, type HyperparameterValue, type HyperparameterValues, type ModelDescription, type Schema } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import { scalings, type ScalingId } from "../scaler";
import type { ModelSpec } from "./model";

/** What every model asks besides its own hyperparameters. */
export const commonHyperparameters = {
  scaling: { kind: "choice", label: "Scaling", detail: "of the data before the model sees it", default: "auto", options: scalings, advanced: true },
} as const satisfies Record<string, Hyperparameter>;

/** A model's table for the given rows: ranges that depend on them resolved, defaults that suit them, common ones added. */
export function hyperparametersFor(spec: ModelSpec, schema: Schema): Record<string, Hyperparameter> {
  const better = spec.defaults?.(schema) ?? {};
  return Object.fromEntries(Object.entries({ ...spec.hyperparameters, ...commonHyperparameters }).map(([name, parameter]) => {
    const adapted = Object.hasOwn(better, name) ? ({ ...parameter, default: better[name] } as Hyperparameter) : parameter;
    if (adapted.kind !== "integer" || !adapted.atMostRowSize) return [name, adapted];
    const max = Math.min(adapted.max, rowSize(schema));
    return [name, { ...adapted, max, default: Math.min(adapted.default, max) }];
  }));
}

/** Every model that accepts these rows, ready to be offered. */
export function modelsFor(specs: Record<string, ModelSpec>, schema: Schema): ModelDescription[] {
  return Object.entries(specs).filter(([, { accepts }]) => accepts.includes(schema.kind))
    .map(([id, spec]) => ({ id, title: spec.title, detail: spec.detail, reference: spec.reference, isMap: spec.isMap ?? false, hyperparameters: hyperparametersFor(spec, schema) }));
}

/** Checks values given for a model of these rows, common ones included; all missing ones take their default. */
export function resolveHyperparameters(spec: ModelSpec, given: HyperparameterValues, schema: Schema): { scaling: ScalingId; values: HyperparameterValues } {
  const { scaling, ...values } = checkHyperparameters(hyperparametersFor(spec, schema), given);
  return { scaling: spec.scaling?.(values) ?? (scaling as ScalingId), values };
}

/** Default values, overridden by `given`; throws `bad-request` for a value out of its range or an unknown name. */
export function checkHyperparameters(table: Record<string, Hyperparameter>, given: HyperparameterValues): HyperparameterValues {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name)) throw new LatentError("bad-request", `there is no hyperparameter "${name}", only ${Object.keys(table).join(", ")}`);
  }
  return Object.fromEntries(Object.entries(table).map(([name, parameter]) => {
    const value = Object.hasOwn(given, name) ? given[name]! : structuredClone(parameter.default) as HyperparameterValue;
    const problem = problemWith(parameter, value);
    if (problem) throw new LatentError("bad-request", `${parameter.label} (${name}): ${problem}, got ${JSON.stringify(value)}`);
    return [name, value];
  }));
}

function problemWith(parameter: Hyperparameter, value: HyperparameterValue): string | undefined {
  switch (parameter.kind) {
    case "integer":
    case "number": {
      if (typeof value !== "number" || !Number.isFinite(value)) return "needs a number";
      if (parameter.kind === "integer" && !Number.isInteger(value)) return "needs a whole number";
      return value < parameter.min || value > parameter.max ? `needs ${parameter.min} to ${parameter.max}` : undefined;
    }
    case "boolean":
      return typeof value === "boolean" ? undefined : "needs true or false";
    case "choice":
      return typeof value === "string" && Object.hasOwn(parameter.options, value) ? undefined : `needs one of ${Object.keys(parameter.options).join(", ")}`;
    case "layers": {
      const good = Array.isArray(value) && value.length <= 16 && value.every(width => Number.isInteger(width) && width >= parameter.min && width <= parameter.max);
      return good ? undefined : `needs up to 16 whole numbers from ${parameter.min} to ${parameter.max}`;
    }
    default:
      return parameter satisfies never;
  }
}
