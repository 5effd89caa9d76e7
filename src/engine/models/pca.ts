import * as tf from "@tensorflow/tfjs-core";
import { rowSize } from "../../protocol/data";
import { checkLatentDim } from "./autoencoderModel";
import { readVariables, writeVariables } from "./layers";
import { defineModel, type Model } from "./model";
import { principalDirections } from "./principal/principalDirections";
import type { SolverChoice } from "./principal/solver";
import { checkWeights } from "./weights";

/**
 * Principal component analysis (Pearson 1901; Hotelling 1933): z = (x − mean) Cᵀ with the k orthonormal directions of
 * greatest variance as rows of C, optionally divided by their standard deviations (whitening). Signs are fixed so that the
 * largest entry of each direction is positive.
 */
export const pca = defineModel({
  title: "PCA",
  detail: "principal components: the best linear map, exact, in seconds",
  reference: "https://doi.org/10.1080/14786440109462720",
  hyperparameters: {
    latentDim: { kind: "integer", label: "Components", default: 32, min: 1, max: 1024, atMostRowSize: true },
    solver: {
      kind: "choice", label: "Solver", default: "auto", advanced: true,
      options: { auto: "exact unless randomized is much cheaper", exact: "eigenvectors of the covariance (or Gram) matrix", randomized: "block Krylov iteration from a random start; within 0.001 % of the explained variance" },
    },
    whiten: { kind: "boolean", label: "Whiten", detail: "unit variance in every component", default: false, advanced: true },
  },
  accepts: ["image", "table", "vector"],
  create(schema, values, start): Model {
    const size = rowSize(schema);
    const latentDim = values.latentDim;
    checkLatentDim(latentDim, schema);
    const shapes = { mean: [size], components: [latentDim, size], deviations: [latentDim] };
    if ("weights" in start) checkWeights(shapes, start.weights);
    const variable = (name: keyof typeof shapes) => tf.tidy(() => tf.variable("weights" in start ? tf.tensor(start.weights[name]!.data as Float32Array, shapes[name]) : tf.zeros(shapes[name]), false));
    const parts = { mean: variable("mean"), components: variable("components"), deviations: variable("deviations") };
    const { mean, components, deviations } = parts;
    const scale = () => (values.whiten ? deviations : tf.ones([latentDim]));
    return {
      latent: { dim: latentDim, blocks: [{ name: "PC", kind: "continuous", start: 0, size: latentDim }] },
      async fit(data, context) {
        const report = (fraction: number) => context.onProgress({ fraction, epoch: 0, epochs: 0, losses: null, history: [] });
        const found = await principalDirections(data, latentDim, { solver: values.solver as SolverChoice, seed: context.seed, signal: context.signal, onProgress: report });
        const { eigenvalues, totalVariance } = found;
        const explained = eigenvalues.slice(0, latentDim).reduce((sum, value) => sum + value, 0);
        writeVariables(parts, {
          mean: { shape: [size], data: new Float32Array(found.mean) },
          components: { shape: [latentDim, size], data: new Float32Array(found.directions) },
          deviations: { shape: [latentDim], data: Float32Array.from(eigenvalues.slice(0, latentDim), value => Math.sqrt(Math.max(value, 1e-20))) },
        });
        return {
          history: [],
          bestEpoch: 0,
          metrics: { "explained variance": explained / totalVariance, "train reconstruction": Math.max(0, totalVariance - explained) / size, components: latentDim },
          tensors: {
            // Directions beyond the numerical rank have no variance; none is negative by more than rounding.
            explained_variance: { shape: [eigenvalues.length], data: Float64Array.from(eigenvalues, value => Math.max(0, value)) },
            total_variance: { shape: [1], data: Float64Array.of(totalVariance) },
          },
        };
      },
      weights: () => readVariables(parts),
      dispose: () => Object.values(parts).forEach(variable => variable.dispose()),
      encode: x => tf.tidy(() => tf.div(tf.matMul(tf.sub(x, mean) as tf.Tensor2D, components as unknown as tf.Tensor2D, false, true), scale())),
      decode: z => tf.tidy(() => tf.add(tf.matMul(tf.mul(z, scale()) as tf.Tensor2D, components as unknown as tf.Tensor2D), mean)),
    };
  },
});
