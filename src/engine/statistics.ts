import { symmetricEigen } from "./linalg/symmetricEigen";
import { random } from "./random";

// Descriptions of a cloud of latents [n × dim], row-major f32, that hold for any model.

export const summaryQuantiles = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1] as const;

/**
 * Values of each dimension at the given quantiles [dim × quantiles], by linear interpolation between order statistics
 * (type 7 of Hyndman & Fan 1996). `pause` is awaited after each dimension.
 */
export async function quantiles(latents: Float32Array, dim: number, at: readonly number[], pause?: () => Promise<void>): Promise<Float32Array> {
  const n = latents.length / dim;
  const result = new Float32Array(dim * at.length);
  const column = new Float32Array(n);
  for (let j = 0; j < dim; j++) {
    for (let i = 0; i < n; i++) column[i] = latents[i * dim + j]!;
    column.sort();
    at.forEach((quantile, q) => {
      const position = quantile * (n - 1);
      const below = Math.floor(position);
      const above = Math.min(n - 1, below + 1);
      result[j * at.length + q] = column[below]! + (position - below) * (column[above]! - column[below]!);
    });
    await pause?.();
  }
  return result;
}

/** Mean of each dimension. */
export function meanOf(latents: Float32Array, dim: number): Float32Array {
  const n = latents.length / dim;
  const sums = new Float64Array(dim);
  for (let i = 0; i < n; i++) for (let j = 0; j < dim; j++) sums[j]! += latents[i * dim + j]!;
  return Float32Array.from(sums, sum => sum / n);
}

/** Covariance matrix (divisor n) [dim × dim], f64. */
export function covarianceOf(latents: Float32Array, dim: number, mean: Float32Array): Float64Array {
  const n = latents.length / dim;
  const covariance = new Float64Array(dim * dim);
  const row = new Float64Array(dim);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < dim; j++) row[j] = latents[i * dim + j]! - mean[j]!;
    for (let j = 0; j < dim; j++) {
      const value = row[j]!;
      for (let k = j; k < dim; k++) covariance[j * dim + k]! += value * row[k]!;
    }
  }
  for (let j = 0; j < dim; j++) for (let k = j; k < dim; k++) covariance[k * dim + j] = covariance[j * dim + k]! /= n;
  return covariance;
}

/** A draw from the Gaussian with the latents' own mean and covariance: mean + Σ_j √λ_j ε_j v_j. */
export async function drawGaussian(latents: Float32Array, dim: number, seed: number): Promise<Float32Array> {
  const mean = meanOf(latents, dim);
  const { values, vectors } = await symmetricEigen(covarianceOf(latents, dim, mean), dim, dim);
  const stream = random(seed, "draw");
  const z = Float64Array.from(mean);
  for (let j = 0; j < dim; j++) {
    const weight = Math.sqrt(Math.max(0, values[j]!)) * stream.normal();
    for (let c = 0; c < dim; c++) z[c]! += weight * vectors[j * dim + c]!;
  }
  return Float32Array.from(z);
}
