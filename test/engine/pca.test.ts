import { beforeAll, describe, expect, it } from "vitest";
import { principalDirections } from "../../src/engine/models/principal/principalDirections";
import type { SolverChoice } from "../../src/engine/models/principal/solver";
import { principalAngles } from "../../src/engine/linalg/principalAngles";
import { random } from "../../src/engine/random";
import { loadTrainingData, type TrainingData } from "../../src/engine/trainingData";
import { useBackend } from "../helpers/backends";
import { memoryDataset, mnistDigits } from "../helpers/memoryDataset";

// The solvers against each other and against closed forms. The figures of the full MNIST are in bench/pca.mjs.

beforeAll(() => useBackend("wasm"));

const solve = (data: TrainingData, k: number, solver: SolverChoice) => principalDirections(data, k, { solver, seed: 1, onProgress: () => undefined });
const load = (rows: Float32Array, d: number) => loadTrainingData(memoryDataset(rows, { kind: "vector", shape: [d] }), { scaling: "none", validationShare: 0, seed: 1, scaler: null });

/** n rows with independent columns of the given standard deviations around a far mean. */
function gaussian(n: number, deviations: number[], mean: number): Float32Array {
  const stream = random(3, "gaussian");
  return Float32Array.from({ length: n * deviations.length }, (_, i) => mean + deviations[i % deviations.length]! * stream.normal());
}

describe("principal directions", () => {
  it("of a line are the line", async () => {
    const rows = Float32Array.from({ length: 200 * 2 }, (_, i) => (Math.floor(i / 2) - 100) * (i % 2 === 0 ? 3 : 4));
    const { directions, eigenvalues, totalVariance } = await solve(await load(rows, 2), 2, "exact");
    expect([directions[0], directions[1]].map(value => value!.toFixed(6))).toEqual(["0.600000", "0.800000"]);
    expect(eigenvalues[0]! / totalVariance).toBeCloseTo(1, 6);
    expect(eigenvalues[1]! / totalVariance).toBeCloseTo(0, 6);
  });

  it("are not disturbed by a mean a thousand times the spread", async () => {
    const { eigenvalues, mean } = await solve(await load(gaussian(4000, [3, 2, 1, 0.5], 2000), 4), 4, "exact");
    [9, 4, 1, 0.25].forEach((variance, i) => expect(Math.abs(eigenvalues[i]! / variance - 1)).toBeLessThan(0.08));
    expect(mean[0]).toBeCloseTo(2000, 0);
  });

  // The first is solved through the covariance, the second through the Gram matrix.
  it.each([[600, 196], [150, 784]])("agree between the exact and the randomized solver: %i digits of %i pixels", async (count, size) => {
    const data = await loadTrainingData(mnistDigits(count, size === 784 ? 1 : 2), { scaling: "auto", validationShare: 0, seed: 1, scaler: null });
    const k = 10;
    const [exact, randomized] = [await solve(data, k, "exact"), await solve(data, k, "randomized")];
    expect(exact.totalVariance).toBeCloseTo(randomized.totalVariance, 5);
    for (let i = 0; i < k; i++) expect(Math.abs(exact.eigenvalues[i]! - randomized.eigenvalues[i]!) / exact.totalVariance).toBeLessThan(1e-5);
    const angles = await principalAngles(exact.directions, randomized.directions, k, size);
    expect(angles.at(-1)! * (180 / Math.PI)).toBeLessThan(2);
    const all = exact.eigenvalues.reduce((sum, value) => sum + value, 0);
    expect(all / exact.totalVariance).toBeCloseTo(1, 4); // the exact solvers give the whole spectrum
  });

  it("have their largest entry positive", async () => {
    const data = await loadTrainingData(mnistDigits(100, 2), { scaling: "auto", validationShare: 0, seed: 1, scaler: null });
    const { directions } = await solve(data, 8, "exact");
    for (let i = 0; i < 8; i++) {
      const row = Array.from(directions.subarray(i * 196, (i + 1) * 196));
      expect(Math.max(...row)).toBe(Math.max(...row.map(Math.abs)));
    }
  });

  it("refuse what cannot be, with the numbers", async () => {
    const constant = await load(new Float32Array(40).fill(5), 4);
    await expect(solve(constant, 2, "exact")).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringContaining("no variance") });
    const few = await load(gaussian(3, [1, 1, 1, 1, 1], 0), 5);
    await expect(solve(few, 4, "exact")).rejects.toMatchObject({ code: "bad-request", message: expect.stringContaining("3") });
  });

  it("of rows of lower rank than asked for stay orthonormal", async () => {
    const stream = random(8, "rank");
    const basis = Float32Array.from({ length: 2 * 30 }, () => stream.normal());
    const rows = new Float32Array(100 * 30);
    for (let i = 0; i < 100; i++) {
      const [a, b] = [stream.normal(), stream.normal()];
      for (let c = 0; c < 30; c++) rows[i * 30 + c] = a * basis[c]! + b * basis[30 + c]!;
    }
    for (const solver of ["exact", "randomized"] as const) {
      const { directions } = await solve(await load(rows, 30), 5, solver);
      for (let i = 0; i < 5; i++) for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let c = 0; c < 30; c++) dot += directions[i * 30 + c]! * directions[j * 30 + c]!;
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 7);
      }
    }
  });
});
