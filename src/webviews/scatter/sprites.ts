import type { Thumbnails } from "../../protocol/engineApi";
import type { Sprites } from "../shared/pointCloud/overlay";
import { drawPicture, pictureAt } from "../shared/raster";

/** Pictures are drawn in place of points when at most so many are in view. */
export const maxSprites = 300;

/** Thumbnails of rows as sprites: below each other in one canvas, sized so that they rarely overlap. */
export function spritesOf(rows: readonly number[], thumbnails: Thumbnails): Sprites {
  const [count, height, width] = thumbnails.shape;
  const atlas = document.createElement("canvas");
  atlas.width = width;
  atlas.height = height * count;
  const context = atlas.getContext("2d")!;
  const one = document.createElement("canvas");
  for (let i = 0; i < count; i++) {
    drawPicture(one, pictureAt(thumbnails, i), [0, 255]);
    context.drawImage(one, 0, i * height);
  }
  const side = Math.max(18, Math.min(56, 520 / Math.sqrt(rows.length)));
  return { image: atlas, side, of: new Map(rows.map((row, i) => [row, [0, i * height, width, height]])) };
}
