import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackend } from "../../../src/engine/backend";
import { configureMaps, makeMap, type MapFrame } from "../../../src/engine/mapRuns";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import { openMapDevice, type MapDevice } from "../../../src/engine/maps/gpu/device";
import { createTsneOnDevice } from "../../../src/engine/maps/gpu/tsneDevice";
import { deviceGrid, gridFrom, gridTensor, holds } from "../../../src/engine/maps/gpu/tsneDeviceGrid";
import { deviceSteps, longestOf, type DeviceSteps } from "../../../src/engine/maps/gpu/tsneSteps";
import type { DeviceRun, NeighborGraph } from "../../../src/engine/maps/map";
import { createTsne, type TsneOptions } from "../../../src/engine/maps/tsne";
import { symmetricAffinities } from "../../../src/engine/maps/tsneAffinities";
import { gridShape } from "../../../src/engine/maps/tsneGrid";
import { principalInitial } from "../../../src/engine/maps/tsneInitial";
import { boundsOf } from "../../../src/engine/maps/tsnePoints";
import type { NamedTensors } from "../../../src/engine/safetensors";
import { backendOptions, gpuTimeout, testedBackends } from "../../helpers/backends";
import { digitRows } from "../../helpers/digitRows";
import { bruteForceGraph, nearestOf, trustworthiness } from "../../helpers/neighbors";

// t-SNE on a device beside the CPU's. On SwiftShader a step takes a tenth of a second, so maps are small and short here.

const relative = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let error = 0, size = 0;
  for (let i = 0; i < a.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(error / size);
};

/** As if a workgroup had only so much memory: short transforms, which SwiftShader compiles sooner. */
const withWorkgroupMemory = (device: MapDevice, bytes: number): MapDevice => ({ ...device, limits: { ...device.limits, maxComputeWorkgroupStorageSize: bytes } });

/** The steps from a state of a CPU's run. */
async function stepsFrom(device: MapDevice, count: number, graph: NeighborGraph, state: NamedTensors, crew: Crew, perplexity = 30): Promise<DeviceSteps> {
  const [positions, velocities, gains] = ["positions", "velocities", "gains"].map(name => state[name]!.data as Float32Array) as [Float32Array, Float32Array, Float32Array];
  const { starts, columns, values } = symmetricAffinities(count, graph, 3 * perplexity, perplexity, crew);
  const affinities = { starts: starts.values.slice(), columns: columns.values.slice(), values: values.values.slice() };
  const rate = (exaggeration: number) => Math.max(count / exaggeration / 4, 50);
  const constants = { count, exaggeration: 12, exaggeratedSteps: 250, earlyRate: rate(12), finalRate: rate(1) };
  return deviceSteps(device, affinities, { positions, velocities, gains }, constants, Number(state["iteration"]!.data[0]), boundsOf(positions, 2));
}

/** The gradient of the KL divergence from what the device gives. */
async function gradientOf(steps: DeviceSteps): Promise<Float32Array> {
  const { forces, z } = await steps.forces();
  return Float32Array.from({ length: forces.length / 2 }, (_, at) => {
    const value = 4 * (at >> 1) + (at & 1);
    return 4 * (forces[value]! - forces[value + 2]! / z);
  });
}

async function finish(run: DeviceRun): Promise<DeviceRun> {
  while (run.iteration < run.iterations) await run.advance(run.iterations);
  return run;
}

describe.skipIf(!testedBackends.includes("webgpu"))("t-SNE on a WebGPU device", { timeout: gpuTimeout }, () => {
  let folder: string, crew: Crew, device: MapDevice, adapter: string;
  /** Another device; most tests share one, which compiles each shader once. */
  const open = () => openMapDevice(adapter);
  const noFallback = (reason: string) => { throw new Error(reason); };
  const small: TsneOptions = { initial: "random", perplexity: 10, exaggerationIterations: 25, iterations: 45, seed: 7 };
  let rows: Awaited<ReturnType<typeof digitRows>>, graph: NeighborGraph;

  beforeAll(async () => {
    ({ kernelsFolder: folder, adapter = "" } = await backendOptions());
    crew = openCrew({ folder, threads: 1 });
    device = await open();
    rows = await digitRows(300, 4);
    graph = bruteForceGraph(rows.data, rows.count, rows.dim, 30);
  }, gpuTimeout);
  afterAll(async () => {
    device?.close();
    await crew?.close();
  });

  it("has the CPU's gradient, and that of all pairs within 1 %, for 2,000 digits", async () => {
    const n = 2000;
    const { data, dim } = await digitRows(n, 4);
    const neighbors = bruteForceGraph(data, n, dim, 90);
    const exact = createTsne(n, neighbors, { initial: "random", seed: 1, repulsion: "exact" }, crew);
    for (const iterations of [0, 265]) {
      while (exact.iteration < iterations) exact.step();
      const cpu = createTsne(n, neighbors, { initial: "random", seed: 1, repulsion: "grid", resume: exact.state() }, crew);
      const steps = await stepsFrom(device, n, neighbors, exact.state(), crew);
      expect(steps.grid.spacing).toBeCloseTo(gridShape(boundsOf(exact.coordinates(), 2)).spacing, 6);
      const gradient = await gradientOf(steps);
      expect(relative(gradient, cpu.gradient()), `after ${iterations} steps, beside the CPU`).toBeLessThan(5e-4);
      expect(relative(gradient, exact.gradient()), `after ${iterations} steps, beside all pairs`).toBeLessThan(0.01);
      const { z } = await steps.divergence();
      cpu.step();
      await steps.advance(1);
      const { positions, gains } = await steps.points();
      expect(relative(positions, cpu.coordinates())).toBeLessThan(1e-4);
      expect(relative(gains, cpu.state()["gains"]!.data as Float32Array)).toBeLessThan(0.01);
      expect(z).toBeGreaterThan(0);
    }
  });

  it("computes the same with a GPU's workgroups as with SwiftShader's", async () => {
    const cpu = createTsne(rows.count, graph, { ...small, repulsion: "exact" }, crew);
    while (cpu.iteration < 45) cpu.step();
    const gradients: Float32Array[] = [];
    for (const software of [true, false]) {
      const steps = await stepsFrom({ ...withWorkgroupMemory(device, 1024), software }, rows.count, graph, cpu.state(), crew, 10);
      gradients.push(await gradientOf(steps));
    }
    expect(relative(gradients[1]!, gradients[0]!)).toBeLessThan(1e-5);
  });

  it("maps digits no worse than the CPU", async () => {
    const digits = await digitRows(1000, 2);
    const all = bruteForceGraph(digits.data, 1000, digits.dim, 999);
    const options: TsneOptions = { initial: principalInitial(digits, 2, 1, crew), exaggerationIterations: 40, iterations: 65, repulsion: "grid", seed: 1 };
    const cpu = createTsne(1000, nearestOf(all, 90), options, crew);
    while (cpu.iteration < cpu.iterations) cpu.step();
    const run = await createTsneOnDevice(1000, nearestOf(all, 90), options, crew, device, noFallback);
    const begun = (await run.objective()).value;
    await finish(run);
    const { name, value } = await run.objective();
    expect(name).toBe("KL divergence");
    expect(value).toBeLessThan(begun);
    expect(value).toBeLessThan(cpu.objective().value + 0.02);
    expect(trustworthiness(all, await run.coordinates(), 2, 12)).toBeGreaterThan(trustworthiness(all, cpu.coordinates(), 2, 12) - 0.02);
  });

  it("gives the same bits again, also when it was stopped and went on, and others with another seed", async () => {
    const make = async (more: Partial<TsneOptions> = {}) => createTsneOnDevice(rows.count, graph, { ...small, ...more }, crew, withWorkgroupMemory(device, 1024), noFallback);
    const whole = await finish(await make());
    const other = await make({ seed: 8 });
    expect(await other.coordinates()).not.toEqual(await whole.coordinates());
    const stopped = await make();
    while (stopped.iteration < 13) await stopped.advance(13 - stopped.iteration);
    await stopped.objective(); // looking must not change what comes
    const resumed = await make({ seed: 99, resume: await stopped.state() });
    expect(resumed.iteration).toBe(13);
    expect(await resumed.coordinates()).toEqual(await stopped.coordinates());
    expect(await (await finish(resumed)).state()).toEqual(await whole.state());
  });

  it("stops with a picture on its own thread, says what computes, and goes on on the CPU", async () => {
    configureMaps({ folder, threads: 1, gpu: { adapter, leastRows: 0 } });
    const devices: string[] = [], frames: MapFrame[] = [];
    const listener = { onPreparing: () => undefined, onGraph: () => undefined, onState: () => undefined, onDevice: (name: string) => void devices.push(name) };
    const values = { perplexity: 10, dimensions: "2", iterations: 20_000, earlyExaggeration: 12, learningRate: 0, initial: "pca", metric: "euclidean" };
    const job = { kind: "tsne", rows, values, labels: null, seed: 1, state: null, graph } as const;
    const stop = new AbortController();
    let stoppedAt = 0;
    const end = await makeMap(job, { ...listener, onFrame: frame => {
      frames.push(frame);
      if (frame.iteration === 0 || stop.signal.aborted) return;
      stop.abort();
      stoppedAt = performance.now();
    } }, stop.signal);
    expect(performance.now() - stoppedAt).toBeLessThan(30_000); // a step and a picture, on busy cores; not all steps
    expect(devices).toEqual([`WebGPU · ${device.name}${device.software ? " (software)" : ""}`]);
    expect(end).toMatchObject({ finished: false });
    expect(end!.frame.iteration).toBeGreaterThan(0);
    expect(end!.frame.coordinates).toEqual(end!.state["positions"]!.data);
    expect(frames[0]!.objectives).toHaveLength(1);
    configureMaps({ gpu: { adapter: "no such GPU", leastRows: 0 } });
    const iterations = end!.frame.iteration + 20;
    const finished = await makeMap({ ...job, values: { ...values, iterations }, state: end!.state }, { ...listener, onFrame: () => undefined });
    expect(devices[1]).toMatch(/^CPU · 1 thread \(.*"no such GPU"/);
    expect(finished).toMatchObject({ finished: true, frame: { iteration: iterations } });
  });

  it("leaves a device that is lost for the CPU, with what was read last, and says so", async () => {
    const doomed = withWorkgroupMemory(await open(), 1024);
    const reasons: string[] = [];
    const run = await createTsneOnDevice(rows.count, graph, small, crew, doomed, reason => void reasons.push(reason));
    while (run.iteration < 10) await run.advance(10 - run.iteration);
    const picture = await run.coordinates();
    doomed.close();
    await run.advance(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain(device.name);
    expect(run.iteration).toBe(11);
    expect(relative(await run.coordinates(), picture)).toBeLessThan(5);
    await finish(run);
    const cpu = createTsne(rows.count, graph, small, crew);
    while (cpu.iteration < cpu.iterations) cpu.step();
    expect((await run.objective()).value).toBeLessThan(cpu.objective().value + 0.1);
  });

  it("refuses what does not fit in words", async () => {
    await expect(createTsneOnDevice(rows.count, graph, { ...small, dimensions: 3 }, crew, device, noFallback)).rejects.toThrow("two dimensions");
    await expect(createTsneOnDevice(rows.count, graph, { ...small, perplexity: 30 }, crew, device, noFallback)).rejects.toThrow("has 30 neighbours a row");
    expect(() => longestOf(withWorkgroupMemory(device, 512))).toThrow("too little memory for a workgroup");
    expect(() => device.storage(2 ** 50)).toThrow(/takes at most \d+ MB in one piece/);
    const far = new Float32Array(600).map((_, at) => (at % 3 ? 3e38 : -3e38));
    await expect(createTsneOnDevice(rows.count, graph, { ...small, initial: far }, crew, device, noFallback)).rejects.toThrow("cannot have a grid");
    const thrown = await createTsneOnDevice(rows.count, graph, { ...small, initial: far.map(value => value / 1e10) }, crew, withWorkgroupMemory(device, 1024), noFallback);
    await expect(finish(thrown)).rejects.toThrow(/lost its points in step \d+/);
  });

  it("is for the engine's maps where its backend is a real GPU, never a software one", async () => {
    const { mapAdapter } = await openBackend({ ...(await backendOptions()), choice: "webgpu" });
    expect(mapAdapter).toBe(device.software ? null : adapter);
  });
});

describe("a device's grid", () => {
  const square = (from: number, to: number) => ({ least: [from, from], greatest: [to, to] });

  it("holds the map with room to move, at the CPU's nodes, for any size and place", () => {
    for (const bounds of [square(0, 0), square(-1e-20, 1e-20), square(-1e-4, 1e-4), square(3, 3.001), square(-7, 40), square(-200, 180), square(-1e20, 1e20), { least: [-50, -1], greatest: [50, 1] }]) {
      const grid = deviceGrid(bounds, 2048);
      expect(holds(grid, bounds)).toBe(true);
      expect(Math.max(...grid.lengths)).toBeLessThanOrEqual(2048);
      expect(gridFrom(gridTensor(grid), 2048)).toEqual(grid);
    }
    const { spacing, origin } = deviceGrid(square(-20, 25), 2048);
    expect(spacing).toBe(gridShape(square(-20, 25)).spacing);
    expect(((-20 - origin[0]) / spacing) % 1).toBe(0);
  });

  it("gets coarser where the device's transforms are short, and is not taken from a file that has none that fits", () => {
    const [fine, coarse] = [2048, 256].map(longest => deviceGrid(square(-60, 60), longest).spacing) as [number, number];
    expect(fine).toBe(0.25);
    expect(coarse).toBeGreaterThan(0.7);
    expect(gridFrom(gridTensor(deviceGrid(square(-60, 60), 2048)), 256)).toBeUndefined();
    expect(gridFrom({ data: [0, 1, 2] }, 256)).toBeUndefined();
    expect(gridFrom(undefined, 256)).toBeUndefined();
  });
});
