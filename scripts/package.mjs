// `npm run package`: one .vsix for each platform, holding the built extension and that platform's native files only.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ToolError, installLocked, npm } from "../tools/lockedInstall.mjs";
import { checkVsix } from "./checkVsix.mjs";

const root = path.resolve(import.meta.dirname, "..");
const build = path.join(root, "build");
const production = path.join(build, "production"); // as esbuild.mjs has it

/** What the packages call each platform. @type {Record<string, { os: string, cpu: string, libc?: string, webgpu: string }>} */
export const targets = {
  "linux-x64": { os: "linux", cpu: "x64", libc: "glibc", webgpu: "linux-x64" },
  "linux-arm64": { os: "linux", cpu: "arm64", libc: "glibc", webgpu: "linux-arm64" },
  "darwin-arm64": { os: "darwin", cpu: "arm64", webgpu: "darwin-universal" },
  "darwin-x64": { os: "darwin", cpu: "x64", webgpu: "darwin-universal" },
  "win32-x64": { os: "win32", cpu: "x64", webgpu: "win32-x64" },
};

/** The target this machine can run, if any. */
export function currentTarget() {
  const name = `${process.platform}-${process.arch}`;
  return name in targets ? name : undefined;
}

/**
 * Makes and checks the .vsix of one platform from the build for production, which is made first unless it is `built`.
 * @param {string} target @param {{ built?: boolean, log?: (line: string) => void }} [options]
 * @returns {Promise<{ file: string, bytes: number }>}
 */
export async function packageExtension(target, { built = false, log = console.log } = {}) {
  if (!targets[target]) throw new ToolError(`--target ${target}: the targets are ${Object.keys(targets).join(", ")}`);
  if (!built) buildForProduction(log);
  const manifest = readJson(path.join(root, "package.json"));
  const staging = path.join(build, "vsix", target);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  cpSync(production, path.join(staging, "dist"), { recursive: true });
  for (const name of shipped()) cpSync(path.join(root, name), path.join(staging, name), { recursive: true });
  const modules = await nativeModules(target, log);
  for (const [name, source] of Object.entries(modules)) copyModule(name, source, path.join(staging, "node_modules", name), target);
  writeFileSync(path.join(staging, "package.json"), `${JSON.stringify(shippedManifest(manifest, modules), null, 2)}\n`);
  const file = path.join(build, `${manifest.name}-${manifest.version}-${target}.vsix`);
  rmSync(file, { force: true });
  await vsce(["package", "--target", target, "--out", file, "--allow-missing-repository", "--no-rewrite-relative-links", "--no-update-package-json"], staging, log);
  checkVsix(file, target);
  rmSync(staging, { recursive: true, force: true });
  const bytes = statSync(file).size;
  log(`${path.relative(process.cwd(), file)}  ${megabytes(bytes)}`);
  return { file, bytes };
}

/** Builds into a folder of its own: dist/ may be in use. @param {(line: string) => void} log */
function buildForProduction(log) {
  log("Building the extension for production");
  const result = spawnSync(process.execPath, [path.join(root, "esbuild.mjs"), "--package"], { cwd: root, encoding: "utf8" });
  if (result.status !== 0) throw new ToolError(`The build failed:\n${result.stdout}${result.stderr}`);
}

// Named one by one: what is not named is not shipped.
function shipped() {
  const names = readdirSync(root).filter(name => /^(media|l10n|package\.nls(\..+)?\.json|README\.md|CHANGELOG\.md|LICENSE|\.vscodeignore)$/.test(name));
  for (const needed of ["README.md", "CHANGELOG.md", "LICENSE"]) if (!names.includes(needed)) throw new ToolError(`${needed} is missing and belongs into the package.`);
  return names;
}

/** The manifest without what only development needs. */
function shippedManifest({ devDependencies: _dev, optionalDependencies: _optional, scripts: _scripts, private: _private, ...manifest }, modules) {
  const { node: _node, ...engines } = manifest.engines;
  // Exactly what lies in node_modules: vsce takes what npm finds for these.
  const dependencies = Object.fromEntries(Object.entries(modules).map(([name, source]) => [name, readJson(path.join(source, "package.json")).version]));
  return { ...manifest, engines, dependencies };
}

/**
 * The modules that the bundles leave outside, with the folders to take them from: sharp with what it requires, its binaries
 * for the target, and webgpu, which carries those of all platforms.
 */
async function nativeModules(target, log) {
  const { os, cpu } = targets[target];
  const lock = readJson(path.join(root, "package-lock.json")).packages;
  const binaries = [`@img/sharp-${os}-${cpu}`, `@img/sharp-libvips-${os}-${cpu}`].filter(name => lock[`node_modules/${name}`]); // on Windows one holds both
  const source = await platformPackages(target, binaries, lock, log);
  const shared = ["sharp", ...Object.keys(readJson(path.join(root, "node_modules/sharp/package.json")).dependencies), "webgpu"];
  return {
    ...Object.fromEntries(shared.map(name => [name, path.join(root, "node_modules", name)])),
    ...Object.fromEntries(binaries.map(name => [name, path.join(source, "node_modules", name)])),
  };
}

/** Installs another platform's packages into a folder of their own, in the versions of the project's lockfile. */
async function platformPackages(target, names, lock, log) {
  if (names.length === 0) throw new ToolError(`package-lock.json has no sharp for ${target}`);
  const isLocked = folder => names.every(name => {
    const manifest = path.join(folder, "node_modules", name, "package.json");
    return existsSync(manifest) && readJson(manifest).version === lock[`node_modules/${name}`].version;
  });
  if (isLocked(root)) return root;
  const folder = path.join(build, "platforms", target);
  if (isLocked(folder)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // A lockfile with just these: npm then checks what it downloads against the project's hashes.
  const dependencies = Object.fromEntries(names.map(name => [name, lock[`node_modules/${name}`].version]));
  const packages = { "": { name: "platform", dependencies }, ...Object.fromEntries(names.map(name => [`node_modules/${name}`, { ...lock[`node_modules/${name}`], dev: undefined, optional: undefined }])) };
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "platform", private: true, dependencies }));
  writeFileSync(path.join(folder, "package-lock.json"), JSON.stringify({ name: "platform", lockfileVersion: 3, requires: true, packages }));
  const { os, cpu, libc } = targets[target];
  // Forced, since the packages say that they do not run here.
  await npm(`native files of ${target}`, folder, ["ci", "--force", "--os", os, "--cpu", cpu, ...(libc ? ["--libc", libc] : [])], log);
  if (!isLocked(folder)) throw new ToolError(`npm did not install ${names.join(", ")}`);
  return folder;
}

function copyModule(name, source, destination, target) {
  // Types and what sharp and libvips are compiled from.
  const unused = /\.(d\.[cm]?ts|map)$|[\\/](sharp[\\/](src|install)|glib-2\.0)$/;
  if (name !== "webgpu") return cpSync(source, destination, { recursive: true, dereference: true, filter: file => !unused.test(file) });
  mkdirSync(destination, { recursive: true });
  for (const file of ["index.js", "LICENSE.md"]) cpSync(path.join(source, file), path.join(destination, file));
  // Its dependencies serve its own build only; listed, npm would miss them.
  const { dependencies: _unused, scripts: _scripts, devDependencies: _dev, ...manifest } = readJson(path.join(source, "package.json"));
  writeFileSync(path.join(destination, "package.json"), JSON.stringify(manifest, null, 2));
  const binaries = path.join("dist", targets[target].webgpu);
  cpSync(path.join(source, binaries), path.join(destination, binaries), { recursive: true });
}

const vsceFolder = path.join(root, "tools/vsix");

/** Installs the packaging tool where it is missing. @param {(line: string) => void} [log] */
export const ensureVsce = log => installLocked({ folder: vsceFolder, about: "the packaging tool vsce", log });

async function vsce(args, cwd, log) {
  await ensureVsce(log);
  const result = spawnSync(process.execPath, [path.join(vsceFolder, "node_modules/@vscode/vsce/vsce"), ...args], { cwd, encoding: "utf8" });
  if (result.status !== 0) throw new ToolError(`vsce failed:\n${result.stdout}${result.stderr}`);
  for (const line of result.stderr.split("\n")) if (/WARNING/.test(line)) log(line.trim());
}

const readJson = file => JSON.parse(readFileSync(file, "utf8"));
const megabytes = bytes => `${(bytes / 1e6).toFixed(1)} MB`;

async function main() {
  const { values } = parseArgs({ options: { target: { type: "string", multiple: true }, help: { type: "boolean", short: "h" } } });
  if (values.help) return console.log(`npm run package -- [--target NAME]…\n\nOne .vsix a platform, in build/. Targets: ${Object.keys(targets).join(", ")} (default: all).`);
  const chosen = values.target ?? Object.keys(targets);
  for (const target of chosen) if (!targets[target]) throw new ToolError(`--target ${target}: the targets are ${Object.keys(targets).join(", ")}`);
  buildForProduction(console.log);
  for (const target of chosen) await packageExtension(target, { built: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch(error => {
    console.error(error instanceof ToolError || error.code?.startsWith("ERR_PARSE_ARGS") ? error.message : error);
    process.exitCode = 1;
  });
}
