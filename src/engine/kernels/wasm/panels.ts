// How the columns of a product, or the output channels of a convolution, are cut into panels.

import { TILE_COLUMNS } from "./tile";
import { WIDE_COLUMNS } from "./wideTile";

/** Each thread's own: whether V8 made 256-bit instructions of this module. */
let isWide = false;

/** To be called once after this module was compiled with 256-bit instructions. */
export function useWideTiles(): void {
  isWide = true;
}

/** Columns of the next panel where so many are left. */
export function panelColumns(left: i32): i32 {
  return isWide && left >= WIDE_COLUMNS ? WIDE_COLUMNS : TILE_COLUMNS;
}
