import { expect, it } from "vitest";
import { npz as reader } from "../../../src/engine/datasets/npz";
import { random } from "../../../src/engine/random";
import { counting, npy, npyFile, npyTexts, npz, temporaryFolder, zip } from "../../helpers/datasetFiles";
import { cuts, expectSurvived, flips, fuzz, patched, range, type Mutant } from "../../helpers/datasetFuzz";
import { numpyFile } from "../../helpers/datasetNumpyFiles";

const x = npy(counting(48), "|u1", [3, 4, 4]);
const y = npy([0, 1, 0], "<i8", [3]);
const stored = npz({ x });
const packed = npz({ x, y }, true);
const zip64 = numpyFile("zip64");

/** Where the parts of an archive begin that say something about the rest. */
function structure(bytes: Uint8Array): number[] {
  const buffer = Buffer.from(bytes);
  const places: number[] = [];
  for (const [mark, length] of [["PK\x03\x04", 30], ["PK\x01\x02", 46], ["PK\x05\x06", 22], ["PK\x06\x06", 56], ["PK\x06\x07", 20]] as const) {
    for (let at = buffer.indexOf(mark, 0, "latin1"); at >= 0; at = buffer.indexOf(mark, at + 4, "latin1")) places.push(...range(at, Math.min(bytes.length, at + length)));
  }
  return places;
}

function* mutants(): Generator<Mutant> {
  const file = ({ what, bytes }: { what: string; bytes: Uint8Array }): Mutant => ({ what, files: { "a.npz": bytes } });
  yield* cuts(stored, range(0, stored.length, 11)).map(file);
  yield* cuts(packed, range(0, packed.length, 13)).map(file);
  yield* cuts(zip64, range(5, zip64.length, 29)).map(file);
  yield* flips(stored, structure(stored), 1).map(file);
  yield* flips(zip64, structure(zip64), 2).map(file);
  yield* flips(packed, range(31, 160, 2), 3).map(file);
  const member = (what: string, data: Uint8Array, more: Partial<Parameters<typeof zip>[0][number]> = {}) => file({ what, bytes: zip([{ name: "x.npy", data, ...more }]) });
  for (const deflate of [false, true]) {
    for (const size of [0, 1, x.length - 1, x.length + 1, 2 ** 31, 2 ** 32 - 2]) yield member(`size ${size}, deflate ${deflate}`, x, { deflate, size });
    for (const packedSize of [0, 1, 10, 10_000, 2 ** 32 - 2]) yield member(`packed size ${packedSize}, deflate ${deflate}`, x, { deflate, packedSize });
    for (const offset of [1, 30, 1000, 2 ** 31, 2 ** 32 - 2]) yield member(`offset ${offset}, deflate ${deflate}`, x, { deflate, offset });
    for (const crc of [0, 1, 2 ** 32 - 1]) yield member(`checksum ${crc}, deflate ${deflate}`, x, { deflate, crc });
    for (const method of [1, 8, 9, 12, 14, 93, 95, 99]) if (!deflate) yield member(`method ${method}`, x, { method });
    for (const flags of [1, 0x41, 0x2000]) yield member(`flags ${flags}, deflate ${deflate}`, x, { deflate, flags });
  }
  for (const name of ["../x.npy", "/x.npy", "C:/x.npy", "a/../../x.npy", "", "x", "x.txt", ".npy", "x.npy/", "\0.npy", "x".repeat(60_000)]) yield file({ what: `name ${name.slice(0, 20)}`, bytes: zip([{ name, data: x }]) });
  for (const [what, data] of Object.entries({
    "no npy": Buffer.from("hello"), "an empty member": new Uint8Array(0), "a list": y, "texts": npyTexts(["a", "b"]), "a single value": npyFile(new Uint8Array(8), "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"), "no rows": npy([], "<f4", [0, 4]), "no columns": npy([], "<f4", [4, 0]),
    "a cut header": x.slice(0, 60), "cut data": x.slice(0, 150), "10^12 rows": npyFile(x.slice(128), "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 784), }"), "2^60 rows": npyFile(x.slice(128), `{'descr': '|u1', 'fortran_order': True, 'shape': (${2n ** 60n}, 784), }`),
    "a damaged header": patched(x, 12, 255, 1), "NaN": npy([1, NaN], "<f4", [1, 2]),
  })) for (const deflate of [false, true]) yield member(`${what}, deflate ${deflate}`, data, { deflate });
  for (const name of ["pickled", "structured", "complex", "dates", "longDouble"] as const) yield member(name, numpyFile(name));
  yield member("a bomb of zeros", npyFile(new Uint8Array(2 ** 25), "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 784), }"), { deflate: true });
  yield file({ what: "the same name twice", bytes: zip([{ name: "x.npy", data: x }, { name: "x.npy", data: y }]) });
  yield file({ what: "20,000 members", bytes: zip(Array.from({ length: 20_000 }, (_, i) => ({ name: `${i}.npy`, data: new Uint8Array(0) }))) });
  yield file({ what: "bytes before", bytes: Buffer.concat([Buffer.from("#!/bin/sh\n"), stored]) });
  yield file({ what: "bytes behind", bytes: Buffer.concat([stored, Buffer.alloc(70_000)]) });
  const noise = random(7);
  for (let i = 0; i < 10; i++) yield file({ what: `noise ${i}`, bytes: Uint8Array.from({ length: 200 }, () => noise.integer(256)) });
  for (const [what, data] of Object.entries({ "too few": npy([1], "<i4", [1]), "cut": y.slice(0, 140), "pickled": numpyFile("pickled") })) yield { what: `labels: ${what}`, files: { "a.npz": npz({ x, y: data }) }, choices: { labels: ["y"] } };
}

it("npz survives damaged files", async () => {
  const folder = await temporaryFolder();
  const report = await fuzz(reader, mutants(), folder.path);
  expectSurvived(report);
  expect(report.refused).toBeLessThan(report.tried);
});
