import type { Schema } from "../../protocol/data";
import type { Traversal } from "../../protocol/engineApi";
import { cssColor, classColor } from "../shared/colors";
import { barsOf, displayRange, drawPicture, pictureAt } from "../shared/raster";
import { readTheme } from "../shared/theme";

/** Pixels of a cell in a saved picture; small images are enlarged by whole factors. */
const savedCell = 64;
const gap = 2;

/** The whole grid as one picture, with the titles of its rows at the left. */
export function gridPicture({ rows }: Traversal, schema: Schema, rowTitles: string[]): HTMLCanvasElement {
  const [down, across] = rows.shape as [number, number];
  const theme = readTheme();
  const isImage = schema.kind === "image";
  const [height, width] = isImage ? (schema.shape as [number, number]) : [32, 64];
  const factor = Math.max(1, Math.floor(savedCell / Math.max(height, width)));
  const [cellHeight, cellWidth] = [height * factor, width * factor];
  const left = rowTitles.length > 0 ? 64 : 0;
  const canvas = document.createElement("canvas");
  canvas.width = left + across * (cellWidth + gap);
  canvas.height = down * (cellHeight + gap);
  const context = canvas.getContext("2d")!;
  context.fillStyle = cssColor(theme.background);
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.font = `12px ${theme.fontFamily}`;
  context.textBaseline = "middle";
  const one = document.createElement("canvas");
  const { values, range } = isImage ? { values: rows.data, range: displayRange(schema, rows.data) } : barsOf(rows, schema);
  const size = rows.data.length / (down * across);
  for (let y = 0; y < down; y++) {
    context.fillStyle = theme.foreground;
    if (rowTitles[y]) context.fillText(rowTitles[y]!, 4, y * (cellHeight + gap) + cellHeight / 2, left - 8);
    for (let x = 0; x < across; x++) {
      const [px, py] = [left + x * (cellWidth + gap), y * (cellHeight + gap)];
      const index = y * across + x;
      if (isImage) {
        drawPicture(one, pictureAt(rows, index), range);
        context.drawImage(one, px, py, cellWidth, cellHeight);
      } else bars(context, values.subarray(index * size, (index + 1) * size), range, px, py, cellWidth, cellHeight, cssColor(classColor(0, theme.dark)));
    }
  }
  return canvas;
}

function bars(context: CanvasRenderingContext2D, values: Float32Array, [low, high]: readonly [number, number], x: number, y: number, width: number, height: number, color: string): void {
  const at = (value: number) => y + height - ((value - low) / (high - low || 1)) * height;
  const zero = Math.max(y, Math.min(y + height, at(0)));
  context.fillStyle = color;
  values.forEach((value, i) => context.fillRect(x + (i * width) / values.length, Math.min(zero, at(value)), Math.max(1, width / values.length - 1), Math.max(1, Math.abs(at(value) - zero))));
}
