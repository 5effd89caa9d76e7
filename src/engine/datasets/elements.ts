import { endianness } from "node:os";
import type { Rows } from "./dataset";

// The element types that numeric array formats store, and how their bytes become numbers. Bytes stay bytes (a quarter of
// the memory of floats, and most image data); every other type becomes 32-bit floats, which is what models compute with.

/** NumPy's short names; both byte orders of each are read. */
export const elementBytes = { bool: 1, u1: 1, i1: 1, u2: 2, i2: 2, f2: 2, u4: 4, i4: 4, f4: 4, u8: 8, i8: 8, f8: 8 } as const;
export type ElementType = keyof typeof elementBytes;

const machineIsLittleEndian = endianness() === "LE";

/** True for the types that can hold NaN or infinities. */
export const isFloat = (element: ElementType): boolean => element.startsWith("f");

/** What `decodeElements` makes of the type. */
export const decodedDtype = (element: ElementType): "uint8" | "float32" => (element === "u1" ? "uint8" : "float32");

/**
 * The numbers in `bytes`, whose length is a multiple of the element size. Takes the bytes over: they may be swapped in
 * place or stay the memory of the answer. Integers beyond 2^24 and doubles are rounded to the nearest 32-bit float;
 * doubles beyond its range become infinities.
 */
export function decodeElements(bytes: Uint8Array<ArrayBuffer>, element: ElementType, littleEndian: boolean): Rows {
  const size = elementBytes[element];
  const own = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  if (size > 1 && littleEndian !== machineIsLittleEndian) swap(own, size);
  const { buffer, byteOffset } = own;
  const count = own.length / size;
  switch (element) {
    case "u1": return own;
    case "bool": return Float32Array.from(own, value => (value === 0 ? 0 : 1));
    case "i1": return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "u2": return Float32Array.from(new Uint16Array(buffer, byteOffset, count));
    case "i2": return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "u4": return Float32Array.from(new Uint32Array(buffer, byteOffset, count));
    case "i4": return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "f4": return new Float32Array(buffer, byteOffset, count);
    case "f8": return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "f2": return halves(new Uint16Array(buffer, byteOffset, count));
    case "u8": return wideIntegers(own, count, new Uint32Array(buffer, byteOffset, 2 * count));
    case "i8": return wideIntegers(own, count, new Int32Array(buffer, byteOffset, 2 * count));
    default: return element satisfies never;
  }
}

function swap(bytes: Uint8Array<ArrayBuffer>, size: 2 | 4 | 8 | number): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (size === 2) view.swap16();
  else if (size === 4) view.swap32();
  else view.swap64();
}

/** 64-bit integers from their halves: BigInt is some fifty times slower and a float keeps 24 bits anyway. */
function wideIntegers(bytes: Uint8Array<ArrayBuffer>, count: number, highHalves: Uint32Array | Int32Array): Float32Array {
  const lowHalves = new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * count);
  const [low, high] = machineIsLittleEndian ? [0, 1] : [1, 0];
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = highHalves[2 * i + high]! * 2 ** 32 + lowHalves[2 * i + low]!;
  return values;
}

let halfTable: Float32Array | undefined;

/** IEEE 754 binary16 through a table of all 65,536 of them. */
function halves(bits: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, half) => halfToNumber(half));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = halfTable[bits[i]!]!;
  return values;
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}
