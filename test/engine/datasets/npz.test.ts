import { beforeAll, describe, expect, it } from "vitest";
import { npz as reader } from "../../../src/engine/datasets/npz";
import { counting, npy, npyTexts, npz, temporaryFolder, zip } from "../../helpers/datasetFiles";
import { numpyFile } from "../../helpers/datasetNumpyFiles";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
let files = 0;
const open = async (bytes: Uint8Array, choices: Record<string, string[]> = {}) => reader.open(await folder.write(`${files++}.npz`, bytes), choices);

describe("archives that NumPy wrote", () => {
  it.each(["savez", "zip64"] as const)("%s", async name => {
    const dataset = await open(numpyFile(name));
    expect([...(await dataset.read(0, 2))]).toEqual(counting(8));
    expect(await dataset.labels()).toEqual({ kind: "classes", name: "y", values: Int32Array.of(1, 0), classes: ["3", "5"] });
    await dataset.close();
  });

  it("savez_compressed, with the pairs of Keras", async () => {
    const dataset = await open(numpyFile("savezCompressed"));
    expect(dataset.schema).toMatchObject({ count: 4, kind: "image", shape: [4, 4, 1] });
    expect([...(await dataset.read(0, 4))]).toEqual(counting(64));
    expect(await dataset.labels()).toMatchObject({ name: "y_train", values: Int32Array.of(1, 0, 1, 0) });
    const test = await open(numpyFile("savezCompressed"), { array: ["x_test"] });
    expect(test.schema.count).toBe(2);
    expect(await test.labels()).toMatchObject({ name: "y_test", values: Int32Array.of(0, 0), classes: ["1"] });
    await Promise.all([dataset.close(), test.close()]);
  });
});

describe("members", () => {
  it("are chosen by name, then by size", async () => {
    const arrays = { weights: npy(counting(50), "<f4", [5, 10]), features: npy(counting(6), "<f4", [3, 2]), big: npy(counting(60), "<f4", [3, 20]) };
    const named = await open(npz(arrays));
    expect(named.choices.find(choice => choice.id === "array")!.selected).toEqual(["features"]);
    await named.close();
    const { features: _features, ...rest } = arrays;
    const dataset = await open(npz(rest));
    expect(dataset.choices.find(choice => choice.id === "array")!.selected).toEqual(["big"]);
    expect(dataset.choices.find(choice => choice.id === "array")!.options).toEqual([{ id: "weights", label: "weights", description: "[5, 10] f4" }, { id: "big", label: "big", description: "[3, 20] f4" }]);
    await dataset.close();
  });

  it("of as many rows are labels or columns", async () => {
    const dataset = await open(npz({
      data: npy(counting(12), "|u1", [3, 4]), names: npyTexts(["b", "a", "b"]), target: npy([0, 1, 0], "<i4", [3]),
      factors: npy([1, 10, 2, 20, 3, NaN], "<f8", [3, 2]), unrelated: npy(counting(5), "<f4", [5]),
    }, true));
    expect(dataset.choices.find(choice => choice.id === "labels")).toMatchObject({ selected: ["target"], options: [{ id: "names" }, { id: "target" }, { id: "(none)" }] });
    expect(dataset.columnNames).toEqual(["names", "factors 0", "factors 1"]);
    expect(await dataset.column("factors 1")).toEqual({ kind: "numbers", name: "factors 1", values: Float32Array.of(10, 20, NaN) });
    expect(await dataset.column("names")).toEqual({ kind: "classes", name: "names", values: Int32Array.of(1, 0, 1), classes: ["a", "b"] });
    await expect(dataset.column("unrelated")).rejects.toMatchObject({ code: "bad-request" });
    await dataset.close();
  });

  it("that cannot be read are named", async () => {
    const dataset = await open(zip([
      { name: "x.npy", data: npy(counting(4), "<f4", [2, 2]) }, { name: "meta.npy", data: numpyFile("pickled") }, { name: "readme.txt", data: Buffer.from("hello there") },
      { name: "secret.npy", data: npy([1], "<f4", [1]), flags: 1, deflate: true }, { name: "odd.npy", data: npy([1], "<f4", [1]), method: 12 }, { name: "folder/", data: new Uint8Array(0) },
    ]));
    expect(dataset.notes).toEqual([
      expect.stringMatching(/^not read: meta: it holds pickled objects/), expect.stringMatching(/^not read: readme.txt: it is not an npy file/),
      expect.stringMatching(/^not read: secret is encrypted/), expect.stringMatching(/^not read: odd is packed by method 12/),
    ]);
    await dataset.close();
  });

  it("with dangerous names are refused or only names", async () => {
    await expect(open(zip([{ name: "../../evil.npy", data: npy(counting(4), "<f4", [2, 2]) }]))).rejects.toMatchObject({ code: "bad-dataset" });
    const dataset = await open(zip([{ name: "__proto__.npy", data: npy(counting(4), "<f4", [2, 2]) }, { name: "(none).npy", data: npy([1, 2], "<i4", [2]) }]));
    expect(dataset.choices.map(choice => choice.selected)).toContainEqual(["(none)"]);
    expect(dataset.choices.find(choice => choice.id === "labels")!.options.map(option => option.id)).toEqual(["(none) (2)", "(none)"]);
    await dataset.close();
  });
});

describe("damage", () => {
  const good = npy(counting(1000).map(i => (i * 7919) % 256), "|u1", [10, 100]);
  it.each([
    ["a checksum that is wrong", zip([{ name: "x.npy", data: good, deflate: true, crc: 1 }]), /does not match its checksum/],
    ["a checksum that is wrong, stored", zip([{ name: "x.npy", data: good, crc: 1 }]), /does not match its checksum/],
    ["more data than announced", zip([{ name: "x.npy", data: good, deflate: true, size: 500 }]), /cannot be unpacked|cut short|checksum/],
    ["less data than announced", zip([{ name: "x.npy", data: good, deflate: true, size: 5000 }]), /cannot be unpacked|cut short/],
    ["a claim no compression reaches", zip([{ name: "x.npy", data: good, deflate: true, size: 0x7fffffff }]), /no compression reaches/],
    ["no array with rows", npz({ y: npy([1], "<f4", [1]) }), /holds no array of numbers with rows.*only y \[1\]/],
    ["no members", zip([]), /holds no array/],
    ["no zip", Buffer.from("PK but no zip at all, just some text that goes on"), /the archive cannot be unpacked/],
    ["nothing", new Uint8Array(0), /the archive cannot be unpacked/],
    ["an array that ends early", zip([{ name: "x.npy", data: good.subarray(0, 600) }]), /takes 1000 bytes, but only/],
  ])("%s", async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(message) });
  });
});
