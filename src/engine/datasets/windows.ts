import { throwIfCancelled } from "../../protocol/errors";
import { rowSize } from "../../protocol/data";
import type { Dataset, Rows } from "./dataset";

/** Values read at a time: some megabytes, and few enough rows for a backend's batch to answer quickly. */
const windowValues = 2 ** 20;

/** A dataset's rows from first to last, a few megabytes at a time; checks for cancel between windows. */
export async function* windowsOf(dataset: Dataset, signal?: AbortSignal): AsyncGenerator<{ rows: Rows; start: number; count: number }> {
  const size = rowSize(dataset.schema);
  const perWindow = Math.max(1, Math.floor(windowValues / size));
  for (let start = 0; start < dataset.schema.count; start += perWindow) {
    throwIfCancelled(signal);
    const count = Math.min(perWindow, dataset.schema.count - start);
    yield { rows: await dataset.read(start, count, signal), start, count };
    await new Promise(setImmediate); // lets a cancel arrive
  }
}

