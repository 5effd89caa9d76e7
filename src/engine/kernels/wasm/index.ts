// What the module exports. It imports the memory of tfjs-backend-wasm and owns none of it: no static data, no allocator;
// every address comes in as an argument. Each kernel's last two arguments are the part it is to do and how many there are.

export { activationGradient } from "./activations";
export { adam } from "./adam";
export { lookUpBytes } from "./bytes";
export { channelMap, channelSums } from "./channels";
export { convolution, convolutionFilterGradient, convolutionInputGradient } from "./convolution";
export { descent } from "./descent";
export { directConvolution } from "./direct";
export { elementwiseFunction } from "./functions";
export { useWideTiles } from "./panels";
export { matMul } from "./product";
export { rowOperation } from "./rows";
export { columnSums } from "./sums";
export { runPart, runParts, serve } from "./tasks";

import { PRODUCT_SCRATCH } from "./product";
import { TILE_ROWS } from "./tile";

/** Bytes of scratch that a part of `matMul` needs, and a part of a convolution before its chunk of columns. */
export function productScratch(): usize {
  return PRODUCT_SCRATCH;
}

/** Rows that a tile has in this variant: chunks of other sizes waste the rest of their last tile. */
export function tileRows(): i32 {
  return TILE_ROWS;
}
