import { readFileSync } from "node:fs";
import { openCrew } from "../../src/engine/maps/crew";
import { createMds } from "../../src/engine/maps/mds";

// One metric MDS of MNIST rows, for ../mds.mjs: arguments are the digits' file, that of the kernels, and JSON with the rows, the start
// ([rows × 2], or "classical") and the most steps. Prints JSON.

const [digits, folder, request] = process.argv.slice(2) as [string, string, string];
const { rows, start, iterations, threads } = JSON.parse(readFileSync(request, "utf8")) as { rows: number[]; start: number[] | "classical"; iterations: number; threads: number };
const pixels = readFileSync(digits).subarray(16);
const data = new Float32Array(rows.length * 784);
rows.forEach((row, i) => { for (let c = 0; c < 784; c++) data[i * 784 + c] = pixels[row * 784 + c]! / 255; });

void (async () => {
  const crew = openCrew({ folder, threads });
  const begin = performance.now();
  const run = await createMds(crew, { data, count: rows.length, dim: 784, metric: "euclidean" }, {
    kind: "metric", dimensions: 2, seed: 1, iterations, eps: 0, start: start === "classical" ? start : Float32Array.from(start),
  }, () => undefined);
  const prepared = performance.now();
  while (run.iteration < run.iterations) run.step();
  const end = performance.now();
  console.log(JSON.stringify({ seconds: (end - begin) / 1000, preparation: (prepared - begin) / 1000, steps: run.iteration, stress: run.objective().value }));
  await crew.close();
})();
