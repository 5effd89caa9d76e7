import { describe, expect, it } from "vitest";
import { orthonormalRows } from "../../../src/engine/linalg/orthonormalRows";
import { symmetricEigen } from "../../../src/engine/linalg/symmetricEigen";
import { random } from "../../../src/engine/random";

function symmetric(n: number, seed: number): Float64Array {
  const stream = random(seed, "symmetric");
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = stream.normal();
  return a;
}

/** Q diag(values) Qᵀ with a random orthogonal Q. */
function withSpectrum(values: number[], seed: number): Float64Array {
  const n = values.length;
  const stream = random(seed, "basis");
  const q = orthonormalRows(Float64Array.from({ length: n * n }, () => stream.normal()), n, n);
  const a = new Float64Array(n * n);
  for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j]! += values[k]! * q[k * n + i]! * q[k * n + j]!;
  return a;
}

/** Largest entry of A v − λ v over the vectors, and of V Vᵀ − I. */
function errors(a: Float64Array, n: number, values: Float64Array, vectors: Float64Array) {
  const k = vectors.length / n;
  let residual = 0;
  let orthogonality = 0;
  for (let v = 0; v < k; v++) {
    const x = vectors.subarray(v * n, v * n + n);
    for (let i = 0; i < n; i++) {
      let sum = -values[v]! * x[i]!;
      for (let j = 0; j < n; j++) sum += a[i * n + j]! * x[j]!;
      residual = Math.max(residual, Math.abs(sum));
    }
    for (let w = 0; w <= v; w++) {
      let dot = v === w ? -1 : 0;
      for (let i = 0; i < n; i++) dot += x[i]! * vectors[w * n + i]!;
      orthogonality = Math.max(orthogonality, Math.abs(dot));
    }
  }
  return { residual, orthogonality };
}

describe("symmetricEigen", () => {
  it("solves a 2 × 2 matrix by hand", async () => {
    const { values, vectors } = await symmetricEigen(Float64Array.of(2, 1, 1, 2), 2, 2);
    expect(values[0]).toBeCloseTo(3, 12);
    expect(values[1]).toBeCloseTo(1, 12);
    expect(Math.abs(vectors[0]! - vectors[1]!)).toBeLessThan(1e-12); // (1, 1) / √2
  });

  for (const n of [1, 2, 3, 10, 57, 160]) {
    for (const k of [...new Set([0, 1, Math.ceil(n / 3), n])]) {
      it(`has small residuals and orthogonal vectors, n = ${n}, k = ${k}`, async () => {
        const a = symmetric(n, n);
        const { values, vectors } = await symmetricEigen(a.slice(), n, k);
        expect(vectors.length).toBe(k * n);
        const { residual, orthogonality } = errors(a, n, values, vectors);
        expect(residual).toBeLessThan(1e-10);
        expect(orthogonality).toBeLessThan(1e-11);
        const trace = Array.from({ length: n }, (_, i) => a[i * n + i]!).reduce((x, y) => x + y, 0);
        expect(values.reduce((x, y) => x + y, 0)).toBeCloseTo(trace, 8);
        for (let i = 1; i < n; i++) expect(values[i]).toBeLessThanOrEqual(values[i - 1]!);
      });
    }
  }

  const spectra: Record<string, number[]> = {
    "the identity": Array(40).fill(1),
    "the zero matrix": Array(30).fill(0),
    "rank 3 of 50": [9, 4, 1, ...Array(47).fill(0)],
    "clusters that nearly coincide": [5, 5 + 1e-13, 5 + 2e-13, 3, 3, 3, ...Array.from({ length: 30 }, (_, i) => i / 100)],
    "twelve orders of magnitude": Array.from({ length: 40 }, (_, i) => 10 ** (6 - (i * 12) / 39)),
  };
  for (const [name, spectrum] of Object.entries(spectra)) {
    for (const share of [0.2, 0.45, 1]) {
      it(`handles ${name}, ${share * 100} % of the vectors`, async () => {
        const n = spectrum.length;
        const k = Math.ceil(share * n);
        const a = withSpectrum(spectrum, 3);
        const { values, vectors } = await symmetricEigen(a.slice(), n, k);
        const scale = Math.max(1, ...spectrum.map(Math.abs));
        const { residual, orthogonality } = errors(a, n, values, vectors);
        expect(residual).toBeLessThan(1e-10 * scale);
        expect(orthogonality).toBeLessThan(1e-10);
        const sorted = spectrum.slice().sort((x, y) => y - x);
        sorted.forEach((value, i) => expect(Math.abs(values[i]! - value)).toBeLessThan(1e-11 * scale));
      });
    }
  }

  it("handles a covariance with constant columns and values far below rounding", async () => {
    const n = 120;
    const stream = random(9, "covariance");
    const a = new Float64Array(n * n);
    for (let row = 0; row < 40; row++) {
      const x = Float64Array.from({ length: n }, (_, i) => (i % 7 === 0 ? 0 : stream.normal() * 10 ** (-i / 6)));
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j]! += x[i]! * x[j]!;
    }
    for (const k of [20, n]) {
      const { values, vectors } = await symmetricEigen(a.slice(), n, k);
      const { residual, orthogonality } = errors(a, n, values, vectors);
      expect(residual).toBeLessThan(1e-11 * values[0]!);
      expect(orthogonality).toBeLessThan(1e-10);
    }
  });

  it("can be stopped through its progress", async () => {
    await expect(symmetricEigen(symmetric(400, 1), 400, 10, async () => { throw new Error("stop"); })).rejects.toThrow("stop");
  });
});
