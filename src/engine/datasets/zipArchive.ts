import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import yauzl, { type Entry, type ZipFile } from "yauzl";
import { LatentError, messageOf } from "../../protocol/errors";
import { collect, openFileSource, type ByteSource } from "./byteSource";

// Members of a zip archive as ByteSources. Stored ones are read where they lie, deflated ones are unpacked. Nothing is
// ever written under a member's name, so names are only names.

export interface ZipMember {
  name: string;
  /** Unpacked size by the directory; nothing beyond it is ever unpacked. */
  size: number;
  /** Why the member cannot be read, or null. */
  problem: string | null;
  /** Up to `length` bytes of its start. */
  start(length: number): Promise<Uint8Array>;
  open(signal?: AbortSignal): Promise<ByteSource>;
}

export interface ZipArchive {
  members: ZipMember[];
  close(): Promise<void>;
}

const mostMembers = 10_000;
const chunkSize = 2 ** 18;
const bestDeflateRatio = 1032;
const checkedBytes = 2 ** 27; // stored members up to here are held to their checksum; reading more only for that takes too long

/** Opens the directory of the archive; `bad-dataset` when it is damaged. */
export async function openZip(path: string): Promise<ZipArchive> {
  const file = await openFileSource(path); // says in our words when it is missing or no file
  const zip = await yauzl.fromRandomAccessReaderPromise(new SourceReader(file), file.size, { autoClose: false }).catch(async (error: unknown) => {
    await file.close();
    throw damaged(error);
  });
  const close = async () => {
    zip.close();
    await file.close();
  };
  try {
    const members: ZipMember[] = [];
    for await (const entry of zip.eachEntry()) {
      if (members.length >= mostMembers) throw new LatentError("bad-dataset", `it holds more than ${mostMembers} members`);
      if (!entry.fileName.endsWith("/")) members.push(zipMember(zip, entry, file));
    }
    return { members, close };
  } catch (error) {
    await close();
    throw damaged(error);
  }
}

function zipMember(zip: ZipFile, entry: Entry, file: ByteSource): ZipMember {
  const { fileName: name, uncompressedSize: size, compressedSize } = entry;
  const stored = entry.compressionMethod === 0;
  return {
    name,
    size,
    problem: problemOf(entry),
    start: async length => {
      const chunks: Uint8Array[] = [];
      let filled = 0;
      for await (const chunk of unpacked(zip, entry)) {
        chunks.push(chunk);
        filled += chunk.length;
        if (filled >= length) break;
      }
      return Buffer.concat(chunks).subarray(0, length);
    },
    open: async signal => {
      if (!stored) return collect(checked(unpacked(zip, entry), entry), size, name, signal);
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((error: unknown) => {
        throw damaged(error);
      });
      if (fileDataStart + compressedSize > file.size) {
        throw new LatentError("bad-dataset", `${name} ends at byte ${fileDataStart + compressedSize} by the directory, but the archive has ${file.size}: it is cut short`);
      }
      if (size <= checkedBytes) for await (const chunk of checked(unpacked(zip, entry), entry)) void chunk;
      return slice(file, fileDataStart, size);
    },
  };
}

function problemOf(entry: Entry): string | null {
  if (entry.isEncrypted()) return "is encrypted: save the archive without a password";
  if (!entry.canDecodeFileData()) return `is packed by method ${entry.compressionMethod}: np.savez and np.savez_compressed make archives that can be read`;
  if (entry.uncompressedSize > Math.max(1024, entry.compressedSize * bestDeflateRatio)) {
    return `claims ${entry.uncompressedSize} bytes packed into ${entry.compressedSize}, which no compression reaches: the archive is damaged`;
  }
  return null;
}

async function* unpacked(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  try {
    yield* (await zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw damaged(error, entry.fileName);
  }
}

async function* checked(chunks: AsyncIterable<Uint8Array>, entry: Entry): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const chunk of chunks) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum >>> 0 !== entry.crc32 >>> 0) throw new LatentError("bad-dataset", `${entry.fileName} does not match its checksum: the archive is damaged`);
}

/**
 * The archive's bytes for yauzl. Its own file reader hands offsets from a damaged directory to `fs.read`, which throws
 * for those beyond 2^53 where nobody can catch it; a ByteSource refuses them like all bytes that are not there.
 */
class SourceReader extends yauzl.RandomAccessReader {
  constructor(private readonly source: ByteSource) {
    super();
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: (error: Error | null) => void): void {
    this.source.read(position, length).then(bytes => {
      buffer.set(bytes, offset);
      callback(null);
    }, callback);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.chunks(start, end), { objectMode: false });
  }

  /** The source belongs to the archive, which closes it. */
  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  private async *chunks(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; at += chunkSize) yield await this.source.read(at, Math.min(chunkSize, end - at));
  }
}

/** Part of a source; closing it leaves the source open. */
function slice(source: ByteSource, offset: number, size: number): ByteSource {
  return {
    size,
    read: (position, length) => {
      if (position + length > size) throw new LatentError("bad-dataset", `byte ${position + length} of ${size} asked for: the data is cut short`);
      return source.read(offset + position, length);
    },
    close: async () => undefined,
  };
}

function damaged(error: unknown, member?: string): LatentError {
  if (error instanceof LatentError) return error;
  return new LatentError("bad-dataset", `${member ?? "the archive"} cannot be unpacked: ${messageOf(error)}`);
}
