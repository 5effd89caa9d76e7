// The columns matrix turns a convolution into a matrix product: one row an output pixel, holding the input pixels under
// the filter in the filter's own order (row, column, channel), with zeros where the filter hangs over the edge.
// x is [batch, inHeight, inWidth, inChannels], row-major.

import { at } from "./parts";

/** What both sides must know of a convolution; written by convolutions.ts in this order, 4 bytes a field. */
@unmanaged
export class ConvolutionShape {
  batch: i32;
  inHeight: i32;
  inWidth: i32;
  inChannels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  filterHeight: i32;
  filterWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padTop: i32;
  padLeft: i32;
  /** Rows of the columns matrix that fit its scratch memory, at least 1. */
  chunkRows: i32;
}

/** columns [rows, filterHeight·filterWidth·inChannels] = the pixels of x under the filter, for outputs from `firstRow`. */
export function gatherColumns(x: usize, shape: ConvolutionShape, firstRow: i32, rows: i32, columns: usize): void {
  walkColumns(x, shape, firstRow, rows, columns, 0);
}

/** The adjoint of `gatherColumns`: adds each entry of `columns` to the pixel of x that it would be gathered from. */
export function scatterColumns(x: usize, shape: ConvolutionShape, firstRow: i32, rows: i32, columns: usize): void {
  walkColumns(x, shape, firstRow, rows, columns, 1);
}

/**
 * One walk for both directions, so that they cannot disagree about which pixel belongs where. It goes line by line of the
 * output, and along a line for one filter row after the other: the runs of pixels that a filter row meets on its way are
 * then of one length and evenly spaced, but for a few at the image's edges.
 */
function walkColumns(x: usize, shape: ConvolutionShape, firstRow: i32, rows: i32, columns: usize, scatter: i32): void {
  const outWidth = shape.outWidth;
  const rowBytes = <usize>(shape.filterHeight * shape.filterWidth * shape.inChannels) << 2;
  let outX = firstRow % outWidth;
  let line = firstRow / outWidth;
  while (rows > 0) {
    const count = min(rows, outWidth - outX);
    walkLine(x, shape, line / shape.outHeight, line % shape.outHeight, outX, count, columns, rowBytes, scatter);
    columns += <usize>count * rowBytes;
    rows -= count;
    outX = 0;
    line++;
  }
}

/** `count` output pixels of one line, from `outX`. */
function walkLine(x: usize, shape: ConvolutionShape, image: i32, outY: i32, outX: i32, count: i32, columns: usize, rowBytes: usize, scatter: i32): void {
  const inHeight = shape.inHeight;
  const inWidth = shape.inWidth;
  const stride = shape.strideWidth;
  const dilation = shape.dilationWidth;
  const filterWidth = shape.filterWidth;
  // Without dilation the taps of a filter row are one run of memory, with it each tap is a run of its own. When scattering,
  // a run is no longer than the stride: neighbours would overlap, and wait for each other's sums.
  const longest = dilation > 1 ? 1 : scatter ? min(stride, filterWidth) : filterWidth;
  const tapBytes = <usize>shape.inChannels << 2;
  const step = <usize>stride * tapBytes;
  for (let filterY = 0; filterY < shape.filterHeight; filterY++) {
    const inY = outY * shape.strideHeight + filterY * shape.dilationHeight - shape.padTop;
    for (let tap = 0; tap < filterWidth; tap += longest) {
      const taps = min(longest, filterWidth - tap);
      const runBytes = <usize>taps * tapBytes;
      let target = columns;
      let left = outX * stride + tap * dilation - shape.padLeft;
      // Where the run begins in the image, for the first of the pixels: outside it may be, and is then not followed.
      let source = x + <usize>((image * inHeight + inY) * inWidth + left) * tapBytes;
      let remaining = count;
      if (inY >= 0 && inY < inHeight) {
        for (; remaining > 0 && left < 0; remaining--) {
          walkEdge(source, target, left, taps, inWidth, tapBytes, scatter);
          left += stride;
          source += step;
          target += rowBytes;
        }
        const inside = left + taps > inWidth ? 0 : min(remaining, (inWidth - taps - left) / stride + 1);
        if (scatter) addRuns(source, step, target, rowBytes, runBytes, inside);
        else copyRuns(source, step, target, rowBytes, runBytes, inside);
        left += inside * stride;
        source += <usize>inside * step;
        target += <usize>inside * rowBytes;
        for (remaining -= inside; remaining > 0; remaining--) {
          walkEdge(source, target, left, taps, inWidth, tapBytes, scatter);
          left += stride;
          source += step;
          target += rowBytes;
        }
      } else if (!scatter) {
        for (; remaining > 0; remaining--) {
          zero(target, runBytes);
          target += rowBytes;
        }
      }
      columns += runBytes;
    }
  }
}

/** A run of `taps` pixels from `left`, of which some lie beside the image. */
function walkEdge(source: usize, target: usize, left: i32, taps: i32, inWidth: i32, tapBytes: usize, scatter: i32): void {
  const from = <usize>min(max(0, -left), taps) * tapBytes;
  const to = max(from, <usize>max(0, min(taps, inWidth - left)) * tapBytes);
  if (scatter) {
    addRuns(source + from, 0, target + from, 0, to - from, 1);
  } else {
    zero(target, from);
    copyRuns(source + from, 0, target + from, 0, to - from, 1);
    zero(target + to, <usize>taps * tapBytes - to);
  }
}

// Loops instead of memory.copy and memory.fill, which are calls out of the module: runs are short, with one channel only as
// long as the filter is wide.

/** Copies `count` runs of `bytes` each. */
export function copyRuns(source: usize, sourceStep: usize, target: usize, targetStep: usize, bytes: usize, count: i32): void {
  for (; count > 0; count--) {
    let offset: usize = 0;
    for (; offset + 16 <= bytes; offset += 16) v128.store(target + offset, v128.load(source + offset));
    if (bytes & 8) {
      store<u64>(target + offset, load<u64>(source + offset));
      offset += 8;
    }
    if (bytes & 4) store<u32>(target + offset, load<u32>(source + offset));
    source += sourceStep;
    target += targetStep;
  }
}

/** Adds `count` runs of `bytes` each, of columns at `target`, to the image at `source`. */
function addRuns(source: usize, sourceStep: usize, target: usize, targetStep: usize, bytes: usize, count: i32): void {
  for (; count > 0; count--) {
    let offset: usize = 0;
    for (; offset + 16 <= bytes; offset += 16) {
      v128.store(source + offset, f32x4.add(v128.load(source + offset), v128.load(target + offset)));
    }
    if (bytes & 8) {
      const pair = f32x4.add(v128.load64_zero(source + offset), v128.load64_zero(target + offset));
      v128.store64_lane(source + offset, pair, 0);
      offset += 8;
    }
    if (bytes & 4) store<f32>(source + offset, load<f32>(source + offset) + load<f32>(target + offset));
    source += sourceStep;
    target += targetStep;
  }
}

export function zero(target: usize, bytes: usize): void {
  let offset: usize = 0;
  for (; offset + 16 <= bytes; offset += 16) v128.store(target + offset, f32x4.splat(0));
  for (; offset < bytes; offset += 4) store<f32>(target + offset, 0);
}
