// Our side of umap.mjs, and the judge of both:
//   node main.cjs <folder of our kernels> <threads> fit <rows.f32> <columns> <map.f32> <seed>
//   node main.cjs <folder of our kernels> <threads> judge <rows.f32> <columns> <map.f32> <labels.i32>

import { readFileSync, writeFileSync } from "node:fs";
import { openCrew, type Crew } from "../../src/engine/maps/crew";
import { graphSize, searchesExactly } from "../../src/engine/maps/graphSize";
import type { MapRows } from "../../src/engine/maps/map";
import { neighborGraph } from "../../src/engine/maps/neighbors";
import { mapQuality } from "../../src/engine/maps/quality";
import { createUmap } from "../../src/engine/maps/umap";

const [folder, threads, task, rowsPath, dim, mapPath, last] = process.argv.slice(2) as [string, string, string, string, string, string, string];
const bytesOf = (path: string) => new Uint8Array(readFileSync(path)).buffer;
const quiet = () => undefined;

function fit(rows: MapRows, seed: number, crew: Crew) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  // As a map of the engine asks for it: for more neighbours than UMAP needs where the search is approximate.
  const graph = neighborGraph(rows, graphSize(14, rows.count, searchesExactly(rows)), crew, { seed, report: quiet });
  const found = performance.now();
  const run = createUmap(graph, { seed }, crew);
  const began = performance.now();
  while (run.iteration < run.iterations) run.step();
  const end = performance.now();
  const { user, system } = process.cpuUsage(used);
  return {
    coordinates: run.coordinates(),
    spent: { seconds: (end - start) / 1000, cpu: (user + system) / 1e6, graph: (found - start) / 1000, prepared: (began - found) / 1000, epochs: (end - began) / 1000, recall: graph.recall },
  };
}

async function main(): Promise<void> {
  const data = new Float32Array(bytesOf(rowsPath));
  const rows: MapRows = { data, dim: Number(dim), count: data.length / Number(dim), metric: "euclidean" };
  const crew = openCrew({ folder, threads: Number(threads) });
  if (task === "fit") {
    const few = 1000;
    fit({ ...rows, count: few, data: data.subarray(0, few * rows.dim) }, 0, crew);
    const { coordinates, spent } = fit(rows, Number(last), crew);
    writeFileSync(mapPath, coordinates);
    console.log(JSON.stringify(spent));
  } else {
    const { trustworthiness, continuity, labelAccuracy } = mapQuality(rows, new Float32Array(bytesOf(mapPath)), crew, { k: 15, seed: 1, labels: new Int32Array(bytesOf(last)), report: quiet });
    console.log(JSON.stringify({ trustworthiness, continuity, labelAccuracy }));
  }
  await crew.close();
}

void main();
