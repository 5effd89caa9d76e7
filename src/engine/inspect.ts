import type { DatasetDescription, DatasetSource, Labels } from "../protocol/data";
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
      preview: await previewOf(dataset, labels),
      // Where there is one answer nothing is asked; it is kept all the same, since a file that appears later may add another.
      choices: dataset.choices.filter(({ many, options }) => many || options.length > 1).map(choice => ({ ...choice })),
      models: modelsFor(models, dataset.schema),
    };
  } finally {
    await dataset.close();
  }
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
