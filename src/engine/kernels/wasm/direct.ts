// Two-dimensional convolution without a matrix of columns: its tiles (directTile.ts) read the pixels under the filter where
// they lie in the image. What a matrix product would have to be given as columns and then pack into panels is not copied at
// all; only an image that the filter hangs over is, once, with a border of zeros.
// x is [batch, inHeight, inWidth, inChannels], the filter [filterHeight, filterWidth, inChannels, outChannels],
// y [batch, outHeight, outWidth, outChannels].

import { ConvolutionShape, copyRuns, zero } from "./columns";
import { convolveTiles } from "./directTile";
import { convolveWideTiles } from "./directWideTile";
import { LINEAR, RELU, finish } from "./epilogue";
import { panelColumns } from "./panels";
import { at, partStart } from "./parts";
import { copyEdge } from "./product";
import { TILE_COLUMNS, TILE_ROWS } from "./tile";

/** A convolution and how its work is cut; written by directConvolution.ts in this order, 4 bytes a field. */
@unmanaged
export class DirectShape extends ConvolutionShape {
  /** Lines of output of one image that are computed at a time: all, or of a large image a band. */
  bandLines: i32;
  /** Whole images that are computed at a time; 1 where an image is cut into bands. */
  chunkImages: i32;
  /** Height and width of what a band reads of its image, borders included; 0 where x is read in place. */
  paddedHeight: i32;
  paddedWidth: i32;
  /** Where a part's scratch holds what, in bytes from its beginning: for `steps` and `places` see directTile.ts. */
  steps: i32;
  places: i32;
  panels: i32;
  padded: i32;
  /** Bytes of scratch that a part has. The first 512 are for a tile at the edge, the next 64 for its places. */
  partBytes: i32;
}

const EDGE_PLACES: usize = 512;

/** y = x ∗ filter, then what epilogue.ts does with bias, activation and alpha. Divided by bands. */
export function directConvolution(
  x: usize, filter: usize, y: usize, shape: DirectShape, scratch: usize, bias: usize, activation: i32, alpha: f32,
  part: i32, parts: i32,
): void {
  scratch += <usize>part * <usize>shape.partBytes;
  const outHeight = shape.outHeight;
  const outChannels = shape.outChannels;
  const bandLines = shape.bandLines;
  const bands = (outHeight + bandLines - 1) / bandLines;
  const linePixels = shape.outWidth;
  const start = partStart(shape.batch * bands, 1, part, parts);
  const end = partStart(shape.batch * bands, 1, part + 1, parts);
  if (start >= end) return;

  const isCopied = shape.paddedHeight > 0;
  const lineBytes = <usize>((isCopied ? shape.paddedWidth : shape.inWidth) * shape.inChannels) << 2;
  const imageBytes = lineBytes * <usize>(isCopied ? shape.paddedHeight : shape.inHeight);
  const isFused = activation == LINEAR || activation == RELU;
  writeSteps(shape, lineBytes, scratch + shape.steps);
  writePlaces(shape, lineBytes, imageBytes, scratch + shape.places);
  packPanels(shape, filter, isFused ? bias : 0, scratch + shape.panels);
  if (isCopied) memory.fill(scratch + shape.padded, 0, imageBytes * <usize>shape.chunkImages);

  for (let band = start; band < end; band += shape.chunkImages) {
    const image = band / bands;
    const line = band % bands * bandLines;
    const images = min(shape.chunkImages, end - band);
    const lines = min(bandLines, outHeight - line);
    let source = x + imageBytes * <usize>image + lineBytes * <usize>(line * shape.strideHeight);
    if (isCopied) {
      source = scratch + shape.padded;
      for (let i = 0; i < images; i++) copyPadded(x, shape, image + i, line, source + imageBytes * <usize>i);
    }
    const pixels = images * lines * linePixels;
    const target = at(y, (image * outHeight + line) * linePixels * outChannels);
    convolveChunk(shape, source, pixels, target, scratch, bias != 0 && activation == RELU);
    if (!isFused) finish(target, outChannels, pixels, outChannels, bias, activation, alpha);
  }
}

/** `pixels` rows of y from `target` on, for the input that begins at `source`. */
function convolveChunk(shape: DirectShape, source: usize, pixels: i32, target: usize, scratch: usize, rectified: bool): void {
  const outChannels = shape.outChannels;
  const rowBytes = <usize>outChannels << 2;
  const taps = shape.filterHeight * shape.filterWidth * shape.inChannels;
  const steps = scratch + shape.steps;
  const places = scratch + shape.places;
  const tiles = pixels / TILE_ROWS;
  const rest = pixels % TILE_ROWS;
  const lastRow = tiles * TILE_ROWS;
  // The last tile's other rows repeat a pixel: there may be no memory where the next ones would be.
  for (let i = 0; i < TILE_ROWS; i++) store<u32>(at(scratch + EDGE_PLACES, i), load<u32>(at(places, lastRow + (i < rest ? i : 0))));
  let panel = scratch + shape.panels;
  for (let channel = 0; channel < outChannels; ) {
    const columns = panelColumns(shape.outChannels - channel);
    const width = min(columns, outChannels - channel);
    const column = at(target, channel);
    if (width == columns) {
      convolvePanel(columns, source, places, tiles, steps, taps, panel, rectified, column, rowBytes);
    } else {
      for (let tile = 0; tile < tiles; tile++) {
        const row = tile * TILE_ROWS;
        convolvePanel(columns, source, at(places, row), 1, steps, taps, panel, rectified, scratch, <usize>columns << 2);
        copyEdge(scratch, columns, at(column, row * outChannels), outChannels, TILE_ROWS, width, 0);
      }
    }
    if (rest > 0) {
      convolvePanel(columns, source, scratch + EDGE_PLACES, 1, steps, taps, panel, rectified, scratch, <usize>columns << 2);
      copyEdge(scratch, columns, at(column, lastRow * outChannels), outChannels, rest, width, 0);
    }
    panel += <usize>((1 + taps) * columns) << 2;
    channel += columns;
  }
}

/** `convolveTiles` or its wide form, by the panel's columns. */
function convolvePanel(
  columns: i32, source: usize, places: usize, tiles: i32, steps: usize, taps: i32, panel: usize, rectified: bool, y: usize, rowBytes: usize,
): void {
  if (columns == TILE_COLUMNS) convolveTiles(source, places, tiles, steps, taps, panel, rectified, y, rowBytes);
  else convolveWideTiles(source, places, tiles, steps, taps, panel, rectified, y, rowBytes);
}

/** The bytes from each tap to the next. */
function writeSteps(shape: DirectShape, lineBytes: usize, steps: usize): void {
  const inChannels = shape.inChannels;
  let before = 0; // where the first tap is
  let target = steps - 4;
  for (let row = 0; row < shape.filterHeight; row++) {
    for (let column = 0; column < shape.filterWidth; column++) {
      const place = row * shape.dilationHeight * <i32>lineBytes + (column * shape.dilationWidth * inChannels << 2);
      for (let channel = 0; channel < inChannels; channel++) {
        const tap = place + (channel << 2);
        if (target >= steps) store<i32>(target, tap - before);
        before = tap;
        target += 4;
      }
    }
  }
  store<i32>(target, 0);
}

/** For each output pixel of a chunk the bytes from where its input begins to the first pixel under the filter. */
function writePlaces(shape: DirectShape, lineBytes: usize, imageBytes: usize, places: usize): void {
  const pixelBytes = <usize>(shape.strideWidth * shape.inChannels) << 2;
  for (let image = 0; image < shape.chunkImages; image++) {
    for (let line = 0; line < shape.bandLines; line++) {
      let place = <usize>image * imageBytes + <usize>(line * shape.strideHeight) * lineBytes;
      for (let pixel = 0; pixel < shape.outWidth; pixel++) {
        store<u32>(places, place);
        places += 4;
        place += pixelBytes;
      }
    }
  }
}

/** The filter in panels of output channels, each led by their biases, or zeros. */
function packPanels(shape: DirectShape, filter: usize, bias: usize, panels: usize): void {
  const outChannels = shape.outChannels;
  const taps = shape.filterHeight * shape.filterWidth * shape.inChannels;
  for (let channel = 0; channel < outChannels; ) {
    const columns = panelColumns(outChannels - channel);
    const width = min(columns, outChannels - channel);
    packRow(bias == 0 ? 0 : at(bias, channel), width, columns, panels);
    panels += <usize>columns << 2;
    for (let tap = 0; tap < taps; tap++) {
      packRow(at(filter, tap * outChannels + channel), width, columns, panels);
      panels += <usize>columns << 2;
    }
    channel += columns;
  }
}

/** `width` values at `source`, or zeros where that is 0, and zeros up to a panel's width. */
function packRow(source: usize, width: i32, columns: i32, target: usize): void {
  if (source != 0 && width == columns) {
    for (let i = 0; i < width; i += 4) v128.store(at(target, i), v128.load(at(source, i)));
  } else {
    for (let i = 0; i < columns; i++) store<f32>(at(target, i), source != 0 && i < width ? load<f32>(at(source, i)) : 0);
  }
}

/** What the band from `line` on reads of an image, with the border that the filter hangs over; its sides are zero already. */
function copyPadded(x: usize, shape: DirectShape, image: i32, line: i32, target: usize): void {
  const pixelBytes = <usize>shape.inChannels << 2;
  const sourceLine = <usize>shape.inWidth * pixelBytes;
  const targetLine = <usize>shape.paddedWidth * pixelBytes;
  const top = line * shape.strideHeight - shape.padTop;
  const height = shape.paddedHeight;
  const first = min(height, max(0, -top));
  const end = max(first, min(height, shape.inHeight - top));
  const width = <usize>max(0, min(shape.inWidth, shape.paddedWidth - shape.padLeft)) * pixelBytes;
  const left = target + <usize>shape.padLeft * pixelBytes;
  zero(target, <usize>first * targetLine);
  copyRuns(x + <usize>(image * shape.inHeight + top + first) * sourceLine, sourceLine, left + <usize>first * targetLine, targetLine, width, end - first);
  zero(target + <usize>end * targetLine, <usize>(height - end) * targetLine);
}
