// Discs drawn by hand, pixel for pixel what webglRenderer.ts lets the GPU do.

/** A picture in the making: colours premultiplied by their opacity and, for clouds in three dimensions, how far away each pixel lies. */
export interface Raster {
  width: number;
  height: number;
  pixels: Uint8Array;
  depth: Float32Array | null;
}

/** How much of each pixel a disc covers, 0 to 1, in a square of `side` pixels; one square for each place of the middle between pixels. */
export interface Disc {
  radius: number;
  side: number;
  coverage: Float32Array[];
}

/** Places of a disc's middle that are told apart along a pixel. */
const phases = 4;

/** An empty picture; takes the arrays of `old` when they have the right size. */
export function emptyRaster(width: number, height: number, deep: boolean, old: Raster | null): Raster {
  const count = width * height;
  const pixels = old?.pixels.length === 4 * count ? old.pixels.fill(0) : new Uint8Array(4 * count);
  if (!deep) return { width, height, pixels, depth: null };
  const depth = old?.depth?.length === count ? old.depth : new Float32Array(count);
  return { width, height, pixels, depth: depth.fill(Infinity) };
}

/** A disc with an edge one pixel wide. */
export function discOf(size: number): Disc {
  return shapeOf(size, coverageAt);
}

/** A diamond on its corner, `size` pixels from one to the opposite one, with an edge one pixel wide. */
export function diamondOf(size: number): Disc {
  return shapeOf(size, diamondCoverageAt);
}

function shapeOf(size: number, coverageAt: (dx: number, dy: number, size: number) => number): Disc {
  const radius = size / 2;
  const side = Math.ceil(size) + 1;
  const coverage: Float32Array[] = [];
  for (let py = 0; py <= phases; py++) {
    for (let px = 0; px <= phases; px++) {
      const [middleX, middleY] = [radius + px / phases, radius + py / phases];
      coverage.push(Float32Array.from({ length: side * side }, (_, i) => coverageAt((i % side) + 0.5 - middleX, Math.floor(i / side) + 0.5 - middleY, size)));
    }
  }
  return { radius, side, coverage };
}

function coverageAt(dx: number, dy: number, size: number): number {
  if (Math.abs(dx) > size / 2 || Math.abs(dy) > size / 2) return 0;
  const edge = 2 / Math.max(size, 2);
  const along = Math.max(0, Math.min(1, ((2 * Math.hypot(dx, dy)) / size - (1 - edge)) / edge));
  return 1 - along * along * (3 - 2 * along);
}

function diamondCoverageAt(dx: number, dy: number, size: number): number {
  const edge = (2 * Math.SQRT2) / Math.max(size, 3);
  const along = Math.max(0, Math.min(1, ((2 * (Math.abs(dx) + Math.abs(dy))) / size - (1 - edge)) / edge));
  return 1 - along * along * (3 - 2 * along);
}

/** Draws a disc with its middle at (x, y), unless what is there is nearer; the colour is that of `row` in `colors` [n × 4]. */
export function stamp({ width, height, pixels, depth }: Raster, { radius, side, coverage }: Disc, x: number, y: number, far: number, colors: Uint8Array, row: number, opacity: number): void {
  const left = Math.floor(x - radius);
  const top = Math.floor(y - radius);
  if (left >= width || top >= height || left + side <= 0 || top + side <= 0) return;
  const covers = coverage[Math.round((y - radius - top) * phases) * (phases + 1) + Math.round((x - radius - left) * phases)]!;
  const red = colors[4 * row]!;
  const green = colors[4 * row + 1]!;
  const blue = colors[4 * row + 2]!;
  const firstX = Math.max(0, -left);
  const lastX = Math.min(side, width - left);
  const lastY = Math.min(side, height - top);
  for (let j = Math.max(0, -top); j < lastY; j++) {
    for (let i = firstX; i < lastX; i++) {
      const alpha = covers[j * side + i]! * opacity;
      if (alpha === 0) continue;
      const at = (top + j) * width + left + i;
      if (depth) {
        if (far >= depth[at]!) continue;
        depth[at] = far;
      }
      const rest = 1 - alpha;
      const o = 4 * at;
      pixels[o] = red * alpha + pixels[o]! * rest + 0.5;
      pixels[o + 1] = green * alpha + pixels[o + 1]! * rest + 0.5;
      pixels[o + 2] = blue * alpha + pixels[o + 2]! * rest + 0.5;
      pixels[o + 3] = 255 * alpha + pixels[o + 3]! * rest + 0.5;
    }
  }
}

/** Writes the picture into an image, whose colours are not premultiplied. */
export function copyTo(image: ImageData, { pixels }: Raster): void {
  const { data } = image;
  for (let o = 0; o < pixels.length; o += 4) {
    const alpha = pixels[o + 3]!;
    data[o + 3] = alpha;
    if (alpha === 0) continue;
    const scale = 255 / alpha;
    data[o] = pixels[o]! * scale;
    data[o + 1] = pixels[o + 1]! * scale;
    data[o + 2] = pixels[o + 2]! * scale;
  }
}
