import type { Column, Schema } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import type { Dataset, Rows } from "./dataset";

/**
 * `dataset` with rows as those of `schema` are, so that what was learned from them holds for it: columns of a table are found by their names,
 * whatever their order, categories get the slots that they have there, and other columns are left out. Images and vectors must have
 * the same shape. Closing it closes the dataset.
 *
 * Throws `bad-dataset` where that cannot be: other rows, a column that is missing or of another kind, a category that is not known.
 */
export function alignedTo(dataset: Dataset, schema: Schema): Dataset {
  const own = dataset.schema;
  if (own.kind !== schema.kind) throw new LatentError("bad-dataset", `holds ${own.kind} rows, the map is of ${schema.kind} rows`);
  if (schema.kind === "table") return alignedTable(dataset, schema);
  if (own.shape.join() !== schema.shape.join()) throw new LatentError("bad-dataset", `has rows of shape [${own.shape.join(", ")}], the map is of rows of shape [${schema.shape.join(", ")}]`);
  if (own.range && schema.range && schema.kind === "image" && own.range[1] !== schema.range[1]) {
    throw new LatentError("bad-dataset", `has pixels from ${own.range.join(" to ")}, the map is of pixels from ${schema.range.join(" to ")}`);
  }
  return dataset;
}

function alignedTable(dataset: Dataset, schema: Schema): Dataset {
  const slots = slotsOf(dataset.schema, schema.columns);
  const from = dataset.schema.shape[0]!;
  const to = schema.shape[0]!;
  if (from === to && slots.every((slot, i) => slot === i)) return dataset;
  const align = (rows: Rows): Float32Array => {
    const count = rows.length / from;
    const aligned = new Float32Array(count * to);
    for (let row = 0; row < count; row++) for (let slot = 0; slot < from; slot++) if (slots[slot]! >= 0) aligned[row * to + slots[slot]!] = rows[row * from + slot]!;
    return aligned;
  };
  return {
    ...dataset,
    schema: { ...schema, count: dataset.schema.count },
    dtype: "float32",
    read: async (start, count, signal) => align(await dataset.read(start, count, signal)),
    rows: async (indices, signal) => align(await dataset.rows(indices, signal)),
  };
}

/** For each slot of the dataset's rows its slot in the wanted ones, −1 where it has none. */
function slotsOf({ columns, shape }: Schema, wanted: readonly Column[]): Int32Array {
  const slots = new Int32Array(shape[0]!).fill(-1);
  const missing = wanted.filter(({ name }) => !columns.some(column => column.name === name));
  if (missing.length > 0) throw new LatentError("bad-dataset", `lacks ${missing.length === 1 ? "the column" : "the columns"} ${listed(missing.map(({ name }) => name))} of the map's rows, or does not use ${missing.length === 1 ? "it as a feature" : "them as features"}`);
  for (const target of wanted) {
    const source = columns.find(({ name }) => name === target.name)!;
    if (source.kind !== target.kind) throw new LatentError("bad-dataset", `column "${target.name}" is ${source.kind} here and ${target.kind} in the map's rows`);
    if (target.kind === "numeric") {
      slots[source.start] = target.start;
      continue;
    }
    const known = new Map((target.categories ?? []).map((category, i) => [category, target.start + i]));
    const unknown = (source.categories ?? []).filter(category => !known.has(category));
    if (unknown.length > 0) throw new LatentError("bad-dataset", `column "${target.name}" has ${unknown.length === 1 ? "the category" : "the categories"} ${listed(unknown)}, which the map's rows have not`);
    (source.categories ?? []).forEach((category, i) => void (slots[source.start + i] = known.get(category)!));
  }
  return slots;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(name => `"${name}"`).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
