import * as tf from "@tensorflow/tfjs-core";
import { isCancelled } from "../../protocol/errors";
import { rowSize } from "../../protocol/data";
import { principalAngles } from "../linalg/principalAngles";
import type { TrainingData } from "../trainingData";
import { autoencoderModel, checkLatentDim } from "./autoencoderModel";
import { trainingDefaults, trainingHyperparameters } from "./gradientFit";
import { dense, network } from "./layers";
import { meanSquaredError } from "./losses";
import { defineModel, type FitContext, type FitOutcome, type Model } from "./model";
import { eachWindow } from "../rowWindows";
import { principalDirections } from "./principal/principalDirections";

/**
 * z = x W + b, x̂ = z V + c, trained by gradient descent. Its global minimum spans the principal subspace (Bourlard & Kamp
 * 1988; Baldi & Hornik 1989), which is what makes it worth training beside PCA: the fit ends by computing that subspace
 * and the angles between the two. All rows are learned from by default, so that both see the same data, and the rate
 * falls to 0, without which the last principal directions never settle.
 */
export const linearAutoencoder = defineModel({
  title: "Linear Autoencoder",
  detail: "a trained net without activations; finds the subspace that PCA computes",
  reference: "https://doi.org/10.1016/0893-6080(89)90014-2",
  hyperparameters: {
    latentDim: { kind: "integer", label: "Latent dimensions", default: 32, min: 1, max: 1024, atMostRowSize: true },
    ...trainingHyperparameters,
    learningRate: { ...trainingHyperparameters.learningRate, default: 0.003 },
    validation: { ...trainingHyperparameters.validation, default: 0 },
  },
  accepts: ["image", "table", "vector"],
  // As wide as the row it would copy everything and show nothing.
  defaults: schema => ({ ...trainingDefaults(schema), latentDim: Math.max(1, Math.min(32, Math.floor(rowSize(schema) / 2))) }),
  epochs: values => values.epochs,
  validationShare: values => values.validation,
  create(schema, values, start): Model {
    checkLatentDim(values.latentDim, schema);
    const size = rowSize(schema);
    const encoder = network("encoder", [dense(size, values.latentDim, "linear")], start);
    const decoder = network("decoder", [dense(values.latentDim, size, "linear")], start);
    const model = autoencoderModel(encoder, decoder, values.latentDim, values);
    return {
      ...model,
      fit: async (data, context) => {
        const outcome = await model.fit(data, context);
        try {
          return await comparedWithPca(model, decoder.variables["decoder.0.kernel"]!, outcome, data, context, values.latentDim);
        } catch (error) {
          if (isCancelled(error)) return outcome; // the net itself is complete
          throw error;
        }
      },
    };
  },
});

/** Adds the principal angles between decoder and PCA, and the squared error relative to PCA's, which is the least there is. */
async function comparedWithPca(model: Model, kernel: tf.Variable, outcome: FitOutcome, data: TrainingData, context: FitContext, k: number): Promise<FitOutcome> {
  const d = rowSize(data.schema);
  const report = () => context.onProgress({ fraction: 1, epoch: outcome.history.length, epochs: outcome.history.length, losses: null, history: outcome.history });
  const { directions, eigenvalues, totalVariance } = await principalDirections(data, k, { solver: "auto", seed: context.seed, signal: context.signal, onProgress: report });
  const angles = await principalAngles(Float64Array.from(await kernel.data()), directions, k, d);
  const explained = eigenvalues.subarray(0, k).reduce((sum, value) => sum + value, 0);
  let error = 0;
  await eachWindow(data, context.signal, async x => {
    const mean = tf.tidy(() => meanSquaredError(x, model.decode!(model.encode!(x))));
    error += ((await mean.data())[0]! * x.shape[0]) / data.schema.count;
    mean.dispose();
  });
  const least = (totalVariance - explained) / d;
  return {
    ...outcome,
    metrics: {
      ...outcome.metrics,
      // Where k directions explain everything there is nothing to divide by.
      ...(least > 1e-9 * (totalVariance / d) ? { "error relative to PCA": error / least } : {}),
      "largest angle to PCA (°)": (angles.at(-1)! * 180) / Math.PI,
    },
    tensors: { ...outcome.tensors, principal_angles: { shape: [k], data: angles } },
  };
}
