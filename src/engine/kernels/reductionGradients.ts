import { fill, mul, reshape, util, type GradConfig, type Tensor } from "@tensorflow/tfjs-core";

// tfjs spreads the gradient of a sum or mean by a product with ones that it makes in JavaScript and uploads, and divides
// afterwards. Filling on the heap with the factor is one short pass instead.

/** Gradients of Sum and Mean. */
export const reductionGradients: GradConfig[] = [
  { kernelName: "Sum", inputsToSave: ["x"], gradFunc: spread(() => 1) },
  { kernelName: "Mean", inputsToSave: ["x"], gradFunc: spread(count => 1 / count) },
];

/** dx = dy · factor(number of values that went into one), in the shape of x. */
function spread(factor: (count: number) => number): GradConfig["gradFunc"] {
  return (upstream, saved, attrs) => {
    const [x] = saved as [Tensor];
    const dy = upstream as Tensor;
    const axes = util.parseAxisParam((attrs as { axis: number | number[] }).axis, x.shape);
    const keptShape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return { x: () => mul(fill(x.shape, factor(x.size / dy.size)), reshape(dy, keptShape)) };
  };
}
