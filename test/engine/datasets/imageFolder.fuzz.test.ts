import { expect, it } from "vitest";
import sharp from "sharp";
import { imageFolder as reader } from "../../../src/engine/datasets/imageFolder";
import { random } from "../../../src/engine/random";
import { bmp, counting, temporaryFolder } from "../../helpers/datasetFiles";
import { cuts, expectSurvived, flips, fuzz, patched, range, type Mutant } from "../../helpers/datasetFuzz";

async function mutants(): Promise<Mutant[]> {
  const noise = random(9);
  const pixels = Buffer.from(counting(24 * 20 * 3).map(() => noise.integer(256)));
  const picture = () => sharp(pixels, { raw: { width: 24, height: 20, channels: 3 } });
  const images: Record<string, Uint8Array> = {
    png: await picture().png().toBuffer(),
    jpg: await picture().jpeg().toBuffer(),
    webp: await picture().webp({ lossless: true }).toBuffer(),
    gif: await picture().gif().toBuffer(),
    tiff: await picture().tiff({ compression: "deflate" }).toBuffer(),
    avif: await picture().avif({ effort: 0 }).toBuffer(),
    bmp: bmp(24, 20, Buffer.from(pixels.subarray(0, 1440)), { bits: 24 }),
  };
  const all: Mutant[] = [];
  const add = (what: string, files: Record<string, Uint8Array | string>, choices?: Record<string, string[]>) => all.push({ what, files, open: "", ...(choices ? { choices } : {}) });
  for (const [ending, bytes] of Object.entries(images)) {
    const length = bytes.length;
    for (const { what, bytes: cut } of cuts(bytes, [0, 1, 2, 4, 8, 12, 16, 20, 26, 33, 40, 53, 54, 64, 100, 200, Math.floor(length / 4), Math.floor(length / 2), Math.floor(length * 0.75), length - 20])) add(`${ending} ${what}`, { [`a.${ending}`]: cut });
    for (const { what, bytes: flip } of flips(bytes, [...range(0, 24), ...range(24, Math.min(length, 240), 9)], 1)) add(`${ending} ${what}`, { [`a.${ending}`]: flip });
    add(`${ending}, zeros`, { [`a.${ending}`]: new Uint8Array(300) });
    add(`${ending}, the start and then noise`, { [`a.${ending}`]: Buffer.concat([bytes.subarray(0, 40), Uint8Array.from({ length: 500 }, () => noise.integer(256))]) });
    add(`${ending}, noise`, { [`a.${ending}`]: Uint8Array.from({ length: 500 }, () => noise.integer(256)) });
    add(`${ending} beside a damaged one`, { [`a/1.${ending}`]: bytes, "b/2.png": images["png"]!.subarray(0, 30) });
    for (const other of ["png", "jpg", "gif"]) if (other !== ending) add(`${ending} called ${other}`, { [`a.${other}`]: bytes });
  }
  // Sizes that no memory holds; the data behind them is far too short.
  for (const [width, height] of [[0, 20], [24, 0], [2 ** 31 - 1, 1], [65535, 65535], [16000, 16000], [2 ** 31, 2 ** 31]] as const) {
    add(`png of ${width} × ${height}`, { "a.png": patched(patched(images["png"]!, 16, width, 4, true), 20, height, 4, true) });
    add(`bmp of ${width} × ${height}`, { "a.bmp": patched(patched(images["bmp"]!, 18, width, 4), 22, height, 4) });
    add(`gif of ${width} × ${height}`, { "a.gif": patched(patched(images["gif"]!, 6, width & 0xffff, 2), 8, height & 0xffff, 2) });
  }
  for (const bits of [0, 1, 2, 4, 8, 12, 16, 32, 48, 255]) add(`bmp of ${bits} bits`, { "a.bmp": patched(images["bmp"]!, 28, bits, 2) });
  for (const compression of [1, 2, 3, 4, 5, 255]) add(`bmp of compression ${compression}`, { "a.bmp": patched(images["bmp"]!, 30, compression, 4) });
  for (const [what, content] of Object.entries({
    svg: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/hostname"/></svg>', html: "<html>", pdf: "%PDF-1.4\n", text: "hello", npy: "\x93NUMPY", magick: "push graphic-context\n", ppm: "P6 2 2 255\n            ", link: "IntxLNK\x01",
  })) for (const ending of ["png", "jpg", "tif"]) add(`${what} called ${ending}`, { [`x.${ending}`]: content });
  add("no images", { "a.txt": "x", "b/c.svg": "<svg/>" });
  add("hidden images only", { ".a.png": images["png"]!, ".b/c.png": images["png"]!, "__MACOSX/a.png": images["png"]! });
  add("an ending only", { ".png": images["png"]! });
  add("a folder called like an image", { "a.png/b.txt": "x" });
  add("too deep", { [`${"d/".repeat(40)}a.png`]: images["png"]! });
  add("an unknown size", { "a.png": images["png"]! }, { size: ["7"] });
  add("an unknown fit", { "a.png": images["png"]! }, { fit: ["zoom"] });
  add("native for unequal sizes", { "a.png": images["png"]!, "b.png": await sharp(pixels, { raw: { width: 20, height: 24, channels: 3 } }).png().toBuffer() }, { size: ["native"] });
  add("two colours at once", { "a.png": images["png"]! }, { color: ["grey", "color"] });
  return all;
}

it("image folders survive damaged files", async () => {
  const folder = await temporaryFolder();
  const report = await fuzz(reader, await mutants(), folder.path);
  expectSurvived(report);
  expect(report.refused).toBeLessThan(report.tried);
});
