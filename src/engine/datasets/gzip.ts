import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { pipeline } from "node:stream";

/** The unpacked bytes of a gzip file, chunk by chunk; errors of file and format reject the iteration. */
export async function* gunzipped(path: string): AsyncGenerator<Uint8Array> {
  // `pipeline` passes the file's errors on and destroys both streams when the reader stops early.
  const unpacked = pipeline(createReadStream(path, { highWaterMark: 2 ** 18 }), createGunzip({ chunkSize: 2 ** 18 }), () => undefined);
  yield* unpacked as AsyncIterable<Uint8Array>;
}

/** The first bytes of a gzip file, at least `length` of them where there are as many. */
export async function gunzippedStart(path: string, length: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let filled = 0;
  for await (const chunk of gunzipped(path)) {
    chunks.push(chunk);
    filled += chunk.length;
    if (filled >= length) break;
  }
  return Buffer.concat(chunks);
}
