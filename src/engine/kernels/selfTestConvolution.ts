import { convolveDirectly } from "./directConvolution";
import { noEpilogue } from "./epilogue";
import type { Bench } from "./selfTestBench";

/**
 * Forward pass and both gradients from one loop over all products, with every parameter different in the two directions; where
 * the filter hangs over the image and where it does not. The output channels fill a panel of each width, and part of one.
 */
export function testConvolution(bench: Bench): void {
  for (const [padTop, padLeft, outHeight, outWidth] of [[1, 2, 4, 8], [0, 0, 3, 6]] as const) testPadding(bench, padTop, padLeft, outHeight, outWidth);
}

function testPadding(bench: Bench, padTop: number, padLeft: number, outHeight: number, outWidth: number): void {
  const [batchSize, inHeight, inWidth, inChannels, outChannels, chunkRows] = [2, 7, 9, 3, 29, 6];
  const [filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth] = [3, 2, 2, 1, 1, 3];
  const taps = filterHeight * filterWidth * inChannels;
  const x = bench.input(batchSize * inHeight * inWidth * inChannels);
  const filter = bench.input(taps * outChannels);
  const dy = bench.input(batchSize * outHeight * outWidth * outChannels);
  const expected = {
    y: new Float64Array(dy.values.length),
    dx: new Float64Array(x.values.length),
    dFilter: new Float64Array(filter.values.length),
  };
  for (let row = 0; row < batchSize * outHeight * outWidth; row++) {
    const image = Math.floor(row / (outHeight * outWidth));
    for (let tap = 0; tap < taps; tap++) {
      const filterX = Math.floor(tap / inChannels) % filterWidth;
      const filterY = Math.floor(tap / inChannels / filterWidth);
      const inX = (row % outWidth) * strideWidth + filterX * dilationWidth - padLeft;
      const inY = (Math.floor(row / outWidth) % outHeight) * strideHeight + filterY * dilationHeight - padTop;
      if (inX < 0 || inX >= inWidth || inY < 0 || inY >= inHeight) continue;
      const pixel = ((image * inHeight + inY) * inWidth + inX) * inChannels + (tap % inChannels);
      for (let channel = 0; channel < outChannels; channel++) {
        const weight = tap * outChannels + channel;
        const out = row * outChannels + channel;
        expected.y[out]! += x.values[pixel]! * filter.values[weight]!;
        expected.dx[pixel]! += dy.values[out]! * filter.values[weight]!;
        expected.dFilter[weight]! += x.values[pixel]! * dy.values[out]!;
      }
    }
  }

  const { heap } = bench;
  const scratch = () => heap.scratch(heap.parts * (heap.productScratch + 64 * Math.ceil((chunkRows * taps * 4) / 64)));
  const shape = bench.write(Int32Array.of(
    batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth,
    strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft, chunkRows,
  ));
  const y = bench.output(expected.y.length);
  heap.run("convolution", heap.parts, x.address, filter.address, y, shape, scratch(), 0, 0, 0);
  bench.expect("convolution", y, expected.y);
  const sizes = {
    batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth,
    strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo: { top: padTop, left: padLeft },
  };
  const bias = bench.input(outChannels);
  const rectified = expected.y.map((value, i) => Math.max(0, value + bias.values[i % outChannels]!));
  for (const chunkBytes of [0, 2 ** 20]) { // a line at a time, all at a time
    const [direct, activated] = [bench.output(expected.y.length), bench.output(expected.y.length)];
    convolveDirectly(heap, sizes, x.address, filter.address, direct, noEpilogue, heap.parts, chunkBytes);
    bench.expect("directConvolution", direct, expected.y);
    convolveDirectly(heap, sizes, x.address, filter.address, activated, [bias.address, 1, 0], heap.parts, chunkBytes);
    bench.expect("directConvolution", activated, rectified);
  }
  const dx = bench.output(expected.dx.length);
  heap.run("convolutionInputGradient", heap.parts, dy.address, filter.address, dx, shape, scratch());
  bench.expect("convolutionInputGradient", dx, expected.dx);
  const partials = bench.output(heap.parts * expected.dFilter.length);
  heap.run("convolutionFilterGradient", heap.parts, x.address, dy.address, partials, shape, scratch());
  const dFilter = bench.output(expected.dFilter.length);
  heap.run("columnSums", 1, partials, dFilter, heap.parts, expected.dFilter.length, 1);
  bench.expect("convolutionFilterGradient", dFilter, expected.dFilter);
}
