import { throwIfCancelled } from "../../protocol/errors";
import { rowSize } from "../../protocol/data";
import type { Dataset, Rows } from "./dataset";

/** Values read at a time: some megabytes, and few enough rows for a backend's batch to answer quickly. */
const windowValues = 2 ** 20;

/**
 * A dataset's rows from first to last, a few megabytes at a time; checks for cancel between windows. The next window is read
 * while the caller works on this one, so two are in memory.
 */
export async function* windowsOf(dataset: Dataset, signal?: AbortSignal): AsyncGenerator<{ rows: Rows; start: number; count: number }> {
  const total = dataset.schema.count;
  const perWindow = Math.max(1, Math.floor(windowValues / rowSize(dataset.schema)));
  const read = (start: number) => {
    const reading = dataset.read(start, Math.min(perWindow, total - start), signal);
    reading.catch(() => undefined); // who stops before this window does not hear of its failure
    return reading;
  };
  let next = total > 0 ? read(0) : undefined;
  try {
    for (let start = 0; start < total; start += perWindow) {
      throwIfCancelled(signal);
      const rows = await next!;
      if (start + perWindow < total) next = read(start + perWindow);
      yield { rows, start, count: Math.min(perWindow, total - start) };
      await new Promise(setImmediate); // lets a cancel arrive
    }
  } finally {
    await next?.catch(() => undefined); // the dataset may be closed once nobody reads from it
  }
}
