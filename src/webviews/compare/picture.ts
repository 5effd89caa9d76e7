import type { Labels } from "../../protocol/data";
import { cssColor, rampColor } from "../shared/colors";
import { formatNumber } from "../shared/format";
import { colorOfClass, legendOf, valueRange } from "../shared/pointColors";
import type { Theme } from "../shared/theme";

/** One map in the picture of all. */
export interface PictureTile {
  title: string;
  detail: string;
  canvas: HTMLCanvasElement;
}

/** CSS pixels: the strip of a tile's titles, the gap around tiles, a line of the legend. */
const [strip, gap, line] = [40, 12, 18];

/** All maps in one picture, `columns` beside each other under their titles, what the colours mean below; `ratio` device pixels a CSS pixel. */
export function pictureOf(tiles: readonly PictureTile[], columns: number, labels: Labels | null, theme: Theme, ratio: number, noLabel: string): HTMLCanvasElement {
  const width = Math.max(...tiles.map(({ canvas }) => canvas.width / ratio));
  const height = strip + Math.max(...tiles.map(({ canvas }) => canvas.height / ratio));
  const used = Math.min(columns, tiles.length);
  const entries = labels ? legendOf(labels).map(({ value, name }) => ({ color: cssColor(colorOfClass(value, theme.dark)), name: name || noLabel })) : [];
  const all = document.createElement("canvas");
  const context = all.getContext("2d")!;
  const inside = used * (width + gap) - gap;
  context.font = `11px ${theme.fontFamily}`;
  const legend = placed(entries.map(({ name }) => 22 + context.measureText(name).width), inside);
  const rows = Math.ceil(tiles.length / used);
  all.width = Math.round(ratio * (inside + 2 * gap));
  const isRamp = labels?.kind === "numbers";
  const below = gap + rows * (height + gap);
  all.height = Math.round(ratio * (below + (isRamp ? 1 : legend.lines) * line));
  context.scale(ratio, ratio);
  context.fillStyle = cssColor(theme.background);
  context.fillRect(0, 0, all.width, all.height);
  tiles.forEach(({ title, detail, canvas }, i) => {
    const [x, y] = [gap + (i % used) * (width + gap), gap + Math.floor(i / used) * (height + gap)];
    context.textBaseline = "top";
    context.fillStyle = theme.foreground;
    context.font = `600 ${theme.fontSize}px ${theme.fontFamily}`;
    context.fillText(title, x, y, width);
    context.fillStyle = theme.muted;
    context.font = `11px ${theme.fontFamily}`;
    context.fillText(detail, x, y + 18, width);
    context.drawImage(canvas, x, y + strip, canvas.width / ratio, canvas.height / ratio);
  });
  context.textBaseline = "middle";
  if (labels && isRamp) drawRamp(context, labels, below, theme);
  entries.forEach(({ color, name }, i) => {
    const [x, y] = [gap + legend.at[i]!.x, below + legend.at[i]!.line * line];
    context.fillStyle = color;
    context.beginPath();
    context.arc(x + 5, y, 5, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = theme.foreground;
    context.fillText(name, x + 14, y);
  });
  return all;
}

/** The name of the values, and the colours from the lowest to the highest. */
function drawRamp(context: CanvasRenderingContext2D, labels: Labels & { kind: "numbers" }, y: number, theme: Theme): void {
  const [low, high] = valueRange(labels.values);
  let x = gap;
  const write = (text: string) => {
    context.fillStyle = theme.foreground;
    context.fillText(text, x, y);
    x += context.measureText(text).width + 8;
  };
  write(labels.name);
  write(formatNumber(low));
  const width = 120;
  for (let i = 0; i < width; i++) {
    context.fillStyle = cssColor(rampColor(i / (width - 1), theme.dark));
    context.fillRect(x + i, y - 5, 1, 10);
  }
  x += width + 8;
  write(formatNumber(high));
}

/** Where words of given widths stand in lines of a given width. */
function placed(widths: readonly number[], width: number): { at: { x: number; line: number }[]; lines: number } {
  let [x, lines] = [0, 0];
  const at = widths.map(own => {
    if (x > 0 && x + own > width) [x, lines] = [0, lines + 1];
    const place = { x, line: lines };
    x += own + 14;
    return place;
  });
  return { at, lines: widths.length > 0 ? lines + 1 : 0 };
}
