import { rowSize, type Schema } from "../../protocol/data";
import { autoencoderModel, checkLatentDim, outputActivation } from "./autoencoderModel";
import { trainingDefaults, trainingHyperparameters } from "./gradientFit";
import { dense, network, type Activation, type Layer } from "./layers";
import { defineModel } from "./model";

/** Dense layers of the given widths with ReLU between them: [inputs] → widths → [outputs]. */
export function denseStack(inputs: number, widths: readonly number[], outputs: number, last: Activation = "linear"): Layer[] {
  const layers = widths.map((width, i) => dense(widths[i - 1] ?? inputs, width, "relu"));
  return [...layers, dense(widths.at(-1) ?? inputs, outputs, last)];
}

/** The widths of the hidden layers, as every dense model asks for them. */
export const hiddenLayers = {
  kind: "layers", label: "Hidden layers", detail: "widths from the data to the bottleneck; the decoder mirrors them", default: [512, 256], min: 1, max: 8192, advanced: true,
} as const;

/** Narrow rows need no wide layers. */
export function usualHidden(schema: Schema): number[] {
  return rowSize(schema) < 64 ? [64, 32] : hiddenLayers.default.slice();
}

/** Dense autoencoder with mirrored ReLU encoder and decoder (Hinton & Salakhutdinov 2006). */
export const autoencoder = defineModel({
  title: "Autoencoder",
  detail: "dense layers around a bottleneck; curved where PCA is flat",
  reference: "https://doi.org/10.1126/science.1127647",
  hyperparameters: {
    latentDim: { kind: "integer", label: "Latent dimensions", default: 2, min: 1, max: 1024, atMostRowSize: true },
    hidden: hiddenLayers,
    ...trainingHyperparameters,
    learningRate: { ...trainingHyperparameters.learningRate, default: 0.002 },
  },
  accepts: ["image", "table", "vector"],
  defaults: schema => ({ ...trainingDefaults(schema), hidden: usualHidden(schema) }),
  epochs: values => values.epochs,
  validationShare: values => values.validation,
  create(schema, values, start) {
    checkLatentDim(values.latentDim, schema);
    const size = rowSize(schema);
    const encoder = network("encoder", denseStack(size, values.hidden, values.latentDim), start);
    const decoder = network("decoder", denseStack(values.latentDim, values.hidden.toReversed(), size, outputActivation(schema)), start);
    return autoencoderModel(encoder, decoder, values.latentDim, values);
  },
});
