import { engine, type GradConfig, type NamedAttrMap, type Tensor } from "@tensorflow/tfjs-core";

// tfjs refuses the gradient of a dilated convolution and forgets the rounding mode of the forward pass; our kernels know
// both, so these gradients hand all attributes on.

interface ConvolutionAttrs extends NamedAttrMap {
  inputShape: number[];
}

/** Gradients of Conv2D and of its input gradient, which is also the transposed convolution. */
export const convolutionGradients: GradConfig[] = [
  {
    kernelName: "Conv2D",
    inputsToSave: ["x", "filter"],
    gradFunc: (upstream, saved, attrs) => {
      const [x, filter] = saved as [Tensor, Tensor];
      const dy = upstream as Tensor;
      return {
        x: () => run("Conv2DBackpropInput", { dy, filter }, { ...attrs, inputShape: x.shape }),
        filter: () => run("Conv2DBackpropFilter", { x, dy }, { ...attrs, filterShape: filter.shape }),
      };
    },
  },
  {
    kernelName: "Conv2DBackpropInput",
    inputsToSave: ["dy", "filter"],
    gradFunc: (upstream, saved, attrs) => {
      const [dy, filter] = saved as [Tensor, Tensor];
      const { inputShape: _, ...shared } = attrs as ConvolutionAttrs;
      const x = upstream as Tensor; // the adjoint's input is where the convolution reads
      return {
        dy: () => run("Conv2D", { x, filter }, { dilations: 1, ...shared }),
        filter: () => run("Conv2DBackpropFilter", { x, dy }, { ...shared, filterShape: filter.shape }),
      };
    },
  },
];

function run(kernelName: string, inputs: Record<string, Tensor>, attrs: object): Tensor {
  return engine().runKernel(kernelName, inputs, attrs as NamedAttrMap) as Tensor;
}
