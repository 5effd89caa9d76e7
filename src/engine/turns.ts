import { LatentError } from "../protocol/errors";

/** Work that is done one after the other, in the order in which it came. */
export interface Turns {
  /** Waits for its turn, then works; rejects with `cancelled` as soon as the signal is aborted while it waits. */
  take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** How many wait. */
  readonly waiting: number;
  /** Settles when all is done that has come so far. */
  done(): Promise<unknown>;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    get waiting() { return waiting; },
    done: () => last,
    take: async (work, signal) => {
      const before = last;
      let finish = () => undefined as void;
      last = new Promise<void>(resolve => (finish = resolve));
      try {
        waiting++;
        await untilAborted(before, signal).finally(() => waiting--);
        return await work();
      } finally {
        // What gave up waiting must not let the next begin beside what it waited for.
        void before.finally(finish);
      }
    },
  };
}

/** Settles with `before`, or rejects with `cancelled` as soon as the signal is aborted. */
function untilAborted(before: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const cancel = () => reject(new LatentError("cancelled", "Cancelled while waiting."));
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    const go = () => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    };
    before.then(go, go);
  });
}
