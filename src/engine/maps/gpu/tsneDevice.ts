import { LatentError, messageOf } from "../../../protocol/errors";
import type { NamedTensors } from "../../safetensors";
import type { Crew } from "../crew";
import type { DeviceRun, MapRun, NeighborGraph } from "../map";
import { createTsne } from "../tsne";
import { parts, symmetricAffinities } from "../tsneAffinities";
import { tsneSetting, tsneStart, tsneTensors, type TsneOptions } from "../tsneOptions";
import { boundsOf } from "../tsnePoints";
import type { MapDevice } from "./device";
import { gridFrom, gridTensor } from "./tsneDeviceGrid";
import { deviceSteps, longestOf, type Points } from "./tsneSteps";

// t-SNE in the plane on a WebGPU device: as tsne.ts, the repulsion through the grid. Where the device fails, the CPU goes on
// from the last picture that was read.

/** So long may a submission take (ms): the engine's own work on the same GPU comes between two of them. */
const SUBMISSION = 20;

/**
 * A map of `count` rows as createTsne makes it, on `device`, which it owns; `onFallback` is told why, when the device fails and
 * the CPU goes on. Throws `bad-request` as createTsne does, and
 * `out-of-memory` or `unsupported` where the device cannot hold it.
 */
export async function createTsneOnDevice(count: number, graph: NeighborGraph, options: TsneOptions, crew: Crew, device: MapDevice, onFallback: (reason: string) => void): Promise<DeviceRun> {
  const { dimensions, neighbors, perplexity, earlyExaggeration, exaggerationIterations, iterations, rateAt } = tsneSetting(count, graph, { ...options, repulsion: "grid" });
  if (dimensions !== 2) throw new LatentError("unsupported", "t-SNE on a device makes maps of two dimensions");
  const { affinities, entropy } = similarities();
  const start = tsneStart(count, dimensions, options);
  const constants = { count, exaggeration: earlyExaggeration, exaggeratedSteps: exaggerationIterations, earlyRate: rateAt(earlyExaggeration), finalRate: rateAt(1) };
  const steps = await deviceSteps(device, affinities, start, constants, start.iteration, boundsOf(start.positions, dimensions), gridFrom(options.resume?.["grid"], longestOf(device)));
  let onCpu: MapRun | undefined;
  let last: { iteration: number; points: Points; state: NamedTensors } = kept(start.iteration, start);
  let divergence: { iteration: number; value: number } | undefined;
  let perSubmission = 1;

  /** The similarities, copied out of the crew's memory, and their Σ p ln p. */
  function similarities() {
    return crew.heap.scope(() => {
      const sparse = symmetricAffinities(count, graph, neighbors, perplexity, crew);
      const sums = crew.heap.float64(parts);
      crew.run("tsneEntropy", parts, sparse.values.address, sparse.values.values.length, sums.address);
      const affinities = { starts: sparse.starts.values.slice(), columns: sparse.columns.values.slice(), values: sparse.values.values.slice() };
      return { affinities, entropy: sums.values.reduce((total, value) => total + value, 0) };
    });
  }

  function kept(iteration: number, points: Points) {
    return { iteration, points, state: { ...tsneTensors(count, 2, points, iteration), grid: gridTensor(steps.grid) } };
  }

  /** What `work` gives on the device; where that fails, what `instead` gives on the CPU. */
  async function either<T>(work: () => Promise<T>, instead: (run: MapRun) => T): Promise<T> {
    if (!onCpu) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof LatentError && error.code === "diverged") throw error;
        onFallback(messageOf(error));
        device.close();
        onCpu = createTsne(count, graph, { ...options, resume: last.state }, crew);
      }
    }
    return instead(onCpu);
  }

  async function read(): Promise<typeof last> {
    if (last.iteration !== steps.iteration) last = kept(steps.iteration, await steps.points());
    return last;
  }

  return {
    dimensions,
    iterations,
    get iteration() { return onCpu?.iteration ?? steps.iteration; },
    advance: most => either(async () => {
      const before = steps.iteration, began = performance.now();
      await steps.advance(Math.min(most, iterations - before, perSubmission));
      const milliseconds = (performance.now() - began) / Math.max(1, steps.iteration - before);
      perSubmission = Math.max(1, Math.min(2 * perSubmission, Math.floor(SUBMISSION / milliseconds)));
    }, run => run.step()),
    coordinates: () => either(async () => (await read()).points.positions, run => run.coordinates()),
    objective: () => either(async () => {
      if (divergence?.iteration !== steps.iteration) {
        const { cross, z } = await steps.divergence();
        divergence = { iteration: steps.iteration, value: entropy + cross + Math.log(z) };
      }
      return { name: "KL divergence", value: divergence.value };
    }, run => run.objective()),
    state: () => either(async () => (await read()).state, run => run.state()),
    close: () => device.close(),
  };
}
