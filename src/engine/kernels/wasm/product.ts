// C = A B for f32 matrices with any strides, by blocks that fit the caches (Goto & van de Geijn 2008): a block of B is
// packed once, blocks of A are packed and swept over it tile by tile.

import { finish } from "./epilogue";
import { packPanel } from "./pack";
import { panelColumns } from "./panels";
import { at, partStart } from "./parts";
import { TILE_COLUMNS, TILE_ROWS, multiplyTile } from "./tile";
import { WIDE_COLUMNS, multiplyWideTile } from "./wideTile";

const BLOCK_DEPTH: i32 = 256;
const BLOCK_ROWS: i32 = 120; // a multiple of both tile heights; with BLOCK_DEPTH 120 kB, for the second-level cache
const BLOCK_COLUMNS: i32 = 512;

const PACKED_B: usize = <usize>(BLOCK_ROWS * BLOCK_DEPTH * 4);
/** A tile aside, of TILE_ROWS × WIDE_COLUMNS at most. */
const EDGE_TILE: usize = PACKED_B + <usize>(BLOCK_COLUMNS * BLOCK_DEPTH * 4);

/** Bytes of scratch that one call of `product` uses, a multiple of 64. */
export const PRODUCT_SCRATCH: usize = EDGE_TILE + 384;

/**
 * C [rows, columns] = A [rows, depth] · B [depth, columns], or C += A B where `accumulate` is not 0. Element (i, k) of A
 * lies at a + i·aRow + k·aColumn, likewise B; rows of C are cRow apart, its columns adjacent. Strides are in elements.
 */
export function product(
  a: usize, aRow: i32, aColumn: i32,
  b: usize, bRow: i32, bColumn: i32,
  c: usize, cRow: i32,
  rows: i32, columns: i32, depth: i32,
  accumulate: i32, scratch: usize,
): void {
  const packedA = scratch;
  const packedB = scratch + PACKED_B;
  if (depth == 0 && !accumulate) {
    for (let i = 0; i < rows; i++) memory.fill(at(c, i * cRow), 0, <usize>columns << 2);
    return;
  }
  for (let j = 0; j < columns; j += BLOCK_COLUMNS) {
    const blockColumns = min(BLOCK_COLUMNS, columns - j);
    for (let k = 0; k < depth; k += BLOCK_DEPTH) {
      const blockDepth = min(BLOCK_DEPTH, depth - k);
      const adds = accumulate | i32(k > 0);
      for (let panel = 0; panel < blockColumns; ) {
        const width = panelColumns(blockColumns - panel);
        packPanel(at(b, k * bRow + (j + panel) * bColumn), bColumn, bRow, min(width, blockColumns - panel), blockDepth, width, at(packedB, panel * blockDepth));
        panel += width;
      }
      for (let i = 0; i < rows; i += BLOCK_ROWS) {
        const blockRows = min(BLOCK_ROWS, rows - i);
        for (let panel = 0; panel < blockRows; panel += TILE_ROWS) {
          const height = min(TILE_ROWS, blockRows - panel);
          packPanel(at(a, (i + panel) * aRow + k * aColumn), aRow, aColumn, height, blockDepth, TILE_ROWS, at(packedA, panel * blockDepth));
        }
        multiplyBlock(packedA, packedB, at(c, i * cRow + j), cRow, blockRows, blockColumns, blockDepth, adds, scratch + EDGE_TILE);
      }
    }
  }
}

/** C [rows, columns] (+)= the packed block of A · the packed block of B. */
function multiplyBlock(packedA: usize, packedB: usize, c: usize, cRow: i32, rows: i32, columns: i32, depth: i32, accumulate: i32, edgeTile: usize): void {
  for (let j = 0, panel = 0; j < columns; j += panel) {
    panel = panelColumns(columns - j);
    const panelB = at(packedB, j * depth);
    const width = min(panel, columns - j);
    for (let i = 0; i < rows; i += TILE_ROWS) {
      const panelA = at(packedA, i * depth);
      const target = at(c, i * cRow + j);
      const height = min(TILE_ROWS, rows - i);
      // Where C does not take a whole tile, it is made aside, and C takes what lies inside.
      const isWhole = height == TILE_ROWS && width == panel;
      const tile = isWhole ? target : edgeTile;
      const rowBytes = <usize>(isWhole ? cRow : panel) << 2;
      const adds = isWhole ? accumulate : 0;
      if (panel == WIDE_COLUMNS) multiplyWideTile(panelA, panelB, tile, rowBytes, depth, adds);
      else multiplyTile(panelA, panelB, tile, rowBytes, depth, adds);
      if (!isWhole) {
        copyEdge(edgeTile, panel, target, cRow, height, width, accumulate);
      }
    }
  }
}

/** C [rows, columns] = that part of a tile, or C += it where `accumulate` is not 0. */
export function copyEdge(tile: usize, tileColumns: i32, target: usize, targetRow: i32, rows: i32, columns: i32, accumulate: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const place = at(target, i * targetRow + j);
      const value = load<f32>(at(tile, i * tileColumns + j));
      store<f32>(place, accumulate ? load<f32>(place) + value : value);
    }
  }
}

/**
 * C = A B as in `product`, then what epilogue.ts does with bias [columns], activation and alpha; divided along the longer
 * side of C. `scratch` has PRODUCT_SCRATCH bytes a part.
 */
export function matMul(
  a: usize, aRow: i32, aColumn: i32,
  b: usize, bRow: i32, bColumn: i32,
  c: usize, cRow: i32,
  rows: i32, columns: i32, depth: i32,
  scratch: usize, bias: usize, activation: i32, alpha: f32, part: i32, parts: i32,
): void {
  scratch += <usize>part * PRODUCT_SCRATCH;
  if (columns >= rows) {
    const start = partStart(columns, TILE_COLUMNS, part, parts);
    const end = partStart(columns, TILE_COLUMNS, part + 1, parts);
    product(a, aRow, aColumn, at(b, start * bColumn), bRow, bColumn, at(c, start), cRow, rows, end - start, depth, 0, scratch);
    finish(at(c, start), cRow, rows, end - start, bias == 0 ? 0 : at(bias, start), activation, alpha);
  } else {
    const start = partStart(rows, TILE_ROWS, part, parts);
    const end = partStart(rows, TILE_ROWS, part + 1, parts);
    product(at(a, start * aRow), aRow, aColumn, b, bRow, bColumn, at(c, start * cRow), cRow, end - start, columns, depth, 0, scratch);
    finish(at(c, start * cRow), cRow, end - start, columns, bias, activation, alpha);
  }
}
