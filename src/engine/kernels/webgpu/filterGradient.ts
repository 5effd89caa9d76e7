import type { Conv2DBackpropFilterAttrs } from "@tensorflow/tfjs-core";
import { assertShapeOfDy, infoOf, isSupported, sizesOf } from "../convolutions";
import type { FastKernel, Inputs } from "../register";
import { dispatch, type Program, type Uniform, type WebgpuBackend } from "./webgpuBackend";

// The gradient of a convolution for its filter is a product over all pixels of a batch, dFilter [taps, outChannels] =
// columnsᵀ [taps, pixels] · dy [pixels, outChannels]. tfjs gives each value of the result one thread, which goes through all the
// pixels: a few hundred threads with tens of thousands of steps each for a net's first layers. Here workgroups multiply tiles
// in their own memory, and the pixels are divided among several of them, whose partial sums are added up afterwards.

/** Rows and columns of a tile; each of 16 × 16 threads does 2 × 2 values of it. */
const TILE = 32;
/** Pixels that are loaded at a time. */
const DEPTH = 16;
/** So many workgroups keep the largest GPUs busy. */
const WANTED_WORKGROUPS = 512;
/** Fewer pixels are not worth a workgroup of their own. */
const MIN_PIXELS = 128;

const partialSums: Program = {
  key: "LatentFilterGradient",
  code: () => `
struct Convolution {
  taps: u32, outChannels: u32, pixels: u32, pixelsPerPart: u32,
  inHeight: i32, inWidth: i32, inChannels: u32, outHeight: u32, outWidth: u32,
  filterWidth: u32, strideHeight: i32, strideWidth: i32, dilationHeight: i32, dilationWidth: i32, padTop: i32, padLeft: i32,
}
@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<uniform> c: Convolution;

var<workgroup> columns: array<array<f32, ${TILE}>, ${DEPTH}>;
var<workgroup> gradients: array<array<f32, ${TILE}>, ${DEPTH}>;

/** What the filter's value at this place is multiplied with for this pixel of the output: 0 in the padding. */
fn column(pixel: u32, filterY: i32, filterX: i32, channel: u32) -> f32 {
  let y = i32(pixel / c.outWidth % c.outHeight) * c.strideHeight + filterY * c.dilationHeight - c.padTop;
  let column = i32(pixel % c.outWidth) * c.strideWidth + filterX * c.dilationWidth - c.padLeft;
  if (y < 0 || y >= c.inHeight || column < 0 || column >= c.inWidth) { return 0.0; }
  let image = i32(pixel / (c.outWidth * c.outHeight));
  return x[u32((image * c.inHeight + y) * c.inWidth + column) * c.inChannels + channel];
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % ${TILE};
  let firstRow = index / ${TILE};
  let tap = group.x * ${TILE} + lane;
  let channel = tap % c.inChannels;
  let filterX = i32(tap / c.inChannels % c.filterWidth);
  let filterY = i32(tap / c.inChannels / c.filterWidth);
  let outChannel = group.y * ${TILE} + lane;
  let start = group.z * c.pixelsPerPart;
  let end = min(start + c.pixelsPerPart, c.pixels);
  var sum = mat2x2f();
  for (var at = start; at < end; at += ${DEPTH}) {
    for (var row = firstRow; row < ${DEPTH}; row += ${256 / TILE}) {
      let pixel = at + row;
      columns[row][lane] = 0.0;
      gradients[row][lane] = 0.0;
      if (pixel < end) {
        if (tap < c.taps) { columns[row][lane] = column(pixel, filterY, filterX, channel); }
        if (outChannel < c.outChannels) { gradients[row][lane] = dy[pixel * c.outChannels + outChannel]; }
      }
    }
    workgroupBarrier();
    for (var row = 0u; row < ${DEPTH}; row++) {
      let right = vec2f(gradients[row][id.x], gradients[row][id.x + 16]);
      sum[0] += columns[row][id.y] * right;
      sum[1] += columns[row][id.y + 16] * right;
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 2; i++) {
    for (var j = 0u; j < 2; j++) {
      let outTap = group.x * ${TILE} + id.y + 16 * i;
      let outColumn = group.y * ${TILE} + id.x + 16 * j;
      if (outTap < c.taps && outColumn < c.outChannels) {
        sums[(group.z * c.taps + outTap) * c.outChannels + outColumn] = sum[i][j];
      }
    }
  }
}`,
};

const sumOfParts: Program = {
  key: "LatentSumOfParts",
  code: () => `
struct Sizes { values: u32, parts: u32 }
@group(0) @binding(0) var<storage, read_write> sum: array<f32>;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.values; i += groups.x * 64) {
    var total = 0.0;
    for (var part = 0u; part < sizes.parts; part++) { total += partials[part * sizes.values + i]; }
    sum[i] = total;
  }
}`,
};

/** The gradient of a convolution for its filter, [height, width, inChannels, outChannels], from x and dy in NHWC, float32 alone. */
export function conv2DBackpropFilter(backend: WebgpuBackend): FastKernel {
  return (inputs, attrs) => {
    const { x, dy } = inputs as Inputs<"x" | "dy">;
    if (!isSupported(attrs, x, dy)) return undefined;
    const { filterShape, ...rest } = attrs as unknown as Conv2DBackpropFilterAttrs;
    const info = infoOf(x.shape as [number, number, number, number], filterShape, rest);
    assertShapeOfDy(dy, info);
    const { pixels, taps, outChannels } = sizesOf(info);
    if (pixels === 0 || taps * outChannels === 0) return backend.makeTensorInfo(filterShape, "float32", new Float32Array(taps * outChannels));
    const tiles: [number, number] = [Math.ceil(taps / TILE), Math.ceil(outChannels / TILE)];
    const wanted = Math.min(Math.ceil(WANTED_WORKGROUPS / (tiles[0] * tiles[1])), Math.ceil(pixels / MIN_PIXELS));
    const pixelsPerPart = DEPTH * Math.ceil(pixels / wanted / DEPTH);
    const parts = Math.ceil(pixels / pixelsPerPart);
    const { padInfo, dilationHeight, dilationWidth } = info;
    const [partials] = dispatch(
      backend, partialSums, [x, dy], [parts === 1 ? filterShape : [parts, taps * outChannels]],
      [
        ...uniforms("uint32", taps, outChannels, pixels, pixelsPerPart),
        ...uniforms("int32", info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth, info.filterWidth),
        ...uniforms("int32", info.strideHeight, info.strideWidth, dilationHeight, dilationWidth, padInfo.top, padInfo.left),
      ],
      [...tiles, parts],
    );
    if (parts === 1) return partials!;
    const values = taps * outChannels;
    const [sum] = dispatch(backend, sumOfParts, [partials!], [filterShape], uniforms("uint32", values, parts), [Math.min(Math.ceil(values / 64), 65_535)]);
    backend.disposeData(partials!.dataId);
    return sum!;
  };
}

const uniforms = (type: Uniform["type"], ...values: number[]): Uniform[] => values.map(value => ({ type, data: [value] }));
