// `npm run screenshots`: drives a real VS Code on the sample workspace and writes the pictures that README shows.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { createSampleWorkspace } from "../samples/create.mjs";
import { ToolError } from "../tools/lockedInstall.mjs";
import { launchChromium } from "../tools/vscode-host/chromium.mjs";
import { startServer } from "../tools/vscode-host/server.mjs";
import { createWorkbench } from "../tools/vscode-host/workbench.mjs";
import { scenes } from "./screenshotScenes.mjs";

const root = path.resolve(import.meta.dirname, "..");

async function main() {
  const { values } = parseArgs({
    options: { only: { type: "string" }, extension: { type: "string" }, out: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return console.log(`npm run screenshots -- [--only ${Object.keys(scenes).join(",")}] [--out FOLDER]`);
  const chosen = values.only?.split(",") ?? Object.keys(scenes);
  for (const name of chosen) if (!scenes[name]) throw new ToolError(`--only ${name}: the scenes are ${Object.keys(scenes).join(", ")}`);
  if (!values.extension && spawnSync(process.execPath, [path.join(root, "esbuild.mjs")], { cwd: root, stdio: "inherit" }).status !== 0) throw new ToolError("The build failed; its messages are above.");

  const out = path.resolve(values.out ?? path.join(root, "media/screenshots"));
  mkdirSync(out, { recursive: true });
  // A workspace of its own, made anew: pictures show what a first start shows. Its name is seen in the window.
  const folder = path.join(root, "out/pictures/samples");
  rmSync(folder, { recursive: true, force: true });
  await createSampleWorkspace(folder, { log: console.log });
  const server = await startServer({ extensions: [path.resolve(values.extension ?? root)], folder, env: { EXTENSIONS_GALLERY: "{}" }, settings: { "editor.minimap.enabled": false, "workbench.reduceMotion": "on" } });
  let browser;
  try {
    browser = await launchChromium();
    const context = await browser.newContext({ viewport: { width: 1360, height: 850 }, deviceScaleFactor: 2 });
    const page = await context.newPage();
    const vscode = createWorkbench(page, { screenshotDir: out });
    await page.goto(server.url);
    await vscode.ready();
    for (const name of chosen) {
      const started = Date.now();
      const target = await scenes[name]({ vscode, page, folder }).catch(async error => {
        await page.screenshot({ path: path.join(root, `out/screenshots/failed/${name}.png`) });
        throw new ToolError(`the scene "${name}" failed: ${error.message}\nout/screenshots/failed/${name}.png shows the window.`);
      });
      const file = await vscode.screenshot(name, target ?? undefined);
      // A palette is enough for an editor's flat colours and a third of the size: pictures travel with the extension.
      writeFileSync(file, await sharp(readFileSync(file)).png({ palette: true, quality: 95, effort: 10 }).toBuffer());
      console.log(`${path.relative(process.cwd(), path.join(out, `${name}.png`))}  ${((Date.now() - started) / 1000).toFixed(1)} s`);
    }
  } finally {
    await browser?.close().catch(() => {});
    await server.stop();
  }
}

await main().catch(error => {
  console.error(error instanceof ToolError ? error.message : error);
  process.exitCode = 1;
});
