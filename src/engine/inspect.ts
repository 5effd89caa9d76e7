import { rowSize, type DatasetDescription, type DatasetSource } from "../protocol/data";
import { openDataset, readers, resolvedSource } from "./datasets";
import type { Dataset, OpenContext } from "./datasets/dataset";
import { models } from "./models";
import { modelsFor } from "./models/hyperparameters";

/** Opens a dataset, describes what was found, closes it. */
export async function inspectDataset(source: DatasetSource, context: OpenContext): Promise<DatasetDescription> {
  const dataset = await openDataset(source, context);
  try {
    const labels = await dataset.labels(context.signal);
    const resolved = resolvedSource(source, dataset);
    return {
      source: resolved,
      title: readers[resolved.reader as keyof typeof readers].title,
      schema: dataset.schema,
      fingerprint: dataset.fingerprint,
      labels: labels && { name: labels.name, kind: labels.kind, classes: labels.kind === "classes" ? labels.classes.length : 0 },
      notes: [...dataset.notes],
      preview: await previewOf(dataset),
      choices: dataset.choices.map(choice => ({ ...choice })),
      models: modelsFor(models, dataset.schema),
    };
  } finally {
    await dataset.close();
  }
}

const previewValues = 6;

/** The first row in a line: its columns where it has some, else its size and first values. */
async function previewOf(dataset: Dataset): Promise<string> {
  if (dataset.schema.count === 0) return "no rows";
  const [facts] = await dataset.facts(Int32Array.of(0));
  if (facts && facts.length > 0) return facts.slice(0, previewValues).map(([name, value]) => `${name} ${value}`).join(" · ");
  if (dataset.schema.kind === "image") return dataset.title(0);
  const row = await dataset.rows(Int32Array.of(0));
  const values = Array.from(row.subarray(0, previewValues), value => Number(value.toPrecision(4)));
  return values.join(", ") + (rowSize(dataset.schema) > previewValues ? ", …" : "");
}
