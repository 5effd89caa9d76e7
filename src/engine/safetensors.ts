import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, basename, join } from "node:path";
import { LatentError } from "../protocol/errors";
import { parseHeaderLength, parseTensorEntries, type TensorDtype, type TensorEntry } from "../protocol/checkpointHeader";

// The safetensors byte format: https://github.com/huggingface/safetensors#format. Only the dtypes that Latent Lens
// writes are read back; the header's own rules are checked in protocol/checkpointHeader.ts.

export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array;
/** A tensor in host memory, row-major. */
export interface HostTensor {
  shape: number[];
  data: HostArray;
}
export type NamedTensors = Record<string, HostTensor>;

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function dtypeOf(data: HostArray): TensorDtype {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Int32Array) return "I32";
  return "U8";
}

function bytesOf(data: HostArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The header of a file holding `tensors` in their order, padded with spaces so that the data starts 8-aligned. */
export function encodeHeader(tensors: NamedTensors, metadata: Record<string, string>): Uint8Array {
  const json: Record<string, unknown> = { __metadata__: metadata };
  let position = 0;
  for (const [name, { shape, data }] of orderedForAlignment(tensors)) {
    const expected = shape.reduce((product, size) => product * size, 1);
    if (data.length !== expected) throw new LatentError("internal", `tensor "${name}" has shape [${shape.join(", ")}] but ${data.length} values`);
    json[name] = { dtype: dtypeOf(data), shape, data_offsets: [position, position + data.byteLength] };
    position += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(json));
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}

/** Tensors by element size, largest first, so that each is aligned to its element; then by name, as readers expect. */
function orderedForAlignment(tensors: NamedTensors): [string, HostTensor][] {
  return Object.entries(tensors).sort(
    (a, b) => b[1].data.BYTES_PER_ELEMENT - a[1].data.BYTES_PER_ELEMENT || (a[0] < b[0] ? -1 : 1),
  );
}

let writes = 0;
const temporaryName = (name: string, pid: number, write: number) => `.${name}.${pid}-${write}.tmp`;

/** The process that writes, or wrote, a temporary file of the file `name`; undefined for any other file. */
export function writerOf(file: string, name: string): number | undefined {
  if (!file.startsWith(`.${name}.`)) return undefined;
  const pid = /^(\d+)-\d+\.tmp$/.exec(file.slice(name.length + 2))?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/**
 * Writes `tensors` and `metadata` to `path` so that at every moment the path holds either the old file or the whole new
 * one: a temporary file beside it, flushed to disk, then renamed over it.
 */
export async function writeSafetensors(path: string, tensors: NamedTensors, metadata: Record<string, string>): Promise<void> {
  if (!littleEndian) throw new LatentError("unsupported", "safetensors files are little-endian; this machine is not");
  const temporary = join(dirname(path), temporaryName(basename(path), process.pid, ++writes));
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, "w");
    await writeAll(file, [encodeHeader(tensors, metadata), ...orderedForAlignment(tensors).map(([, { data }]) => bytesOf(data))]);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Writes all parts, in as few calls as there can be: each waits for a turn of the event loop, which other work may make long.
 * A system takes at most 1024 parts and 2 GiB at once, and may write less than asked.
 */
async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  const [mostParts, mostBytes] = [1024, 2 ** 28];
  const left = parts.filter(part => part.length > 0);
  while (left.length > 0) {
    const batch: Uint8Array[] = [];
    for (let bytes = 0; batch.length < Math.min(left.length, mostParts) && bytes < mostBytes; bytes += batch.at(-1)!.length) {
      batch.push(left[batch.length]!.subarray(0, mostBytes - bytes));
    }
    let { bytesWritten } = await file.writev(batch);
    while (left.length > 0 && bytesWritten >= left[0]!.length) bytesWritten -= left.shift()!.length;
    if (bytesWritten > 0) left[0] = left[0]!.subarray(bytesWritten);
  }
}

/** Makes the rename itself durable; not every platform can open a folder, and none needs it to stay consistent. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** An open safetensors file. */
export interface SafetensorsFile {
  /** The JSON header's text. */
  headerText: string;
  dataBytes: number;
  entries: Record<string, TensorEntry>;
  read(name: string): Promise<HostTensor>;
  close(): Promise<void>;
}

/** Opens a file and checks its header; throws `bad-checkpoint` with what is wrong. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw new LatentError("bad-checkpoint", error.code === "ENOENT" ? `${path} does not exist` : `${path} cannot be opened: ${error.message}`);
  });
  try {
    const { size } = await file.stat();
    const first = await readExactly(file, 0, Math.min(8, size));
    const headerBytes = parseHeaderLength(first, size);
    const headerText = new TextDecoder().decode(await readExactly(file, 8, headerBytes));
    const dataStart = 8 + headerBytes;
    let json: unknown;
    try {
      json = JSON.parse(headerText);
    } catch {
      throw new LatentError("bad-checkpoint", "the header is not valid JSON");
    }
    const entries = parseTensorEntries(json, size - dataStart);
    return {
      headerText,
      dataBytes: size - dataStart,
      entries,
      read: name => readTensor(file, name, entries[name], dataStart),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readTensor(file: FileHandle, name: string, entry: TensorEntry | undefined, dataStart: number): Promise<HostTensor> {
  if (!entry) throw new LatentError("bad-checkpoint", `has no tensor "${name}"`);
  const { buffer } = await readExactly(file, dataStart + entry.start, entry.end - entry.start);
  const shape = entry.shape;
  switch (entry.dtype) {
    case "F32": return { shape, data: new Float32Array(buffer) };
    case "F64": return { shape, data: new Float64Array(buffer) };
    case "I32": return { shape, data: new Int32Array(buffer) };
    case "U8": return { shape, data: new Uint8Array(buffer) };
    default: throw new LatentError("bad-checkpoint", `tensor "${name}" has dtype ${entry.dtype}, expected F32, F64, I32 or U8`);
  }
}

/** Reads `length` bytes at `position` into memory of their own; throws when the file ends before. */
export async function readExactly(file: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const chunk = 2 ** 28;
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(chunk, length - done), position + done);
    if (bytesRead === 0) throw new LatentError("bad-checkpoint", `the file ends at byte ${position + done}, expected ${position + length}`);
    done += bytesRead;
  }
  return bytes;
}
