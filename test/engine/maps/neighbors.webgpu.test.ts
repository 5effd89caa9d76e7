import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configureMaps, makeMap } from "../../../src/engine/mapRuns";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import { openMapDevice, type MapDevice } from "../../../src/engine/maps/gpu/device";
import { neighborsOnDevice } from "../../../src/engine/maps/gpu/neighborsOnDevice";
import type { MapMetric, MapRows, NeighborGraph } from "../../../src/engine/maps/map";
import { neighborGraph } from "../../../src/engine/maps/neighbors";
import { normals, random } from "../../../src/engine/random";
import { LatentError } from "../../../src/protocol/errors";
import { backendOptions, gpuTimeout, testedBackends } from "../../helpers/backends";
import { digitRows } from "../../helpers/digitMaps";

const quiet = () => undefined;

describe.skipIf(!testedBackends.includes("webgpu"))("neighbours on a WebGPU device", { timeout: gpuTimeout }, () => {
  let folder: string, adapter: string, crew: Crew, device: MapDevice;
  beforeAll(async () => {
    ({ kernelsFolder: folder, adapter = "" } = await backendOptions());
    crew = openCrew({ folder, threads: 2 });
    device = await openMapDevice(adapter);
  }, gpuTimeout);
  afterAll(async () => {
    device?.close();
    await crew?.close();
  });
  const exact = (rows: MapRows, k: number) => neighborGraph(rows, k, crew, { seed: 1, report: quiet, method: "exact" });
  const drawn = (count: number, dim: number): MapRows => ({ data: normals(dim * count, random(3)), count, dim, metric: "euclidean" });

  it.each<MapMetric>(["euclidean", "cosine"])("are those of the CPU's exact search, bit for bit, and found by the device, %s", async metric => {
    const rows = await digitRows(701, 5, metric);
    const fractions: number[] = [];
    let again = 0;
    const watched: Crew = { ...crew, run: (kernel, parts, ...args) => {
      if (kernel === "searchDirect") again += args[1]!;
      crew.run(kernel, parts, ...args);
    } };
    // Three submissions of three chunks each, the last ones no whole number of tiles.
    const graph = await neighborsOnDevice(rows, 15, watched, device, fraction => void fractions.push(fraction), { queries: 256, rows: 256 });
    expect(graph).toEqual(exact(rows, 15));
    // Where the device has proven nothing, the CPU searches again: for few.
    expect(again).toBeLessThan(0.01 * rows.count);
    expect(fractions.map(fraction => Math.round(fraction * 701))).toEqual([0, 256, 512, 701]);
  });

  it.each([[2, 1], [40, 39]])("of %s rows, %s of them", async (count, k) => {
    const rows = drawn(count, 7);
    expect(await neighborsOnDevice(rows, k, crew, device, quiet)).toEqual(exact(rows, k));
  });

  it("are the same with the workgroups of a real GPU", async () => {
    const rows = drawn(150, 19);
    expect(await neighborsOnDevice(rows, 12, crew, { ...device, software: false }, quiet, { queries: 64, rows: 128 })).toEqual(exact(rows, 12));
  });

  it("of rows in one place and far from the origin are as near as they are", async () => {
    const rows = drawn(120, 4);
    for (let i = 0; i < rows.data.length; i++) rows.data[i] = i < 240 ? 65_536 : rows.data[i]! / 64 + 65_536;
    const graph = await neighborsOnDevice(rows, 15, crew, device, quiet);
    expect(graph.distances).toEqual(exact(rows, 15).distances);
  });

  it("are given up when stopped, and the device serves the next", async () => {
    const rows = drawn(40, 7);
    let reports = 0;
    const stop = () => { if (++reports === 2) throw new LatentError("cancelled", "Stopped."); };
    await expect(neighborsOnDevice(rows, 39, crew, device, stop, { queries: 16, rows: 40 })).rejects.toMatchObject({ code: "cancelled" });
    expect((await neighborsOnDevice(rows, 39, crew, device, quiet)).rows).toEqual(exact(rows, 39).rows);
  });

  it("say what a device is too small for", async () => {
    const small = { ...device, limits: { ...device.limits, maxComputeWorkgroupStorageSize: 512 } };
    await expect(neighborsOnDevice(drawn(100, 3), 60, crew, small, quiet)).rejects.toMatchObject({ code: "unsupported", message: expect.stringContaining("512 bytes") as unknown });
    await expect(neighborsOnDevice(drawn(10, 3), 10, crew, device, quiet)).rejects.toMatchObject({ code: "bad-request" });
  });

  it("serve a map, whose steps the CPU makes, and are told of; without a GPU the CPU finds them, and says why", async () => {
    const rows = await digitRows(60, 5);
    const made = async (gpu: string) => {
      configureMaps({ folder, threads: 1, gpu: { adapter: gpu, leastRows: 50 } });
      let device = "", graph: NeighborGraph | undefined;
      await makeMap({ kind: "umap", rows, values: { neighbors: 8, minDist: 0.1, spread: 1, negativeSamples: 5, epochs: 3, initial: "spectral", dimensions: "2" }, labels: null, seed: 1, state: null, graph: null }, {
        onPreparing: quiet, onFrame: quiet, onState: quiet, onGraph: found => { graph = found; }, onDevice: name => { device = name; },
      });
      return { device, graph };
    };
    const onDevice = await made(adapter);
    expect(onDevice.device).toMatch(/^CPU · 1 thread, neighbours: WebGPU · /);
    const alone = await made("no such adapter");
    expect(alone.device).toMatch(/^CPU · 1 thread \(neighbours: .*no such adapter/);
    expect(onDevice.graph).toEqual(alone.graph);
  });
});
