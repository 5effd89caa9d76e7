import { execFileSync } from "node:child_process";
import { appendFile, copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { rowSize } from "../../../src/protocol/data";
import type { Dataset, DatasetReader } from "../../../src/engine/datasets/dataset";
import { openDataset, readerOf, readers, resolvedSource, type ReaderId } from "../../../src/engine/datasets";
import { releaseIdleScans } from "../../../src/engine/datasets/tableCache";
import { counting, gzip, idx, npy, npz, temporaryFolder } from "../../helpers/datasetFiles";

// What holds for every reader, on one small dataset each. A new reader adds a line here and gets the whole suite.

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;
interface Fixture {
  /** Writes the dataset and what lies beside it; returns its path. */
  make(folder: Folder, place: string): Promise<string>;
  labels: number[] | null;
  /** Changes the content but not its size, where possible. */
  edit(path: string): Promise<void>;
}

const picture = (i: number) => sharp(Buffer.from(counting(6 * 5 * 3).map(at => (at * 7 + i * 40) % 256)), { raw: { width: 6, height: 5, channels: 3 } });
const append = (path: string) => appendFile(path, "\n");

const fixtures: Record<ReaderId, Fixture> = {
  idx: {
    make: async (folder, place) => {
      await folder.write(`${place}/a-labels-idx1-ubyte`, idx([2, 0, 1, 2, 0], "|u1", [5]));
      return folder.write(`${place}/a-images-idx3-ubyte.gz`, gzip(idx(counting(100), "|u1", [5, 4, 5])));
    },
    labels: [2, 0, 1, 2, 0],
    edit: async path => writeFile(path, gzip(idx(counting(100).map(i => i + 1), "|u1", [5, 4, 5]))),
  },
  npy: {
    make: async (folder, place) => {
      await folder.write(`${place}/y.npy`, npy([1, 0, 1, 0, 1], "<i8", [5]));
      return folder.write(`${place}/X.npy`, npy(counting(30), "<f4", [5, 6], { fortran: true }));
    },
    labels: [1, 0, 1, 0, 1],
    edit: append,
  },
  npz: {
    make: async (folder, place) => folder.write(`${place}/a.npz`, npz({ x: npy(counting(80), "|u1", [5, 4, 4]), y: npy([1, 0, 1, 0, 2], "<i8", [5]), z: npy(counting(10), "<f8", [5, 2]) }, true)),
    labels: [1, 0, 1, 0, 2],
    edit: async path => writeFile(path, npz({ x: npy(counting(80), "|u1", [5, 4, 4]), y: npy([1, 0, 1, 0, 3], "<i8", [5]), z: npy(counting(10), "<f8", [5, 2]) }, true)),
  },
  table: {
    make: async (folder, place) => folder.write(`${place}/a.csv`, 'x,kind,label,note\n1,a,yes,"one\nline"\n2.5,b,no,n\n,a,yes,n\n4,,no,n\n-5,b,yes,n\n'),
    labels: [1, 0, 1, 0, 1],
    edit: append,
  },
  imageFolder: {
    make: async (folder, place) => {
      for (const [i, name] of ["cats/1.png", "cats/2.webp", "dogs/10.png", "dogs/9.jpg"].entries()) await folder.write(`${place}/pictures/${name}`, await picture(i).toFormat(name.split(".")[1] === "jpg" ? "jpeg" : (name.split(".")[1] as "png")).toBuffer());
      await folder.write(`${place}/pictures/root.png`, await picture(9).png().toBuffer());
      return join(folder.path, place, "pictures");
    },
    labels: [0, 0, 1, 1, -1],
    edit: async path => copyFile(join(path, "cats/1.png"), join(path, "dogs/9.jpg")),
  },
};

/** Files and pipes this process has open; the descriptors themselves where the system shows them. */
async function openHandles(): Promise<number> {
  const descriptors = await readdir("/proc/self/fd").catch(() => null);
  return descriptors ? descriptors.length : process.getActiveResourcesInfo().filter(name => /File|FSReq/.test(name)).length;
}

let folder: Folder;
beforeAll(async () => void (folder = await temporaryFolder()));

it("every reader has a fixture, a title and its own endings", () => {
  expect(Object.keys(fixtures).sort()).toEqual(Object.keys(readers).sort());
  const endings = Object.values<DatasetReader>(readers).flatMap(reader => reader.endings);
  expect(new Set(endings).size).toBe(endings.length);
  expect(endings.filter(ending => ending !== ending.toLowerCase())).toEqual([]);
});

describe.each(Object.keys(fixtures) as ReaderId[])("%s", id => {
  const { make, labels, edit } = fixtures[id];
  let path: string;
  const withDataset = async (use: (dataset: Dataset) => Promise<void>, choices: Record<string, string[]> = {}) => {
    const dataset = await openDataset({ path, choices });
    try {
      await use(dataset);
    } finally {
      await dataset.close();
    }
  };
  beforeAll(async () => void (path = await make(folder, id)));

  it("is found by name", () => expect(readerOf(path, id === "imageFolder")).toBe(id));

  it("says what it holds", () =>
    withDataset(async ({ schema, notes, fingerprint, choices, columnNames }) => {
      expect(schema.count).toBe(5);
      expect(schema.shape.length).toBe(schema.kind === "image" ? 3 : 1);
      expect(schema.columns.reduce((size, column) => size + column.width, 0)).toBe(schema.kind === "table" ? rowSize(schema) : 0);
      expect(fingerprint).toMatch(/^[0-9a-f]{32}$/);
      expect([...notes, ...columnNames].every(text => text.length > 0)).toBe(true);
      for (const choice of choices) {
        expect(choice.options.length).toBeGreaterThan(0);
        expect(choice.options.map(option => option.id)).toEqual(expect.arrayContaining(choice.selected));
      }
      expect(structuredClone({ schema, notes, choices })).toEqual({ schema, notes, choices });
    }));

  it("reads windows and rows alike", () =>
    withDataset(async dataset => {
      const size = rowSize(dataset.schema);
      const all = await dataset.read(0, 5);
      expect(all).toBeInstanceOf(dataset.dtype === "uint8" ? Uint8Array : Float32Array);
      expect(all.length).toBe(5 * size);
      expect(await dataset.read(2, 2)).toEqual(all.slice(2 * size, 4 * size));
      expect(await dataset.read(5, 0)).toHaveLength(0);
      const order = [4, 0, 0, 3];
      const rows = await dataset.rows(Int32Array.from(order));
      expect(rows).toBeInstanceOf(Float32Array);
      expect([...rows]).toEqual(order.flatMap(row => [...all.slice(row * size, (row + 1) * size)]));
      expect(await dataset.rows(new Int32Array(0))).toHaveLength(0);
    }));

  it("refuses rows that are not there", () =>
    withDataset(async dataset => {
      await expect(dataset.read(4, 2)).rejects.toMatchObject({ code: "bad-request" });
      await expect(dataset.read(-1, 2)).rejects.toMatchObject({ code: "bad-request" });
      await expect(dataset.rows(Int32Array.of(0, 5))).rejects.toMatchObject({ code: "bad-request" });
      await expect(dataset.column("no such column")).rejects.toMatchObject({ code: "bad-request" });
    }));

  it("has a label, a name, a place and facts for every row", () =>
    withDataset(async dataset => {
      const found = await dataset.labels();
      expect(found && [...found.values]).toEqual(labels);
      for (const name of dataset.columnNames) expect((await dataset.column(name)).values).toHaveLength(5);
      const facts = await dataset.facts(Int32Array.of(4, 1));
      expect(facts).toHaveLength(2);
      expect(facts.flat().every(fact => fact.length === 2 && fact.every(text => typeof text === "string"))).toBe(true);
      const titles = counting(5).map(row => dataset.title(row));
      expect(new Set(titles).size).toBe(5);
      expect(counting(5).every(row => dataset.location(row).path.startsWith(path))).toBe(true);
    }));

  it("has the same fingerprint again, and another one after an edit", async () => {
    const changed = await make(folder, `${id}-changed`);
    const fingerprint = async (place: string) => {
      const dataset = await openDataset({ path: place, choices: {} });
      await dataset.close();
      return dataset.fingerprint;
    };
    const before = await fingerprint(path);
    expect(await fingerprint(path)).toBe(before);
    expect(await fingerprint(changed)).toBe(before);
    await edit(changed);
    expect(await fingerprint(changed)).not.toBe(before);
  });

  it("opens the same again from its resolved source", () =>
    withDataset(async dataset => {
      const source = resolvedSource({ path, choices: {} }, dataset);
      expect(source).toMatchObject({ path, reader: id });
      const again = await openDataset(structuredClone(source));
      expect([again.schema, again.choices, again.fingerprint]).toEqual([dataset.schema, dataset.choices, dataset.fingerprint]);
      expect(await again.read(0, 5)).toEqual(await dataset.read(0, 5));
      await again.close();
    }));

  it("refuses answers that do not exist, and takes each that does", () =>
    withDataset(async dataset => {
      for (const choice of dataset.choices) {
        await expect(openDataset({ path, choices: { [choice.id]: ["no such answer"] } }), choice.id).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringContaining("no such answer") });
        if (!choice.many) await expect(openDataset({ path, choices: { [choice.id]: [] } })).rejects.toMatchObject({ code: "bad-dataset" });
        if (choice.id === "delimiter" || choice.id === "missing") continue; // most of these answers do not fit the fixture
        for (const { id: answer } of choice.options) {
          const opened = await openDataset({ path, choices: { [choice.id]: [answer] } });
          expect(opened.choices.find(found => found.id === choice.id)!.selected).toEqual([answer]);
          expect(await opened.read(0, opened.schema.count)).toHaveLength(opened.schema.count * rowSize(opened.schema));
          await opened.close();
        }
      }
    }));

  it("stops when it is cancelled", async () => {
    await expect(openDataset({ path, choices: {} }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
    await withDataset(async dataset => {
      const aborted = AbortSignal.abort();
      await expect(dataset.read(0, 1, aborted)).rejects.toMatchObject({ code: "cancelled" });
      await expect(dataset.rows(Int32Array.of(0), aborted)).rejects.toMatchObject({ code: "cancelled" });
      await expect(dataset.labels(aborted)).rejects.toMatchObject({ code: "cancelled" });
    });
  });

  it("leaves nothing open", async () => {
    const place = await make(folder, `${id}-closed`);
    await releaseIdleScans();
    const before = await openHandles();
    const dataset = await openDataset({ path: place, choices: {} });
    await dataset.rows(Int32Array.of(1, 3));
    await dataset.labels();
    const wrong = Object.fromEntries(dataset.choices.map(choice => [choice.id, ["no"]]));
    await dataset.close();
    await dataset.close();
    if (dataset.choices.length > 0) await expect(openDataset({ path: place, choices: wrong })).rejects.toThrow();
    await releaseIdleScans();
    expect(await openHandles()).toBe(before);
    await rm(join(folder.path, `${id}-closed`), { recursive: true });
  });
});

describe("finding a reader", () => {
  it.each([
    ["a.csv", "table"], ["A.CSV", "table"], ["a.b.tsv", "table"], ["train-images-idx3-ubyte", "idx"], ["train-images.idx3-ubyte.GZ", "idx"], ["x.npy", "npy"], ["x.npz", "npz"], ["csv", undefined], ["a.txt", undefined], ["a.csv.gz", undefined], ["ubyte", undefined],
  ] as const)("%s → %s", (name, id) => expect(readerOf(`/somewhere.npy/${name}`, false)).toBe(id));

  it("opens folders with the folder reader, whatever they are called", () => expect(readerOf("x.csv", true)).toBe("imageFolder"));

  it("lists what can be opened when nothing fits", async () => {
    const path = await folder.write("other/a.txt", "hello");
    await expect(openDataset({ path, choices: {} })).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/a\.txt cannot be opened.*\.idx.*\.npy.*\.npz.*\.csv \.tsv.*folder of images/) });
    await expect(openDataset({ path: `${path}.gone`, choices: {} })).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/does not exist/) });
    await expect(openDataset({ path, reader: "constructor", choices: {} })).rejects.toMatchObject({ code: "bad-request" });
    const forced = await openDataset({ path: await folder.write("other/b.txt", "a,b\n1,2\n"), reader: "table", choices: {} });
    expect(forced.schema.count).toBe(1);
    await forced.close();
  });

  it("says so when a file is given to the folder reader, or a folder to a file's", async () => {
    await mkdir(join(folder.path, "other/empty"), { recursive: true });
    const file = await folder.write("other/c.csv", "a\n1\n");
    await expect(openDataset({ path: file, reader: "imageFolder", choices: {} })).rejects.toMatchObject({ code: "bad-dataset" });
    for (const reader of ["idx", "npy", "npz", "table"]) await expect(openDataset({ path: join(folder.path, "other/empty"), reader, choices: {} }), reader).rejects.toMatchObject({ code: "bad-dataset" });
  });

  it.runIf(process.platform === "linux")("does not wait for a pipe", async () => {
    await folder.write("pipes/X.npy", npy(counting(6), "<f4", [3, 2]));
    for (const name of ["y.npy", "a.csv", "b.idx", "c.idx.gz", "d.npz", "e.npy"]) execFileSync("mkfifo", [join(folder.path, "pipes", name)]);
    for (const name of ["a.csv", "b.idx", "c.idx.gz", "d.npz", "e.npy"]) await expect(openDataset({ path: join(folder.path, "pipes", name), choices: {} }), name).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/not a file/) });
    const dataset = await openDataset({ path: join(folder.path, "pipes/X.npy"), choices: {} });
    expect(await dataset.labels()).toBeNull();
    await dataset.close();
  });
});
