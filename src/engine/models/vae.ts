import * as tf from "@tensorflow/tfjs-core";
import { rowSize } from "../../protocol/data";
import { normals, random } from "../random";
import { checkLatentDim, continuousLatents } from "./autoencoderModel";
import { denseStack, hiddenLayers, usualHidden } from "./autoencoder";
import { gradientFit, trainingDefaults, trainingHyperparameters } from "./gradientFit";
import { network, readVariables } from "./layers";
import { bernoulliNegativeLogLikelihood, gaussianKl, gaussianNegativeLogLikelihood } from "./losses";
import { defineModel } from "./model";

/**
 * Variational autoencoder (Kingma & Welling 2014): q(z|x) = N(zMean, e^{zLogVar}), z = zMean + e^{zLogVar/2} ε, trained on
 * reconstruction + β KL; β ≠ 1 is the β-VAE of Higgins et al. 2017, eq. 4. Images scaled to [0, 1] are Bernoulli in
 * each pixel, other rows Gaussian with unit variance in model space.
 */
export const vae = defineModel({
  title: "VAE",
  detail: "an autoencoder with a prior: its latent space can be sampled; β > 1 disentangles",
  reference: "https://arxiv.org/abs/1312.6114",
  hyperparameters: {
    latentDim: { kind: "integer", label: "Latent dimensions", default: 2, min: 1, max: 1024, atMostRowSize: true },
    beta: { kind: "number", label: "β", detail: "weight of the KL term", default: 1, min: 0, max: 1000 },
    hidden: hiddenLayers,
    ...trainingHyperparameters,
  },
  accepts: ["image", "table", "vector"],
  defaults: schema => ({ ...trainingDefaults(schema), hidden: usualHidden(schema) }),
  epochs: values => values.epochs,
  validationShare: values => values.validation,
  create(schema, values, start) {
    checkLatentDim(values.latentDim, schema);
    const size = rowSize(schema);
    const { latentDim, beta } = values;
    const bernoulli = schema.kind === "image" && schema.range?.join() === "0,1";
    const encoder = network("encoder", denseStack(size, values.hidden, 2 * latentDim), start);
    const decoder = network("decoder", denseStack(latentDim, values.hidden.toReversed(), size), start);
    const variables = { ...encoder.variables, ...decoder.variables };
    const posterior = (x: tf.Tensor2D) => tf.split(encoder.apply(x) as tf.Tensor2D, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return {
      latent: continuousLatents(latentDim),
      fit: (data, context) => gradientFit({
        variables,
        loss: (x, noise) => {
          const [zMean, zLogVar] = posterior(x);
          const epsilon = tf.tensor2d(normals(x.shape[0] * latentDim, noise), [x.shape[0], latentDim]);
          const z = tf.add(zMean, tf.mul(tf.exp(tf.mul(zLogVar, 0.5)), epsilon));
          const output = decoder.apply(z) as tf.Tensor2D;
          const reconstruction = bernoulli ? bernoulliNegativeLogLikelihood(x, output) : gaussianNegativeLogLikelihood(x, output);
          const kl = gaussianKl(zMean, zLogVar);
          return { total: tf.add(reconstruction, tf.mul(kl, beta)), reconstruction, kl };
        },
      }, data, context, values),
      weights: () => readVariables(variables),
        dispose: () => {
        encoder.dispose();
        decoder.dispose();
      },
      encode: x => tf.tidy(() => posterior(x)[0]),
      decode: z => tf.tidy(() => {
        const output = decoder.apply(z) as tf.Tensor2D;
        return bernoulli ? tf.sigmoid(output) : output;
      }),
      sample: (count, drawSeed) => tf.tensor2d(normals(count * latentDim, random(drawSeed, "prior")), [count, latentDim]),
    };
  },
});
