import type { Theme } from "../theme";
import { cssColor } from "../colors";
import type { Bounds, Camera, Camera3d, Viewport } from "./camera";
import { projectAll } from "./projected";

/** Pictures of some rows: `image` holds them side by side, `of` tells where each lies (x, y, width, height). */
export interface Sprites {
  image: CanvasImageSource;
  of: Map<number, readonly [number, number, number, number]>;
  /** Longer side of a picture on the screen, CSS pixels. */
  side: number;
}

/** An arrow in data space, e.g. a principal axis. */
export interface Arrow {
  from: readonly number[];
  to: readonly number[];
  label: string;
}

/** Where the two axes of a plane point to, as unit vectors (right, up): [x₀, y₀, x₁, y₁]. */
export type AxisDirections = readonly [number, number, number, number];

export interface Overlay {
  viewport: Viewport;
  ratio: number;
  theme: Theme;
  axes: string[];
  /** Of a plane that was turned; null where the axes run along the edges. */
  directions: AxisDirections | null;
  camera: Camera;
  bounds: Bounds;
  matrix: Float32Array;
  /** Diameter of a point. */
  size: number;
  /** The first row that is drawn as a mark, and the size of one. */
  firstMark: number;
  markSize: number;
  selection: Int32Array;
  neighbors: Int32Array;
  hovered: number;
  positionOf(row: number): { x: number; y: number };
  sprites: Sprites | null;
  /** Colour and opacity of every row [n × 4]. */
  colors: Uint8Array;
  arrows: readonly Arrow[];
  /** The lasso or box being drawn: pixels [x0, y0, x1, y1, …]. */
  path: readonly number[];
}

/** Everything that lies over the points: pictures, axes, rings, the lasso. */
export function drawOverlay(canvas: HTMLCanvasElement, overlay: Overlay): void {
  const { viewport: { width, height }, ratio } = overlay;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (overlay.sprites) drawSprites(context, overlay, overlay.sprites);
  const { camera, directions } = overlay;
  if (camera.kind === "3d") drawCross(context, overlay, directionsOf(camera), crossMargin);
  else if (directions) drawTurnedAxes(context, overlay, directions);
  else drawAxes2d(context, overlay);
  drawArrows(context, overlay);
  drawRings(context, overlay);
  drawPath(context, overlay);
}

/** Pictures in frames of their points' colours: what the colours say must not go with the points. */
function drawSprites(context: CanvasRenderingContext2D, { positionOf, colors, firstMark, theme }: Overlay, { image, of, side }: Sprites): void {
  context.imageSmoothingEnabled = false;
  context.lineWidth = 1.5;
  for (const [row, [sx, sy, width, height]] of of) {
    const { x, y } = positionOf(row);
    const scale = side / Math.max(width, height);
    const [left, top, w, h] = [Math.round(x - (width * scale) / 2), Math.round(y - (height * scale) / 2), Math.round(width * scale), Math.round(height * scale)];
    const [red, green, blue, opacity] = colors.subarray(4 * row, 4 * row + 4) as unknown as [number, number, number, number];
    context.globalAlpha = opacity / 255;
    context.strokeStyle = cssColor([red, green, blue]);
    context.drawImage(image, sx, sy, width, height, left, top, w, h);
    context.strokeRect(left - 0.5, top - 0.5, w + 1, h + 1);
    if (row >= firstMark) {
      // A second frame, as marks have an outline.
      context.strokeStyle = theme.foreground;
      context.strokeRect(left - 2.5, top - 2.5, w + 5, h + 5);
    }
  }
  context.globalAlpha = 1;
}

/** Titles at the edges; ticks would claim a meaning that the units of latent axes do not have. */
function drawAxes2d(context: CanvasRenderingContext2D, { viewport: { width, height }, theme, axes }: Overlay): void {
  context.font = `11px ${theme.fontFamily}`;
  context.fillStyle = theme.muted;
  context.textBaseline = "bottom";
  context.textAlign = "right";
  if (axes[0]) context.fillText(`${axes[0]} →`, width - 10, height - 8);
  if (!axes[1]) return;
  context.save();
  context.translate(8, 10);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "top";
  context.fillText(`${axes[1]} →`, 0, 0);
  context.restore();
}

/** Where the three axes point to on the screen (right, up). */
function directionsOf({ yaw, pitch }: Camera3d): number[][] {
  return [
    [Math.cos(yaw), -Math.sin(pitch) * -Math.sin(yaw)],
    [Math.sin(yaw), -Math.sin(pitch) * Math.cos(yaw)],
    [0, Math.cos(pitch)],
  ];
}

/** CSS pixels from the corner to the middle of a cross of axes, and from there to its tips. */
const [crossMargin, crossLength] = [46, 28];

/** A cross that stands still has room for the titles at its left. */
function drawTurnedAxes(context: CanvasRenderingContext2D, overlay: Overlay, [x0, y0, x1, y1]: AxisDirections): void {
  context.font = `11px ${overlay.theme.fontFamily}`;
  const room = [x0, x1].map((right, j) => (right < -0.2 ? 9 - crossLength * right + context.measureText(overlay.axes[j] ?? "").width : 0));
  drawCross(context, overlay, [[x0, y0], [x1, y1]], Math.max(crossMargin, ...room));
}

/** The axes from the cloud's middle, as a small cross in the corner that turns with it. */
function drawCross(context: CanvasRenderingContext2D, { viewport: { height }, theme, axes }: Overlay, directions: number[][], originX: number): void {
  const [originY, length] = [height - crossMargin, crossLength];
  context.font = `11px ${theme.fontFamily}`;
  context.fillStyle = theme.muted;
  context.lineJoin = "round";
  context.textAlign = "left";
  context.textBaseline = "middle";
  directions.forEach(([right, up], j) => {
    context.lineWidth = 1;
    context.strokeStyle = theme.muted;
    const [x, y] = [originX + length * right!, originY - length * up!];
    context.beginPath();
    context.moveTo(originX, originY);
    context.lineTo(x, y);
    context.stroke();
    // Beyond the tip: a title over the lines could not be read.
    const title = axes[j] ?? "";
    const { width } = context.measureText(title);
    const left = right! > 0.2 ? x + 5 : right! < -0.2 ? x - 5 - width : x - width / 2;
    const [titleX, titleY] = [Math.max(4, left), y - 10 * up!];
    // Points may lie behind.
    context.lineWidth = 3;
    context.strokeStyle = cssColor(theme.background, 0.8);
    context.strokeText(title, titleX, titleY);
    context.fillText(title, titleX, titleY);
  });
}

function drawArrows(context: CanvasRenderingContext2D, { arrows, matrix, viewport, theme }: Overlay): void {
  context.font = `600 12px ${theme.fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineCap = "round";
  for (const { from, to, label } of arrows) {
    const ends = projectAll(Float32Array.of(...from, ...to), from.length, matrix, viewport);
    const [x0, y0, x1, y1] = ends as unknown as [number, number, number, number];
    const angle = Math.atan2(y1 - y0, x1 - x0);
    const path = () => {
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      for (const side of [-0.45, 0.45]) {
        context.moveTo(x1, y1);
        context.lineTo(x1 - 11 * Math.cos(angle + side), y1 - 11 * Math.sin(angle + side));
      }
      context.stroke();
    };
    context.lineWidth = 5;
    context.strokeStyle = cssColor(theme.background, 0.8);
    path();
    context.lineWidth = 2;
    context.strokeStyle = theme.foreground;
    path();
    context.lineWidth = 4;
    context.strokeStyle = cssColor(theme.background, 0.9);
    context.fillStyle = theme.foreground;
    const [lx, ly] = [x1 + 18 * Math.cos(angle), y1 + 18 * Math.sin(angle)];
    context.strokeText(label, lx, ly);
    context.fillText(label, lx, ly);
  }
}

function drawRings(context: CanvasRenderingContext2D, { selection, neighbors, hovered, positionOf, size, firstMark, markSize, theme, sprites }: Overlay): void {
  const ring = (row: number, extra: number, width: number, color: string) => {
    const { x, y } = positionOf(row);
    const radius = sprites?.of.has(row) ? sprites.side / 2 + 3 : (row >= firstMark ? markSize : size) / 2 + extra;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = width + 2;
    context.strokeStyle = cssColor(theme.background, 0.7);
    context.stroke();
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  };
  for (const row of neighbors) ring(row, 2.5, 1, theme.muted);
  if (selection.length <= 60) for (const row of selection) ring(row, 3, 1.5, theme.accent);
  if (hovered >= 0) ring(hovered, 3, 1.5, theme.foreground);
}

function drawPath(context: CanvasRenderingContext2D, { path, theme }: Overlay): void {
  if (path.length < 4) return;
  context.beginPath();
  for (let i = 0; i < path.length; i += 2) context.lineTo(path[i]!, path[i + 1]!);
  context.closePath();
  context.fillStyle = cssColor(theme.dark ? [255, 255, 255] : [0, 0, 0], 0.06);
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = theme.accent;
  context.setLineDash([4, 3]);
  context.stroke();
  context.setLineDash([]);
}
