import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { openView, type View } from "./support/openView";
import { knownVariables, themeNames } from "./support/themes";
import { pairs, viewIds } from "./support/views";

describe("texts and icons are readable in every theme", async () => {
  it.each(await pairs(["digits", "penguins"]))("%s of %s", async (id, checkpoint) => {
    const view = await openView(id, { checkpoint, selection: Int32Array.of(3) });
    for (const theme of themeNames) {
      await view.setTheme(theme);
      const contrasts = await view.page.evaluate(() => window.latentLens.audit.contrasts());
      expect(contrasts.length).toBeGreaterThan(5);
      const needed = { text: 4.5, muted: 3, icon: 3 };
      expect(contrasts.filter(({ kind, ratio }) => ratio < needed[kind]), theme).toEqual([]);
    }
  });
});

describe("a change of theme leaves nothing of the old one", () => {
  it.each(viewIds)("%s", async id => {
    const light = await openView(id, { checkpoint: "penguins", theme: "light", selection: Int32Array.of(3, 4, 200), screenshots: true });
    const changed = await openView(id, { checkpoint: "penguins", theme: "dark", selection: Int32Array.of(3, 4, 200), screenshots: true });
    expect(await differingPixels(light, changed)).toBeGreaterThan(1000);
    await changed.setTheme("light");
    expect(await differingPixels(light, changed)).toBe(0);
  });
});

describe("the themes of these tests", () => {
  it("set every colour that a view uses", () => {
    const folder = resolve(import.meta.dirname, "../../src/webviews");
    const sources = readdirSync(folder, { recursive: true }).map(String).filter(name => /\.(ts|css)$/.test(name)).map(name => readFileSync(join(folder, name), "utf8"));
    const used = new Set(sources.flatMap(source => [
      ...[...source.matchAll(/--vscode-[a-zA-Z-]*\w/g)].map(match => match[0]),
      ...[...source.matchAll(/color\("([\w-]+)"/g)].map(match => `--vscode-${match[1]!}`), // theme.ts
    ]));
    expect(used.size).toBeGreaterThan(30);
    expect([...used].filter(name => !knownVariables.has(name))).toEqual([]);
  });
});

async function differingPixels(a: View, b: View): Promise<number> {
  const [one, other] = await Promise.all([a, b].map(async ({ page }) => sharp(await page.screenshot()).raw().toBuffer()));
  let count = 0;
  for (let i = 0; i < one!.length; i++) if (one![i] !== other![i]) count++;
  return count;
}
