import { parentPort, workerData } from "node:worker_threads";
import { LatentError, messageOf } from "../../protocol/errors";
import { openCrew } from "./crew";
import type { MapRun, NeighborGraph, Report } from "./map";
import type { MapFrame, MapJob, MapMessage } from "./mapJob";
import { mapKinds } from "./mapKinds";
import { neighborGraph } from "./neighbors";

// Entry of a map's thread: makes one map and ends. It blocks in the crew's calls, so it hears of a stop through shared memory.

const job = workerData as MapJob;
/** Between pictures (ms): ten a second look like motion. */
const frameEvery = 100;
/** Between states to resume from (ms), which are larger. */
const stateEvery = 20_000;
/** The objective is computed at so many iterations of the whole map, and at the last. */
const objectives = 100;

const stopFlag = new Int32Array(job.stop);
const isStopped = () => Atomics.load(stopFlag, 0) !== 0;
const post = (message: MapMessage) => parentPort!.postMessage(message);
const report: Report = fraction => {
  if (isStopped()) throw new LatentError("cancelled", "Stopped.");
  post({ type: "preparing", fraction });
};

async function make(): Promise<void> {
  const crew = openCrew({ folder: job.folder, threads: job.threads });
  let graph: NeighborGraph | null = job.graph;
  const run = await mapKinds[job.kind]({
    ...job, crew, report,
    graph: (k, tell) => {
      if (graph && graph.k >= k) return graph;
      graph = neighborGraph(job.rows, k, crew, { seed: job.seed, report: tell });
      post({ type: "graph", graph });
      return graph;
    },
  });
  let measured: MapFrame["objectives"] = [];
  const measure = () => void measured.push({ ...run.objective(), iteration: run.iteration });
  const frame = (): MapFrame => {
    const objectives = measured;
    measured = [];
    return { iteration: run.iteration, iterations: run.iterations, coordinates: run.coordinates(), objectives };
  };
  measure();
  post({ type: "frame", frame: frame() });
  let [lastFrame, lastState] = [performance.now(), performance.now()];
  const interval = Math.max(1, Math.round(run.iterations / objectives));
  while (run.iteration < run.iterations && !isStopped()) {
    run.step();
    const now = performance.now();
    if (run.iteration % interval === 0) measure();
    if (now - lastFrame >= frameEvery) {
      post({ type: "frame", frame: frame() });
      lastFrame = performance.now();
    }
    if (now - lastState >= stateEvery) {
      post({ type: "state", state: run.state(), iteration: run.iteration });
      lastState = performance.now();
    }
  }
  if (measured.at(-1)?.iteration !== run.iteration) measure();
  post({ type: "end", frame: frame(), finished: run.iteration >= run.iterations, state: run.state(), facts: factsOf(run, graph) });
}

/** Numbers that say how the map was made. */
function factsOf(run: MapRun, graph: NeighborGraph | null): Record<string, number> {
  return { iterations: run.iteration, ...(graph ? { "recall of the neighbour search": graph.recall } : {}) };
}

make().then(() => process.exit(0), (error: unknown) => {
  if (error instanceof LatentError && error.code === "cancelled") post({ type: "stopped" });
  else post({ type: "failed", code: error instanceof LatentError ? error.code : "internal", message: messageOf(error) });
});
