// The licences of what is bundled: the packages that esbuild took code or files from, with their licence texts.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/**
 * One text with the notices of all packages that the builds took something from.
 * @param {import("esbuild").Metafile[]} metafiles @param {string} root the project's folder
 */
export function noticesOf(metafiles, root) {
  const folders = new Set();
  for (const { inputs } of metafiles) {
    for (const input of Object.keys(inputs)) {
      const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input.replaceAll("\\", "/"))?.[0];
      if (folder) folders.add(path.join(root, folder));
    }
  }
  const packages = [...folders].map(read).sort((a, b) => a.name.localeCompare(b.name));
  const head = `Latent Lens contains code and files of these packages.\n\n${packages.map(({ name, version, license }) => `${name} ${version} (${license})`).join("\n")}\n`;
  const rule = "=".repeat(100);
  const parts = packages.flatMap(({ name, version, license, texts, author }) => [rule, `${name} ${version}`, texts.join("\n\n") || `${license}${author ? `, ${author}` : ""}`]);
  return [head, ...parts, ""].join("\n\n");
}

function read(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile()).map(entry => entry.name).filter(file => /^(licen[cs]e|notice|copying|thirdparty|third-party)/i.test(file) && !/\.(js|ts|json)$/i.test(file)).sort();
  return { name, version, license: typeof license === "string" ? license : (license?.type ?? "see below"), author: typeof author === "string" ? author : author?.name, texts: files.map(file => readFileSync(path.join(folder, file), "utf8").trim()) };
}
