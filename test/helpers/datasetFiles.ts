import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { afterAll } from "vitest";

// Writers of small dataset files, independent of the readers they test.

const folders: string[] = [];
// Registered while the test file is being collected: a hook that a running test or hook registers would never run.
afterAll(async () => {
  for (const path of folders) await rm(path, { recursive: true, force: true });
});

/** A folder for a test file's fixtures, removed at its end. */
export async function temporaryFolder(): Promise<{ path: string; write(name: string, content: Uint8Array | string): Promise<string> }> {
  const path = await mkdtemp(join(tmpdir(), "latent-lens-dataset-test-"));
  folders.push(path);
  return {
    path,
    write: async (name, content) => {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
  };
}

export type Descr = "|b1" | "|u1" | "|i1" | `${"<" | ">"}${"u2" | "i2" | "u4" | "i4" | "u8" | "i8" | "f2" | "f4" | "f8"}`;

/** The values in row-major order as an array of the given type and order is stored. */
export function arrayBytes(values: ArrayLike<number>, descr: Descr, shape: readonly number[], fortran = false): Uint8Array {
  const letter = descr[1]!;
  const size = Number(descr[2]);
  const little = descr[0] !== ">";
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  const order = fortran ? fortranOrder(shape) : Array.from(values, (_, i) => i);
  order.forEach((from, to) => {
    const value = values[from]!;
    const at = to * size;
    if (letter === "f") {
      if (size === 8) view.setFloat64(at, value, little);
      else if (size === 4) view.setFloat32(at, value, little);
      else view.setUint16(at, toHalf(value), little);
    } else if (size === 1) view.setUint8(at, value & 255);
    else if (size === 2) view.setUint16(at, value & 0xffff, little);
    else if (size === 4) view.setUint32(at, value >>> 0, little);
    else view.setBigInt64(at, BigInt(value), little);
  });
  return bytes;
}

/** For each place in Fortran order, the place of the same element in row-major order. */
function fortranOrder(shape: readonly number[]): number[] {
  const count = shape.reduce((product, size) => product * size, 1);
  return Array.from({ length: count }, (_, place) => {
    let rest = place;
    const index = shape.map(size => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    return index.reduce((flat, at, axis) => flat * shape[axis]! + at, 0);
  });
}

/** Exact for the normal halves that tests use. */
function toHalf(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024);
}

/** An npy file around raw data. */
export function npyFile(data: Uint8Array, header: string, version: 1 | 2 | 3 = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const text = Buffer.from(header.padEnd(Math.ceil((start + header.length + 1) / 64) * 64 - start - 1) + "\n", version === 3 ? "utf8" : "latin1");
  const head = Buffer.alloc(start);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, text, data]);
}

const pythonShape = (shape: readonly number[]) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

/** An npy file of numbers, values in row-major order. */
export function npy(values: ArrayLike<number>, descr: Descr, shape: readonly number[], { fortran = false, version = 1 as 1 | 2 | 3 } = {}): Uint8Array {
  return npyFile(arrayBytes(values, descr, shape, fortran), `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${pythonShape(shape)}, }`, version);
}

/** An npy file of texts, as `np.array([...])` saves them. */
export function npyTexts(texts: readonly string[]): Uint8Array {
  const width = Math.max(1, ...texts.map(text => [...text].length));
  const data = Buffer.alloc(texts.length * width * 4);
  texts.forEach((text, row) => [...text].forEach((letter, i) => data.writeUInt32LE(letter.codePointAt(0)!, (row * width + i) * 4)));
  return npyFile(data, `{'descr': '<U${width}', 'fortran_order': False, 'shape': (${texts.length},), }`);
}

export interface ZipEntry {
  name: string;
  data: Uint8Array;
  deflate?: boolean;
  /** Overrides of what the directory says, to lie with. */
  method?: number;
  flags?: number;
  size?: number;
  packedSize?: number;
  crc?: number;
  offset?: number;
}

/** A zip archive. */
export function zip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const entry of entries) {
    const packed = Buffer.from(entry.deflate ? deflateRawSync(entry.data) : entry.data);
    const name = Buffer.from(entry.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(entry.flags ?? 0, 2);
    common.writeUInt16LE(entry.method ?? (entry.deflate ? 8 : 0), 4);
    common.writeUInt32LE(entry.crc ?? crc32(entry.data), 10);
    common.writeUInt32LE(entry.packedSize ?? packed.length, 14);
    common.writeUInt32LE(entry.size ?? entry.data.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), common, name, packed);
    const offset = Buffer.alloc(14);
    offset.writeUInt32LE(entry.offset ?? position, 10);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, offset, name);
    position += 30 + name.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(position, 16);
  return Buffer.concat([...parts, listing, end]);
}

/** An npz archive: npy files by array name. */
export function npz(arrays: Record<string, Uint8Array>, deflate = false): Uint8Array {
  return zip(Object.entries(arrays).map(([name, data]) => ({ name: `${name}.npy`, data, deflate })));
}

const idxCodes = { "|u1": 8, "|i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14 } as const;

/** An IDX file. */
export function idx(values: ArrayLike<number>, descr: keyof typeof idxCodes, shape: readonly number[]): Uint8Array {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head[2] = idxCodes[descr];
  head[3] = shape.length;
  shape.forEach((size, axis) => head.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([head, arrayBytes(values, descr, shape)]);
}

export const gzip = (bytes: Uint8Array): Uint8Array => gzipSync(bytes);

/** 0, 1, … count − 1 */
export const counting = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export interface BmpOptions {
  bits: 1 | 4 | 8 | 16 | 24 | 32;
  topDown?: boolean;
  /** [r, g, b] for each index. */
  palette?: readonly (readonly [number, number, number])[];
  compression?: number;
}

/** A bitmap around stored rows, which the caller has padded. */
export function bmp(width: number, height: number, pixels: Uint8Array, { bits, topDown = false, palette = [], compression = 0 }: BmpOptions): Uint8Array {
  const masks = compression === 3 ? 12 : 0;
  const start = 54 + masks + palette.length * 4;
  const head = Buffer.alloc(start);
  head.write("BM");
  head.writeUInt32LE(start + pixels.length, 2);
  head.writeUInt32LE(start, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(topDown ? -height : height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(compression, 30);
  head.writeUInt32LE(pixels.length, 34);
  head.writeUInt32LE(palette.length, 46);
  if (masks) [0xf800, 0x7e0, 0x1f].forEach((mask, i) => head.writeUInt32LE(mask, 54 + 4 * i));
  palette.forEach(([red, green, blue], i) => head.set([blue, green, red, 0], 54 + masks + 4 * i));
  return Buffer.concat([head, pixels]);
}
