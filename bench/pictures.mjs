// 5,000 colour pictures of 64 × 64 for the benches: Twemoji's drawings, all of them in the order of their names, then as many
// of them again in a mirror. Made once, by sharp, into out/bench.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { npy } from "../samples/numpy.mjs";

const [count, size] = [5000, 64];

/** Path of the pictures as an .npy file of bytes [5000, 64, 64, 3]. */
export async function pictures() {
  const file = fileURLToPath(new URL(`../out/bench/pictures-${count}-${size}.npy`, import.meta.url));
  if (existsSync(file)) return file;
  const folder = dirname(createRequire(import.meta.url).resolve("@twemoji/svg/1f600.svg"));
  const drawings = readdirSync(folder).filter(name => name.endsWith(".svg")).sort();
  const data = new Uint8Array(count * size * size * 3);
  const rows = Array.from({ length: count }, (_, row) => row).values();
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (const row of rows) {
      const drawn = sharp(join(folder, drawings[row % drawings.length]), { density: 96 }).resize(size, size).flatten({ background: "white" });
      data.set(await drawn.flop(row >= drawings.length).removeAlpha().raw().toBuffer(), row * size * size * 3);
    }
  }));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, npy({ type: "u1", shape: [count, size, size, 3], data }));
  return file;
}
