import type { Projection } from "./projection";

/** The first coordinates as they are: the whole truth of a two- or three-dimensional latent space. */
export const axes: Projection = {
  title: "Latent axes",
  dimensions: dim => [2, 3].filter(dimensions => dimensions <= dim),
  project: async ({ data, dim, names }, dimensions) => {
    const n = data.length / dim;
    const picked = new Float32Array(n * dimensions);
    for (let i = 0; i < n; i++) for (let j = 0; j < dimensions; j++) picked[i * dimensions + j] = data[i * dim + j]!;
    return { data: picked, dimensions, axes: names.slice(0, dimensions) };
  },
};
