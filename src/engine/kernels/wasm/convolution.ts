// Two-dimensional convolution and its two gradients as matrix products with the columns matrix, a chunk of its rows at a
// time so that the chunk stays in the cache. With X the columns matrix [pixels, taps], W the filter [taps, outChannels]
// and Y the output [pixels, outChannels]:   Y = X W,   dX = dY Wᵀ,   dW = Xᵀ dY.
// x is [batch, inHeight, inWidth, inChannels], the filter [filterHeight, filterWidth, inChannels, outChannels],
// y [batch, outHeight, outWidth, outChannels]. `scratch` has for each part PRODUCT_SCRATCH bytes and then its chunk.

import { ConvolutionShape, gatherColumns, scatterColumns } from "./columns";
import { finish } from "./epilogue";
import { at, partStart } from "./parts";
import { PRODUCT_SCRATCH, product } from "./product";
import { TILE_ROWS } from "./tile";

/** This part's own scratch. */
function scratchOf(scratch: usize, shape: ConvolutionShape, part: i32): usize {
  return scratch + <usize>part * (PRODUCT_SCRATCH + (((<usize>(shape.chunkRows * tapsOf(shape)) << 2) + 63) & ~63));
}

function tapsOf(shape: ConvolutionShape): i32 {
  return shape.filterHeight * shape.filterWidth * shape.inChannels;
}

/** y = x ∗ filter, then what epilogue.ts does with bias, activation and alpha. Divided by output pixels. */
export function convolution(
  x: usize, filter: usize, y: usize, shape: ConvolutionShape, scratch: usize, bias: usize, activation: i32, alpha: f32,
  part: i32, parts: i32,
): void {
  scratch = scratchOf(scratch, shape, part);
  const taps = tapsOf(shape);
  const outChannels = shape.outChannels;
  const pixels = shape.batch * shape.outHeight * shape.outWidth;
  const columns = scratch + PRODUCT_SCRATCH;
  const end = partStart(pixels, TILE_ROWS, part + 1, parts);
  for (let pixel = partStart(pixels, TILE_ROWS, part, parts); pixel < end; pixel += shape.chunkRows) {
    const rows = min(shape.chunkRows, end - pixel);
    gatherColumns(x, shape, pixel, rows, columns);
    product(columns, taps, 1, filter, outChannels, 1, at(y, pixel * outChannels), outChannels, rows, outChannels, taps, 0, scratch);
    finish(at(y, pixel * outChannels), outChannels, rows, outChannels, bias, activation, alpha);
  }
}

/** dx = the gradient for x, given dy: also the transposed convolution of dy. Divided by images, whose pixels overlap. */
export function convolutionInputGradient(dy: usize, filter: usize, dx: usize, shape: ConvolutionShape, scratch: usize, part: i32, parts: i32): void {
  scratch = scratchOf(scratch, shape, part);
  const taps = tapsOf(shape);
  const outChannels = shape.outChannels;
  const inSize = shape.inHeight * shape.inWidth * shape.inChannels;
  const outPixels = shape.outHeight * shape.outWidth;
  const columns = scratch + PRODUCT_SCRATCH;
  const firstImage = partStart(shape.batch, 1, part, parts);
  const endImage = partStart(shape.batch, 1, part + 1, parts);
  memory.fill(at(dx, firstImage * inSize), 0, (<usize>(endImage - firstImage) * <usize>inSize) << 2);
  const end = endImage * outPixels;
  for (let pixel = firstImage * outPixels; pixel < end; pixel += shape.chunkRows) {
    const rows = min(shape.chunkRows, end - pixel);
    product(at(dy, pixel * outChannels), outChannels, 1, filter, 1, outChannels, columns, taps, rows, taps, outChannels, 0, scratch);
    scatterColumns(dx, shape, pixel, rows, columns);
  }
}

/**
 * The gradient for the filter, given dy, summed over this part's share of the output pixels and written to
 * partials[part] of [parts, filterHeight, filterWidth, inChannels, outChannels]; the caller adds the partials up.
 */
export function convolutionFilterGradient(x: usize, dy: usize, partials: usize, shape: ConvolutionShape, scratch: usize, part: i32, parts: i32): void {
  scratch = scratchOf(scratch, shape, part);
  const taps = tapsOf(shape);
  const outChannels = shape.outChannels;
  const pixels = shape.batch * shape.outHeight * shape.outWidth;
  const columns = scratch + PRODUCT_SCRATCH;
  const gradient = at(partials, part * taps * outChannels);
  memory.fill(gradient, 0, (<usize>taps * <usize>outChannels) << 2);
  const end = partStart(pixels, 1, part + 1, parts);
  for (let pixel = partStart(pixels, 1, part, parts); pixel < end; pixel += shape.chunkRows) {
    const rows = min(shape.chunkRows, end - pixel);
    gatherColumns(x, shape, pixel, rows, columns);
    product(columns, 1, taps, at(dy, pixel * outChannels), outChannels, 1, gradient, outChannels, taps, outChannels, rows, 1, scratch);
  }
}
