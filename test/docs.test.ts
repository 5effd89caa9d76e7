import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../src/engine/engine";
import { readers } from "../src/engine/datasets";
import type { DatasetReader } from "../src/engine/datasets/dataset";
import { models } from "../src/engine/models";
import { random } from "../src/engine/random";
import { visualizers } from "../src/protocol/visualizers";
import { backendOptions } from "./helpers/backends";
import { npy } from "./helpers/datasetFiles";

// The documentation is written by hand; here it is held to the code and to itself.

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json"));
const texts = JSON.parse(read("package.nls.json")) as Record<string, string>;
const readme = read("README.md");

const pages = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "samples/files/README.md", "bench/README.md"].filter(page => existsSync(join(root, page))),
  ...readdirSync(join(root, "docs"), { recursive: true }).map(name => join("docs", String(name))).filter(name => name.endsWith(".md")),
];

/** The text without its code. */
const prose = (page: string) => read(page).replace(/^```[^]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
/** Ids of the headings, as Markdown renderers make them. */
const anchors = (page: string) => [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));

describe("links", () => {
  it.each(pages)("of %s lead somewhere", page => {
    const targets = [...prose(page).matchAll(/\]\(((?:[^()\s]|\([^()]*\))+)\)/g)].map(match => match[1]!);
    for (const target of targets.filter(link => !/^https:/.test(link))) {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : relative(root, resolve(root, dirname(page), path));
      expect(existsSync(join(root, file)), `${page}: ${target}`).toBe(true);
      if (anchor) expect(anchors(file), `${page}: ${target}`).toContain(anchor);
    }
  });

  it("lead to every page of docs/ and to every decision", () => {
    const linked = (page: string) => [...prose(page).matchAll(/\]\(([^()\s#]+)/g)].map(match => join(dirname(page), match[1]!));
    const index = [...linked("docs/README.md"), ...linked("docs/decisions/README.md")];
    for (const page of pages.filter(name => name.startsWith("docs/") && name !== "docs/README.md")) expect(index).toContain(page);
  });
});

describe("README", () => {
  it("names every command, setting and view", () => {
    for (const { title } of manifest.contributes.commands as { title: string }[]) expect(readme, title).toContain(texts[title.slice(1, -1)]);
    for (const [key, { default: value }] of Object.entries(manifest.contributes.configuration.properties as Record<string, { default: unknown }>)) {
      expect(readme, key).toContain(`| \`${key}\` | ${value === "" ? "empty" : `\`${String(value)}\``} |`);
    }
    for (const { title } of Object.values(visualizers)) expect(readme).toContain(`**${title}**`);
  });

  it("names every model, with its paper, and every ending that a reader opens", () => {
    for (const [id, { title, reference }] of Object.entries(models)) {
      expect(readme, id).toContain(`| ${title} |`);
      expect(readme, id).toContain(reference);
      expect(readme).toContain(`\`${id}\``);
    }
    for (const { endings } of Object.values<DatasetReader>(readers)) for (const ending of endings) expect(readme).toContain(`\`${ending.replace(/\.gz$/, "")}\``);
  });

  it("shows pictures of the package alone, since that ships no other", () => {
    const pictures = [...readme.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(match => match[1]!);
    expect(pictures.length).toBeGreaterThanOrEqual(6);
    for (const picture of pictures) expect(picture).toMatch(/^media\/screenshots\/\w+\.png$/);
  });
});

describe("docs/read_checkpoint.py", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-docs-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const python = spawnSync("python3", ["-c", "import numpy"]).status === 0;
  const run = (...args: string[]) => spawnSync("python3", [join(root, "docs/read_checkpoint.py"), ...args], { encoding: "utf8" });

  it.runIf(python)("reads what the engine writes, and agrees with its models", async () => {
    const stream = random(5, "docs");
    const path = join(folder, "points.npy");
    writeFileSync(path, npy(Array.from({ length: 60 * 6 }, (_, i) => (1 + (i % 6)) * stream.normal()), "<f4", [60, 6]));
    const engine = createEngine({ ...(await backendOptions()), backend: "wasm" }, { didProgress: () => undefined, didOpenBackend: () => undefined, didLog: () => undefined });
    const small = { latentDim: 2, epochs: 2 };
    const fits = { pca: { latentDim: 3, whiten: true }, linearAutoencoder: small, autoencoder: { ...small, hidden: [8], scaling: "unit" }, vae: { ...small, hidden: [8] } };
    for (const [model, hyperparameters] of Object.entries(fits)) {
      const checkpointPath = join(folder, `${model}.latent.safetensors`);
      await engine.fit({ runId: model, source: { path, choices: {} }, model, hyperparameters, seed: 1, checkpointPath }, new AbortController().signal);
      const { stdout, stderr, status } = run(checkpointPath);
      expect(status, `${model}: ${stdout}${stderr}`).toBe(0);
      expect(stdout.match(/^ok /gm), model).toHaveLength(model === "pca" ? 4 : 2);
    }
    await engine.close();
  });

  it.runIf(python)("says what is wrong with another file", () => {
    const { stderr, status } = run(join(root, "package.json"));
    expect(status).toBe(1);
    expect(stderr).toMatch(/package\.json is damaged or no safetensors file/);
  });
});
