// Finds an environment in which Dawn sees a GPU. Machines made for CUDA often have NVIDIA's driver without the Vulkan loader,
// without the file that tells the loader of the driver, or without the X11 libraries that libGLX_nvidia wants; libEGL_nvidia is
// the same driver without X11. Each way is tried in a process of its own, since a process keeps the loader it once loaded.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** @typedef {{ name: string, environment: Record<string, string> }} Way */
/** @typedef {Way & { device?: string, error?: string }} TriedWay */

const manifestFolders = ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/local/etc/vulkan/icd.d", "/usr/local/nvidia/share/vulkan/icd.d"];
const libraryFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib"];

/**
 * The first way in which a GPU is found, and all that were tried.
 * @param {{ folder: string, scratch: string, software: boolean, probe: string }} options `folder` with the packed loader and
 *   SwiftShader, `scratch` for files to write, `probe` the script probe.cjs
 * @returns {{ found: TriedWay | undefined, tried: TriedWay[] }}
 */
export function findVulkan({ folder, scratch, software, probe }) {
  const tried = [];
  for (const way of software ? [softwareWay(folder)] : hardwareWays(folder, scratch)) {
    const answer = open(way, probe, software);
    tried.push({ ...way, ...answer });
    if (answer.device) return { found: tried.at(-1), tried };
  }
  return { found: undefined, tried };
}

/** @returns {Way} */
function softwareWay(folder) {
  return { name: "SwiftShader, packed", environment: withDriver(join(folder, "swiftshader/vk_swiftshader_icd.json"), [folder, join(folder, "swiftshader")]) };
}

/** @returns {Way[]} */
function hardwareWays(folder, scratch) {
  const given = (process.env.LD_LIBRARY_PATH ?? "").split(delimiter).filter(Boolean);
  const ways = [{ name: "as the system has it", environment: libraryPath([folder]) }];
  for (const place of manifestFolders.filter(existsSync)) {
    for (const file of readdirSync(place).filter(name => /nvidia.*\.json$/i.test(name))) {
      ways.push({ name: join(place, file), environment: withDriver(join(place, file), [folder]) });
    }
  }
  for (const library of ["libEGL_nvidia.so.0", "libGLX_nvidia.so.0"]) {
    const places = [...given, ...libraryFolders].filter(place => existsSync(join(place, library)));
    for (const place of new Set(places)) {
      const path = join(place, library);
      ways.push({ name: path, environment: withDriver(writeManifest(scratch, path), [folder, place]) });
    }
    if (places.length === 0) ways.push({ name: library, environment: withDriver(writeManifest(scratch, library), [folder]) });
  }
  return ways;
}

/** A manifest as the Vulkan loader wants it (Vulkan-Loader, LoaderDriverInterface, "Driver Manifest File Format"). */
function writeManifest(scratch, library) {
  mkdirSync(scratch, { recursive: true });
  const file = join(scratch, `${library.replaceAll(/\W+/g, "-").replace(/^-/, "")}.json`);
  writeFileSync(file, JSON.stringify({ file_format_version: "1.0.1", ICD: { library_path: library, api_version: "1.3.0" } }));
  return file;
}

const libraryPath = folders => ({ LD_LIBRARY_PATH: [...folders, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter) });
const withDriver = (manifest, folders) => ({ VK_DRIVER_FILES: manifest, ...libraryPath(folders) });

/** @returns {{ device?: string, error?: string }} */
function open({ environment }, probe, software) {
  const env = { ...process.env, ...environment, VK_LOADER_DEBUG: "error,warn" };
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [probe, software ? "software" : ""], { env, encoding: "utf8", timeout: 30_000 });
  const complaints = [...new Set((stderr ?? "").split("\n").filter(line => /error|warn|cannot|failed/i.test(line)))].slice(0, 8);
  try {
    const answer = JSON.parse(stdout.trim().split("\n").at(-1));
    return answer.device ? answer : { error: [answer.error, ...complaints].join("\n") };
  } catch {
    return { error: [error?.message ?? `the probe ended with ${signal ?? status}`, ...complaints].join("\n") };
  }
}
