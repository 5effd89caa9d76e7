import { LatentError } from "../../protocol/errors";
import { openSpool, type ByteSource, type Spool } from "./byteSource";

// Bytes that are written front to back without knowing how many there will be: they stay in memory while they are few
// and move to a temporary file when they become many.

export interface GrowingStore {
  /** Appends a copy of `bytes`. */
  append(bytes: Uint8Array): Promise<void>;
  /** What was appended, to be read at random; nothing can be appended afterwards. */
  finish(): Promise<ByteSource>;
  discard(): Promise<void>;
}

const memoryLimit = 2 ** 27;
const blockSize = 2 ** 22;

export function growingStore(limit = memoryLimit): GrowingStore {
  let blocks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  let spool: Spool | undefined;
  return {
    append: async bytes => {
      if (!spool && size + bytes.length > limit) {
        spool = await openSpool();
        for (const [index, block] of blocks.entries()) await spool.append(block.subarray(0, Math.min(blockSize, size - index * blockSize)));
        blocks = [];
      }
      if (spool) await spool.append(bytes);
      else {
        for (let done = 0; done < bytes.length; ) {
          const at = (size + done) % blockSize;
          if (at === 0) blocks.push(new Uint8Array(blockSize));
          const part = bytes.subarray(done, done + blockSize - at);
          blocks.at(-1)!.set(part, at);
          done += part.length;
        }
      }
      size += bytes.length;
    },
    finish: async () => spool?.finish() ?? blockSource(blocks, size),
    discard: async () => {
      blocks = [];
      await spool?.discard();
    },
  };
}

function blockSource(blocks: readonly Uint8Array<ArrayBuffer>[], size: number): ByteSource {
  let held: readonly Uint8Array<ArrayBuffer>[] = blocks;
  return {
    size,
    read: async (position, length) => {
      if (position + length > size) throw new LatentError("bad-dataset", `byte ${position + length} of ${size} asked for`);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const at = (position + done) % blockSize;
        const part = held[Math.floor((position + done) / blockSize)]!.subarray(at, at + length - done);
        bytes.set(part, done);
        done += part.length;
      }
      return bytes;
    },
    close: async () => {
      held = [];
    },
  };
}
