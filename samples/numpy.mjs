// Writes NumPy's two file formats (numpy.lib.format, version 1.0): little-endian, C order.
import { zipSync } from "fflate";

/** @typedef {{ type: "u1" | "i8" | "f4", shape: number[], data: ArrayBufferView }} NumpyArray */

/** An array as an .npy file. @param {NumpyArray} array */
export function npy({ type, shape, data }) {
  const descriptor = type === "u1" ? "|u1" : `<${type}`; // single bytes have no order
  const header = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  // Magic, version and header length take 10 bytes; the data begins at a multiple of 64.
  const padding = 64 - ((10 + header.length + 1) % 64);
  const text = `${header}${" ".repeat(padding % 64)}\n`;
  const file = Buffer.alloc(10 + text.length + data.byteLength);
  file.write("\x93NUMPY\x01\x00", 0, "latin1");
  file.writeUInt16LE(text.length, 8);
  file.write(text, 10, "latin1");
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + text.length);
  return file;
}

/** Named arrays as an .npz file, as numpy.savez_compressed writes it. @param {Record<string, NumpyArray>} arrays */
export function npz(arrays) {
  const files = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, new Uint8Array(npy(array))]));
  // A fixed time: the file is the same whenever it is made.
  return zipSync(files, { level: 6, mtime: new Date(1980, 0, 1) });
}
