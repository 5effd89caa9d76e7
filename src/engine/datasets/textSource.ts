import { LatentError, throwIfCancelled } from "../../protocol/errors";
import { openFileSource, type ByteSource } from "./byteSource";
import { growingStore } from "./growingStore";

// Tables come as UTF-8, with or without a byte order mark, and as UTF-16 with one (Excel's "Unicode text"). Everything
// behind this file sees UTF-8.

export type Encoding = "utf-8" | "utf-16le" | "utf-16be";

/** A text as UTF-8 bytes and where it begins in them (after a byte order mark). */
export interface TextSource {
  bytes: ByteSource;
  start: number;
}

/** The start of a text. */
export interface TextStart {
  text: string;
  encoding: Encoding;
  /** True when the text goes on beyond it. */
  cut: boolean;
}

const blockSize = 2 ** 20;

/** The text in about the first `length` bytes of a file, however it is encoded; what is not text reads as U+FFFD. */
export async function readTextStart(path: string, length: number): Promise<TextStart> {
  const file = await openFileSource(path);
  try {
    const { encoding, start } = await markOf(file);
    const bytes = await file.read(start, Math.min(length, file.size - start));
    return { text: new TextDecoder(encoding).decode(bytes), encoding, cut: start + bytes.length < file.size };
  } finally {
    await file.close();
  }
}

/** Opens a text file; UTF-16 is translated, into memory or a temporary file. */
export async function openText(path: string, signal?: AbortSignal): Promise<TextSource> {
  const file = await openFileSource(path);
  try {
    const { encoding, start } = await markOf(file);
    if (encoding === "utf-8") return { bytes: file, start };
    const bytes = await translated(file, encoding, signal);
    await file.close();
    return { bytes, start: 0 };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The encoding that the byte order mark says, UTF-8 without one, and where the text begins. */
async function markOf(file: ByteSource): Promise<{ encoding: Encoding; start: number }> {
  const [first, second, third] = await file.read(0, Math.min(3, file.size));
  if (first === 0xff && second === 0xfe) return { encoding: "utf-16le", start: 2 };
  if (first === 0xfe && second === 0xff) return { encoding: "utf-16be", start: 2 };
  return { encoding: "utf-8", start: first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0 };
}

async function translated(file: ByteSource, encoding: Encoding, signal?: AbortSignal): Promise<ByteSource> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const store = growingStore();
  try {
    for (let position = 2; position < file.size; position += blockSize) {
      throwIfCancelled(signal);
      const bytes = await file.read(position, Math.min(blockSize, file.size - position));
      let text: string;
      try {
        text = decoder.decode(bytes, { stream: position + blockSize < file.size });
      } catch {
        throw new LatentError("bad-dataset", `the text is not valid UTF-16 after byte ${position}: save it as UTF-8`);
      }
      await store.append(Buffer.from(text, "utf8"));
    }
    return await store.finish();
  } catch (error) {
    await store.discard();
    throw error;
  }
}
