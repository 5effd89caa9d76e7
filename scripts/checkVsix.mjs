// Opens a .vsix and fails when something is missing, belongs to another platform, or should not be shipped.
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { ToolError } from "../tools/lockedInstall.mjs";

/** Throws when the package is not what `target` needs. @param {string} file @param {string} target */
export function checkVsix(file, target) {
  const entries = unzipSync(readFileSync(file));
  const names = Object.keys(entries);
  const problems = [];
  const need = (about, pattern) => names.some(name => pattern.test(name)) || problems.push(`${about} is missing`);
  need("the extension", /^extension\/dist\/extension\.js$/);
  need("the engine", /^extension\/dist\/engine\.js$/);
  need("a webview", /^extension\/dist\/webviews\/[^/]+\.js$/);
  need("tfjs's wasm", /^extension\/dist\/.*tfjs-backend-wasm.*\.wasm$/);
  need("the kernels", /^extension\/dist\/kernels\/simd-threads\.wasm$/);
  need("the kernels' threads", /^extension\/dist\/kernels\/worker\.js$/);
  need("the notices of what is bundled", /^extension\/dist\/third-party-notices\.txt$/);
  need("README", /^extension\/readme\.md$/i);
  need("CHANGELOG", /^extension\/changelog\.md$/i);
  need("LICENSE", /^extension\/license(\.txt|\.md)?$/i);
  need("sharp's binary", /^extension\/node_modules\/@img\/sharp-[^/]+\/.*\.node$/);
  need("libvips", /libvips/);
  need("Dawn's binary", /^extension\/node_modules\/webgpu\/dist\/[^/]+\/dawn\.node$/);
  for (const name of names) {
    if (/\.map$|^extension\/(src|test|tools|scripts|samples|bench|docs)\//.test(name)) problems.push(`${name} should not be shipped`);
    const platform = platformOf(entries[name]);
    if (platform && !platform.includes(target)) problems.push(`${name} is for ${platform.join(", ")}`);
  }
  if (problems.length) throw new ToolError(`${file} is not right for ${target}:\n  ${problems.join("\n  ")}`);
}

/** The targets that can load a native file, told by its first bytes; undefined for any other file. @param {Uint8Array} bytes */
export function platformOf(bytes) {
  if (bytes.length < 64) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic === 0x7f454c46) return { 0x3e: ["linux-x64"], 0xb7: ["linux-arm64"] }[view.getUint16(18, true)] ?? ["another ELF machine"];
  if (magic === 0xcffaedfe) return { 0x01000007: ["darwin-x64"], 0x0100000c: ["darwin-arm64"] }[view.getUint32(4, true)] ?? ["another Mach-O machine"];
  // A universal binary; Java's class files begin alike, with a version where this has the number of machines.
  if (magic === 0xcafebabe && view.getUint32(4) < 10) return ["darwin-x64", "darwin-arm64"];
  if (view.getUint16(0) === 0x4d5a) {
    const header = view.getUint32(0x3c, true);
    if (header + 6 > bytes.length || view.getUint32(header) !== 0x50450000) return undefined;
    return { 0x8664: ["win32-x64"], 0xaa64: ["win32-arm64"] }[view.getUint16(header + 4, true)] ?? ["another PE machine"];
  }
  return undefined;
}
