import { expect, it } from "vitest";
import { table as reader } from "../../../src/engine/datasets/table";
import { random, type Random } from "../../../src/engine/random";
import { counting, temporaryFolder } from "../../helpers/datasetFiles";
import { cuts, expectSurvived, flips, fuzz, range, type Mutant } from "../../helpers/datasetFuzz";

const quoted = 'id,name,x,kind\n1,"Smith, ""J""",1.5,a\n2,"two\nlines",2.5,b\n3,plain,-3e2,a\n4,"",NA,c\n';
const plain = `a,b,c\n${counting(40).map(i => `${i},${(i * 7) % 11},${i % 3 ? "u" : "v"}`).join("\n")}\n`;
const long = `a,b,c\n${counting(60_000).map(i => `${i},${(i * 7) % 11},t`).join("\n")}\n`; // more than two blocks

/** The place of the `n`th of `mark` in `text`. */
function nth(text: string, mark: string, n: number): number {
  let at = -1;
  for (let i = 0; i <= n; i++) at = text.indexOf(mark, at + 1);
  return at;
}
const spliced = (text: string, at: number, remove: number, insert: string) => text.slice(0, at) + insert + text.slice(at + remove);
const pick = (text: string, mark: string, stream: Random) => nth(text, mark, stream.integer(text.split(mark).length - 1));

function* mutants(): Generator<Mutant> {
  let ending = ".csv";
  const file = (what: string, content: string | Uint8Array, choices?: Record<string, string[]>): Mutant => ({ what, files: { [`a${ending}`]: content }, ...(choices ? { choices } : {}) });
  const stream = random(11);
  const bytes = Buffer.from(quoted);
  for (const cut of cuts(bytes, range(0, bytes.length, 3))) yield file(cut.what, cut.bytes);
  for (const flip of flips(bytes, range(0, bytes.length, 2), 1)) yield file(flip.what, flip.bytes);
  // A delimiter or a line break too many or too few makes a record of another width.
  for (let i = 0; i < 30; i++) {
    yield file(`without delimiter ${i}`, spliced(plain, nth(plain, ",", 2 + i * 2), 1, ""));
    yield file(`another delimiter ${i}`, spliced(plain, nth(plain, ",", 2 + i * 2), 1, ",,"));
    yield file(`without line break ${i}`, spliced(plain, nth(plain, "\n", i + 1), 1, ""));
    yield file(`blank line ${i}`, spliced(plain, nth(plain, "\n", i + 1), 1, "\n\n"));
    yield file(`zero byte ${i}`, spliced(plain, nth(plain, ",", i), 1, ",\0"));
  }
  for (let i = 0; i < 12; i++) {
    yield file(`wide record far down ${i}`, spliced(long, pick(long, ",", stream), 1, ",,"));
    yield file(`quote far down ${i}`, spliced(long, pick(long, ",", stream) + 1, 0, '"'));
    yield file(`no text far down ${i}`, Buffer.concat([Buffer.from(long.slice(0, 400_000 + i)), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from(long.slice(400_000 + i))]));
    yield file(`zero far down ${i}`, spliced(long, pick(long, ",", stream) + 1, 0, "\0"));
  }
  for (const text of ['"', '""', '"""', '""""', 'a"b', '"a"b', '"a" b', '"a', 'a,"b', '"a""', '"a"\n"b', '"\n', '"a,b\nc,d', '"a"",b', "'a'", '"a"\r"b"', '" ', '"\0"', '\ufeff"a', '"a","b"x\n1,2']) {
    yield file(`quotes ${JSON.stringify(text)}`, `x,y\n1,${text}\n2,3\n`);
    yield file(`quotes at the start ${JSON.stringify(text)}`, text);
    yield file(`quotes at the end ${JSON.stringify(text)}`, `x,y\n1,2\n2,${text}`);
  }
  for (const text of ["", " ", "\n", "\r", "\r\n\r\n", "\t", ",", ",,,", ",\n,\n", ";", "|", "a", "a\n", "a,b", "a,b\n", "1", "1,2", "\ufeff", "\ufeff\n", "\ufeff,", "\0", "\0\0\0\0", "PK\x03\x04", "\x93NUMPY", "%PDF-1.4", "{}", "[1, 2]", "<html>", "NA\nNA\n", "?,?\n?,?\n", "x\n\n\n", "id\n1\n", "name,id\nu,1\nv,2\n", "a,a\n,\n,\n", "=1+1,b\n=2+2,c\n"]) yield file(`text ${JSON.stringify(text)}`, text);
  for (const encoding of ["latin1", "utf16le"] as const) yield file(`umlauts in ${encoding} without a mark`, Buffer.from("größe,x\nä,1\nö,2\n", encoding));
  for (const [what, tail] of Object.entries({ "an odd byte": [0x41], "half a pair": [0x00, 0xd8], "the wrong half": [0x00, 0xdc, 0x41, 0x00], "zeros": [0, 0, 0, 0] })) {
    const body = Buffer.from("\ufeffa,b\n1,2\n3,", "utf16le");
    yield file(`UTF-16 with ${what}`, Buffer.concat([body, Buffer.from(tail)]));
    yield file(`UTF-16 big-endian with ${what}`, Buffer.concat([Buffer.from(body).swap16(), Buffer.from(tail)]));
  }
  for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0x80]]) yield file(`bytes ${bad.join(" ")}`, Buffer.concat([Buffer.from("a,b\n1,"), Buffer.from(bad), Buffer.from("\n")]));
  yield file("an endless cell", `a,b\n1,${"x".repeat(2 ** 23)}\n`);
  yield file("an endless quoted cell", `a,b\n1,"${"x\n".repeat(2 ** 23)}`);
  yield file("one endless line of delimiters", ",".repeat(2 ** 24));
  yield file("many quotes", `a,b\n1,${'"" '.repeat(2 ** 18)}\n`);
  yield file("a broken quote again and again", `a\n"${'x" '.repeat(2 ** 17)}\n`);
  yield file("50,000 columns and one record too short", `${counting(50_000).map(i => `c${i}`).join(",")}\n${counting(49_999).join(",")}\n`);
  yield file("50,000 columns of the same name", `${"a,".repeat(49_999)}a\n${"1,".repeat(49_999)}1\n`);
  yield file("20,000 different texts", `a,b\n${counting(20_000).map(i => `t${i},1`).join("\n")}\n`, { features: ["a"] });
  yield file("only blank lines, many", "\n".repeat(2 ** 20));
  yield file("a table and many blank lines", `a,b\n1,2${"\n".repeat(2 ** 20)}`);
  yield file("infinite", "x,y\n1,inf\n2,3\n", { features: ["y"] });
  yield file("missing", "x,y\n1,\n2,3\n", { missing: ["error"] });
  yield file("no features", "x,y\n1,2\n", { features: [] });
  yield file("an unknown feature", "x,y\n1,2\n", { features: ["z"] });
  yield file("a feature twice", "x,y\n1,2\n", { features: ["x", "x"] });
  yield file("an unknown label", "x,y\n1,2\n", { label: ["z"] });
  for (const delimiter of ["tab", "pipe", "semicolon", "comma", "colon"]) yield file(`read with ${delimiter}`, plain.replaceAll(",", ";"), { delimiter: [delimiter] });
  ending = ".tsv";
  for (let i = 0; i < 10; i++) yield file(`tsv, another tab ${i}`, spliced(plain.replaceAll(",", "\t"), nth(plain, ",", i), 1, "\t\t"));
}

it("tables survive damaged files", async () => {
  const folder = await temporaryFolder();
  const report = await fuzz(reader, mutants(), folder.path);
  expectSurvived(report);
  expect(report.refused).toBeLessThan(report.tried);
});
