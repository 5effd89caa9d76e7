import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { principalDirections } from "../../src/engine/models/principal/principalDirections";
import type { SolverChoice } from "../../src/engine/models/principal/solver";
import { principalAngles } from "../../src/engine/linalg/principalAngles";
import { random } from "../../src/engine/random";
import { windowRows } from "../../src/engine/rowWindows";
import { loadTrainingData, type TrainingData } from "../../src/engine/trainingData";
import { useBackend } from "../helpers/backends";
import { memoryDataset, mnistDigits } from "../helpers/memoryDataset";

// The solvers against each other and against closed forms. The figures of the full MNIST are in bench/README.md (quality.mjs, train.mjs).

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
        expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(2e-6); // the randomized solver works in f32
      }
    }
  });

  it("of a far, small cloud with constant columns leave those out", async () => {
    const rows = gaussian(500, [2, 0, 1, 0, 0.5], 300);
    for (const solver of ["exact", "randomized"] as const) {
      const { directions, eigenvalues, mean } = await solve(await load(rows, 5), 3, solver);
      [4, 1, 0.25].forEach((variance, i) => expect(Math.abs(eigenvalues[i]! / variance - 1)).toBeLessThan(0.2));
      for (let i = 0; i < 3; i++) for (const constant of [1, 3]) expect(Math.abs(directions[i * 5 + constant]!)).toBeLessThan(1e-6);
      expect([mean[1], mean[3]]).toEqual([300, 300]);
    }
  });

  it.each([[40, 12], [12, 40], [12, 12]])("are as many as there can be: all of %i rows with %i values", async (n, d) => {
    const rows = gaussian(n, Array.from({ length: d }, (_, i) => 1 + i), 5);
    const k = Math.min(n, d);
    const data = await load(rows, d);
    const [exact, randomized] = [await solve(data, k, "exact"), await solve(data, k, "randomized")];
    for (const { directions, eigenvalues, totalVariance } of [exact, randomized]) {
      expect(orthogonalityError(directions, k, d)).toBeLessThan(2e-6);
      expect(eigenvalues.reduce((sum, value) => sum + value, 0) / totalVariance).toBeCloseTo(1, 5);
    }
    for (let i = 0; i < k; i++) expect(Math.abs(exact.eigenvalues[i]! - randomized.eigenvalues[i]!) / exact.totalVariance).toBeLessThan(1e-5);
  });

  it("tell columns apart whose variances differ by twelve orders of magnitude", async () => {
    const deviations = [1e3, 1, 30, 1e-3];
    const { directions, eigenvalues } = await solve(await load(gaussian(3000, deviations, 0), 4), 4, "exact");
    for (const [i, column] of [0, 2, 1, 3].entries()) {
      expect(Math.abs(eigenvalues[i]! / deviations[column]! ** 2 - 1), `variance ${i}`).toBeLessThan(0.1);
      expect(directions[i * 4 + column]).toBeGreaterThan(0.999);
    }
  });

  it("of values whose squares exceed 32-bit floats are refused, and not called equal", async () => {
    await expect(solve(await load(gaussian(20, [1e30, 1e30], 0), 2), 1, "exact")).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringContaining("large") });
  });

  it("of a single row do not exist", async () => {
    await expect(load(Float32Array.of(1, 2, 3), 3)).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringContaining("fewer than 2") });
  });

  it("of two rows are the line between them", async () => {
    for (const solver of ["exact", "randomized"] as const) {
      const { directions, eigenvalues } = await solve(await load(Float32Array.of(1, 1, 1, 4, 5, 1), 3), 1, solver);
      expect(eigenvalues[0]).toBeCloseTo(6.25, 5);
      [0.6, 0.8, 0].forEach((value, i) => expect(directions[i]).toBeCloseTo(value, 5));
    }
  });
});

// numpy.linalg.svd in f64 of the first digits of the test set, pixels / 255, centred.
const reference = [
  { count: 2000, total: 49.451364123137274, shares: [0.097137, 0.17272, 0.4783, 0.740031], variances: [4.80357, 3.737688, 1.095227, 0.329743] },
  { count: 400, total: 48.93041916887732, shares: [0.108159, 0.190681, 0.496919, 0.769069], variances: [5.292283, 4.0378, 1.20665, 0.336207] },
];
const ranks = [1, 2, 10, 32];

describe("digits have the principal components that numpy finds", () => {
  for (const { count, total, shares, variances } of reference) {
    for (const solver of ["exact", "randomized"] as const) {
      it(`${count} × 784, ${solver}`, async () => {
        const data = await loadTrainingData(mnistDigits(count), { scaling: "auto", validationShare: 0, seed: 1, scaler: null });
        const found = await solve(data, 32, solver);
        expect(Math.abs(found.totalVariance / total - 1)).toBeLessThan(1e-5);
        ranks.forEach((k, i) => {
          const share = found.eigenvalues.subarray(0, k).reduce((sum, value) => sum + value, 0) / found.totalVariance;
          expect(Math.abs(share - shares[i]!), `explained variance, k = ${k}`).toBeLessThan(2e-5);
          expect(Math.abs(found.eigenvalues[k - 1]! / variances[i]! - 1), `variance ${k}`).toBeLessThan(solver === "exact" ? 1e-4 : 5e-3);
        });
      });
    }
  }
});

describe("rows that do not fit into memory", () => {
  const k = 8;

  /** Rows made when they are asked for, k factors of falling strength, and the most bytes that the backend held at such a moment. */
  function made(n: number, d: number): { data: TrainingData; loadings: Float64Array; most: () => number } {
    const stream = random(4, "loadings");
    const loadings = Float64Array.from({ length: k * d }, () => stream.normal());
    let most = 0;
    const rows = (indices: Int32Array) => {
      most = Math.max(most, tf.memory().numBytes);
      const values = new Float32Array(indices.length * d);
      indices.forEach((row, i) => {
        const factors = random(5, "row", row);
        for (let f = 0; f < k; f++) {
          const factor = factors.normal() * (k - f);
          for (let c = 0; c < d; c++) values[i * d + c]! += factor * loadings[f * d + c]!;
        }
      });
      return tf.tensor2d(values, [indices.length, d]);
    };
    const data: TrainingData = {
      schema: { kind: "vector", shape: [d], count: n, columns: [], range: null },
      scaler: { shift: new Float32Array(d), scale: new Float32Array(d).fill(1) }, train: new Int32Array(0), validation: new Int32Array(0),
      batch: async indices => rows(indices),
      window: async ({ start, count }) => rows(Int32Array.from({ length: count }, (_, i) => start + i)),
    };
    return { data, loadings, most: () => most };
  }

  // A pass leaves nothing on the backend but bases; the Gram matrix needs two windows at once.
  it.each([
    [6000, 600, "exact", 0.5], [6000, 600, "randomized", 0.5], [200, 45_000, "exact", 1.5],
  ] as const)("%i × %i, %s: are read window by window, and few are held at once", async (n, d, solver, windowsHeld) => {
    const { data, loadings, most } = made(n, d);
    const before = tf.memory();
    const found = await principalDirections(data, k, { solver, seed: 1, onProgress: () => undefined, keptBytes: 2 ** 22 });
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(n).toBeGreaterThan(windowRows(d));
    expect(most() - before.numBytes).toBeLessThan(windowsHeld * 4 * windowRows(d) * d);
    expect(found.eigenvalues.subarray(0, k).reduce((sum, value) => sum + value, 0) / found.totalVariance).toBeCloseTo(1, 4);
    const angles = await principalAngles(loadings, found.directions, k, d);
    expect(angles.at(-1)!).toBeLessThan(1e-3);
  });

  it("can be given up between windows", async () => {
    const abort = new AbortController();
    const { data } = made(6000, 600);
    const before = tf.memory().numTensors;
    const solving = principalDirections(data, k, { solver: "randomized", seed: 1, signal: abort.signal, onProgress: fraction => { if (fraction > 0.1) abort.abort(); } });
    await expect(solving).rejects.toMatchObject({ code: "cancelled" });
    expect(tf.memory().numTensors).toBe(before);
  });
});

function orthogonalityError(directions: Float64Array, k: number, d: number): number {
  let worst = 0;
  for (let i = 0; i < k; i++) for (let j = 0; j <= i; j++) {
    let dot = 0;
    for (let c = 0; c < d; c++) dot += directions[i * d + c]! * directions[j * d + c]!;
    worst = Math.max(worst, Math.abs(dot - (i === j ? 1 : 0)));
  }
  return worst;
}
