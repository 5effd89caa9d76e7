import { covarianceOf, meanOf } from "../statistics";
import { symmetricEigen } from "../linalg/symmetricEigen";
import type { Projection } from "./projection";

/** The directions of greatest variance of the latents themselves (PCA of [n × dim], f64). */
export const principal: Projection = {
  title: "Principal axes of the latents",
  dimensions: dim => [2, 3].filter(dimensions => dimensions < dim),
  project: async ({ data, dim }, dimensions) => {
    const n = data.length / dim;
    const mean = meanOf(data, dim);
    const { values, vectors } = await symmetricEigen(covarianceOf(data, dim, mean), dim, dimensions);
    const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
    const projected = new Float32Array(n * dimensions);
    for (let k = 0; k < dimensions; k++) {
      const direction = vectors.subarray(k * dim, (k + 1) * dim);
      const sign = direction.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0) < 0 ? -1 : 1;
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < dim; j++) sum += (data[i * dim + j]! - mean[j]!) * direction[j]!;
        projected[i * dimensions + k] = sign * sum;
      }
    }
    const share = (k: number) => (total > 0 ? ` (${((100 * values[k]!) / total).toFixed(1)} %)` : "");
    return { data: projected, dimensions, axes: Array.from({ length: dimensions }, (_, k) => `PC ${k + 1}${share(k)}`) };
  },
};
