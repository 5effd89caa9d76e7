import {
  backend_util, util, type Conv2DAttrs, type Conv2DBackpropFilterAttrs, type Conv2DBackpropInputAttrs, type TensorInfo,
} from "@tensorflow/tfjs-core";
import { convolveDirectly, directParts, isDirect } from "./directConvolution";
import { epilogueOf } from "./epilogue";
import type { KernelHeap } from "./kernelHeap";
import { multiply, strided } from "./matMul";
import type { FastKernel, Inputs } from "./register";

// Conv2D and its two gradients on the wasm backend, NHWC and float32 alone. tfjs's gradient kernels have no dilations among
// their attributes; ours take them as one more, given by convolutionGradients.ts.

type Shape4D = [number, number, number, number];
type Dilated<Attrs> = Attrs & { dilations?: [number, number] | number };
type Info = backend_util.Conv2DInfo;

/** Values of a chunk of the columns matrix: 256 kB, so that they are still in the cache when they are multiplied. */
const CHUNK = 65_536;
/** Fields of ConvolutionShape in wasm/columns.ts. */
const SHAPE_FIELDS = 16;

/** x [batch, height, width, inChannels] ∗ filter [height, width, inChannels, outChannels] → [batch, outHeight, outWidth, outChannels]; as FusedConv2D with a bias [outChannels] and an activation. */
export function conv2D(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { x, filter, bias } = inputs as Inputs<"x" | "filter"> & { bias?: TensorInfo };
    if (!isSupported(attrs, x, filter)) return undefined;
    const info = infoOf(x.shape as Shape4D, filter.shape as Shape4D, attrs as unknown as Conv2DAttrs);
    const epilogue = epilogueOf(heap, bias, info.outChannels, attrs);
    if (!epilogue) return undefined;
    const out = heap.output(info.outShape);
    if (util.sizeFromShape(info.outShape) === 0) return out;
    const [from, weights, to] = [heap.addressOf(x), heap.addressOf(filter), heap.addressOf(out)];
    const { pixels, taps, outChannels } = sizesOf(info);
    if (isProduct(info)) {
      multiply(heap, strided(from, taps, false), strided(weights, outChannels, false), to, pixels, outChannels, taps, epilogue);
    } else if (isDirect(info)) {
      convolveDirectly(heap, info, from, weights, to, epilogue, directParts(heap.partsFor(pixels * taps * outChannels), pixels));
    } else {
      const { parts, shape, scratch } = prepare(heap, info);
      heap.run("convolution", parts, from, weights, to, shape, scratch, ...epilogue);
    }
    return out;
  };
}

/** The gradient of `conv2D` for x, [batch, height, width, inChannels]: also the transposed convolution of dy. */
export function conv2DBackpropInput(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { dy, filter } = inputs as Inputs<"dy" | "filter">;
    if (!isSupported(attrs, dy, filter)) return undefined;
    const { inputShape, ...rest } = attrs as unknown as Dilated<Conv2DBackpropInputAttrs>;
    const info = infoOf(inputShape, filter.shape as Shape4D, rest);
    assertShapeOfDy(dy, info);
    const out = heap.output(info.inShape);
    if (util.sizeFromShape(info.inShape) === 0) return out;
    const [from, weights, to] = [heap.addressOf(dy), heap.addressOf(filter), heap.addressOf(out)];
    const { pixels, taps, outChannels } = sizesOf(info);
    if (isProduct(info)) {
      multiply(heap, strided(from, outChannels, false), strided(weights, outChannels, true), to, pixels, taps, outChannels);
    } else {
      const { parts, shape, scratch } = prepare(heap, info);
      heap.run("convolutionInputGradient", parts, from, weights, to, shape, scratch);
    }
    return out;
  };
}

/** The gradient of `conv2D` for its filter, [height, width, inChannels, outChannels]. */
export function conv2DBackpropFilter(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { x, dy } = inputs as Inputs<"x" | "dy">;
    if (!isSupported(attrs, x, dy)) return undefined;
    const { filterShape, ...rest } = attrs as unknown as Dilated<Conv2DBackpropFilterAttrs>;
    const info = infoOf(x.shape as Shape4D, filterShape, rest);
    assertShapeOfDy(dy, info);
    const out = heap.output(filterShape);
    if (util.sizeFromShape(filterShape) === 0) return out;
    const [from, gradient, to] = [heap.addressOf(x), heap.addressOf(dy), heap.addressOf(out)];
    const { pixels, taps, outChannels } = sizesOf(info);
    if (isProduct(info)) {
      multiply(heap, strided(from, taps, true), strided(gradient, outChannels, false), to, taps, outChannels, pixels);
    } else {
      const values = taps * outChannels;
      const { parts, shape, scratch, extra } = prepare(heap, info, values);
      heap.run("convolutionFilterGradient", parts, from, gradient, parts === 1 ? to : extra, shape, scratch);
      if (parts > 1) heap.run("columnSums", 1, extra, to, parts, values, 1);
    }
    return out;
  };
}

/** True where our kernels take the tensors: NHWC and float32. */
export function isSupported(attrs: object, ...tensors: TensorInfo[]): boolean {
  const { dataFormat } = attrs as Partial<Conv2DAttrs>;
  return (dataFormat ?? "NHWC") === "NHWC" && tensors.every(tensor => tensor.dtype === "float32");
}

/** Sizes and padding of a convolution; throws where the filter is larger than the padded image. */
export function infoOf(inShape: Shape4D, filterShape: Shape4D, attrs: Dilated<Omit<Conv2DAttrs, "dilations">>): Info {
  const { strides, pad, dilations = 1, dimRoundingMode } = attrs;
  const info = backend_util.computeConv2DInfo(inShape, filterShape, strides, dilations, pad, dimRoundingMode);
  util.assert(
    info.outHeight >= 0 && info.outWidth >= 0,
    () => `filter [${filterShape}] with padding ${JSON.stringify(pad)} and dilations ${dilations} is larger than the image [${inShape}]`,
  );
  return info;
}

/** Reading dy beyond its end would go unnoticed; a transposed convolution to an impossible shape comes to this. */
export function assertShapeOfDy(dy: TensorInfo, info: Info): void {
  util.assert(
    util.arraysEqual(dy.shape, info.outShape),
    () => `a convolution from [${info.inShape}] with filter [${info.filterShape}] gives [${info.outShape}], but dy is [${dy.shape}]`,
  );
}

/** Sizes of the columns matrix [pixels, taps], and the columns of the filter as a matrix [taps, outChannels]. */
export function sizesOf({ batchSize, outHeight, outWidth, filterHeight, filterWidth, inChannels, outChannels }: Info) {
  return { pixels: batchSize * outHeight * outWidth, taps: filterHeight * filterWidth * inChannels, outChannels };
}

/** True where x itself is the columns matrix: a 1 × 1 filter on every pixel, or one that covers exactly the whole image. */
function isProduct(info: Info): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
  const unpadded = padInfo.top === 0 && padInfo.left === 0;
  const everyPixel =
    filterHeight === 1 && filterWidth === 1 && strideHeight === 1 && strideWidth === 1 && outHeight === inHeight && outWidth === inWidth;
  const wholeImage =
    outHeight === 1 && outWidth === 1 && filterHeight === inHeight && filterWidth === inWidth &&
    info.dilationHeight === 1 && info.dilationWidth === 1;
  return unpadded && (everyPixel || wholeImage);
}

/**
 * Writes the convolution's shape for the kernel and gives its address, the parts to divide it into, and scratch memory: for
 * each part the product's and a chunk, and at `extra` so many values.
 */
function prepare(heap: KernelHeap, info: Info, valuesPerPart = 0): { parts: number; shape: number; scratch: number; extra: number } {
  const { pixels, taps, outChannels } = sizesOf(info);
  const chunkRows = heap.tileRows * Math.max(1, Math.floor(CHUNK / taps / heap.tileRows));
  const parts = heap.partsFor(pixels * taps * outChannels);
  const shapeOffset = parts * (heap.productScratch + 64 * Math.ceil((chunkRows * taps * 4) / 64));
  const extraOffset = shapeOffset + SHAPE_FIELDS * 4;
  const scratch = heap.scratch(extraOffset + parts * valuesPerPart * 4);
  const shape = scratch + shapeOffset;
  new Int32Array(heap.memory.buffer, shape, SHAPE_FIELDS).set([
    info.batchSize, info.inHeight, info.inWidth, info.inChannels,
    info.outHeight, info.outWidth, info.outChannels,
    info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth,
    info.dilationHeight, info.dilationWidth, info.padInfo.top, info.padInfo.left,
    chunkRows,
  ]);
  return { parts, shape, scratch, extra: scratch + extraOffset };
}
