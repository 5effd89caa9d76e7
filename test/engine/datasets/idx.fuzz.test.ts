import { expect, it } from "vitest";
import { idx as reader } from "../../../src/engine/datasets/idx";
import { counting, gzip, idx, temporaryFolder } from "../../helpers/datasetFiles";
import { cuts, expectSurvived, flips, fuzz, patched, range, type Mutant } from "../../helpers/datasetFuzz";

const images = idx(counting(160), "|u1", [5, 4, 8]);
const floats = idx(counting(30).map(i => i / 7), ">f4", [6, 5]);
const labels = idx([0, 1, 2, 1, 0], "|u1", [5]);
const packed = gzip(images);
const words = [0, 1, 3, 6, 255, 256, 65535, 65536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

function* mutants(): Generator<Mutant> {
  const plain = ({ what, bytes }: { what: string; bytes: Uint8Array }): Mutant => ({ what, files: { "a.idx": bytes } });
  const zipped = ({ what, bytes }: { what: string; bytes: Uint8Array }): Mutant => ({ what: `gz: ${what}`, files: { "a.idx.gz": bytes } });
  yield* cuts(images, [...range(0, 20), 100, 175]).map(plain);
  yield* cuts(floats, [...range(5, 13), 40, 131]).map(plain);
  yield* flips(images, [0, 1, 2, 3], 1).map(plain);
  for (const code of range(0, 256, 9)) yield plain({ what: `type ${code}`, bytes: patched(floats, 2, code, 1) });
  for (const axes of [0, 1, 4, 5, 9, 64, 100, 128, 200, 254, 255]) yield plain({ what: `${axes} axes`, bytes: patched(images, 3, axes, 1) });
  for (const axis of [0, 1, 2]) for (const value of words) if (value !== [5, 4, 8][axis]) yield plain({ what: `axis ${axis} of ${value}`, bytes: patched(images, 4 + 4 * axis, value, 4, true) });
  for (const more of [1, 2, 4, 100, 4096]) yield plain({ what: `${more} bytes more`, bytes: Buffer.concat([images, Buffer.alloc(more)]) });
  for (const value of [NaN, Infinity, -Infinity]) for (const at of [0, 17, 29]) yield plain({ what: `${value} at ${at}`, bytes: idx(counting(30).map(i => (i === at ? value : i)), ">f4", [6, 5]) });
  yield plain({ what: "doubles beyond floats", bytes: idx(counting(30).map(i => i * 1e300), ">f8", [6, 5]) });
  for (const text of ["", "\0", "\0\0", "\0\0\b", "hello", "\x93NUMPY", "PK\x03\x04", "\x89PNG\r\n\x1a\n", "\x1f\x8b"]) yield plain({ what: `text ${JSON.stringify(text)}`, bytes: Buffer.from(`${text}${text ? "" : " "}`, "latin1") });
  yield* cuts(packed, range(0, packed.length, 3)).map(zipped);
  yield* flips(packed, [...range(0, 10), ...range(10, packed.length - 8, 4), ...range(packed.length - 8, packed.length)], 2).map(zipped);
  for (const axis of [0, 1, 2]) for (const value of words.slice(5)) yield zipped({ what: `bomb, axis ${axis} of ${value}`, bytes: gzip(patched(images, 4 + 4 * axis, value, 4, true)) });
  for (const more of [1, 100, 2 ** 20]) yield zipped({ what: `${more} bytes more inside`, bytes: gzip(Buffer.concat([images, Buffer.alloc(more)])) });
  yield zipped({ what: "a bomb of zeros", bytes: gzip(Buffer.concat([idx([], "|u1", [2 ** 16, 2 ** 10, 2 ** 10]), Buffer.alloc(2 ** 24)])) });
  yield zipped({ what: "packed twice", bytes: gzip(packed) });
  yield zipped({ what: "two members", bytes: Buffer.concat([packed, packed]) });
  yield zipped({ what: "not packed", bytes: images });
  const beside = (what: string, bytes: Uint8Array, ask: boolean): Mutant => ({ what: `labels: ${what}`, files: { "a-images-idx3-ubyte": images, "a-labels-idx1-ubyte": bytes }, ...(ask ? { choices: { labels: ["a-labels-idx1-ubyte"] } } : {}) });
  for (const { what, bytes } of [...cuts(labels, range(0, labels.length)), ...flips(labels, range(0, 8), 3)]) {
    yield beside(what, bytes, true);
    yield beside(what, bytes, false);
  }
  yield beside("images", images, true);
}

it("IDX survives damaged files", async () => {
  const folder = await temporaryFolder();
  const report = await fuzz(reader, mutants(), folder.path);
  expectSurvived(report);
  expect(report.refused).toBeLessThan(report.tried); // some are harmless, or nothing could be opened at all
});
