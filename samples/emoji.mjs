// An image folder with one subfolder a class: emoji drawn by Twemoji, in the groups that Unicode gives them.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

const size = 64;

/**
 * @param {string} target @param {{ inPackage(name: string, file: string): string }} packages
 */
export async function drawEmoji(target, { inPackage }) {
  const groups = JSON.parse(readFileSync(inPackage("unicode-emoji-json", "data-by-group.json"), "utf8"));
  const drawings = path.dirname(inPackage("@twemoji/svg", "1f600.svg"));
  const { default: sharp } = await import("sharp");
  rmSync(target, { recursive: true, force: true });
  const pictures = [];
  for (const { name, emojis } of groups) {
    mkdirSync(path.join(target, name), { recursive: true });
    for (const { emoji, slug } of emojis) {
      const drawing = fileOf(emoji, drawings);
      if (drawing) pictures.push({ drawing, file: path.join(target, name, `${slug.replaceAll(/[^\w-]+/g, "_")}.png`) });
    }
  }
  // A few at a time: each is small, and sharp has threads of its own.
  const next = pictures.values();
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (const { drawing, file } of next) {
      // On white, which their outlines are made for: readers differ in what they put below transparent pixels.
      await sharp(drawing, { density: 96 }).resize(size, size).flatten({ background: "white" }).png({ compressionLevel: 6 }).toFile(file);
    }
  }));
}

/** The drawing of an emoji: named by its code points, without the variation selector unless joined. */
function fileOf(emoji, folder) {
  const points = [...emoji].map(character => character.codePointAt(0));
  const names = [points, points.filter(point => point !== 0xfe0f)].map(all => all.map(point => point.toString(16)).join("-"));
  return names.map(name => path.join(folder, `${name}.svg`)).find(existsSync);
}

/** Goes beside the folder: in it, each file is a picture. */
export const emojiLicence = `The pictures are made from Twemoji, rasterized to ${size} by ${size} pixels on white.
Copyright Twitter, Inc and other contributors, and jdecked and other contributors.
Graphics licensed under CC-BY 4.0: https://creativecommons.org/licenses/by/4.0/
Source: https://github.com/jdecked/twemoji
Names and groups: Unicode, through the package unicode-emoji-json (MIT).
`;
