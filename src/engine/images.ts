import type { Schema } from "../protocol/data";

/** Value → byte: the schema's range, or the block's own when it has none. */
export function toBytes(rows: Float32Array, schema: Schema): Uint8Array {
  const [low, high] = schema.range ?? rangeOf(rows);
  const scale = high > low ? 255 / (high - low) : 0;
  return Uint8Array.from(rows, value => Math.max(0, Math.min(255, Math.round((value - low) * scale))));
}

function rangeOf(rows: Float32Array): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of rows) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * Images [n, height, width, channels] made at most `side` long by averaging whole blocks of pixels; smaller ones stay as
 * they are. Returns the bytes with their new height and width.
 */
export function shrink(pixels: Uint8Array, n: number, height: number, width: number, channels: number, side: number): { data: Uint8Array; height: number; width: number } {
  const factor = Math.ceil(Math.max(height, width) / side);
  if (factor <= 1) return { data: pixels, height, width };
  const h = Math.ceil(height / factor);
  const w = Math.ceil(width / factor);
  const data = new Uint8Array(n * h * w * channels);
  for (let i = 0, out = 0; i < n; i++) {
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) for (let c = 0; c < channels; c++) {
      let sum = 0;
      let count = 0;
      for (let sy = y * factor; sy < Math.min(height, (y + 1) * factor); sy++) {
        for (let sx = x * factor; sx < Math.min(width, (x + 1) * factor); sx++) {
          sum += pixels[((i * height + sy) * width + sx) * channels + c]!;
          count++;
        }
      }
      data[out++] = Math.round(sum / count);
    }
  }
  return { data, height: h, width: w };
}
