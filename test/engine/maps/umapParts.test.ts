import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import { jacobiEigen } from "../../../src/engine/maps/jacobi";
import { fitUmapCurve } from "../../../src/engine/maps/umapCurve";
import { fuzzySet } from "../../../src/engine/maps/umapGraph";
import { spectrum } from "../../../src/engine/maps/umapSpectral";
import { symmetricEigen } from "../../../src/engine/linalg/symmetricEigen";
import { random } from "../../../src/engine/random";
import { mnistDigits } from "../../helpers/memoryDataset";
import { bruteForceGraph } from "../../helpers/neighbors";

let crew: Crew;
beforeAll(async () => void (crew = openCrew({ folder: await buildKernels(), threads: 2 })));
afterAll(() => crew.close());

const digits = (count: number) => mnistDigits(count, 2).rows(Int32Array.from({ length: count }, (_, i) => i));

describe("the parts of UMAP", () => {
  // umap-learn 0.5.3: find_ab_params(spread, min_dist), which fits by scipy's curve_fit.
  it.each([[0.1, 1, 1.5769434602, 0.8950608780], [0.5, 1, 0.5830300205, 1.3341669929], [0, 1, 1.9328083976, 0.7904949734], [0.25, 2, 0.4162734969, 0.9218551322], [0.99, 1, 0.1193053001, 1.9163904159]])(
    "fit the curve for minDist %s and spread %s as scipy does", (minDist, spread, a, b) => {
      const curve = fitUmapCurve(minDist, spread);
      expect(curve.a / a).toBeCloseTo(1, 5);
      expect(curve.b / b).toBeCloseTo(1, 5);
    });

  it("give the memberships of umap-learn", async () => {
    const set = fuzzySet(bruteForceGraph(await digits(200), 200, 196, 14), 15, crew);
    // umap-learn 0.5.3: fuzzy_simplicial_set(X, 15, RandomState(0), "euclidean") of the same pixels: nnz, sum, sum of squares, and row 0.
    expect(set.columns.length).toBe(4182);
    expect(set.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1303.5479, 2);
    expect(set.weights.reduce((sum, weight) => sum + weight * weight, 0)).toBeCloseTo(708.15894, 2);
    expect([...set.columns.subarray(0, set.starts[1])]).toEqual([9, 17, 20, 34, 36, 41, 64, 70, 77, 79, 83, 86, 114, 118, 119, 122, 133, 141, 175]);
    const row = [
      0.21643397212028503, 1.0, 0.2601286470890045, 0.24376000463962555, 0.7823570370674133, 0.9379163980484009, 0.24847275018692017, 0.7366834282875061, 0.19741712510585785, 0.1195647343993187,
      0.18690183758735657, 1.0, 0.09391825646162033, 0.10900416970252991, 0.11787790805101395, 0.11666416376829147, 0.37106868624687195, 0.43963348865509033, 0.14353658258914948,
    ];
    row.forEach((weight, entry) => expect(set.weights[entry]).toBeCloseTo(weight, 5));
  });

  it("give the eigenvectors that a dense decomposition gives", async () => {
    const set = fuzzySet(bruteForceGraph(await digits(600), 600, 196, 14), 15, crew);
    const { values, vectors, converged } = spectrum(set, 3, 1, crew);
    expect(converged).toBe(true);
    const degrees = Array.from({ length: set.count }, (_, row) => set.weights.subarray(set.starts[row], set.starts[row + 1]).reduce((sum, weight) => sum + weight, 0));
    const matrix = new Float64Array(set.count ** 2);
    for (let row = 0; row < set.count; row++) {
      for (let entry = set.starts[row]!; entry < set.starts[row + 1]!; entry++) matrix[row * set.count + set.columns[entry]!] = set.weights[entry]! / Math.sqrt(degrees[row]! * degrees[set.columns[entry]!]!);
    }
    const exact = await symmetricEigen(matrix, set.count, 4);
    for (let i = 0; i < 3; i++) {
      expect(values[i]).toBeCloseTo(1 - exact.values[i + 1]!, 6);
      let product = 0;
      for (let row = 0; row < set.count; row++) product += vectors[i * set.count + row]! * exact.vectors[(i + 1) * set.count + row]!;
      expect(Math.abs(product)).toBeCloseTo(1, 5);
    }
  });

  it("decompose small matrices", async () => {
    const n = 20;
    const stream = random(1, "jacobi");
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = stream.normal();
    const exact = await symmetricEigen(matrix.slice(), n, n);
    const { values, vectors } = jacobiEigen(matrix.slice(), n);
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(exact.values[i]!, 12);
      for (let row = 0; row < n; row++) {
        let product = 0;
        for (let j = 0; j < n; j++) product += matrix[row * n + j]! * vectors[i * n + j]!;
        expect(product).toBeCloseTo(value * vectors[i * n + row]!, 12);
      }
    });
  });
});
