import type { CheckpointHeader } from "../protocol/checkpointHeader";
import { rowSize, type DatasetDescription, type DatasetSource, type Labels, type ModelDescription } from "../protocol/data";
import { LatentError } from "../protocol/errors";
import { openDataset, readers, resolvedSource } from "./datasets";
import { alignedTo } from "./datasets/aligned";
import { none } from "./datasets/columnNames";
import type { Dataset, OpenContext } from "./datasets/dataset";
import { couldBeDistances } from "./maps/distanceMatrix";
import { models } from "./models";
import { modelsFor } from "./models/hyperparameters";
import { spreadRows } from "./spreadRows";

/** Opens a dataset, describes what was found, closes it. */
export async function inspectDataset(source: DatasetSource, context: OpenContext): Promise<DatasetDescription> {
  const dataset = await openDataset(source, context);
  try {
    return await describe(source, dataset, context);
  } finally {
    await dataset.close();
  }
}

/**
 * As `inspectDataset`, for rows that shall be like those of a checkpoint: read with `choices`, or where they are null as its own dataset was, as far
 * as its answers fit the file. The first note says where rows that are read so are no such rows.
 */
export async function inspectLike({ schema, dataset: { source: own } }: CheckpointHeader, path: string, choices: DatasetSource["choices"] | null, context: OpenContext): Promise<DatasetDescription> {
  const likeContext = { ...context, like: schema.columns };
  const { dataset, used } = choices ? { dataset: await openDataset({ path, choices }, likeContext), used: choices } : await openLike(own, path, likeContext);
  try {
    const description = await describe({ path, choices: used }, dataset, context);
    try {
      alignedTo(dataset, schema);
      return description;
    } catch (error) {
      if (!(error instanceof LatentError)) throw error;
      return { ...description, notes: [`not yet like the map's rows: it ${error.message}`, ...description.notes] };
    }
  } finally {
    await dataset.close();
  }
}

/** Opens a dataset with the answers of another, without the one that does not fit this file, or with none. */
async function openLike(own: Required<DatasetSource>, path: string, context: OpenContext): Promise<{ dataset: Dataset; used: DatasetSource["choices"] }> {
  // A file of labels belongs to the rows that it lies beside.
  const labelled = own.choices["labels"]?.includes(none) === false && (own.reader === "idx" || own.reader === "npy");
  const answers = Object.entries(own.choices).filter(([id]) => !(labelled && id === "labels"));
  const without = (left?: string) => Object.fromEntries(answers.filter(([id]) => id !== left));
  for (const used of [without(), ...answers.map(([id]) => without(id))]) {
    try {
      return { dataset: await openDataset({ path, choices: used }, context), used };
    } catch (error) {
      if (!(error instanceof LatentError && error.code === "bad-dataset")) throw error;
    }
  }
  return { dataset: await openDataset({ path, choices: {} }, context), used: {} };
}

async function describe(source: DatasetSource, dataset: Dataset, context: OpenContext): Promise<DatasetDescription> {
  const labels = await dataset.labels(context.signal);
  const resolved = resolvedSource(source, dataset);
  const isDistances = await mayBeDistances(dataset, context.signal);
  return {
    source: resolved,
    title: readers[resolved.reader as keyof typeof readers].title,
    schema: dataset.schema,
    fingerprint: dataset.fingerprint,
    labels: labels && { name: labels.name, kind: labels.kind, classes: labels.kind === "classes" ? labels.classes.length : 0 },
    notes: [...dataset.notes, ...(isDistances ? ["square and symmetric with a diagonal of zeros: maps take it as distances, unless Distance says otherwise"] : [])],
    preview: await previewOf(dataset, labels),
    // Where there is one answer nothing is asked; it is kept all the same, since a file that appears later may add another.
    choices: dataset.choices.filter(({ many, options }) => many || options.length > 1).map(choice => ({ ...choice })),
    models: modelsFor(models, dataset.schema).map(model => (isDistances && model.isMap ? ofDistances(model) : model)),
  };
}

/** The map of a table of distances, which is asked for it openly, since it is not what other tables are. */
function ofDistances(model: ModelDescription): ModelDescription {
  const { metric } = model.hyperparameters;
  return metric?.kind !== "choice" ? model : { ...model, hyperparameters: { ...model.hyperparameters, metric: { ...metric, default: "precomputed", advanced: false } } };
}

/** Rows that are looked at before a table is taken for one of distances. */
const looked = 32;

/** True where the rows that are looked at could be rows of a distance matrix. */
async function mayBeDistances(dataset: Dataset, signal?: AbortSignal): Promise<boolean> {
  const { kind, count } = dataset.schema;
  if (kind === "image" || count < 3 || rowSize(dataset.schema) !== count) return false;
  const numbers = spreadRows(count, looked);
  return couldBeDistances(await dataset.rows(numbers, signal), numbers);
}

const previewValues = 6;

/** The first row in a line: its columns where it has some, else its name, label and values. */
async function previewOf(dataset: Dataset, labels: Labels | null): Promise<string> {
  if (dataset.schema.count === 0) return "no rows";
  const first = Int32Array.of(0);
  const [facts] = await dataset.facts(first);
  if (facts && facts.length > 0) return facts.slice(0, previewValues).map(([name, value]) => `${name} ${value}`).join(" · ");
  const row = await dataset.rows(first);
  const brief = (value: number) => String(Number(value.toPrecision(4)));
  const label = labels === null ? [] : [`${labels.name} ${labels.kind === "classes" ? (labels.classes[labels.values[0]!] ?? "none") : brief(labels.values[0]!)}`];
  if (dataset.schema.kind !== "image") return [...label, Array.from(row.subarray(0, previewValues), brief).join(", ") + (row.length > previewValues ? ", …" : "")].join(" · ");
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  let low = Infinity;
  let high = -Infinity;
  for (const value of row) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [dataset.title(0), ...label, `values ${brief(low)} to ${brief(high)}, mean ${brief(mean)}`].join(" · ");
}
