import { mkdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeBmp } from "../../../src/engine/datasets/bmp";
import { imageFolder as reader } from "../../../src/engine/datasets/imageFolder";
import { random } from "../../../src/engine/random";
import { bmp, counting, temporaryFolder } from "../../helpers/datasetFiles";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
let folders = 0;
const fresh = () => `f${folders++}`;

const flat = (width: number, height: number, background: string) => sharp({ create: { width, height, channels: 4, background } }).removeAlpha();
const encode = (image: Sharp, format: Parameters<Sharp["toFormat"]>[0] = "png") => image.toFormat(format).toBuffer();

async function opened(files: Record<string, Buffer | Uint8Array | string>, choices: Record<string, string[]> = {}) {
  const place = fresh();
  for (const [name, content] of Object.entries(files)) await folder.write(`${place}/${name}`, content);
  const dataset = await reader.open(join(folder.path, place), choices);
  const rows = [...(await dataset.read(0, dataset.schema.count))];
  const labels = await dataset.labels();
  return { dataset, rows, labels, titles: counting(dataset.schema.count).map(row => dataset.title(row)), path: join(folder.path, place) };
}
const selected = (dataset: Awaited<ReturnType<typeof reader.open>>) => Object.fromEntries(dataset.choices.map(choice => [choice.id, choice.selected[0]]));

describe("formats", () => {
  it.each(["png", "jpeg", "webp", "gif", "tiff", "avif"] as const)("%s, in colour and grey", async format => {
    const color = await opened({ [`a.${format}`]: await encode(flat(8, 8, "#ff2000"), format) });
    expect(color.dataset.schema).toEqual({ count: 1, kind: "image", shape: [8, 8, 3], range: [0, 255], columns: [] });
    const [red, green, blue] = color.rows.slice(90, 93);
    expect([red! > 240, Math.abs(green! - 32) < 12, blue! < 15]).toEqual([true, true, true]);
    const grey = await opened({ [`a.${format}`]: await encode(flat(8, 8, "#808080"), format) });
    expect([grey.dataset.schema.shape, selected(grey.dataset)["color"]]).toEqual([[8, 8, 1], "grey"]);
    expect(grey.rows.every(value => Math.abs(value - 128) < 6)).toBe(true);
    const asColor = await opened({ [`a.${format}`]: await encode(flat(8, 8, "#808080"), format) }, { color: ["color"] });
    expect(asColor.rows).toHaveLength(192);
  });

  it("grey, 16 bits, palettes and CMYK", async () => {
    const ramp = Buffer.from(counting(64).map(i => i * 4));
    const grey = sharp(ramp, { raw: { width: 8, height: 8, channels: 1 } });
    const wide = sharp(Uint16Array.from(ramp, value => value * 257), { raw: { width: 8, height: 8, channels: 1 } }).toColourspace("grey16");
    for (const [name, content] of Object.entries({ "grey.png": await grey.png().toBuffer(), "wide.png": await wide.png().toBuffer(), "wide.tiff": await wide.tiff({ compression: "lzw" }).toBuffer(), "palette.png": await grey.png({ palette: true }).toBuffer() })) {
      const { dataset, rows } = await opened({ [name]: content });
      expect([name, dataset.schema.shape, rows.every((value, i) => Math.abs(value - ramp[i]!) <= 2)]).toEqual([name, [8, 8, 1], true]);
    }
    const cmyk = await opened({ "a.jpg": await flat(8, 8, "#ff8000").toColourspace("cmyk").jpeg().toBuffer() });
    expect([cmyk.dataset.schema.shape, cmyk.rows[0]! > cmyk.rows[2]! + 100]).toEqual([[8, 8, 3], true]);
  });

  it("no floats, whose range nobody knows", async () => {
    // A TIFF by hand, which sharp does not write: 2 × 2 samples of 32-bit float. Each entry is tag, type, value.
    const entries = [[256, 3, 2], [257, 3, 2], [258, 3, 32], [259, 3, 1], [262, 3, 1], [273, 4, 8], [277, 3, 1], [278, 3, 2], [279, 4, 16], [339, 3, 3]] as const;
    const tiff = Buffer.alloc(24 + 2 + entries.length * 12 + 4);
    tiff.write("II*\0");
    tiff.writeUInt32LE(24, 4);
    [0, 0.25, 0.5, 1].forEach((value, i) => tiff.writeFloatLE(value, 8 + 4 * i));
    tiff.writeUInt16LE(entries.length, 24);
    entries.forEach(([tag, type, value], i) => {
      tiff.writeUInt16LE(tag, 26 + 12 * i);
      tiff.writeUInt16LE(type, 28 + 12 * i);
      tiff.writeUInt32LE(1, 30 + 12 * i);
      tiff.writeUInt32LE(value, 34 + 12 * i);
    });
    await expect(opened({ "a.tiff": tiff })).rejects.toMatchObject({ code: "unsupported", message: expect.stringMatching(/a\.tiff has samples of type float/) });
  });

  it("only the first frame of an animation", async () => {
    const frames = Buffer.concat([Buffer.alloc(8 * 8 * 3, 250), Buffer.alloc(8 * 8 * 3, 10)]);
    const gif = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } }).gif().toBuffer();
    const { dataset, rows } = await opened({ "a.gif": gif });
    expect(dataset.schema.shape).toEqual([8, 8, 1]);
    expect(rows.every(value => value > 240)).toBe(true);
    expect(dataset.notes).toContain("only the first frame or page: 1 image with several");
  });

  it("turned as the camera says", async () => {
    const upright = sharp(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]), { raw: { width: 4, height: 2, channels: 1 } });
    const { dataset, rows } = await opened({ "a.png": await upright.withMetadata({ orientation: 6 }).png().toBuffer() });
    expect([dataset.schema.shape, rows]).toEqual([[4, 2, 1], [0, 255, 0, 255, 0, 255, 0, 255]]);
  });

  it("transparent ones on white, said in a note", async () => {
    const { dataset, rows } = await opened({ "a.png": await sharp({ create: { width: 4, height: 4, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).png().toBuffer() });
    expect(rows.every(value => value === 255)).toBe(true);
    expect(dataset.notes).toContain("laid on white: 1 image with transparency");
  });
});

describe("bitmaps", () => {
  const pixels = (bytes: Uint8Array) => {
    const { data, ...rest } = decodeBmp(bytes);
    return [rest, [...data]];
  };
  const [black, white, red] = [[0, 0, 0], [255, 255, 255], [255, 0, 0]] as const;
  const picture = [...red, ...white, ...black, ...black, ...white, ...red];
  const size = { width: 3, height: 2, channels: 3 };
  it.each([
    ["24 bits", bmp(3, 2, Buffer.from([0, 0, 0, 255, 255, 255, 0, 0, 255, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0]), { bits: 24 })],
    ["24 bits from the top", bmp(3, 2, Buffer.from([0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 255, 0, 0, 0]), { bits: 24, topDown: true })],
    ["8 bits", bmp(3, 2, Buffer.from([0, 1, 2, 0, 2, 1, 0, 0]), { bits: 8, palette: [black, white, red] })],
    ["4 bits", bmp(3, 2, Buffer.from([0x01, 0x20, 0, 0, 0x21, 0x00, 0, 0]), { bits: 4, palette: [black, white, red] })],
    ["8 bits, run-length encoded", bmp(3, 2, Buffer.from([0, 3, 0, 1, 2, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 1]), { bits: 8, palette: [black, white, red], compression: 1 })],
    ["32 bits", bmp(3, 2, Buffer.from([0, 0, 0, 9, 255, 255, 255, 9, 0, 0, 255, 9, 0, 0, 255, 9, 255, 255, 255, 9, 0, 0, 0, 9]), { bits: 32 })],
    ["16 bits", bmp(3, 2, Buffer.from([0x00, 0x00, 0xff, 0x7f, 0x00, 0x7c, 0, 0, 0x00, 0x7c, 0xff, 0x7f, 0x00, 0x00, 0, 0]), { bits: 16 })],
    ["16 bits with masks", bmp(3, 2, Buffer.from([0x00, 0x00, 0xff, 0xff, 0x00, 0xf8, 0, 0, 0x00, 0xf8, 0xff, 0xff, 0x00, 0x00, 0, 0]), { bits: 16, compression: 3 })],
  ])("of %s", (_, bytes) => expect(pixels(bytes)).toEqual([size, picture]));

  it("of 1 bit", () => expect(pixels(bmp(10, 1, Buffer.from([0b10100000, 0b01000000, 0, 0]), { bits: 1, palette: [black, white] }))[1]).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 1].flatMap(bit => [bit * 255, bit * 255, bit * 255])));

  it("open like other images", async () => {
    const { dataset, rows } = await opened({ "a.bmp": bmp(3, 2, Buffer.from([0, 1, 2, 0, 2, 1, 0, 0]), { bits: 8, palette: [black, white, red] }) });
    expect([dataset.schema.shape, rows]).toEqual([[2, 3, 3], picture]);
  });

  it.each([
    ["a run beyond the picture", bmp(3, 2, Buffer.from([9, 1, 0, 1]), { bits: 8, palette: [black, white], compression: 1 }), /goes beyond/],
    ["runs that end early", bmp(3, 2, Buffer.from([3, 1]), { bits: 8, palette: [black, white], compression: 1 }), /runs end before/],
    ["a colour it does not have", bmp(3, 1, Buffer.from([0, 1, 2, 0]), { bits: 8, palette: [black, white] }), /colour 2, the palette 2/],
    ["too few rows", bmp(3, 2, Buffer.from([0, 1, 0, 0]), { bits: 8, palette: [black, white] }), /cut short/],
    ["JPEG inside", bmp(3, 2, Buffer.alloc(64), { bits: 24, compression: 4 }), /compression 4 with 24 bits/],
    ["a billion pixels", bmp(40000, 40000, Buffer.alloc(64), { bits: 24 }), /claims 40000 × 40000/],
  ])("with %s are refused", (_, bytes, message) => expect(() => decodeBmp(bytes)).toThrow(expect.objectContaining({ name: "LatentError", message: expect.stringMatching(message) })));
});

describe("folders", () => {
  it("give classes and names in natural order", async () => {
    const image = await encode(flat(4, 4, "#fff"));
    const { dataset, labels, titles } = await opened({ "b 10/2.png": image, "b 10/10.png": image, "b 2/x/deep/1.PNG": image, "b 2/0.png": image, "root.png": image, "notes.txt": "", ".hidden.png": "", "__MACOSX/._1.png": "" });
    expect(titles).toEqual(["b 2/0.png", "b 2/x/deep/1.PNG", "b 10/2.png", "b 10/10.png", "root.png"]);
    expect(labels).toEqual({ kind: "classes", name: "folder", values: Int32Array.of(0, 0, 1, 1, -1), classes: ["b 2", "b 10"] });
    expect(dataset.notes).toEqual(["classes from 2 subfolders; without a class: 1 image outside them", "no colour in 5 of 5 images that could have some", "left out: 1 other file"]);
    expect(dataset.location(4)).toEqual({ path: join(folder.path, `f${folders - 1}`, "root.png") });
  });

  it("have another fingerprint after a file was renamed", async () => {
    const image = await encode(flat(4, 4, "#fff"));
    const first = await opened({ "a/1.png": image, "b/2.png": image });
    expect((await opened({ "a/1.png": image, "b/2.png": image })).dataset.fingerprint).toBe(first.dataset.fingerprint);
    expect((await opened({ "a/1.png": image, "a/2.png": image })).dataset.fingerprint).not.toBe(first.dataset.fingerprint);
  });

  it("are read again where a file has changed", async () => {
    const { path, dataset } = await opened({ "a.png": await encode(flat(4, 4, "#fff")), "b.png": await encode(flat(4, 4, "#fff")) });
    expect(dataset.schema.shape).toEqual([4, 4, 1]);
    await writeFile(join(path, "b.png"), await encode(flat(6, 5, "#fff")));
    expect((await reader.open(path, {})).schema.shape).toEqual([64, 64, 1]);
    await writeFile(join(path, "a.png"), "no image");
    await expect(reader.open(path, {})).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringContaining("a.png") });
  });

  it("without subfolders have no labels", async () => expect((await opened({ "a.png": await encode(flat(4, 4, "#fff")) })).labels).toBeNull());

  it.runIf(process.platform !== "win32")("that link in circles are read once", async () => {
    const place = join(folder.path, fresh());
    await mkdir(join(place, "a"), { recursive: true });
    await writeFile(join(place, "a/1.png"), await encode(flat(4, 4, "#fff")));
    await symlink(place, join(place, "a/back"));
    await symlink(join(place, "gone"), join(place, "broken.png"));
    await symlink(join(place, "a/1.png"), join(place, "link.png"));
    const dataset = await reader.open(place, {});
    expect(counting(dataset.schema.count).map(row => dataset.title(row))).toEqual(["a/1.png", "link.png"]);
  });

  it("without images say what was looked for", async () => {
    await expect(opened({ "a.txt": "", "b/c.svg": "<svg/>" })).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/holds no images: looked for files ending in \.png, .*found only 2 other files/) });
  });

  it("name the file that is damaged, on opening or when it is read", async () => {
    const noise = random(2);
    const good = await encode(sharp(Buffer.from(counting(4800).map(() => noise.integer(256))), { raw: { width: 40, height: 40, channels: 3 } }), "jpeg");
    for (const [name, content] of Object.entries({ "empty.png": Buffer.alloc(0), "text.jpg": Buffer.from("hello there, this is no image"), "cut.png": (await encode(flat(40, 40, "#123456"))).subarray(0, 20), "svg.png": Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>') })) {
      await expect(opened({ "fine.jpg": good, [`sub/${name}`]: content }), name).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(name === "cut.png" ? /^sub\/cut\.png cannot be decoded/ : new RegExp(`^sub/${name} is not a PNG, JPEG`)) });
    }
    const place = fresh();
    for (const i of counting(60)) await folder.write(`${place}/${i}.jpg`, good);
    await folder.write(`${place}/1.jpg`, good.subarray(0, good.length >> 1));
    const dataset = await reader.open(join(folder.path, place), { color: ["grey"] });
    await expect(dataset.read(0, 1)).resolves.toHaveLength(1600);
    await expect(dataset.read(0, 3)).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/^1\.jpg cannot be decoded/) });
    await unlink(join(folder.path, place, "2.jpg"));
    await expect(dataset.read(2, 1)).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringContaining("2.jpg") });
  });
});

describe("choices", () => {
  const two = async () => ({ "a.png": await encode(flat(20, 10, "#ff0000")), "b.png": await encode(flat(10, 10, "#0000ff")) });

  it("keep equal small images as they are, and make others 64 × 64", async () => {
    expect(selected((await opened({ "a.png": await encode(flat(100, 128, "#fff")) })).dataset)).toMatchObject({ size: "native" });
    const large = await opened({ "a.png": await encode(flat(129, 20, "#fff")) });
    expect([selected(large.dataset)["size"], large.dataset.choices[0]!.options.map(option => option.id)]).toEqual(["64", ["native", "28", "32", "48", "64", "96", "128"]]);
    const mixed = await opened(await two());
    expect([mixed.dataset.schema.shape, mixed.dataset.choices[0]!.options[0]!.id]).toEqual([[64, 64, 3], "28"]);
    expect(mixed.dataset.notes).toContain("resized: 2 of 2 images, to 64×64 (whole image, the rest black)");
  });

  it("letterbox, crop or stretch", async () => {
    const at = (rows: number[], y: number) => rows.slice((y * 28 + 14) * 3, (y * 28 + 14) * 3 + 3);
    const letterbox = await opened(await two(), { size: ["28"] });
    expect([at(letterbox.rows, 2), at(letterbox.rows, 14)]).toEqual([[0, 0, 0], [255, 0, 0]]);
    for (const fit of ["crop", "stretch"]) expect(at((await opened(await two(), { size: ["28"], fit: [fit] })).rows, 2)).toEqual([255, 0, 0]);
  });

  it("colour or grey, by the pixels", async () => {
    const grey = await encode(flat(8, 8, "#777"), "jpeg");
    expect((await opened({ "a.jpg": grey, "b.jpg": grey })).dataset.notes).toContain("no colour in 2 of 2 images that could have some");
    const { dataset, rows } = await opened({ "a.png": await encode(flat(4, 4, "#ff0000")) }, { color: ["grey"] });
    expect([dataset.schema.shape, rows.every(value => value === 76)]).toEqual([[4, 4, 1], true]);
    expect((await opened({ "a.png": await encode(flat(4, 4, "#ff0000")) })).dataset.notes).toContain("there are colour images, e.g. a.png");
  });
});

it("opens many files at once without holding them", async () => {
  const place = fresh();
  const image = await encode(flat(16, 16, "#00ff00"));
  await Promise.all(counting(1500).map(i => folder.write(`${place}/${i % 5}/${i}.png`, image)));
  const progress: number[] = [];
  const dataset = await reader.open(join(folder.path, place), {}, { onProgress: fraction => progress.push(fraction) });
  expect([dataset.schema.count, progress.length > 10, progress.every((value, i) => i === 0 || value >= progress[i - 1]!)]).toEqual([1500, true, true]);
  const controller = new AbortController();
  const reading = dataset.read(0, 1500, controller.signal);
  setTimeout(() => controller.abort(), 5);
  await expect(reading).rejects.toMatchObject({ code: "cancelled" });
});
