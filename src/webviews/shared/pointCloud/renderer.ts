import { canvasRenderer } from "./canvasRenderer";
import { webglRenderer, webglSupport } from "./webglRenderer";

/** How one frame looks. */
export interface Frame {
  /** Data space → clip space, column-major. */
  matrix: Float32Array;
  /** CSS pixels; the canvas is sized to them times `ratio`. */
  width: number;
  height: number;
  ratio: number;
  /** Diameter of a point in CSS pixels. */
  size: number;
  /** 0 to 1. */
  opacity: number;
}

/** Draws a cloud of points into a canvas of its own. */
export interface PointRenderer {
  readonly kind: "webgl" | "canvas";
  /** [n × dimensions], dimensions 2 or 3. */
  setPoints(positions: Float32Array, dimensions: number): void;
  /** [n × 4] red, green, blue, opacity; opacity 0 hides a point. */
  setColors(colors: Uint8Array): void;
  /** Points to draw once more on top of all others. */
  setEmphasis(rows: Int32Array): void;
  draw(frame: Frame): void;
  dispose(): void;
}

/**
 * WebGL2 where a GPU draws it, else Canvas2D. Without a GPU the browser draws WebGL on the processor and copies the picture
 * afterwards, which takes several times as long as drawing it there ourselves (bench/README.md). `onLost` is called when the
 * GPU takes the context away.
 */
export function createRenderer(canvas: HTMLCanvasElement, onLost: () => void): PointRenderer {
  return (webglSupport() === "hardware" ? webglRenderer(canvas, onLost) : null) ?? canvasRenderer(canvas);
}
