import { beforeAll, describe, expect, it } from "vitest";
import { npy as reader } from "../../../src/engine/datasets/npy";
import { parseNpyHeader } from "../../../src/engine/datasets/npyHeader";
import { parsePythonLiteral } from "../../../src/engine/datasets/pythonLiteral";
import { counting, npy, npyFile, npyTexts, temporaryFolder } from "../../helpers/datasetFiles";
import { numpyFile } from "../../helpers/datasetNumpyFiles";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
let files = 0;
const fresh = (bytes: Uint8Array) => folder.write(`fresh/${files++}/a.npy`, bytes);

async function opened(bytes: Uint8Array, choices: Record<string, string[]> = {}) {
  const dataset = await reader.open(await fresh(bytes), choices);
  const rows = [...(await dataset.read(0, dataset.schema.count))];
  await dataset.close();
  return { dataset, rows };
}

describe("files that NumPy wrote", () => {
  it.each([
    ["fortran", [2, 12], counting(24)],
    ["bigEndian", [2, 3], [-3, -2, -1, 0, 1, 2]],
    ["bool", [2, 2], [1, 0, 0, 1]],
    ["int64", [2, 2], [1, -2, 2 ** 40, -(2 ** 33)]],
    ["uint64", [2, 2], [1, 2 ** 63, 2 ** 32, 7]],
    ["version2", [2, 3], counting(6)],
    ["version3", [2, 3], counting(6)],
    ["half", [2, 3], [0, 0.5, -1.5, 65504, 2 ** -24, Math.fround(0.0999755859375)]],
  ] as const)("%s", async (name, [count, size], values) => {
    const { dataset, rows } = await opened(numpyFile(name));
    expect([dataset.schema.count, dataset.schema.shape]).toEqual([count, [size]]);
    expect(rows).toEqual(values);
  });

  it.each([
    ["pickled", /pickled objects, and unpickling can run code: save it with a numeric dtype/],
    ["structured", /structured array/],
    ["complex", /complex numbers/],
    ["dates", /dates: save them as numbers/],
    ["longDouble", /16 bytes \(long double\)/],
  ] as const)("refuses %s", async (name, message) => {
    await expect(opened(numpyFile(name))).rejects.toMatchObject({ code: "unsupported", message: expect.stringMatching(message) });
  });

  it.each([["texts", ["a", "zwölf", "🙂"]], ["bytesTexts", ["cat", "dog"]]] as const)("takes %s as labels", async (name, classes) => {
    const count = name === "texts" ? 4 : 3;
    await folder.write(`${name}/y.npy`, numpyFile(name));
    const dataset = await reader.open(await folder.write(`${name}/X.npy`, npy(counting(count * 2), "<f4", [count, 2])), {});
    const labels = await dataset.labels();
    expect(new Set(labels?.kind === "classes" ? labels.classes : [])).toEqual(new Set(classes));
    expect(labels).toMatchObject({ kind: "classes", name: "label" });
    expect(labels?.kind === "classes" && [...labels.values].map(value => labels.classes[value])).toEqual(name === "texts" ? ["zwölf", "a", "🙂", "a"] : ["cat", "dog", "cat"]);
    await dataset.close();
  });
});

describe("rows", () => {
  it.each([
    [[3, 2, 5], "vector", [10], {}],
    [[2, 5, 6], "image", [5, 6, 1], {}],
    [[2, 5, 6], "vector", [30], { rows: ["vectors"] }],
    [[2, 5, 6, 3], "image", [5, 6, 3], {}],
    [[2, 3, 5, 6], "image", [5, 6, 3], {}],
    [[2, 4, 5, 4], "image", [4, 5, 4], {}],
    [[2, 4, 5, 4], "image", [5, 4, 4], { layout: ["channels-first"] }],
    [[2, 5, 5, 2], "vector", [50], {}],
    [[2, 2, 2, 2, 2], "vector", [16], {}],
    [[2, 16], "vector", [16], {}],
    [[2, 64], "vector", [64], {}],
    [[2, 64], "image", [8, 8, 1], { rows: ["8x8"] }],
    [[2, 48], "image", [4, 4, 3], { rows: ["4x4x3"] }],
    [[2, 48], "image", [4, 4, 3], { rows: ["3x4x4"] }],
  ] as const)("of shape %j are %s of %j (%j)", async (shape, kind, rowShape, choices) => {
    const count = shape.reduce<number>((product, size) => product * size, 1);
    const { dataset } = await opened(npy(counting(count), "<f4", [...shape]), choices as unknown as Record<string, string[]>);
    expect(dataset.schema).toMatchObject({ count: shape[0], kind, shape: rowShape });
  });

  it("are images when they are bytes and a square", async () => {
    expect((await opened(npy(counting(128), "|u1", [2, 64]))).dataset).toMatchObject({ schema: { kind: "image", shape: [8, 8, 1], range: [0, 255] }, dtype: "uint8", notes: ["each row's 64 values are read as a 8×8 grey image"] });
    expect((await opened(npy(counting(72), "|u1", [2, 36]))).dataset.schema.kind).toBe("vector");
    expect((await opened(npy(counting(130), "|u1", [2, 65]))).dataset.schema.kind).toBe("vector");
  });

  it("of channel planes are interleaved, in windows and by index", async () => {
    const dataset = await reader.open(await fresh(npy(counting(96), "|u1", [2, 3, 4, 4])), {});
    const second = counting(16).flatMap(pixel => [48 + pixel, 64 + pixel, 80 + pixel]);
    expect([...(await dataset.read(1, 1))]).toEqual(second);
    expect([...(await dataset.rows(Int32Array.of(1)))]).toEqual(second);
    await dataset.close();
  });

  it("of images have their range found", async () => {
    const image = (values: (i: number) => number) => npy(counting(50).map(values), "<f4", [2, 5, 5]);
    expect((await opened(image(i => i / 49))).dataset.schema.range).toEqual([0, 1]);
    expect((await opened(image(i => i / 24.5 - 1))).dataset.schema.range).toEqual([-1, 1]);
    const bytes = (await opened(image(i => i * 5))).dataset;
    expect([bytes.schema.range, bytes.notes]).toEqual([[0, 255], ["values taken to range over [0, 255]: all of 2 rows lie in [0, 245]"]]);
    expect((await opened(image(i => i * 50))).dataset).toMatchObject({ schema: { range: null }, notes: ["no range of values assumed: all of 2 rows lie in [0, 2450]"] });
  });

  it("that are a list are explained", async () => {
    await expect(opened(npy(counting(5), "<f4", [5]))).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/list of 5 values, not rows\. They could be labels/) });
    await folder.write("lists/x_train.npy", npy(counting(10), "<f4", [5, 2]));
    await expect(reader.open(await folder.write("lists/y_train.npy", npy(counting(5), "<i8", [5])), {})).rejects.toThrow(/labels of x_train\.npy beside it/);
    await expect(opened(npyFile(new Uint8Array(8), "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"))).rejects.toThrow(/single value/);
  });

  it("behind the array are said to be ignored", async () => {
    const { dataset } = await opened(Buffer.concat([npy(counting(4), "<f4", [2, 2]), npy(counting(2), "<f4", [2])]));
    expect(dataset.notes).toEqual(["136 bytes after the array are not read"]);
  });

  it("with NaN are refused when they are read", async () => {
    const dataset = await reader.open(await fresh(npy([1, 2, 3, NaN], "<f8", [2, 2])), {});
    await expect(dataset.read(0, 1)).resolves.toHaveLength(2);
    await expect(dataset.read(0, 2)).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/row 1, value 1 is NaN/) });
    await dataset.close();
  });
});

describe("labels", () => {
  it.each([
    ["X.npy", "y.npy"], ["x_train.npy", "y_train.npy"], ["train_X.npy", "train_y.npy"], ["Xtrain.npy", "ytrain.npy"], ["images.npy", "labels.npy"],
    ["train-images.npy", "train-labels.npy"], ["foo.npy", "foo_labels.npy"], ["foo.npy", "labels.npy"], ["data.npy", "targets.npy"], ["features_test.npy", "labels_test.npy"],
  ])("of %s are found in %s", async (rows, labels) => {
    const place = `labels/${rows}-${labels}`;
    await folder.write(`${place}/${labels}`, npy([7, 7, 1], "<i8", [3, 1]));
    const dataset = await reader.open(await folder.write(`${place}/${rows}`, npy(counting(6), "<f4", [3, 2])), {});
    expect(await dataset.labels()).toEqual({ kind: "classes", name: "label", values: Int32Array.of(1, 1, 0), classes: ["1", "7"] });
    expect(dataset.notes).toContain(`labels from ${labels}`);
    await dataset.close();
  });

  it("are not what merely lies beside it", async () => {
    await folder.write("beside/labels.npy", npy(counting(9), "<i8", [9]));
    await folder.write("beside/other.npy", npy(counting(3), "<i8", [3]));
    await folder.write("beside/a_labels.npy", npy(counting(6), "<i8", [3, 2]));
    const dataset = await reader.open(await folder.write("beside/a.npy", npy(counting(6), "<f4", [3, 2])), {});
    expect(await dataset.labels()).toBeNull();
    expect(dataset.notes).toEqual(["a_labels.npy beside it is not used: it has shape [3, 2], labels are one value a row"]);
    await dataset.close();
  });

  it("have names for booleans, and stay numbers when they measure", async () => {
    const write = async (name: string, labels: Uint8Array) => {
      await folder.write(`kinds/${name}/y.npy`, labels);
      const dataset = await reader.open(await folder.write(`kinds/${name}/X.npy`, npy(counting(120), "<f4", [60, 2])), {});
      const found = await dataset.labels();
      await dataset.close();
      return found;
    };
    expect(await write("bool", npy(counting(60).map(i => i % 2), "|b1", [60]))).toMatchObject({ kind: "classes", classes: ["False", "True"] });
    expect(await write("classes", npy(counting(60), "<i8", [60]))).toMatchObject({ kind: "classes" });
    expect(await write("floats", npy(counting(60), "<f8", [60]))).toMatchObject({ kind: "numbers" });
    expect(await write("few", npy(counting(60).map(i => (i % 3) - 1), "<f8", [60]))).toMatchObject({ kind: "classes", classes: ["-1", "0", "1"] });
    expect(await write("texts", npyTexts(counting(60).map(i => `item ${i % 12}`)))).toMatchObject({ kind: "classes", classes: counting(12).map(i => `item ${i}`) });
  });
});

describe("the header", () => {
  it("is parsed as a literal and never run", () => {
    expect(parsePythonLiteral("{'a': (1, 2,), \"b\": [True, None, -3], 'c': ('x'), 'd': 5L, 'e': 'it\\'s',}")).toEqual(new Map<string, unknown>([["a", [1, 2]], ["b", [true, null, -3]], ["c", "x"], ["d", 5], ["e", "it's"]]));
    for (const text of ["", "{", "{'a' 1}", "{'a': 1 'b': 2}", "{'a': f()}", "__import__('os')", "(1, 2", "'open", "{1: 2}", "{'a': 1, 'a': 2}", "[1 2]", "1 2", "{'a': 1}}", "'\\x41'", "[".repeat(99), "[".repeat(60_000), `${"(".repeat(40)}1${")".repeat(40)}`, "1e5", "{,}", "(,)"]) {
      expect(() => parsePythonLiteral(text), text).toThrow(expect.objectContaining({ code: "bad-dataset" }));
    }
  });

  it("must be whole and plain", () => {
    const head = (text: string) => () => parseNpyHeader(npyFile(new Uint8Array(0), text));
    expect(head("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }")()).toMatchObject({ kind: "numbers", element: "f4", shape: [3, 4], fortran: false });
    for (const text of [
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4), }", "{'descr': '<f4', 'shape': (3, 4), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, -4), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': 12, }", "{'descr': '<f4', 'fortran_order': False, 'shape': (3.5,), }", "{'descr': 'f', 'fortran_order': False, 'shape': (3,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "[1]", "{'descr': '<f3', 'fortran_order': False, 'shape': (3,), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, True), }",
    ]) expect(head(text), text).toThrow(expect.objectContaining({ name: "LatentError" }));
  });
});
