// Our side of neighbors.mjs: `node main.cjs <folder of our kernels> <rows.f32> <rows> <columns> <k> <threads> <graph.i32>`.
// Writes the graph's row numbers, and prints its seconds, those of all threads, and the recall that it states.

import { readFileSync, writeFileSync } from "node:fs";
import { openCrew } from "../../src/engine/maps/crew";
import { neighborGraph } from "../../src/engine/maps/neighbors";

const [, , folder, path, ...rest] = process.argv as string[];
const [count, dim, k, threads] = rest.slice(0, 4).map(Number) as [number, number, number, number];
const graphPath = rest[4]!;
const bytes = readFileSync(path!);
const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * count * dim));

async function main(): Promise<void> {
  const crew = openCrew({ folder: folder!, threads });
  const [start, used] = [performance.now(), process.cpuUsage()];
  const graph = neighborGraph({ data, count, dim, metric: "euclidean" }, k, crew, { seed: 1, report: () => undefined });
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - start) / 1000;
  await crew.close();
  writeFileSync(graphPath, graph.rows);
  console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, recall: graph.recall }));
}

void main();
