import { LatentError } from "../../protocol/errors";

// Windows bitmaps, which libvips does not read: 1, 4, 8, 16, 24 and 32 bits a pixel, uncompressed, with bit fields, or
// run-length encoded with 8 bits (https://learn.microsoft.com/windows/win32/gdi/bitmap-storage). Strict: every offset is
// checked before it is used and everything unusual is refused.

export interface BmpHeader {
  width: number;
  height: number;
  /** True when the first stored row is the lowest. */
  bottomUp: boolean;
  bits: number;
  compression: number;
  /** Where palette and pixels begin. */
  paletteStart: number;
  paletteSize: number;
  paletteEntryBytes: number;
  pixelStart: number;
  /** Bit masks of red, green, blue and alpha, for 16 and 32 bits. */
  masks: readonly [number, number, number, number];
}

/** Bytes of a file that `parseBmpHeader` needs at most. */
export const bmpHeaderBytes = 14 + 124;
const [uncompressed, runLength8, bitFields] = [0, 1, 3];
const mostPixels = 0x3fff * 0x3fff; // libvips' limit in sharp, for all formats alike

/** The header of a bitmap; `bad-dataset` or `unsupported` with what is wrong. */
export function parseBmpHeader(head: Uint8Array): BmpHeader {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 26 || view.getUint16(0) !== 0x424d) throw bad("it is not a bitmap");
  const size = view.getUint32(14, true);
  const core = size === 12;
  if (!core && !(size >= 40 && size <= 124)) throw bad(`its header claims ${size} bytes`);
  if (head.length < 14 + size) throw bad("it ends within its header");
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? uncompressed : view.getUint32(30, true);
  const colorsUsed = core ? 0 : view.getUint32(46, true);
  if (width <= 0 || height === 0 || width * height > mostPixels) throw bad(`it claims ${width} × ${height} pixels`);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw bad(`it claims ${bits} bits a pixel`);
  const fits =
    compression === uncompressed ||
    (compression === runLength8 && bits === 8 && signedHeight > 0) ||
    (compression === bitFields && (bits === 16 || bits === 32));
  if (!fits) throw new LatentError("unsupported", `compression ${compression} with ${bits} bits a pixel is not read: save it as PNG`);
  if (colorsUsed > 256 && bits <= 8) throw bad(`its palette claims ${colorsUsed} colours`);
  const masksBehind = compression === bitFields && size === 40;
  const masksAt = 54; // right behind the 40 bytes that all newer headers begin with
  if (compression === bitFields && head.length < masksAt + 12) throw bad("it ends within its header");
  const alphaAt = size >= 56 && compression === bitFields ? view.getUint32(masksAt + 12, true) : 0;
  return {
    width, height, bits, compression,
    bottomUp: signedHeight > 0,
    paletteStart: 14 + size + (masksBehind ? 12 : 0),
    paletteSize: bits > 8 ? 0 : colorsUsed || 2 ** bits,
    paletteEntryBytes: core ? 3 : 4,
    pixelStart: view.getUint32(10, true),
    masks: compression === bitFields
      ? [view.getUint32(masksAt, true), view.getUint32(masksAt + 4, true), view.getUint32(masksAt + 8, true), alphaAt]
      : bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0],
  };
}

/** The pixels of a bitmap from the top, [height × width × channels] with 3 channels, or 4 when it has an alpha mask. */
export function decodeBmp(file: Uint8Array): { width: number; height: number; channels: 3 | 4; data: Uint8Array } {
  const header = parseBmpHeader(file.subarray(0, bmpHeaderBytes));
  const { width, height, bits, compression, pixelStart } = header;
  const stride = Math.floor((bits * width + 31) / 32) * 4;
  if (pixelStart < header.paletteStart || pixelStart > file.length) throw bad(`its pixels begin at byte ${pixelStart} of ${file.length}`);
  const end = compression === runLength8 ? pixelStart : pixelStart + stride * height;
  if (end > file.length) throw bad(`its pixels end at byte ${end}, but it has ${file.length}: it is cut short`);
  const pixels = file.subarray(pixelStart);
  const channels = header.masks[3] ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  const rowOf = (stored: number) => (header.bottomUp ? height - 1 - stored : stored);
  if (bits <= 8) {
    const indices = compression === runLength8 ? unpackRuns(pixels, width, height) : unpackIndices(pixels, width, height, bits, stride);
    paint(indices, readPalette(file, header), width, height, rowOf, data);
  } else if (bits === 24) {
    for (let y = 0; y < height; y++) {
      let to = rowOf(y) * width * 3;
      for (let x = 0, from = y * stride; x < width; x++, from += 3, to += 3) {
        data[to] = pixels[from + 2]!;
        data[to + 1] = pixels[from + 1]!;
        data[to + 2] = pixels[from]!;
      }
    }
  } else paintMasked(pixels, header, stride, rowOf, channels, data);
  return { width, height, channels, data };
}

function readPalette(file: Uint8Array, { paletteStart, paletteSize, paletteEntryBytes, pixelStart }: BmpHeader): Uint8Array {
  if (paletteStart + paletteSize * paletteEntryBytes > pixelStart) throw bad("its palette reaches into its pixels");
  const palette = new Uint8Array(paletteSize * 3);
  for (let i = 0; i < paletteSize; i++) {
    for (let channel = 0; channel < 3; channel++) palette[i * 3 + channel] = file[paletteStart + i * paletteEntryBytes + 2 - channel]!;
  }
  return palette;
}

/** One palette index a pixel, rows as stored. */
function unpackIndices(pixels: Uint8Array, width: number, height: number, bits: number, stride: number): Uint8Array {
  const indices = new Uint8Array(width * height);
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = pixels[y * stride + Math.floor(x / perByte)]!;
      indices[y * width + x] = (byte >> (8 - bits - (x % perByte) * bits)) & mask;
    }
  }
  return indices;
}

/** Run-length encoded palette indices; pixels that are jumped over stay 0. */
function unpackRuns(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const indices = new Uint8Array(width * height);
  let [at, x, y] = [0, 0, 0];
  const next = () => {
    if (at >= pixels.length) throw bad("its runs end before the picture does");
    return pixels[at++]!;
  };
  const put = (index: number) => {
    if (x >= width || y >= height) throw bad("a run goes beyond the picture");
    indices[y * width + x++] = index;
  };
  for (;;) {
    const length = next();
    const value = next();
    if (length > 0) for (let i = 0; i < length; i++) put(value);
    else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return indices;
    else if (value === 2) [x, y] = [x + next(), y + next()];
    else {
      for (let i = 0; i < value; i++) put(next());
      if (value % 2 === 1) next(); // literal runs are padded to whole words
    }
  }
}

function paint(indices: Uint8Array, palette: Uint8Array, width: number, height: number, rowOf: (stored: number) => number, data: Uint8Array): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = indices[y * width + x]! * 3;
      if (from >= palette.length) throw bad(`a pixel has colour ${from / 3}, the palette ${palette.length / 3}`);
      const to = (rowOf(y) * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) data[to + channel] = palette[from + channel]!;
    }
  }
}

/** 16 and 32 bits a pixel, each channel a run of bits scaled to 0…255. */
function paintMasked(
  pixels: Uint8Array, { width, height, bits, masks }: BmpHeader, stride: number, rowOf: (stored: number) => number, channels: number, data: Uint8Array,
): void {
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const fields = masks.slice(0, channels).map(mask => {
    const shift = mask === 0 ? 0 : Math.log2((mask & -mask) >>> 0);
    const most = mask >>> shift;
    if ((most & (most + 1)) !== 0) throw bad("its bit masks have holes");
    return { mask, shift, scale: most === 0 ? 0 : 255 / most };
  });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = bits === 16 ? view.getUint16(y * stride + x * 2, true) : view.getUint32(y * stride + x * 4, true);
      const to = (rowOf(y) * width + x) * channels;
      fields.forEach(({ mask, shift, scale }, channel) => (data[to + channel] = Math.round(((pixel & mask) >>> shift) * scale)));
    }
  }
}

const bad = (message: string) => new LatentError("bad-dataset", message);
