import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { LatentError, throwIfCancelled } from "../../protocol/errors";
import { compareNaturally } from "./labelValues";
import { datasetError } from "./opening";
import { inParallel } from "./parallel";

// The images in a folder and below it. Hidden files and folders are passed over, links are followed once.

export interface ImageFile {
  path: string;
  /** Relative to the folder, with forward slashes. */
  name: string;
  bytes: number;
  /** When it was last changed, in milliseconds. */
  modified: number;
  /** The first folder on the way to it, or null for one in the folder itself. */
  folder: string | null;
}

export const imageEndings = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".avif", ".bmp"] as const;
const mostFiles = 2 ** 21;
const deepest = 32;

/** All images below `root` in natural order of their names, and how many other files there are. */
export async function findImages(root: string, signal?: AbortSignal): Promise<{ images: ImageFile[]; others: number }> {
  const found: Omit<ImageFile, "bytes" | "modified">[] = [];
  const visited = new Set<string>();
  let others = 0;

  const visit = async (folder: string, prefix: string, depth: number): Promise<void> => {
    throwIfCancelled(signal);
    // A link back to a folder above would otherwise be followed for ever.
    const place = await realpath(folder);
    if (visited.has(place)) return;
    visited.add(place);
    if (depth > deepest) throw new LatentError("bad-dataset", `${prefix} is more than ${deepest} folders deep`);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = prefix + entry.name;
      if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
      const target = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
      if (target?.isDirectory()) await visit(path, `${name}/`, depth + 1);
      else if (target?.isFile() && isImageName(entry.name)) found.push({ path, name, folder: prefix === "" ? null : prefix.slice(0, prefix.indexOf("/")) });
      else others++;
      if (found.length > mostFiles) throw new LatentError("unsupported", `${basename(root)} holds more than ${mostFiles} images`);
    }
  };

  const images: ImageFile[] = [];
  try {
    await visit(root, "", 0);
    found.sort((a, b) => compareNaturally(a.name, b.name));
    await inParallel(found, 16, async (file, index) => {
      throwIfCancelled(signal);
      const { size, mtimeMs } = await stat(file.path);
      images[index] = { ...file, bytes: size, modified: mtimeMs };
    });
  } catch (error) {
    throw datasetError(error, root);
  }
  return { images, others };
}

const isImageName = (name: string) => imageEndings.some(ending => name.toLowerCase().endsWith(ending));
