import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { LatentError } from "../protocol/errors";
import type { MapFrame, MapJob, MapMessage } from "./maps/mapJob";

// Maps on threads of their own, seen from the engine: what a model of a map (models/mapModel.ts) is fitted by.

export type { MapFrame, MapJob } from "./maps/mapJob";
export type { MapRows, NeighborGraph } from "./maps/map";

let options = { folder: "", threads: 0 };

/** Tells where mapThread.js and the module of the maps lie, and how many threads a map may take; 0 for all of the machine's cores. */
export function configureMaps(wanted: { folder: string; threads: number }): void {
  options = wanted;
}

export interface MapListener {
  onPreparing(fraction: number): void;
  onGraph(graph: NonNullable<MapJob["graph"]>): void;
  onFrame(frame: MapFrame): void;
  onState(state: MapJob["state"] & object, iteration: number): void;
}

/** The last message of a map that was made, or stopped: null when it was stopped before its first step. */
export type MapEnd = Extract<MapMessage, { type: "end" }> | null;

/**
 * Makes a map, or goes on with one, on a thread of its own. An abort stops it within a step and is no error: the picture of
 * that moment is what it gives. Rejects with what went wrong in the thread.
 */
export async function makeMap(job: Omit<MapJob, "folder" | "threads" | "stop">, listener: MapListener, signal?: AbortSignal): Promise<MapEnd> {
  const stop = new SharedArrayBuffer(4);
  const threads = options.threads || Math.min(16, availableParallelism());
  const thread = new Worker(join(options.folder, "mapThread.js"), { workerData: { ...job, folder: options.folder, threads, stop } satisfies MapJob });
  const abort = () => void Atomics.store(new Int32Array(stop), 0, 1);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await new Promise<MapEnd>((resolve, reject) => {
      thread.on("message", (message: MapMessage) => {
        switch (message.type) {
          case "preparing": return listener.onPreparing(message.fraction);
          case "graph": return listener.onGraph(message.graph);
          case "frame": return listener.onFrame(message.frame);
          case "state": return listener.onState(message.state, message.iteration);
          case "end": return resolve(message);
          case "stopped": return resolve(null);
          case "failed": return reject(new LatentError(message.code, message.message));
          default: return message satisfies never;
        }
      });
      thread.on("error", reject);
      thread.on("exit", code => reject(new LatentError("internal", `the map's thread ended with exit code ${code}`)));
    });
  } finally {
    signal?.removeEventListener("abort", abort);
    await thread.terminate();
  }
}
