import { open, readFile } from "node:fs/promises";
import sharp, { type Metadata, type Sharp } from "sharp";
import { LatentError, messageOf } from "../../protocol/errors";
import { bmpHeaderBytes, decodeBmp, parseBmpHeader } from "./bmp";
import { datasetError } from "./opening";

// One image file: what its header says, and its pixels at the wanted size. The format is found in the first bytes, never
// in the name, and only these formats ever reach a decoder: an SVG called .png could make libvips open other files.

// Each file is read once and several are in work at a time: neither libvips' cache nor its threads inside one small
// image are of use.
sharp.cache(false);
sharp.concurrency(1);

export interface ImageInfo {
  /** As seen: after the camera's orientation is applied. */
  width: number;
  height: number;
  /** False when the file can only hold grey. */
  maybeColored: boolean;
  hasAlpha: boolean;
  frames: number;
}

const longestDecode = 30; // seconds, for one image
/** No camera makes longer ones, and a few bytes that claim a row of ten million pixels would keep a decoder busy for seconds. */
const longestSide = 2 ** 16;

export type Fit = "letterbox" | "crop" | "stretch";

export interface ImageTarget {
  height: number;
  width: number;
  channels: 1 | 3;
  fit: Fit;
}

/** Reads the header of an image; `bad-dataset` naming the file (`name`) when it is no image or damaged. */
export async function readImageInfo(path: string, name: string): Promise<ImageInfo> {
  const head = await readHead(path, name);
  const format = formatOf(head);
  if (!format) {
    const why = head.length === 0 ? ": it is empty" : ", whatever its name says";
    throw new LatentError("bad-dataset", `${name} is not a PNG, JPEG, WebP, GIF, TIFF, AVIF or BMP image${why}: remove or replace it`);
  }
  if (format === "bmp") {
    const { width, height, masks } = named(name, () => parseBmpHeader(head));
    return { width, height, maybeColored: true, hasAlpha: masks[3] !== 0, frames: 1 };
  }
  const metadata = await sharp(path).metadata().catch((error: unknown) => {
    throw damaged(name, error);
  });
  const { width, height } = orientedSize(metadata);
  if (!width || !height) throw new LatentError("bad-dataset", `${name} has no size by its header: it is damaged`);
  if (Math.max(width, height) > longestSide) {
    throw new LatentError("bad-dataset", `${name} claims ${width} × ${height} pixels: sides of at most ${longestSide} are read`);
  }
  if (metadata.depth !== "uchar" && metadata.depth !== "ushort") {
    throw new LatentError("unsupported", `${name} has samples of type ${metadata.depth}, whose range is not known: save it with 8 or 16 bits, or as a NumPy array`);
  }
  const grey = metadata.space === "b-w" || metadata.space === "grey16";
  return { width, height, maybeColored: !grey, hasAlpha: metadata.hasAlpha ?? false, frames: metadata.pages ?? 1 };
}

const orientedSize = ({ autoOrient, width, height }: Metadata) => autoOrient ?? { width, height };

/** The pixels at the target's size, [height × width × channels]; `bad-dataset` naming the file when they are damaged. */
export async function decodeImage(path: string, name: string, { width, height, channels, fit }: ImageTarget): Promise<Uint8Array> {
  const image = await openImage(path, name);
  const { data, info } = await image
    .timeout({ seconds: longestDecode })
    .autoOrient()
    .flatten({ background: "white" })
    .resize(width, height, { fit: fit === "letterbox" ? "contain" : fit === "crop" ? "cover" : "fill", background: "black" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw damaged(name, error);
    });
  if (info.width !== width || info.height !== height || info.channels !== 3) {
    throw new LatentError("internal", `${name} was decoded to ${info.height}×${info.width}×${info.channels}, expected ${height}×${width}×3`);
  }
  return channels === 3 ? data : luma(data);
}

/** Grey as ITU-R BT.601 weighs the channels, in the same whole numbers as Pillow's "L", so that pixels agree with Python's. */
function luma(pixels: Uint8Array): Uint8Array {
  const grey = new Uint8Array(pixels.length / 3);
  for (let i = 0, from = 0; i < grey.length; i++, from += 3) grey[i] = (pixels[from]! * 19595 + pixels[from + 1]! * 38470 + pixels[from + 2]! * 7471 + 0x8000) >> 16;
  return grey;
}

/** True when any pixel of a reduced copy differs in its channels by more than what compressing grey as colour leaves. */
export async function isColored(path: string, name: string): Promise<boolean> {
  const slack = 16;
  const side = 48;
  const pixels = await decodeImage(path, name, { width: side, height: side, channels: 3, fit: "stretch" });
  for (let i = 0; i < pixels.length; i += 3) {
    const [red, green, blue] = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > slack) return true;
  }
  return false;
}

async function openImage(path: string, name: string): Promise<Sharp> {
  const format = formatOf(await readHead(path, name));
  if (!format) throw new LatentError("bad-dataset", `${name} is no longer an image: open the folder again`);
  if (format !== "bmp") return sharp(path, { failOn: "error", sequentialRead: true });
  const file = await readFile(path).catch((error: unknown) => {
    throw datasetError(error, name);
  });
  const { data, ...raw } = named(name, () => decodeBmp(file));
  return sharp(data, { raw });
}

async function readHead(path: string, name: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const head = new Uint8Array(bmpHeaderBytes);
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw datasetError(error, name);
  }
}

const formats: readonly [string, RegExp][] = [
  ["png", /^\x89PNG\r\n\x1a\n/],
  ["jpeg", /^\xff\xd8\xff/],
  ["gif", /^GIF8[79]a/],
  ["webp", /^RIFF[^]{4}WEBP/],
  ["tiff", /^(II[*+]\0|MM\0[*+])/],
  ["avif", /^[^]{4}ftyp(avif|avis|mif1[^]{0,40}avif)/],
  ["bmp", /^BM/],
];

function formatOf(head: Uint8Array): string | null {
  const text = Buffer.from(head.subarray(0, 64)).toString("latin1");
  return formats.find(([, start]) => start.test(text))?.[0] ?? null;
}

function named<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw error instanceof LatentError ? new LatentError(error.code, `${name}: ${error.message}`) : error;
  }
}

function damaged(name: string, error: unknown): LatentError {
  return new LatentError("bad-dataset", `${name} cannot be decoded: ${messageOf(error).split("\n")[0]}`);
}
