import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { releaseIdleScans } from "../../../src/engine/datasets/tableCache";
import { table as reader } from "../../../src/engine/datasets/table";
import { random } from "../../../src/engine/random";
import { counting, temporaryFolder } from "../../helpers/datasetFiles";

const samples = dirname(createRequire(import.meta.url).resolve("@observablehq/sample-datasets/penguins.csv"));
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
let files = 0;
const write = (text: string | Uint8Array, ending = ".csv") => folder.write(`${files++}${ending}`, text);

async function opened(text: string | Uint8Array, choices: Record<string, string[]> = {}, ending = ".csv") {
  const dataset = await reader.open(await write(text, ending), choices);
  const count = dataset.schema.count;
  const rows = [...(await dataset.read(0, count))];
  const labels = await dataset.labels();
  const facts = await dataset.facts(Int32Array.from(counting(count)));
  const lines = counting(count).map(row => dataset.location(row).line);
  await dataset.close();
  return { dataset, rows, labels, facts, lines };
}
const choice = (dataset: Awaited<ReturnType<typeof reader.open>>, id: string) => dataset.choices.find(found => found.id === id)!;

describe("sample tables", () => {
  it("penguins", async () => {
    const dataset = await reader.open(join(samples, "penguins.csv"), {});
    expect(dataset.schema.count).toBe(344);
    expect(dataset.schema.columns.map(({ name, kind, start, width }) => [name, kind, start, width])).toEqual([
      ["island", "categorical", 0, 3], ["culmen_length_mm", "numeric", 3, 1], ["culmen_depth_mm", "numeric", 4, 1], ["flipper_length_mm", "numeric", 5, 1], ["body_mass_g", "numeric", 6, 1], ["sex", "categorical", 7, 2],
    ]);
    const labels = await dataset.labels();
    expect(labels).toMatchObject({ kind: "classes", name: "species", classes: ["Adelie", "Chinstrap", "Gentoo"] });
    expect(dataset.notes).toContain(`missing numbers filled with the column's mean: 2 in "culmen_length_mm", 2 in "culmen_depth_mm", 2 in "flipper_length_mm", 2 in "body_mass_g"`);
    expect(dataset.notes).toContain('missing categories are all zeros: 11 in "sex"');
    const fourth = await dataset.rows(Int32Array.of(3)); // Adelie,Torgersen,NaN,NaN,NaN,NaN,NaN
    expect([...fourth].map(value => Math.round(value * 10) / 10)).toEqual([0, 0, 1, 43.9, 17.2, 200.9, 4201.8, 0, 0]);
    expect(dataset.location(3).line).toBe(5);
    expect((await dataset.facts(Int32Array.of(0)))[0]!.slice(0, 3)).toEqual([["species", "Adelie"], ["island", "Torgersen"], ["culmen_length_mm", "39.1"]]);
    await dataset.close();
  });

  it("olympians, with names and texts beside the features", async () => {
    const dataset = await reader.open(join(samples, "olympians.csv"), {});
    expect(dataset.schema.count).toBe(11538);
    expect(choice(dataset, "features").selected).toEqual(["sex", "height", "weight", "sport", "gold", "silver", "bronze"]);
    expect(dataset.notes.at(-1)).toBe('not used as features: "id" (named as an identifier), "name" (long or ever different texts), "nationality" (207 different texts), "date_of_birth" (5595 different texts), "info" (131 different texts)');
    const nationality = await dataset.column("nationality");
    expect(nationality.kind === "classes" && nationality.classes.length).toBe(207);
    const [facts] = await dataset.facts(Int32Array.of(11537));
    expect(facts!.find(([name]) => name === "name")![1].length).toBeGreaterThan(3);
    await dataset.close();
  });

  it("diamonds, where y is a length beside x and z", async () => {
    const dataset = await reader.open(join(samples, "diamonds.csv"), {});
    expect([dataset.schema.count, choice(dataset, "label").selected]).toEqual([53940, ["(none)"]]);
    expect(dataset.schema.columns.find(column => column.name === "cut")).toMatchObject({ kind: "categorical", categories: ["Fair", "Good", "Ideal", "Premium", "Very Good"] });
    const byCut = await reader.open(join(samples, "diamonds.csv"), { label: ["cut"] });
    expect(choice(byCut, "features").selected).not.toContain("cut");
    await Promise.all([dataset.close(), byCut.close()]);
  });
});

describe("how a table is written", () => {
  it.each([
    ["comma", "a,b,c\n1,2,3\n4,5,6\n"], ["tab", "a\tb\tc\n1\t2\t3\n4\t5\t6\n"], ["semicolon", "a;b;c\n1;2;3\n4;5;6\n"], ["pipe", "a|b|c\n1|2|3\n4|5|6\n"],
    ["comma", "a,b,c\r\n1,2,3\r\n4,5,6\r\n"], ["comma", "a,b,c\r1,2,3\r4,5,6\r"], ["comma", "a,b,c\n1,2,3\n4,5,6"], ["comma", "a,b,c\n1,2,3\n4,5,6\n\n\n  \n"], ["comma", '"a","b","c"\n"1","2","3"\n"4","5","6"\n'],
    ["comma", "\ufeffa,b,c\n1,2,3\n4,5,6\n"], ["comma", "\n\na,b,c\n1,2,3\n4,5,6"], ["comma", ' a , b , c \n 1 , 2,3\n4,5 ,6 \n'], ["comma", "a,b,c\n1.,+2,3e0\n.4e1,50E-1,6\n"],
  ])("%s: %j", async (delimiter, text) => {
    const { dataset, rows } = await opened(text);
    expect(rows).toEqual([1, 2, 3, 4, 5, 6]);
    expect(dataset.schema.columns.map(column => column.name)).toEqual(["a", "b", "c"]);
    expect(choice(dataset, "delimiter").selected).toEqual([delimiter]);
  });

  it.each(["utf-16le", "utf-16be"] as const)("%s", async encoding => {
    const bytes = Buffer.from("\ufeffgröße\tname\n1\tä\n2\tb😀\n", "utf16le");
    const { dataset, rows, facts } = await opened(encoding === "utf-16le" ? bytes : bytes.swap16(), { features: ["größe"] }, ".tsv");
    expect([rows, facts[1]]).toEqual([[1, 2], [["größe", "2"], ["name", "b😀"]]]);
    expect(dataset.notes).toContain("the file is UTF-16");
  });

  it("finds the delimiter by what it leaves in the cells", async () => {
    expect(choice((await opened("1,5;2,5;3,5\n4,5;5,5;6,5\n")).dataset, "delimiter").selected).toEqual(["semicolon"]);
    expect(choice((await opened("text\tvalue\nHello, you\t1\nBye, you\t2\n")).dataset, "delimiter").selected).toEqual(["tab"]);
    expect(choice((await opened("a,b\nx;y,1\nz;w,2\n")).dataset, "delimiter").selected).toEqual(["comma"]);
    expect(choice((await opened("p;q,b,c\nx;y,1,2\nz;w,3,4\n")).dataset, "delimiter").selected).toEqual(["comma"]);
    expect(choice((await opened("k;a,b\nk;a;c,d\nk;a,e\nk;a;f,g\n")).dataset, "delimiter").selected).toEqual(["comma"]);
    const { dataset, rows } = await opened("1,2;3\n4,5;6\n", { delimiter: ["comma"], features: ["column 1"] });
    expect([rows, dataset.schema.columns.length]).toEqual([[1, 4], 1]);
  });

  it("reads a decimal comma where the semicolon separates, and says so", async () => {
    const { dataset, rows } = await opened("a;b\n1,5;2\n-3,25;1e3\n");
    expect(rows).toEqual([1.5, 2, -3.25, 1000]);
    expect(dataset.notes).toContain("numbers are read with a decimal comma: 1,5 is one and a half");
    expect((await opened("a;b\n1.5;2\n3.25;7\n")).rows).toEqual([1.5, 2, 3.25, 7]);
    const points = await opened("a;b\n1,5;2\n3,25;4\n", { decimal: ["point"], features: ["b"] });
    expect([points.rows, points.dataset.notes.some(note => note.includes("decimal"))]).toEqual([[2, 4], false]);
  });

  it.each([
    ["a,b\n1,2\n", true], ["1,2\n3,4\n", false], ["a,b\nc,d\ne,d\n", true], ["red,small\nblue,large\nred,small\n", false], ["2001,2002\n1,2\n", false], [",a\n0,1\n1,2\n", true], ["NA,NA\n1,2\n", false],
  ])("sees whether %j begins with names: %s", async (text, header) => {
    const { dataset } = await opened(text);
    expect(choice(dataset, "header").selected).toEqual([header ? "first-line" : "none"]);
    expect(dataset.schema.count).toBe(text.split("\n").length - (header ? 2 : 1));
  });

  it("makes names distinct and takes any", async () => {
    const { dataset, facts } = await opened("a,a,,__proto__,(none),constructor\n1,2,3,4,5,6\n");
    expect(dataset.columnNames).toEqual(["a", "a (2)", "column 3", "__proto__", "(none) (2)", "constructor"]);
    expect(facts[0]).toContainEqual(["__proto__", "4"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect((await opened("__proto__,b\n1,2\n", { label: ["__proto__"] })).labels).toMatchObject({ name: "__proto__", values: Int32Array.of(0) });
  });

  it("keeps line breaks, quotes and delimiters within quotes", async () => {
    const text = 'name,x,kind\r\n"a\r\nb",1,"say ""hi"""\r\n"c, d",2,"e"\r\n"\n\n",3,"e"\r\nplain,4,"e"';
    const { rows, facts, lines } = await opened(text, { features: ["x"] });
    expect(rows).toEqual([1, 2, 3, 4]);
    expect(facts.map(row => row.map(([, cell]) => cell))).toEqual([["a\r\nb", "1", 'say "hi"'], ["c, d", "2", "e"], ["\n\n", "3", "e"], ["plain", "4", "e"]]);
    expect(lines).toEqual([2, 4, 5, 8]);
  });

  it("reads a table of one column, where a blank line is a missing value", async () => {
    const { rows, lines } = await opened("v\n1\n\n3\n\n\n");
    expect([rows, lines]).toEqual([[1, 2, 3], [2, 3, 4]]);
  });
});

describe("columns", () => {
  it("are numeric only when every cell is", async () => {
    const text = `a,b\n${counting(2000).map(i => `${i % 7},${i}`).join("\n")}\nx,5\n`;
    const { dataset } = await opened(text, { label: ["a"] });
    expect(choice(dataset, "label").options.find(option => option.id === "a")!.description).toBe("8 categories");
    const { labels, rows } = await opened(text, { label: ["a"], features: ["b"] });
    expect(labels).toMatchObject({ kind: "classes", classes: ["0", "1", "2", "3", "4", "5", "6", "x"] });
    expect([...(labels!.values as Int32Array).subarray(1998)]).toEqual([1998 % 7, 1999 % 7, 7]);
    expect(rows.at(-1)).toBe(5);
  });

  it.each(["", "NA", "N/A", "NaN", "nan", "null", "None", "?", "-", " NA "])("take %j for missing", async token => {
    const { dataset, rows, labels } = await opened(`x,kind,label\n1,a,0\n${token},${token},${token}\n4,b,1\n`);
    expect(rows).toEqual([1, 1, 0, 2.5, 0, 0, 4, 0, 1]);
    expect(dataset.notes).toContain(`missing numbers filled with the column's mean: 1 in "x"`);
    expect(labels).toMatchObject({ kind: "classes", values: Int32Array.of(0, -1, 1) });
  });

  it("fill with the means of other rows when they shall be like those", async () => {
    const map = await opened("x,y,label\n1,10,a\n3,,b\n");
    expect(map.dataset.schema.columns.map(({ mean }) => mean)).toEqual([2, 10]);
    const path = await write("y,x,z,label\n100,,1,a\n,50,,b\n200,60,3,b\n");
    const dataset = await reader.open(path, {}, { like: map.dataset.schema.columns });
    expect([...(await dataset.read(0, 3))]).toEqual([100, 2, 1, 10, 50, 2, 200, 60, 3]); // z has only its own
    expect(dataset.notes).toContain(`missing numbers filled with the column's mean in the map's rows: 1 in "y", 1 in "x", 1 in "z"`);
    expect(dataset.schema.columns.map(({ mean }) => mean)).toEqual([150, 55, 2]);
    await dataset.close();
  });

  it("stop at a missing number when asked to", async () => {
    const path = await write("x,y,z\n1,2,a\n3,,b\n,4,c\n");
    await expect(reader.open(path, { missing: ["error"] })).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/line 4, column "x" is missing \(2 missing numbers in 2 columns\)/) });
    const dataset = await reader.open(path, { missing: ["error"], features: ["z"] });
    expect(dataset.schema.shape).toEqual([3]);
    await dataset.close();
  });

  it("with infinite numbers are left out, and refused when asked for", async () => {
    const path = await write("x,y\n1,2\n3,inf\n5,1e300\n");
    const dataset = await reader.open(path, {});
    expect(choice(dataset, "features").selected).toEqual(["x"]);
    expect(dataset.notes).toContain('not used as features: "y" (not a finite 32-bit number in line 3)');
    await dataset.close();
    await expect(reader.open(path, { features: ["x", "y"] })).rejects.toThrow(/line 3, column "y" is not a finite/);
  });

  it("that number or name the rows are no features", async () => {
    const lines = counting(60).map(i => `${i + 5},${i * 2},t${i},k${i % 3},P${i % 2},${(i * 7) % 60},const`);
    const { dataset } = await opened(`n,x,text,kind,passengerId,uuid,c\n${lines.join("\n")}\n`);
    expect(choice(dataset, "features").selected).toEqual(["x", "kind", "c"]);
    expect(dataset.notes.at(-1)).toBe('not used as features: "n" (it numbers the rows), "text" (60 different texts), "passengerId" (named as an identifier), "uuid" (named as an identifier)');
    const asked = await opened(`n,text\n${counting(60).map(i => `${i},t${i}`).join("\n")}\n`, { features: ["n", "text"] });
    expect([asked.dataset.schema.shape, asked.rows.slice(0, 3)]).toEqual([[61], [0, 1, 0]]);
  });

  it("of a different text in every row are no features, so that distances with names are a square", async () => {
    const distances = "Oslo,Rome,Bern\nOslo,0,2006,1462\nRome,2006,0,689\nBern,1462,689,0\n";
    for (const corner of ["city", "", '""']) {
      const { dataset, rows } = await opened(`${corner},${distances}`);
      expect(choice(dataset, "features").selected).toEqual(["Oslo", "Rome", "Bern"]);
      expect([dataset.schema.shape, rows]).toEqual([[3], [0, 2006, 1462, 2006, 0, 689, 1462, 689, 0]]);
      expect(dataset.notes.at(-1)).toBe(`not used as features: "${corner === "city" ? "city" : "column 1"}" (a different text in every row)`);
    }
    const towns = (count: number, name: (i: number) => string) => `town,x\n${counting(count).map(i => `${name(i)},${(i * 7) % 5}`).join("\n")}\n`;
    expect(choice((await opened(towns(10, i => `t${i}`))).dataset, "features").selected).toEqual(["x"]);
    // Few rows may differ by chance, and what comes twice is a category.
    expect(choice((await opened(towns(4, i => `t${i}`))).dataset, "features").selected).toEqual(["town", "x"]);
    expect(choice((await opened(towns(10, i => `t${i % 9}`))).dataset, "features").selected).toEqual(["town", "x"]);
  });

  it("of categories are one-hot in natural order", async () => {
    const { dataset, rows } = await opened("k,x\nitem 10,1\nitem 2,2\nitem 10,3\n");
    expect(dataset.schema.columns[0]).toEqual({ name: "k", kind: "categorical", start: 0, width: 2, categories: ["item 2", "item 10"] });
    expect(rows).toEqual([0, 1, 1, 1, 0, 2, 0, 1, 3]);
  });

  it("of labels are classes or numbers", async () => {
    const table = (label: (i: number) => unknown) => `x,target\n${counting(80).map(i => `${(i * i) % 17},${label(i)}`).join("\n")}\n`;
    expect((await opened(table(i => i % 50))).labels).toMatchObject({ kind: "classes", name: "target" });
    expect((await opened(table(i => (i * 3) % 79))).labels).toMatchObject({ kind: "numbers" });
    expect((await opened(table(i => i / 2))).labels).toMatchObject({ kind: "numbers" });
    expect((await opened(table(i => (i % 2 ? "yes" : "no")))).labels).toMatchObject({ kind: "classes", classes: ["no", "yes"] });
    expect((await opened(table(i => i % 2), { label: ["(none)"] })).labels).toBeNull();
  });

  /** 10,000 rows of two sevens, wide enough to fill a block of 256 KiB: the first is parsed, later ones are read from their bytes. */
  const firstBlock = (delimiter: string) => `7.000000000000${delimiter}7.00000000000\n`.repeat(10_000);

  it("hold numbers exactly as JavaScript reads them, in any notation", async () => {
    const written = ["1", "-1", "+1.5", "0.1", "1e5", "1E-3", "-2.5e+3", "123456789012345678", "0.30000000000000004", "1.000000000000000000e+00", "9.999999999999999e-07", "1e-30", "3.4e38", ".5", "5.", "00012", "-0", "1e22", "1e23", "123456.789e-20"];
    const { rows } = await opened(`x,y\n${written.map(cell => `${cell},1`).join("\n")}\n"2",1\n`, { features: ["x"] });
    expect(rows).toEqual([...written.map(cell => Math.fround(Number(cell))), 2]);
    const long = await opened(`x,y\n${firstBlock(",")}${written.map(cell => `${cell},1`).join("\n")}\n`, { features: ["x"] });
    expect(long.rows.slice(10_000)).toEqual(written.map(cell => Math.fround(Number(cell))));
    expect(long.rows.slice(0, 10_000).every(value => value === 7)).toBe(true);
  });

  it.each(["0x10", "1 000", "1,5", "1_000", "--1", "1e", "e5", ".", "+", "1.2.3", "Infinite", "1e5x", "NaN1"])("take %j for a text, in any block", async text => {
    const { dataset } = await opened(`x\ty\n${firstBlock("\t")}${text}\t1\n`, {}, ".tsv");
    expect(choice(dataset, "label").options.map(({ id, description }) => [id, description])).toEqual([["x", "2 categories"], ["y", "numbers"], ["(none)", undefined]]);
  });
});

describe("large tables", () => {
  const lines = counting(60_000).map(i => `${i},${(i * 31) % 1000 / 8},${["red", "green", "blue"][i % 3]},${i % 1000 === 7 ? `"two\nlines ${i}"` : `note ${i}`}`);
  const text = `n,x,color,note\n${lines.join("\n")}\n`;

  it("have every row at its place, in blocks with and without quotes", async () => {
    const dataset = await reader.open(await write(text), { features: ["n", "x", "color"] });
    expect(dataset.schema.count).toBe(60_000);
    const indices = Int32Array.of(59_999, 0, 7, 8, 30_007, 30_008, 12_345);
    const rows = await dataset.rows(indices);
    const facts = await dataset.facts(indices);
    indices.forEach((row, i) => {
      expect([...rows.subarray(i * 5, i * 5 + 2)]).toEqual([row, ((row * 31) % 1000) / 8]);
      expect(facts[i]![3]![1]).toBe(row % 1000 === 7 ? `two\nlines ${row}` : `note ${row}`);
      expect(dataset.location(row).line).toBe(row + 2 + Math.ceil(Math.max(0, row - 7) / 1000));
    });
    const color = await dataset.column("color");
    expect(color.kind === "classes" && counting(9).map(row => color.classes[color.values[row]!])).toEqual(["red", "green", "blue", "red", "green", "blue", "red", "green", "blue"]);
    await dataset.close();
  });

  it("read the same from bytes as through the parser", async () => {
    const stream = random(3);
    const cells = ["1", "-2.5", "3e2", " 7 ", "", "NA", "x", "ä ö", "0.1", "1e-7", "00", "-", "inf", "y y", "5."];
    const numbers = cells.filter(cell => cell.trim() === "" || cell === "NA" || !Number.isNaN(Number(cell)));
    const record = () => [numbers, cells, ["red", "größer", "?"], numbers].map(pool => pool[stream.integer(pool.length)]!);
    const body = Array.from({ length: 40_000 }, record);
    const plain = `a,b,c,d\n${body.map(cells => cells.join(",")).join("\r\n")}\r\n`;
    const quoted = `a,b,c,d\n${body.map(cells => cells.map(cell => `"${cell}"`).join(",")).join("\r\n")}\r\n`;
    expect(plain.length).toBeGreaterThan(2 ** 19); // several blocks
    const [one, other] = await Promise.all([plain, quoted].map(async text => {
      const dataset = await reader.open(await write(text), { features: ["a", "b", "c", "d"], label: ["c"] });
      const values = { schema: dataset.schema, notes: dataset.notes, rows: await dataset.read(0, body.length), labels: await dataset.labels(), facts: await dataset.facts(Int32Array.of(0, 39_999)) };
      await dataset.close();
      return values;
    }));
    expect(one!.schema).toEqual(other!.schema);
    expect(one!.notes).toEqual(other!.notes);
    expect(Buffer.compare(Buffer.from(one!.rows.buffer), Buffer.from(other!.rows.buffer))).toBe(0);
    expect(one!.labels).toEqual(other!.labels);
    expect(one!.facts.map(row => row.map(([, cell]) => cell.trim()))).toEqual(other!.facts.map(row => row.map(([, cell]) => cell.trim())));
    expect(one!.facts[1]!.map(([, cell]) => cell)).toEqual(body[39_999]);
  });

  it("name the line of a wrong record, behind line breaks in quotes", async () => {
    await expect(opened(`${text}1,2\n`)).rejects.toThrow("line 60062 has 2 columns, expected 4");
    await expect(opened(`a,b,c,d\n1,2,3,4\n"x\ny",2,3,4\n1,2,3\n`)).rejects.toThrow("line 5 has 3 columns, expected 4");
    await expect(opened(`a,b\n${"1,2\n".repeat(2 ** 18)}1,2,3\n${"1,2\n".repeat(9)}`)).rejects.toThrow("line 262146 has 3 columns, expected 2");
    await expect(opened(`a,b\n${"1,2\n".repeat(2 ** 18)}\n\n1,2\n`)).rejects.toThrow("line 262146 is blank");
  });

  it("are read once for all choices, as long as they do not change", async () => {
    const path = await write(text);
    const progress: number[] = [];
    const open = (choices: Record<string, string[]>) => reader.open(path, choices, { onProgress: fraction => progress.push(fraction) });
    const first = await open({ features: ["x"] });
    const steps = progress.length;
    expect(steps).toBeGreaterThan(2);
    expect(progress.at(-1)).toBe(1);
    await first.close();
    const second = await open({ features: ["n"], label: ["color"] });
    expect(progress).toHaveLength(steps);
    await releaseIdleScans();
    expect((await second.rows(Int32Array.of(5)))[0]).toBe(5);
    await folder.write(path.slice(folder.path.length + 1), `${text}60000,1,red,x\n`);
    const third = await open({ features: ["n"] });
    expect(progress.length).toBeGreaterThan(steps);
    expect([second.schema.count, third.schema.count]).toEqual([60_000, 60_001]);
    expect(third.fingerprint).not.toBe(second.fingerprint);
    await Promise.all([second.close(), third.close()]);
    await releaseIdleScans();
  });

  it("stay open as long as somebody uses them, and a minute longer", async () => {
    const path = await write(text);
    let scans = 0;
    const open = () => reader.open(path, { features: ["n"] }, { onProgress: fraction => void (scans += Number(fraction === 1)) });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const [first, second] = [await open(), await open()];
      await first.close();
      await first.close();
      await vi.advanceTimersByTimeAsync(120_000);
      await releaseIdleScans();
      expect((await second.rows(Int32Array.of(59_999)))[0]).toBe(59_999);
      await second.close();
      await vi.advanceTimersByTimeAsync(30_000);
      const third = await open();
      await vi.advanceTimersByTimeAsync(40_000);
      expect((await third.rows(Int32Array.of(3)))[0]).toBe(3);
      await third.close();
      expect(scans).toBe(1);
      await vi.advanceTimersByTimeAsync(61_000);
      await (await open()).close();
      expect(scans).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it("are let go when others are read after them", async () => {
    const paths = await Promise.all([1, 2, 3].map(i => write(`a,b\n${"1,2\n".repeat(i)}`)));
    let scans = 0;
    const open = async (path: string) => (await reader.open(path, {}, { onProgress: fraction => void (scans += Number(fraction === 1)) })).close();
    for (const path of paths) await open(path);
    expect(scans).toBe(3);
    await open(paths[1]!);
    expect(scans).toBe(3);
    await open(paths[0]!);
    expect(scans).toBe(4);
    await open(paths[1]!); // used later than the third, so it was kept instead
    expect(scans).toBe(4);
  });

  it("can be cancelled while they are read, for one caller and not the other", async () => {
    const path = await write(`a,b\n${"1,2\n".repeat(2 ** 19)}`);
    const open = (controller: AbortController) => reader.open(path, {}, { signal: controller.signal, onProgress: () => controller.abort() });
    for (const order of [["cancelled", "other"], ["other", "cancelled"]]) {
      const opened = order.map(who => (who === "other" ? reader.open(path, {}) : open(new AbortController())));
      const [cancelled, other] = order[0] === "other" ? [opened[1]!, opened[0]!] : [opened[0]!, opened[1]!];
      await expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
      expect((await other).schema.count).toBe(2 ** 19);
      await (await other).close();
      await releaseIdleScans();
    }
    const [one, two] = [open(new AbortController()), open(new AbortController())];
    await expect(one).rejects.toMatchObject({ code: "cancelled" });
    await expect(two).rejects.toMatchObject({ code: "cancelled" });
    const again = await reader.open(path, {});
    expect(again.schema.count).toBe(2 ** 19);
    await again.close();
  });
});

describe("damage", () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ["nothing", "", /empty/],
    ["a byte order mark", "\ufeff", /empty/],
    ["names only", "a,b\n", /column names but no rows/],
    ["blank lines", "\n\n\n", /no rows/],
    ["an open quote", 'a,b\n"1,2\n3,4\n', /line 2 has a quote that is never closed/],
    ["text behind a quote", 'a,b\n1,2\n"3"x,4\n', /line 3 has a quoted cell that goes on/],
    ["a zero byte", "a,b\n1,\u00002\n", /zero byte/],
    ["a zero byte further down", `a,b\n${"1,2\n".repeat(40_000)}1,\u00002\n`, /line 40002 holds a zero byte/],
    ["nothing but names", "name\nx1\n", /no feature columns.*"name" \(named as an identifier\)/],
    ["columns between spaces", counting(60).map(i => `${i} 2 3.5 -1e${i}\n`).join(""), /numbers with spaces between them: separate the columns by commas/],
    ["columns between spaces, with a header of words", `a b c\n${counting(20).map(i => `${i} 2 3.5\n`).join("")}`, /numbers with spaces between them/],
    ["Latin-1", Buffer.from("a,b\n1,\xe4\n", "latin1"), /line 2 is not UTF-8/],
    ["Latin-1 further down", Buffer.concat([Buffer.from(`a,b\n${"1,ä\n".repeat(90_000)}1,`), Buffer.from([0xff]), Buffer.from("\n1,2\n")]), /line 90002 is not UTF-8/],
    ["half a character of UTF-16", Buffer.from([0xff, 0xfe, 0x41, 0x00, 0x0a, 0x00, 0x00, 0xd8]), /not valid UTF-16/],
    ["too many cells", "a,b\n1,2,3\n", /line 2 has 3 columns, expected 2/],
    ["too few cells", "a,b\n1\n", /line 2 has 1 column, expected 2/],
    ["a blank line within", "a,b\n\n1,2\n", /line 2 is blank/],
    ["an endless record", `a,b\n"${"x".repeat(2 ** 24)}`, /more than 8 MiB: is a quote never closed/],
  ])("%s", async (_, text, message) => {
    await expect(opened(text)).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(message) });
  });

  it("by somebody else while it is open is seen when texts are read", async () => {
    const path = await write("a,b\n1,2\n3,4\n");
    const dataset = await reader.open(path, {});
    for (const other of ["no", "a,b\n1,2\n3;4\n", "a,b,1,2,3,4\n"]) {
      await folder.write(path.slice(folder.path.length + 1), other);
      await expect(dataset.facts(Int32Array.of(1))).rejects.toMatchObject({ code: "bad-dataset" });
    }
    await dataset.close();
  });
});
