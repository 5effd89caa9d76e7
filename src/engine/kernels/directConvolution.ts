import type { backend_util } from "@tensorflow/tfjs-core";
import type { Epilogue } from "./epilogue";
import type { KernelHeap } from "./kernelHeap";

// The direct kernel of wasm/direct.ts: how its work is cut into chunks that stay in the cache, and where its scratch lies.

/** What the kernel needs to know of a convolution. */
export type ConvolutionSizes = Pick<
  backend_util.Conv2DInfo,
  | "batchSize" | "inHeight" | "inWidth" | "inChannels" | "outHeight" | "outWidth" | "outChannels" | "filterHeight" | "filterWidth"
  | "strideHeight" | "strideWidth" | "dilationHeight" | "dilationWidth"
> & { padInfo: { top: number; left: number } };

/** Taps of a filter whose panel, at most 16 output channels wide, takes 128 kB: it streams from the second-level cache for each tile. */
const MOST_TAPS = 2048;
/** Bytes of input and output of a chunk, so that both stay in the second-level cache. */
const CHUNK_BYTES = 2 ** 17;
/** Parts that a thread does in turn, and the fewest output pixels of one of them. */
const TURNS = 4;
const PART_PIXELS = 1024;
/** A tile and its places, before all else in a part's scratch. */
const EDGE_BYTES = 512 + 64;
/** Output channels of a panel. */
const PANEL = 8;

/** True where a convolution is done directly: everywhere but with very large filters, of which a product takes a block at a time. */
export function isDirect({ filterHeight, filterWidth, inChannels }: ConvolutionSizes): boolean {
  return filterHeight * filterWidth * inChannels <= MOST_TAPS;
}

/**
 * Parts of a convolution of so many output pixels that `threads` share: some for each, so that a thread that is held up leaves
 * its share to the others; no more than pay for the panels that each part packs.
 */
export function directParts(threads: number, pixels: number): number {
  return threads === 1 ? 1 : Math.max(threads, Math.min(TURNS * threads, 255, Math.floor(pixels / PART_PIXELS)));
}

/**
 * y [batch, outHeight, outWidth, outChannels] = x [batch, inHeight, inWidth, inChannels] ∗ filter [filterHeight, filterWidth,
 * inChannels, outChannels], then the epilogue; all at their addresses. `chunkBytes` is for the self-test.
 */
export function convolveDirectly(heap: KernelHeap, sizes: ConvolutionSizes, x: number, filter: number, y: number, epilogue: Epilogue, parts: number, chunkBytes = CHUNK_BYTES): void {
  const { fields, partBytes } = cut(sizes, parts, heap.tileRows, chunkBytes);
  const scratch = heap.scratch(parts * partBytes + 4 * fields.length);
  const shape = scratch + parts * partBytes;
  new Int32Array(heap.memory.buffer, shape, fields.length).set(fields);
  heap.run("directConvolution", parts, x, filter, y, shape, scratch, ...epilogue);
}

/** DirectShape of wasm/direct.ts, and the bytes of scratch that each part needs. */
function cut(sizes: ConvolutionSizes, parts: number, tileRows: number, chunkBytes: number): { fields: number[]; partBytes: number } {
  const {
    batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth,
    strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo,
  } = sizes;
  const reach = (out: number, stride: number, size: number, dilation: number) => (out - 1) * stride + (size - 1) * dilation + 1;
  const width = reach(outWidth, strideWidth, filterWidth, dilationWidth);
  const heightOf = (lines: number) => reach(lines, strideHeight, filterHeight, dilationHeight);
  const isCopied = padInfo.top > 0 || padInfo.left > 0 || width > inWidth || heightOf(outHeight) > inHeight;
  const lineBytes = 4 * inChannels * (isCopied ? width : inWidth);
  const bytesOf = (lines: number) => heightOf(lines) * lineBytes + lines * outWidth * outChannels * 4;

  // Few images are cut into bands, so that all parts have some.
  let bandLines = Math.ceil(outHeight / Math.ceil(parts / batchSize));
  if (bytesOf(bandLines) > chunkBytes) bandLines = Math.max(1, Math.floor((chunkBytes - bytesOf(0)) / (bytesOf(1) - bytesOf(0))));
  const chunkImages = bandLines < outHeight ? 1 : Math.max(1, Math.min(Math.floor(chunkBytes / bytesOf(outHeight)), Math.ceil(batchSize / parts)));

  const taps = filterHeight * filterWidth * inChannels;
  const line64 = (bytes: number) => 64 * Math.ceil(bytes / 64);
  const steps = EDGE_BYTES;
  const places = steps + line64(4 * taps);
  const panels = places + line64(4 * (chunkImages * bandLines * outWidth + tileRows));
  const padded = panels + Math.ceil(outChannels / PANEL) * (1 + taps) * PANEL * 4;
  const partBytes = line64(padded + (isCopied ? chunkImages * heightOf(bandLines) * lineBytes : 0));
  return {
    partBytes,
    fields: [
      batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth,
      strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo.top, padInfo.left, 0,
      bandLines, chunkImages, isCopied ? heightOf(bandLines) : 0, isCopied ? width : 0, steps, places, panels, padded, partBytes,
    ],
  };
}
