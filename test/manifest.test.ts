import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readers } from "../src/engine/datasets";
import type { DatasetReader } from "../src/engine/datasets/dataset";
import { visualizerIds, visualizers } from "../src/protocol/visualizers";
import { viewCommands } from "../src/protocol/viewApi";

// package.json is written by hand; here it is held to the code.

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifestText = read("package.json");
const manifest = JSON.parse(manifestText);
const texts = JSON.parse(read("package.nls.json")) as Record<string, string>;
const { contributes } = manifest;

/** Ids in the registry src/extension/commands/index.ts and those derived from the visualizers. */
function registeredCommands(): string[] {
  const listed = [...read("src/extension/commands/index.ts").matchAll(/"(latentLens\.\w+)"/g)].map(match => match[1]!);
  return [...listed, ...visualizerIds.map(id => `latentLens.open${visualizers[id].title}`)].sort();
}

describe("package.json", () => {
  it("declares the commands that the code registers", () => {
    const declared = contributes.commands.map(({ command }: { command: string }) => command).sort();
    expect(declared).toEqual(registeredCommands());
  });

  it("uses only declared commands in its menus, and views may run only such", () => {
    const declared = new Set(contributes.commands.map(({ command }: { command: string }) => command));
    for (const entries of Object.values(contributes.menus) as { command: string }[][]) for (const { command } of entries) expect(declared).toContain(command);
    for (const command of viewCommands) expect(declared).toContain(command);
  });

  it("declares a custom editor for every visualizer and a bundle exists for each", () => {
    expect(contributes.customEditors.map(({ viewType }: { viewType: string }) => viewType)).toEqual(visualizerIds.map(id => `latentLens.${id}`));
    for (const id of [...visualizerIds, "explorer"]) {
      expect(existsSync(join(root, "src/webviews", id, "main.ts"))).toBe(true);
      expect(read(`src/webviews/${id}/main.ts`)).toContain(`@customElement("latent-${id}")`);
    }
    for (const id of visualizerIds) for (const theme of ["light", "dark"]) expect(existsSync(join(root, `media/views/${id}-${theme}.svg`))).toBe(true);
  });

  it("offers Embed Dataset, and what else begins with one, on every file that a reader opens, and on no other", () => {
    const { when } = contributes.menus["explorer/context"].find(({ command }: { command: string }) => command === "latentLens.embedDataset");
    const [, pattern, flags] = /resourceFilename =~ \/(.*)\/(\w*)$/.exec(when) as unknown as [string, string, string];
    const menu = new RegExp(pattern, flags);
    const entries = contributes.menus["explorer/context"] as { command: string; when: string }[];
    for (const id of ["embedWithLastSettings", "compareMaps"]) expect(entries.find(({ command }) => command === `latentLens.${id}`)?.when).toBe(when);
    const code = /embeddableFile = \/(.*)\/(\w*);/.exec(read("src/extension/embeddable.ts"))!;
    expect(pattern).toBe(code[1]);
    expect(flags).toBe(code[2]);
    for (const { endings } of Object.values<DatasetReader>(readers)) for (const ending of endings) {
      expect(menu.test(`data${ending}`), ending).toBe(true);
      expect(menu.test(`DATA${ending.toUpperCase()}`), ending).toBe(true);
    }
    for (const name of ["a.py", "csv", "npz.txt", "a.csv.bak", "readme.md", "a.latent.safetensors"]) expect(menu.test(name), name).toBe(false);
  });

  it("has a text for every key it names, and no other", () => {
    const used = [...new Set([...manifestText.matchAll(/%([\w.]+)%/g)].map(match => match[1]!))].sort();
    expect(Object.keys(texts).sort()).toEqual(used);
  });

  it("reads every setting that it declares, with its default there alone", () => {
    const declared = Object.keys(contributes.configuration.properties).map(key => key.slice("latentLens.".length)).sort();
    const used = [...read("src/extension/settings.ts").matchAll(/read\("(\w+)"\)/g)].map(match => match[1]!).sort();
    expect([...new Set(used)]).toEqual(declared);
    for (const property of Object.values(contributes.configuration.properties) as { default: unknown }[]) expect(property).toHaveProperty("default");
  });

  it("asks for a VS Code no older than its types", () => {
    expect(manifest.engines.vscode.replace("^", "")).toBe(manifest.devDependencies["@types/vscode"]);
  });

  it("activates by what it contributes, and early only where checkpoints are", () => {
    const folder = contributes.configuration.properties["latentLens.checkpointFolder"].default;
    expect(manifest.activationEvents).toEqual([`workspaceContains:${folder}`]);
  });

  it("names pictures that exist", () => {
    const pictures = [manifest.icon, ...contributes.viewsContainers.activitybar.map(({ icon }: { icon: string }) => icon),
      ...contributes.walkthroughs.flatMap(({ steps }: { steps: { media: { image: string } }[] }) => steps.map(({ media }) => media.image))];
    for (const picture of pictures) expect(existsSync(join(root, picture)), picture).toBe(true);
  });
});

describe("the localized texts", () => {
  const bundle = JSON.parse(read("l10n/bundle.l10n.json")) as Record<string, string>;
  const translations = readdirSync(join(root, "l10n")).filter(name => /^bundle\.l10n\..+\.json$/.test(name) && name !== "bundle.l10n.json");

  it("are all in the bundle (npm run l10n)", async () => {
    const { collectTexts } = await import("../scripts/l10n.mjs");
    expect(Object.keys(bundle).sort()).toEqual([...(await collectTexts())].sort());
  });

  it.each(translations)("are complete in %s, with the same placeholders", name => {
    const translated = JSON.parse(read(`l10n/${name}`)) as Record<string, string>;
    expect(Object.keys(translated).sort()).toEqual(Object.keys(bundle).sort());
    const placeholders = (text: string) => [...text.matchAll(/\{\d\}/g)].map(match => match[0]).sort();
    for (const [key, text] of Object.entries(translated)) expect(placeholders(text), key).toEqual(placeholders(key));
    const language = /^bundle\.l10n\.(.+)\.json$/.exec(name)![1];
    expect(Object.keys(JSON.parse(read(`package.nls.${language}.json`))).sort()).toEqual(Object.keys(texts).sort());
  });
});
