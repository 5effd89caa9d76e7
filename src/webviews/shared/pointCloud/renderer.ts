import type { Rgb } from "../theme";
import { canvasRenderer } from "./canvasRenderer";
import { knownWebglSupport, webglRenderer, webglSupport } from "./webglRenderer";

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
  /** Diameter of a mark in CSS pixels, from corner to corner. */
  markSize: number;
  /** Of marks. */
  outline: Rgb;
}

/** Draws a cloud of points into a canvas of its own. */
export interface PointRenderer {
  readonly kind: "webgl" | "canvas";
  /** [n × dimensions], dimensions 2 or 3. */
  setPoints(positions: Float32Array, dimensions: number): void;
  /** [n × 4] red, green, blue, opacity; opacity 0 hides a point. */
  setColors(colors: Uint8Array): void;
  /** Points from this one on are marks: diamonds with an outline, above all other points. */
  setMarks(first: number): void;
  /** Points to draw once more on top of all others. */
  setEmphasis(rows: Int32Array): void;
  draw(frame: Frame): void;
  dispose(): void;
}

/** Up to as many points Canvas2D draws in less time than a busy GPU process takes to say what it can. */
const fewPoints = 200_000;

/**
 * WebGL2 where a GPU draws it, else Canvas2D. Without a GPU the browser draws WebGL on the processor and copies the picture
 * afterwards, which takes several times as long as drawing it there ourselves (bench/README.md). As long as nobody knows
 * whether there is a GPU, few points are drawn with Canvas2D: ask `webglSupport` afterwards and make another renderer.
 * `onLost` is called when the GPU takes the context away.
 */
export function createRenderer(canvas: HTMLCanvasElement, count: number, onLost: () => void): PointRenderer {
  const support = count > fewPoints ? webglSupport() : knownWebglSupport();
  return (support === "hardware" ? webglRenderer(canvas, onLost) : null) ?? canvasRenderer(canvas);
}
