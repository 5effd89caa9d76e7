import type { CheckpointHeader, DatasetReference, PlacedRows } from "../protocol/checkpointHeader";
import { LatentError, messageOf } from "../protocol/errors";
import { placesOf } from "./checkpoint";
import { openDataset } from "./datasets";
import { alignedTo } from "./datasets/aligned";
import type { Dataset, OpenContext } from "./datasets/dataset";
import { subsetOf } from "./datasets/subset";
import type { HostTensor } from "./safetensors";

// The datasets that a checkpoint refers to, opened where they lie now.

/** The rows of the dataset that a checkpoint is of; null for all. Throws `bad-checkpoint` where they are no row numbers. */
export async function subsetRows({ subset }: CheckpointHeader, read: (name: string) => Promise<HostTensor>): Promise<Int32Array | null> {
  if (!subset) return null;
  const { data } = await read("subset.rows");
  if (!(data instanceof Int32Array)) throw new LatentError("bad-checkpoint", "the tensor subset.rows has no row numbers");
  return data;
}

/** Opens the dataset a checkpoint refers to where it lies now; throws `bad-dataset` when it is gone or has changed. */
export async function openReferenced(path: string, header: CheckpointHeader, rows: Int32Array | null): Promise<Dataset> {
  return openChecked(path, header.dataset, {}, "The checkpoint's latents no longer belong to it.", whole => {
    const dataset = rows && whole.schema.count === header.subset?.of ? subsetOf(whole, rows) : whole;
    return { dataset, problem: differences(dataset, header) };
  });
}

/** Opens the dataset of rows that were placed in a map, with its rows as the map's are; throws `bad-dataset` when it is gone or has changed. */
export async function openPlaced(path: string, { schema }: CheckpointHeader, { dataset: reference, count }: PlacedRows): Promise<Dataset> {
  return openChecked(path, reference, { like: schema.columns }, "Place its rows again.", dataset => {
    if (dataset.schema.count !== count) return { dataset, problem: `has ${dataset.schema.count} rows now, ${count} when they were placed` };
    if (dataset.fingerprint !== reference.fingerprint) return { dataset, problem: "has changed since its rows were placed" };
    return { dataset: alignedTo(dataset, schema), problem: null };
  });
}

async function openChecked(path: string, reference: DatasetReference, context: OpenContext, consequence: string, check: (dataset: Dataset) => { dataset: Dataset; problem: string | null }): Promise<Dataset> {
  let failure: unknown;
  for (const place of placesOf(path, reference)) {
    try {
      const whole = await openDataset({ ...reference.source, path: place }, context);
      let problem: string | null;
      try {
        const checked = check(whole);
        if (checked.problem === null) return checked.dataset;
        problem = checked.problem;
      } catch (error) {
        await whole.close();
        throw error;
      }
      await whole.close();
      failure = new LatentError("bad-dataset", `${reference.name} ${problem}. ${consequence}`);
      break;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure instanceof LatentError ? failure : new LatentError("bad-dataset", `${reference.name} cannot be opened: ${messageOf(failure)}`);
}

function differences(dataset: Dataset, { schema, subset, dataset: reference }: CheckpointHeader): string | null {
  const expected = subset && dataset.schema.count !== schema.count ? subset.of : schema.count;
  if (dataset.schema.count !== expected) return `has ${dataset.schema.count} rows now, ${expected} when it was embedded`;
  if (dataset.schema.shape.join() !== schema.shape.join()) return `has rows of shape [${dataset.schema.shape.join(", ")}] now, [${schema.shape.join(", ")}] when it was embedded`;
  if (dataset.fingerprint !== reference.fingerprint) return "has changed since it was embedded";
  return null;
}
