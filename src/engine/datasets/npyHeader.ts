import { LatentError } from "../../protocol/errors";
import { elementBytes, type ElementType } from "./elements";
import { parsePythonLiteral, type Literal } from "./pythonLiteral";

// The npy format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1.0 to 3.0.

/** Numbers, or texts of a fixed width. */
type Content = { kind: "numbers"; element: ElementType } | { kind: "texts"; encoding: "utf-32" | "bytes"; width: number };
type Fields = { littleEndian: boolean; shape: number[]; fortran: boolean } & Content;
/** What an npy file holds by its header, and where the data begins. */
export type NpyHeader = Fields & { offset: number };

/** Bytes of a file that are enough to read any sane header from; longer ones are refused. */
export const longestNpyHeader = 2 ** 16;

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Parses the start of an npy file (`longestNpyHeader` bytes of it or all). Messages do not name the file. */
export function parseNpyHeader(head: Uint8Array): NpyHeader {
  if (head.length < 10 || magic.some((byte, i) => head[i] !== byte)) throw bad("it is not an npy file: it does not start with \\x93NUMPY");
  const major = head[6]!;
  const minor = head[7]!;
  if (major < 1 || major > 3 || minor !== 0) {
    throw new LatentError("unsupported", `it has npy format version ${major}.${minor}; 1.0 to 3.0 can be read`);
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const start = major === 1 ? 10 : 12;
  if (head.length < start) throw bad("it ends within its header");
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > longestNpyHeader) throw bad(`its header takes ${length} bytes; those of plain arrays take a few hundred`);
  if (start + length > head.length) throw bad(`its header takes ${length} bytes, but it ends at byte ${head.length}`);
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(head.subarray(start, start + length));
  return { ...parseFields(parsePythonLiteral(text)), offset: start + length };
}

function parseFields(literal: Literal): Fields {
  if (!(literal instanceof Map)) throw bad("its header is not a dict");
  const descr = literal.get("descr");
  const fortran = literal.get("fortran_order");
  const shape = literal.get("shape");
  if (descr === undefined || typeof fortran !== "boolean" || !Array.isArray(shape) || literal.size !== 3) {
    throw bad("its header must give descr, fortran_order and shape");
  }
  if (!shape.every(isSize)) throw bad(`its shape must be whole numbers, got (${shape.map(String).join(", ")})`);
  if (shape.length > 64) throw bad(`it has ${shape.length} axes`); // as many as NumPy knows
  return { ...parseDescr(descr), shape, fortran };
}

const isSize = (value: Literal): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const refusals = new Map([
  ["O", "it holds pickled objects, and unpickling can run code: save it with a numeric dtype, e.g. np.save(file, np.asarray(x, dtype=np.float32))"],
  ["c", "it holds complex numbers: save real and imaginary parts, or np.abs(x), as floats"],
  ["M", "it holds dates: save them as numbers, e.g. x.astype('datetime64[s]').astype(np.int64)"],
  ["m", "it holds time spans: save them as numbers, e.g. x / np.timedelta64(1, 's')"],
  ["V", "it holds raw bytes (a void dtype): save it with a numeric dtype, e.g. x.astype(np.float32)"],
]);

/** "<f4" → 32-bit floats, little-endian. */
function parseDescr(descr: Literal): { littleEndian: boolean } & Content {
  if (Array.isArray(descr)) {
    throw new LatentError("unsupported", "it is a structured array: save its fields as columns, e.g. numpy.lib.recfunctions.structured_to_unstructured(x)");
  }
  const parts = typeof descr === "string" ? /^([<>|=])([a-zA-Z])(\d*)(\[.*\])?$/.exec(descr) : null;
  if (!parts) throw bad(`its dtype ${JSON.stringify(descr instanceof Map ? "{…}" : descr)} is not one that NumPy writes`);
  const [, order, letter, digits] = parts as unknown as [string, string, string, string];
  const refusal = refusals.get(letter);
  if (refusal) throw new LatentError("unsupported", refusal);
  const littleEndian = order !== ">";
  const width = Number(digits);
  if (letter === "U" || letter === "S") {
    if (!Number.isSafeInteger(width) || width > 2 ** 24) throw bad(`its texts are ${digits} characters long`);
    return { kind: "texts", encoding: letter === "U" ? "utf-32" : "bytes", width, littleEndian };
  }
  if (letter === "f" && width > 8) {
    throw new LatentError("unsupported", `its floats have ${width} bytes (long double): save it as np.float64 or np.float32`);
  }
  const element = letter === "b" && width === 1 ? "bool" : `${letter}${width}`;
  if (!Object.hasOwn(elementBytes, element)) {
    throw new LatentError("unsupported", `its dtype "${order}${letter}${digits}" is unknown: save it as np.float32 or np.uint8`);
  }
  return { kind: "numbers", element: element as ElementType, littleEndian };
}

const bad = (message: string) => new LatentError("bad-dataset", message);
