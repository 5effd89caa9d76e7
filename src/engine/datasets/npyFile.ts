import type { Labels } from "../../protocol/data";
import { LatentError, throwIfCancelled } from "../../protocol/errors";
import type { ByteSource } from "./byteSource";
import { isListShape, readArrayLabels } from "./labelArrays";
import { textLabelCollector } from "./labelValues";
import { longestNpyHeader, parseNpyHeader, type NpyHeader } from "./npyHeader";
import { openStoredArray, shapeText, type StoredArray } from "./storedArray";

// An npy file in any ByteSource: a file of its own, or a member of an npz archive.

/** The header at the start of `source`; messages begin with `what`. */
export async function readNpyHeader(source: ByteSource, what: string): Promise<NpyHeader> {
  return parseNamed(await source.read(0, Math.min(source.size, longestNpyHeader)), what);
}

/** `parseNpyHeader` with messages that begin with `what`. */
export function parseNamed(head: Uint8Array, what: string): NpyHeader {
  try {
    return parseNpyHeader(head);
  } catch (error) {
    throw error instanceof LatentError ? new LatentError(error.code, `${what}: ${error.message}`) : error;
  }
}

/** Opens the numbers in `source`, which is taken over. Texts are `bad-dataset`: they can be labels only. */
export async function openNpyArray(source: ByteSource, header: NpyHeader, what: string, signal?: AbortSignal): Promise<StoredArray> {
  if (header.kind === "texts") throw new LatentError("bad-dataset", `${what} holds texts, not numbers`);
  return openStoredArray(source, header, what, signal);
}

/** Rows that an array can label, or null when it is no list of numbers or texts. */
export function labelLength({ shape }: NpyHeader): number | null {
  return isListShape(shape) ? shape[0]! : null;
}

/** The labels in an npy file of shape [n] or [n, 1], named `name`. Does not close `source`. */
export async function readNpyLabels(source: ByteSource, header: NpyHeader, name: string, signal?: AbortSignal): Promise<Labels> {
  if (labelLength(header) === null) throw new LatentError("bad-dataset", `${name} has shape ${shapeText(header.shape)}, labels are one value a row`);
  if (header.kind === "numbers") return readArrayLabels(await openStoredArray(source, header, name, signal), name, signal);
  return readTextLabels(source, header, name, signal);
}

const bytesAtOnce = 2 ** 22;

async function readTextLabels(source: ByteSource, header: NpyHeader & { kind: "texts" }, name: string, signal?: AbortSignal): Promise<Labels> {
  const count = header.shape[0]!;
  const width = header.width * (header.encoding === "utf-32" ? 4 : 1);
  const there = source.size - header.offset;
  if (count * width > there) {
    throw new LatentError("bad-dataset", `${name} has ${count} texts of ${width} bytes by its header, but only ${there} bytes are there`);
  }
  const labels = textLabelCollector(name, count);
  const step = Math.max(1, Math.floor(bytesAtOnce / Math.max(1, width)));
  for (let start = 0; start < count; start += step) {
    throwIfCancelled(signal);
    const rows = Math.min(step, count - start);
    const bytes = await source.read(header.offset + start * width, rows * width);
    for (let row = 0; row < rows; row++) labels.add(start + row, textOf(bytes.subarray(row * width, (row + 1) * width), header));
  }
  return labels.finish();
}

/** A text without the zeros that fill it up to its width. */
function textOf(bytes: Uint8Array, { encoding, littleEndian }: NpyHeader & { kind: "texts" }): string {
  if (encoding === "bytes") {
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end--;
    return Buffer.from(bytes.subarray(0, end)).toString("utf8");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    const code = view.getUint32(at, littleEndian);
    if (code > 0x10ffff) throw new LatentError("bad-dataset", `a text holds ${code}, which is no character`);
    text += String.fromCodePoint(code);
  }
  return text.replace(/\0+$/, "");
}
