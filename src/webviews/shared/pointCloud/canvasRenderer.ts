import { copyTo, diamondOf, discOf, emptyRaster, stamp, type Disc, type Raster } from "./discs";
import { markOutline } from "./look";
import type { Rgb } from "../theme";
import type { Frame, PointRenderer } from "./renderer";
import { resize } from "./webglRenderer";

/** A renderer on Canvas2D, for pages without WebGL2 or where the processor would have to draw it. */
export function canvasRenderer(canvas: HTMLCanvasElement): PointRenderer {
  const context = canvas.getContext("2d")!;
  let positions: Float32Array = new Float32Array(0);
  let dimensions = 2;
  let colors: Uint8Array = new Uint8Array(0);
  let emphasis: Int32Array = new Int32Array(0);
  let firstMark = Infinity;
  let raster: Raster | null = null;
  let image: ImageData | null = null;
  const discs = new Map<number, Disc>();
  return {
    kind: "canvas",
    setPoints: (values, newDimensions) => {
      positions = values;
      dimensions = newDimensions;
    },
    setColors: values => void (colors = values),
    setMarks: first => void (firstMark = first),
    setEmphasis: rows => void (emphasis = rows),
    draw: ({ matrix, width, height, ratio, size, opacity, markSize, outline }: Frame) => {
      resize(canvas, width * ratio, height * ratio);
      const deep = dimensions === 3;
      raster = emptyRaster(canvas.width, canvas.height, deep, raster);
      if (image?.width !== canvas.width || image.height !== canvas.height) image = context.createImageData(canvas.width, canvas.height);
      discs.clear();
      const cloud = { positions, dimensions, colors, matrix };
      const drawPoint = pointDrawer(raster, cloud, discDrawer(raster, discs, { colors, size: size * ratio, deep }));
      const hasMarks = firstMark < positions.length / dimensions;
      const drawMark = hasMarks && pointDrawer(raster, cloud, markDrawer(raster, { colors, size: markSize * ratio, outline, width: markOutline * ratio }));
      const draw = (row: number, strength: number) => (drawMark && row >= firstMark ? drawMark(row, 1) : drawPoint(row, strength));
      // Blending and depth do not go together: in 3-D the nearer disc simply wins.
      const n = positions.length / dimensions;
      for (let row = 0; row < n; row++) draw(row, deep ? 1 : opacity);
      raster.depth?.fill(Infinity);
      for (const row of emphasis) draw(row, 1);
      copyTo(image, raster);
      context.putImageData(image, 0, 0);
    },
    dispose: () => undefined,
  };
}

interface Cloud {
  positions: Float32Array;
  dimensions: number;
  colors: Uint8Array;
  matrix: Float32Array;
}

/** Puts the shape of a row at a pixel; `far` is how far away it is, 1 in two dimensions. */
type Draw = (row: number, x: number, y: number, far: number, alpha: number) => void;

/** Finds the place of a row in the picture, and draws it there if it is in it. */
function pointDrawer({ width, height }: Raster, { positions, dimensions, colors, matrix: m }: Cloud, draw: Draw): (row: number, opacity: number) => void {
  const deep = dimensions === 3;
  return (row, opacity) => {
    const alpha = (colors[4 * row + 3]! / 255) * opacity;
    if (alpha === 0) return;
    const x = positions[row * dimensions]!;
    const y = positions[row * dimensions + 1]!;
    const z = deep ? positions[row * 3 + 2]! : 0;
    const far = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!;
    if (Math.abs(m[2]! * x + m[6]! * y + m[10]! * z + m[14]!) > far) return;
    const sx = (0.5 + (m[0]! * x + m[4]! * y + m[8]! * z + m[12]!) / (2 * far)) * width;
    const sy = (0.5 - (m[1]! * x + m[5]! * y + m[9]! * z + m[13]!) / (2 * far)) * height;
    draw(row, sx, sy, far, alpha);
  };
}

/** In 3-D nearer points are larger: sizes in steps of an eighth of a pixel, so that few discs need making. `size` in pixels of the raster. */
function discDrawer(raster: Raster, discs: Map<number, Disc>, { colors, size, deep }: { colors: Uint8Array; size: number; deep: boolean }): Draw {
  const flat = discOf(size);
  const discAt = (far: number): Disc => {
    const step = Math.round(8 * size * Math.max(0.4, Math.min(3, 2.9 / far)));
    let disc = discs.get(step);
    if (!disc) discs.set(step, (disc = discOf(step / 8)));
    return disc;
  };
  return (row, x, y, far, alpha) => stamp(raster, deep ? discAt(far) : flat, x, y, far, colors, row, alpha);
}

/** Marks are of one size, near or far: they must be found. */
function markDrawer(raster: Raster, { colors, size, outline, width }: { colors: Uint8Array; size: number; outline: Rgb; width: number }): Draw {
  const [outer, inner] = [diamondOf(size), diamondOf(Math.max(1, size - 2 * Math.SQRT2 * width))];
  const line = Uint8Array.of(...outline, 255);
  return (row, x, y, far, alpha) => {
    stamp(raster, outer, x, y, far, line, 0, alpha);
    // A little nearer than its own outline, or that would hide it.
    stamp(raster, inner, x, y, far * (1 - 1e-5), colors, row, alpha);
  };
}
