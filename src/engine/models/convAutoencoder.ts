import { LatentError } from "../../protocol/errors";
import { autoencoderModel, checkLatentDim, outputActivation } from "./autoencoderModel";
import { trainingDefaults, trainingHyperparameters } from "./gradientFit";
import { batchNormalization, conv2d, conv2dTranspose, dense, network, reshape, type Activation, type Layer } from "./layers";
import { defineModel } from "./model";

const kernelSize = 3;
const stride = 2;

/**
 * Convolutional autoencoder (Masci et al. 2011, with strided instead of pooled layers as in Springenberg et al. 2015):
 * each layer halves the image, a dense layer makes the bottleneck, transposed convolutions mirror the way back.
 */
export const convAutoencoder = defineModel({
  title: "Convolutional Autoencoder",
  detail: "strided convolutions around a bottleneck; for images",
  reference: "https://doi.org/10.1007/978-3-642-21735-7_7",
  hyperparameters: {
    latentDim: { kind: "integer", label: "Latent dimensions", default: 16, min: 1, max: 1024, atMostRowSize: true },
    filters: { kind: "layers", label: "Filters", detail: "per convolution; each halves height and width", default: [16, 32], min: 1, max: 1024, advanced: true },
    batchNormalization: { kind: "boolean", label: "Batch normalization", detail: "after each convolution but the last; deep stacks of them learn faster with it", default: false, advanced: true },
    ...trainingHyperparameters,
    learningRate: { ...trainingHyperparameters.learningRate, default: 0.002 },
  },
  accepts: ["image"],
  defaults: trainingDefaults,
  epochs: values => values.epochs,
  validationShare: values => values.validation,
  create(schema, values, start) {
    checkLatentDim(values.latentDim, schema);
    if (values.filters.length === 0) throw new LatentError("bad-request", "Filters: at least one convolution is needed");
    const sizes = [schema.shape, ...values.filters.map((filters, i) => halved(schema.shape, i + 1, filters))];
    const inner = sizes.at(-1)!;
    const flat = inner.reduce((product, size) => product * size, 1);
    const rectified = (layer: (activation: Activation) => Layer, shape: number[]) => (values.batchNormalization ? [layer("linear"), batchNormalization(shape, "relu")] : [layer("relu")]);
    const encoder: Layer[] = [
      reshape(schema.shape),
      ...values.filters.flatMap((filters, i) => rectified(activation => conv2d(sizes[i]!, filters, kernelSize, stride, activation), sizes[i + 1]!)),
      reshape([flat]),
      dense(flat, values.latentDim, "linear"),
    ];
    const back = sizes.toReversed();
    const decoder: Layer[] = [
      dense(values.latentDim, flat, "relu"),
      reshape(inner),
      ...back.slice(1).flatMap((output, i) => {
        const layer = (activation: Activation) => conv2dTranspose(back[i]!, output, kernelSize, stride, activation);
        return i === back.length - 2 ? [layer(outputActivation(schema))] : rectified(layer, output);
      }),
      reshape([schema.shape.reduce((product, size) => product * size, 1)]),
    ];
    return autoencoderModel(network("encoder", encoder, start), network("decoder", decoder, start), values.latentDim, values);
  },
});

/** Size after `times` strided convolutions with padding "same". */
function halved([height, width]: number[], times: number, filters: number): number[] {
  const size = (length: number) => Array.from({ length: times }).reduce<number>(value => Math.ceil(value / stride), length);
  return [size(height!), size(width!), filters];
}
