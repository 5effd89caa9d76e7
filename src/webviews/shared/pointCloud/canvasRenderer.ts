import { projectAll } from "./projected";
import type { Frame, PointRenderer } from "./renderer";
import { resize } from "./webglRenderer";

/** A renderer on Canvas2D, for pages without WebGL2: squares written straight into the pixels, blended by hand. */
export function canvasRenderer(canvas: HTMLCanvasElement): PointRenderer {
  const context = canvas.getContext("2d")!;
  let positions: Float32Array = new Float32Array(0);
  let dimensions = 2;
  let colors: Uint8Array = new Uint8Array(0);
  let emphasis: Int32Array = new Int32Array(0);
  let screen: Float32Array | undefined;
  return {
    kind: "canvas",
    setPoints: (values, newDimensions) => {
      positions = values;
      dimensions = newDimensions;
    },
    setColors: values => void (colors = values),
    setEmphasis: rows => void (emphasis = rows),
    draw: ({ matrix, width, height, ratio, size, opacity }: Frame) => {
      resize(canvas, width * ratio, height * ratio);
      screen = projectAll(positions, dimensions, matrix, { width: canvas.width, height: canvas.height }, screen);
      const image = context.createImageData(canvas.width, canvas.height);
      const side = Math.max(1, Math.round(size * ratio * 0.9));
      const n = positions.length / dimensions;
      for (let i = 0; i < n; i++) stamp(image, screen[2 * i]!, screen[2 * i + 1]!, side, colors, i, opacity);
      for (const row of emphasis) stamp(image, screen[2 * row]!, screen[2 * row + 1]!, side, colors, row, 1);
      context.putImageData(image, 0, 0);
    },
    dispose: () => undefined,
  };
}

/** Source-over of a square onto non-premultiplied pixels. */
function stamp({ data, width, height }: ImageData, x: number, y: number, side: number, colors: Uint8Array, row: number, opacity: number): void {
  const alpha = (colors[4 * row + 3]! / 255) * opacity;
  if (alpha === 0) return;
  const left = Math.round(x - side / 2);
  const top = Math.round(y - side / 2);
  for (let py = Math.max(0, top); py < Math.min(height, top + side); py++) {
    for (let px = Math.max(0, left); px < Math.min(width, left + side); px++) {
      const o = 4 * (py * width + px);
      const below = data[o + 3]! / 255;
      const total = alpha + below * (1 - alpha);
      for (let channel = 0; channel < 3; channel++) {
        data[o + channel] = (colors[4 * row + channel]! * alpha + data[o + channel]! * below * (1 - alpha)) / total;
      }
      data[o + 3] = 255 * total;
    }
  }
}
