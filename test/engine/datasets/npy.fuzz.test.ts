import { expect, it } from "vitest";
import { npy as reader } from "../../../src/engine/datasets/npy";
import { random } from "../../../src/engine/random";
import { counting, npy, npyFile, npyTexts, temporaryFolder } from "../../helpers/datasetFiles";
import { cuts, expectSurvived, flips, fuzz, patched, range, type Mutant } from "../../helpers/datasetFuzz";

const good = npy(counting(24), "<f4", [4, 6]);
const data = good.slice(128);
const header = (descr: string, shape: string, order = "False") => `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

const shapes = [
  "()", "(4)", "(4, -6)", "(-4, 6)", "(4, 6", "4, 6)", "[4, 6", "(4 6)", "(4, 6, 'a')", "(4.0, 6)", "(4e0, 6)", "(0x4, 6)", "(None, 6)", "(True, 6)", "((4, 6),)", "{4, 6}", "'4, 6'", "None", "(1000000000000, 784)", "(4, 1000000000000)",
  "(9007199254740993, 2)", "(99999999999999999999999, 1)", "(4294967296, 4294967296)", "(0, 6)", "(4, 0)", "(24,)", "(5, 6)", "(4, 7)", "(4, 6, 1, 1, 2)", `(${"1, ".repeat(70)})`, "(4, 6)(4, 6)", "(4,, 6)", "(,)", "( , 4)", "(4; 6)", "(4, 6j)", "range(4)", "(2147483648, 1)",
];
const descrs = [
  "'<f2'", "'<f16'", "'<f3'", "'<f0'", "'<f'", "'f4'", "'<F4'", "'|O'", "'<O8'", "'O'", "'<c8'", "'<c16'", "'<M8[ns]'", "'<m8[s]'", "'|V4'", "'<V2'", "'|S4'", "'<U1'", "'<U999999999999'", "'|b1'", "'|b8'", "'?'", "'<i16'", "'=f4'", "'!f4'", "'><f4'", "''", "'<f4 '", "None", "4", "'float32'",
  "[('x', '<f4')]", "[('x', '<f4'), ('y', '<i4')]", "[]", "('<f4', (2,))", "{'names': ['x'], 'formats': ['<f4']}", "'<f4'[0]", "np.float32", "\"<f4'", "'<f4", "'\\x3cf4'", "'<f4\\'", "'<f99999999999999999999'", "'<a4'", "'<t4'", "'<g8'", "'<l8'",
];
const headers = [
  "", " ", "{}", "{", "}", "[]", "None", "'x'", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False}", "{'shape': (4, 6), 'fortran_order': False}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (4, 6)}", "{'descr': '<f4', 'fortran_order': None, 'shape': (4, 6)}", "{'descr': '<f4', 'fortran_order': 'False', 'shape': (4, 6)}",
  `${header("'<f4'", "(4, 6)")}1`, header("'<f4'", "(4, 6)").replaceAll("'", ""), header("'<f4'", "(4, 6)").replaceAll(":", "="), header("'<f4'", "(4, 6)").replaceAll(",", ""), "__import__('os').system('true')", "{'descr': __import__('os'), 'fortran_order': False, 'shape': (4, 6)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 6), 'more': 1}",
  "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4, 6)}", "{**{}, 'descr': '<f4'}", "{'descr': '<f4', # comment\n 'fortran_order': False, 'shape': (4, 6)}", "\u00a0{}", "{'descr': '<f4', 'fortran_order': false, 'shape': (4, 6)}", "{\"descr\": \"<f4\", \"fortran_order\": false, \"shape\": [4, 6]}", "(".repeat(1000), "{'a':".repeat(500), "[".repeat(40) + "]".repeat(40), "lambda: 1", "{'__proto__': 1, 'constructor': 2, 'toString': 3}",
];

function* mutants(): Generator<Mutant> {
  const file = ({ what, bytes }: { what: string; bytes: Uint8Array }): Mutant => ({ what, files: { "a.npy": bytes } });
  yield* cuts(good, [...range(0, 12), ...range(12, 128, 6), 128, 130, 200, 223]).map(file);
  yield* flips(good, range(0, 74), 1).map(file);
  yield* flips(good, [75, 90, 110, 126, 127], 2).map(file);
  for (const shape of shapes) yield file({ what: `shape ${shape}`, bytes: npyFile(data, header("'<f4'", shape)) });
  for (const shape of ["(4, 6)", "(3, 8)", "(5, 6)", "(1000000000000, 784)"]) yield file({ what: `Fortran shape ${shape}`, bytes: npyFile(data, header("'<f4'", shape, "True")) });
  for (const descr of descrs) yield file({ what: `descr ${descr}`, bytes: npyFile(data, header(descr, "(4, 6)")) });
  for (const text of headers) yield file({ what: `header ${text.slice(0, 60)}`, bytes: npyFile(data, text) });
  for (const version of [0, 4, 5, 17, 255]) yield file({ what: `version ${version}`, bytes: patched(good, 6, version, 1) });
  for (const length of [0, 1, 50, 117, 119, 200, 222, 65535]) yield file({ what: `header of ${length} bytes`, bytes: patched(good, 8, length, 2) });
  for (const length of [0, 100, 2 ** 16, 2 ** 31, 2 ** 32 - 1]) yield file({ what: `long header of ${length} bytes`, bytes: patched(npy(counting(24), "<f4", [4, 6], { version: 2 }), 8, length, 4) });
  for (const at of [0, 7, 23]) for (const value of [NaN, Infinity, -Infinity]) for (const descr of ["<f2", ">f4", "<f8"] as const) {
    if (descr === "<f2" && !Number.isFinite(value)) continue; // the writer does not make these
    yield file({ what: `${value} at ${at}, ${descr}`, bytes: npy(counting(24).map(i => (i === at ? value : i)), descr, [4, 6]) });
  }
  const noise = random(5);
  for (let i = 0; i < 10; i++) yield file({ what: `noise ${i}`, bytes: Uint8Array.from({ length: 300 }, () => noise.integer(256)) });
  for (let i = 0; i < 10; i++) yield file({ what: `noise ${i} behind the magic`, bytes: Buffer.concat([good.subarray(0, 8), Uint8Array.from({ length: 300 }, () => noise.integer(256))]) });
  const texts = npyTexts(["a", "b", "c", "d"]);
  const beside = (what: string, bytes: Uint8Array): Mutant => ({ what: `labels: ${what}`, files: { "x.npy": good, "y.npy": bytes }, choices: { labels: ["y.npy"] } });
  for (const { what, bytes } of [...cuts(texts, [0, 10, 100, 128, 140]), ...flips(texts, [0, 6, 8, 20, 21, 22, 60, 62, 130, 131], 4)]) yield beside(what, bytes);
  yield beside("too few", npy([1, 2, 3], "<i4", [3]));
  yield beside("rows", good);
  yield beside("a character that is none", patched(texts, texts.length - 4, 0xffffffff, 4));
}

it("npy survives damaged files", async () => {
  const folder = await temporaryFolder();
  const report = await fuzz(reader, mutants(), folder.path);
  expectSurvived(report);
  expect(report.refused).toBeLessThan(report.tried);
});
