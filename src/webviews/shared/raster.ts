import type { NumericArray, Schema } from "../../protocol/data";
import { cssColor, signedColor } from "./colors";
import type { Rgb, Theme } from "./theme";

// Rows as pictures: images as they are, signed images in two hues, tables and vectors as bars. All draw into canvases at
// the rows' own resolution; CSS enlarges them without smoothing.

/** A block of images cut out of a flat array. */
export interface Picture {
  data: Float32Array | Uint8Array;
  height: number;
  width: number;
  channels: number;
}

/** Picture `index` of a block [..., height, width, channels]. */
export function pictureAt({ data, shape }: NumericArray | { data: Uint8Array; shape: readonly number[] }, index: number): Picture {
  const [height, width, channels] = shape.slice(-3) as [number, number, number];
  const size = height * width * channels;
  return { data: data.subarray(index * size, (index + 1) * size), height, width, channels };
}

/** Grey, colour or colour with opacity, with `low` black and `high` white. */
export function drawPicture(canvas: HTMLCanvasElement, { data, height, width, channels }: Picture, [low, high]: readonly [number, number]): void {
  const scale = high > low ? 255 / (high - low) : 0;
  paint(canvas, width, height, (pixels, i, o) => {
    const at = (channel: number) => (data[i * channels + channel]! - low) * scale; // Uint8ClampedArray rounds and clamps
    pixels[o] = at(0);
    pixels[o + 1] = channels >= 3 ? at(1) : at(0);
    pixels[o + 2] = channels >= 3 ? at(2) : at(0);
    pixels[o + 3] = channels === 4 ? at(3) : 255;
  });
}

/** Signed values: the mean over the channels, from −limit to limit. */
export function drawSigned(canvas: HTMLCanvasElement, { data, height, width, channels }: Picture, limit: number, theme: Theme): void {
  paint(canvas, width, height, (pixels, i, o) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += data[i * channels + channel]!;
    const color = signedColor(limit > 0 ? sum / channels / limit : 0, theme.background, theme.dark);
    pixels.set(color, o);
    pixels[o + 3] = 255;
  });
}

function paint(canvas: HTMLCanvasElement, width: number, height: number, color: (pixels: Uint8ClampedArray, pixel: number, offset: number) => void): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) color(image.data, i, 4 * i);
  context.putImageData(image, 0, 0);
}

/**
 * Values of a row that is no image, as bars from the zero line; `limits` are the lowest and highest value drawn. Sharp on
 * any screen: drawn at the canvas's size in device pixels.
 */
export function drawBars(canvas: HTMLCanvasElement, values: ArrayLike<number>, [low, high]: readonly [number, number], color: Rgb): void {
  const ratio = window.devicePixelRatio;
  const width = (canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio)));
  const height = (canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio)));
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  const y = (value: number) => height - ((value - low) / (high - low || 1)) * height;
  const zero = Math.min(height, Math.max(0, y(0)));
  context.fillStyle = cssColor(color);
  const step = width / values.length;
  for (let i = 0; i < values.length; i++) {
    const top = Math.min(height, Math.max(0, y(values[i]!)));
    context.fillRect(i * step, Math.min(top, zero), Math.max(1, step - (step > 3 ? 1 : 0)), Math.max(1, Math.abs(top - zero)));
  }
}

/** Every column of a table from 0 to 1 over its range in `reference`, since columns differ in their units; in the middle where it has none. */
export function columnShares(rows: Float32Array, size: number, reference: Float32Array): Float32Array {
  const low = new Float32Array(size).fill(Infinity);
  const high = new Float32Array(size).fill(-Infinity);
  reference.forEach((value, i) => {
    low[i % size] = Math.min(low[i % size]!, value);
    high[i % size] = Math.max(high[i % size]!, value);
  });
  return rows.map((value, i) => {
    const span = high[i % size]! - low[i % size]!;
    return span > 0 ? (value - low[i % size]!) / span : 0.5;
  });
}

/** Rows that are no images as bars: values to draw and their lowest and highest, those of tables column by column. */
export function barsOf({ data }: NumericArray, schema: Schema, reference = data): { values: Float32Array; range: [number, number] } {
  return schema.kind === "table" ? { values: columnShares(data, schema.shape[0]!, reference), range: [0, 1] } : { values: data, range: rangeOf(reference) };
}

/** The values black and white stand for: the format's own range, else what the block holds. */
export function displayRange(schema: Schema, block: ArrayLike<number>): [number, number] {
  return schema.range ?? rangeOf(block);
}

export function rangeOf(block: ArrayLike<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < block.length; i++) {
    const value = block[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}
