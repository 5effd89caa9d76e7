import type * as tf from "@tensorflow/tfjs-core";
import { LatentError } from "../../protocol/errors";
import type { LatentSpace, Schema } from "../../protocol/data";
import { rowSize } from "../../protocol/data";
import { gradientFit, type GradientFitOptions } from "./gradientFit";
import { readVariables, type Activation, type Network } from "./layers";
import { meanSquaredError } from "./losses";
import type { Model } from "./model";

/** Latent dimensions named z 1, z 2, …, all continuous. */
export function continuousLatents(dim: number): LatentSpace {
  return { dim, blocks: [{ name: "z", kind: "continuous", start: 0, size: dim }] };
}

/** The last activation of a decoder: values known to lie in [0, 1] come from a sigmoid, all others from a linear layer. */
export function outputActivation({ range }: Schema): Activation {
  return range?.join() === "0,1" ? "sigmoid" : "linear";
}

/** Throws `bad-request` when the bottleneck would be wider than the rows, where nothing is compressed. */
export function checkLatentDim(latentDim: number, schema: Schema): void {
  const size = rowSize(schema);
  if (latentDim > size) throw new LatentError("bad-request", `${latentDim} latent dimensions for rows of ${size} values: choose at most ${size}`);
}

/**
 * A deterministic autoencoder of two networks, trained on the mean squared error per value
 * (Hinton & Salakhutdinov 2006; Goodfellow, Bengio & Courville 2016, eq. 14.1).
 */
export function autoencoderModel(encoder: Network, decoder: Network, latentDim: number, options: GradientFitOptions): Model {
  const variables = { ...encoder.variables, ...decoder.variables };
  return {
    latent: continuousLatents(latentDim),
    fit: (data, context) => gradientFit({
      variables,
      loss: (x, _noise, training) => {
        const reconstruction = meanSquaredError(x, decoder.apply(encoder.apply(x, training), training));
        return { total: reconstruction };
      },
    }, data, context, options),
    weights: () => readVariables(variables),
    dispose: () => {
      encoder.dispose();
      decoder.dispose();
    },
    encode: x => encoder.apply(x) as tf.Tensor2D,
    decode: z => decoder.apply(z) as tf.Tensor2D,
  };
}
