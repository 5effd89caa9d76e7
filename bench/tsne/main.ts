import { readFileSync, writeFileSync } from "node:fs";
import { openCrew } from "../../src/engine/maps/crew";
import { neighborGraph } from "../../src/engine/maps/neighbors";
import { createTsne } from "../../src/engine/maps/tsne";
import { neighborsFor } from "../../src/engine/maps/tsneAffinities";
import { principalInitial } from "../../src/engine/maps/tsneInitial";

// Ours of bench/tsne.mjs: the neighbour graph, PCA's picture and the whole map of one file of rows; prints a JSON line.

const [kernels, path, target, ...numbers] = process.argv.slice(2) as [string, string, string, ...string[]];
const [count, dim, iterations, threads, dimensions] = numbers.map(Number) as [number, number, number, number, 2 | 3];
const file = readFileSync(path);
const rows = { data: new Float32Array(file.buffer, file.byteOffset, count * dim), count, dim, metric: "euclidean" as const };

const crew = openCrew({ folder: kernels, threads });
const began = performance.now();
const seconds = () => (performance.now() - began) / 1000;
const graph = neighborGraph(rows, neighborsFor(30, count), crew, { seed: 1, report: () => undefined });
const graphSeconds = seconds();
const initial = principalInitial(rows, dimensions, 1, crew);
const run = createTsne(count, graph, { initial, dimensions, iterations, seed: 1 }, crew);
const preparedSeconds = seconds();
while (run.iteration < iterations) run.step();
const total = seconds();
const { user, system } = process.cpuUsage();
writeFileSync(target, run.coordinates());
console.log(JSON.stringify({ seconds: total, graphSeconds, preparedSeconds, stepMilliseconds: ((total - preparedSeconds) / iterations) * 1000, cpuSeconds: (user + system) / 1e6, recall: graph.recall, kl: run.objective().value }));
void crew.close();
