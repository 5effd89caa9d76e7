import { createHash } from "node:crypto";
import { open, mkdtemp, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LatentError, throwIfCancelled } from "../../protocol/errors";

// Random access to the bytes of a dataset, whether they lie in a plain file, in memory, or were unpacked from a
// compressed one. Nothing larger than `memoryLimit` is held in memory: it goes to a temporary file that is deleted when
// the source is closed.

export interface ByteSource {
  readonly size: number;
  /** Bytes [position, position + length); throws `bad-dataset` when the source ends before. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

const memoryLimit = 2 ** 29;

/** A plain file, read where it lies. Throws `bad-dataset` when it cannot be opened. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const failed = (error: NodeJS.ErrnoException) => {
    throw new LatentError("bad-dataset", error.code === "ENOENT" ? `${path} does not exist` : `${path} cannot be opened: ${error.message}`);
  };
  // Asked before opening: to open a named pipe waits until somebody writes to it.
  if (!(await stat(path).catch(failed)).isFile()) throw new LatentError("bad-dataset", `${path} is not a file`);
  const file = await open(path, "r").catch(failed);
  return fileSource(file, (await file.stat()).size, async () => undefined);
}

/** Bytes that are in memory already. */
export function memorySource(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    size: bytes.length,
    read: async (position, length) => {
      if (position + length > bytes.length) throw endsBefore(bytes.length, position + length);
      return bytes.slice(position, position + length);
    },
    close: async () => undefined,
  };
}

/**
 * Collects a stream (an inflating one, say) into a source of exactly `size` bytes. Stops with `bad-dataset` as soon as
 * the stream gives more, so that a small hostile file cannot fill the disk; `what` names it in the message.
 */
export async function collect(stream: AsyncIterable<Uint8Array>, size: number, what: string, signal?: AbortSignal): Promise<ByteSource> {
  return size <= memoryLimit ? collectInMemory(stream, size, what, signal) : collectInFile(stream, size, what, signal);
}

async function collectInMemory(stream: AsyncIterable<Uint8Array>, size: number, what: string, signal?: AbortSignal): Promise<ByteSource> {
  // Grown as the data comes: a header that lies about the size must not cost memory that the data never fills.
  let bytes = new Uint8Array(Math.min(size, 2 ** 20));
  let filled = 0;
  for await (const chunk of stream) {
    throwIfCancelled(signal);
    if (filled + chunk.length > size) throw tooLong(what, size);
    if (filled + chunk.length > bytes.length) {
      const grown = new Uint8Array(Math.min(size, Math.max(bytes.length * 2, filled + chunk.length)));
      grown.set(bytes.subarray(0, filled));
      bytes = grown;
    }
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < size) throw tooShort(what, size, filled);
  return memorySource(bytes);
}

async function collectInFile(stream: AsyncIterable<Uint8Array>, size: number, what: string, signal?: AbortSignal): Promise<ByteSource> {
  const spool = await openSpool();
  try {
    let filled = 0;
    for await (const chunk of stream) {
      throwIfCancelled(signal);
      if (filled + chunk.length > size) throw tooLong(what, size);
      await spool.append(chunk);
      filled += chunk.length;
    }
    if (filled < size) throw tooShort(what, size, filled);
    return await spool.finish();
  } catch (error) {
    await spool.discard();
    throw error;
  }
}

/** A temporary file written once from front to back, then read at random. */
export interface Spool {
  append(bytes: Uint8Array): Promise<void>;
  finish(): Promise<ByteSource>;
  discard(): Promise<void>;
}

export async function openSpool(): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lens-"));
  const file = await open(join(folder, "spool"), "w+");
  const remove = () => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  // POSIX keeps the data of an unlinked open file, so not even a killed process leaves it behind.
  if (process.platform !== "win32") await remove();
  let size = 0;
  return {
    append: async bytes => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, size + done);
        done += bytesWritten;
      }
      size += bytes.length;
    },
    finish: async () => fileSource(file, size, remove),
    discard: async () => {
      await file.close();
      await remove();
    },
  };
}

function fileSource(file: FileHandle, size: number, afterClose: () => Promise<void>): ByteSource {
  let closing: Promise<void> | undefined;
  return {
    size,
    read: async (position, length) => {
      if (position + length > size) throw endsBefore(size, position + length);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, Math.min(2 ** 28, length - done), position + done);
        if (bytesRead === 0) throw endsBefore(position + done, position + length);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => (closing ??= file.close().then(afterClose)),
  };
}

const endsBefore = (size: number, needed: number) => new LatentError("bad-dataset", `the data ends at byte ${size}, expected at least ${needed}: the file is cut short`);
const tooLong = (what: string, size: number) => new LatentError("bad-dataset", `${what} unpacks to more than the ${size} bytes its header announces`);
const tooShort = (what: string, size: number, filled: number) => new LatentError("bad-dataset", `${what} unpacks to ${filled} bytes, its header announces ${size}: the file is cut short`);

/**
 * SHA-256 over the sizes and up to 16 evenly spread blocks of 64 KiB of each source: quick on any size, and an edit
 * anywhere in a file of up to 1 MiB changes it.
 */
export async function fingerprintOf(sources: readonly ByteSource[], ...words: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const word of words) hash.update(word).update("\0");
  const block = 2 ** 16;
  for (const source of sources) {
    hash.update(`${source.size}\0`);
    const count = Math.min(16, Math.ceil(source.size / block));
    for (let i = 0; i < count; i++) {
      const last = Math.max(0, source.size - block);
      const position = count === 1 ? 0 : Math.round((last * i) / (count - 1));
      hash.update(await source.read(position, Math.min(block, source.size - position)));
    }
  }
  return hash.digest("hex").slice(0, 32);
}
