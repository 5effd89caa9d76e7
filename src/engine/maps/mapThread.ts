import { parentPort, workerData } from "node:worker_threads";
import { LatentError, messageOf } from "../../protocol/errors";
import { openCrew } from "./crew";
import { lazyDevice } from "./gpu/device";
import { neighborsOnDevice } from "./gpu/neighborsOnDevice";
import type { NeighborGraph, Report } from "./map";
import type { MapFrame, MapJob, MapMessage, PlaceJob, QualityJob } from "./mapJob";
import { graphOfDistances } from "./distanceMatrix";
import { graphSize, searchedOnDevice, searchesExactly } from "./graphSize";
import { distancesIn, mapKinds, type AnyRun } from "./mapKinds";
import { neighborGraph } from "./neighbors";
import { placeRows } from "./placement";
import { procrustes } from "./procrustes";
import { mapQuality } from "./quality";

// Entry of a map's thread: makes or judges one map, or places rows in it, and ends. It blocks in the crew's calls, so it hears of a stop through
// shared memory.

const task = workerData as MapJob | QualityJob | PlaceJob;
/** Between pictures (ms): ten a second look like motion. */
const frameEvery = 100;
/** Between states to resume from (ms), which are larger. */
const stateEvery = 20_000;
/** The objective is computed at so many iterations of the whole map, and at the last. */
const objectives = 100;

const stopFlag = new Int32Array(task.stop);
const isStopped = () => Atomics.load(stopFlag, 0) !== 0;
const post = (message: MapMessage) => parentPort!.postMessage(message);
const report: Report = fraction => {
  if (isStopped()) throw new LatentError("cancelled", "Stopped.");
  post({ type: "preparing", fraction });
};

async function make(job: MapJob): Promise<void> {
  const crew = openCrew({ folder: job.folder, threads: job.threads });
  let graph: NeighborGraph | null = job.graph;
  const processor = `CPU · ${job.threads === 1 ? "1 thread" : `${job.threads} threads`}`;
  let device = "";
  const told = (name: string) => post({ type: "device", device: (device = name) });
  const gpu = job.gpu && job.rows.count >= job.gpu.leastRows ? lazyDevice(job.gpu.adapter) : null;
  let [searchedOn, notSearched] = ["", ""];
  const run = await mapKinds[job.kind]({
    ...job, crew, report,
    openDevice: gpu && (async () => {
      const opened = await gpu.open();
      told(gpu.name + notSearched);
      return opened;
    }),
    onFallback: reason => told(`${processor} (${reason})${searchedOn}`),
    graph: async (k, tell) => {
      if (graph && graph.k >= k) return graph;
      const distances = distancesIn(job);
      const search = () => neighborGraph(job.rows, graphSize(k, job.rows.count, searchesExactly(job.rows)), crew, { seed: job.seed, report: tell });
      graph = distances ? graphOfDistances(distances, k) : await searchedOnGpu(k, tell) ?? search();
      post({ type: "graph", graph });
      return graph;
    },
  });
  if (device === "") told(processor + searchedOn + notSearched);
  if (!("advance" in run)) gpu?.close();

  /** The graph by the GPU's search; null where there is no GPU, the search would take long on it, or it fails. */
  async function searchedOnGpu(k: number, tell: Report): Promise<NeighborGraph | null> {
    if (!gpu || !searchedOnDevice(job.rows, job.gpu)) return null;
    try {
      const found = await neighborsOnDevice(job.rows, k, crew, await gpu.open(), tell);
      searchedOn = `, neighbours: ${gpu.name}`;
      return found;
    } catch (error) {
      if (error instanceof LatentError && ["bad-request", "bad-dataset", "cancelled"].includes(error.code)) throw error;
      gpu.close();
      notSearched = ` (neighbours: ${messageOf(error)})`;
      return null;
    }
  }
  let measured: MapFrame["objectives"] = [];
  const measure = async () => void measured.push({ ...(await run.objective()), iteration: run.iteration });
  let shown: Float32Array | undefined;
  const frame = async (isLast = false): Promise<MapFrame> => {
    const objectives = measured;
    measured = [];
    const coordinates = await run.coordinates();
    // The last picture is the map as it is, whenever the ones before it happened to be taken.
    const turned = isLast || !shown ? coordinates : turnedOnto(coordinates, shown, run.dimensions);
    shown = turned;
    return { iteration: run.iteration, iterations: run.iterations, coordinates: turned, objectives };
  };
  await measure();
  post({ type: "frame", frame: await frame() });
  let [lastFrame, lastState] = [performance.now(), performance.now()];
  const interval = Math.max(1, Math.round(run.iterations / objectives));
  while (run.iteration < run.iterations && !isStopped()) {
    if ("advance" in run) await run.advance(interval - (run.iteration % interval));
    else run.step();
    const now = performance.now();
    if (run.iteration % interval === 0) await measure();
    if (now - lastFrame >= frameEvery) {
      post({ type: "frame", frame: await frame() });
      lastFrame = performance.now();
    }
    if (now - lastState >= stateEvery) {
      post({ type: "state", state: await run.state(), iteration: run.iteration });
      lastState = performance.now();
    }
  }
  if (measured.at(-1)?.iteration !== run.iteration) await measure();
  post({ type: "end", frame: await frame(true), finished: run.iteration >= run.iterations, state: await run.state(), facts: factsOf(run, graph) });
  if ("close" in run) run.close();
}

/** A picture turned or mirrored, not sized or moved, to lie like the one before it: a map may spin while it is made. */
function turnedOnto(coordinates: Float32Array, before: Float32Array, dimensions: 2 | 3): Float32Array {
  const { rotation } = procrustes(coordinates, before, dimensions);
  return coordinates.map((_, i) => {
    const axis = i % dimensions;
    let sum = 0;
    for (let other = 0; other < dimensions; other++) sum += rotation[axis * dimensions + other]! * coordinates[i - axis + other]!;
    return sum;
  });
}

function judge({ rows, coordinates, folder, threads, ...options }: QualityJob): void {
  post({ type: "quality", quality: mapQuality(rows, coordinates, openCrew({ folder, threads }), { ...options, report }) });
}

function place(job: PlaceJob): void {
  post({ type: "placed", placement: placeRows(job, openCrew(job), report) });
}

/** Numbers that say how the map was made. */
function factsOf(run: AnyRun, graph: NeighborGraph | null): Record<string, number> {
  return { iterations: run.iteration, ...(graph ? { "recall of the neighbour search": graph.recall } : {}), ...("facts" in run ? run.facts : {}) };
}

const work = async () => (task.type === "map" ? make(task) : task.type === "place" ? place(task) : judge(task));
work().then(() => process.exit(0), (error: unknown) => {
  if (error instanceof LatentError && error.code === "cancelled") post({ type: "stopped" });
  else post({ type: "failed", code: error instanceof LatentError ? error.code : "internal", message: messageOf(error) });
});
