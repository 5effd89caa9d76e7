import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { LatentError } from "../protocol/errors";
import { searchedOnDevice, searchesExactly } from "./maps/graphSize";
import type { MapRows } from "./maps/map";
import type { MapFrame, MapGpu, MapJob, MapMessage, PlaceJob, QualityJob } from "./maps/mapJob";
import type { Placement } from "./maps/placement";
import type { MapQuality } from "./maps/quality";

// Maps on threads of their own, seen from the engine: what a model of a map (models/mapModel.ts) is fitted by.

export type { MapFrame, MapJob } from "./maps/mapJob";
export type { MapRows, NeighborGraph } from "./maps/map";
export type { MapKind } from "./maps/mapKinds";
export { graphSize, neighborsNeeded } from "./maps/graphSize";

interface MapOptions {
  /** Where mapThread.js and the module of the maps lie. */
  folder: string;
  /** How many threads a map may take; 0 for all of the machine's cores. */
  threads: number;
  gpu: MapGpu | null;
}
let options: MapOptions = { folder: "", threads: 0, gpu: null };

/** Tells by what maps are made; what is not named stays as it was. */
export function configureMaps(wanted: Partial<MapOptions>): void {
  options = { ...options, ...wanted };
}

/** Whether a search for the neighbours of these rows would compare every pair: on the GPU, as long as that does not fail, or on the processor. */
export function comparesAllPairs(rows: Pick<MapRows, "count" | "dim">): boolean {
  return searchedOnDevice(rows, options.gpu) || searchesExactly(rows);
}

export interface MapListener {
  onPreparing(fraction: number): void;
  onGraph(graph: NonNullable<MapJob["graph"]>): void;
  /** What makes the map, and why it is not the GPU where that failed. */
  onDevice(device: string): void;
  onFrame(frame: MapFrame): void;
  onState(state: MapJob["state"] & object, iteration: number): void;
}

/** The last message of a map that was made, or stopped: null when it was stopped before its first step. */
export type MapEnd = Extract<MapMessage, { type: "end" }> | null;

/**
 * Makes a map, or goes on with one, on a thread of its own. An abort stops it within a step and is no error: the picture of
 * that moment is what it gives. Rejects with what went wrong in the thread.
 */
export async function makeMap(job: Omit<MapJob, Given>, listener: MapListener, signal?: AbortSignal): Promise<MapEnd> {
  const last = await onThread({ type: "map", gpu: options.gpu, ...job }, message => {
    switch (message.type) {
      case "preparing": return listener.onPreparing(message.fraction);
      case "graph": return listener.onGraph(message.graph);
      case "device": return listener.onDevice(message.device);
      case "frame": return listener.onFrame(message.frame);
      case "state": return listener.onState(message.state, message.iteration);
      default: return;
    }
  }, signal);
  return last.type === "end" ? last : null;
}

/** Judges a picture of the rows [count × dimensions] on a thread of its own. Rejects with `cancelled` after an abort. */
export async function judgeMap(job: Omit<QualityJob, Given>, signal?: AbortSignal): Promise<MapQuality> {
  const last = await onThread({ type: "quality", ...job }, () => undefined, signal);
  if (last.type !== "quality") throw new LatentError("cancelled", "Cancelled.");
  return last.quality;
}

/**
 * Places new rows in a finished map, on a thread of its own. Nothing is kept of it before it is done, so an abort ends the thread at
 * once, whatever it computes. Rejects with `cancelled` then, else with what went wrong in the thread.
 */
export async function placeInMap(job: Omit<PlaceJob, Given>, onProgress: (fraction: number) => void, signal?: AbortSignal): Promise<Placement> {
  const last = await onThread({ type: "place", ...job }, message => message.type === "preparing" && onProgress(message.fraction), signal, true);
  if (last.type !== "placed") throw new LatentError("cancelled", "Cancelled.");
  return last.placement;
}

type Given = "type" | "folder" | "threads" | "stop" | "gpu";
type Last = Extract<MapMessage, { type: "end" | "quality" | "placed" | "stopped" }>;

type Task = Omit<MapJob, "folder" | "threads" | "stop"> | Omit<QualityJob, Exclude<Given, "type">> | Omit<PlaceJob, Exclude<Given, "type">>;

/**
 * Runs a task on a thread of its own to its last message; rejects with what went wrong there. An abort asks the thread to stop, which
 * it does between two steps; with `atOnce` it is ended there and then.
 */
async function onThread(task: Task, listen: (message: MapMessage) => void, signal?: AbortSignal, atOnce = false): Promise<Last> {
  const stop = new SharedArrayBuffer(4);
  const threads = options.threads || Math.min(16, availableParallelism());
  const thread = new Worker(join(options.folder, "mapThread.js"), { workerData: { ...task, folder: options.folder, threads, stop } });
  let end = () => undefined as void;
  const abort = () => {
    Atomics.store(new Int32Array(stop), 0, 1);
    if (atOnce) end();
  };
  try {
    return await new Promise<Last>((resolve, reject) => {
      end = () => resolve({ type: "stopped" });
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort, { once: true });
      thread.on("message", (message: MapMessage) => {
        if (message.type === "failed") reject(new LatentError(message.code, message.message));
        else if (message.type === "end" || message.type === "quality" || message.type === "placed" || message.type === "stopped") resolve(message);
        else listen(message);
      });
      thread.on("error", reject);
      thread.on("exit", code => reject(new LatentError("internal", `the map's thread ended with exit code ${code}`)));
    });
  } finally {
    signal?.removeEventListener("abort", abort);
    await thread.terminate();
  }
}
