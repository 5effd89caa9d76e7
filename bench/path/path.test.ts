import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as vscode from "vscode";
import { driver } from "../../test/vscode/driver";
import { embed, engines, headerOf, inWorkspace, until, view } from "../../test/vscode/support";

// The host side of bench/path.mjs. A measured value is a line of its own: "measured <name>: <milliseconds>".
const tell = (name: string, milliseconds: number): void => console.log(`measured ${name}: ${milliseconds}`);
const checkpoint = (name: string) => vscode.Uri.file(inWorkspace("latents", `${name}.latent.safetensors`));

/** A window that is just opening has every extension's activation to do at once (ms). */
const settled = 8000;

// In a folder without checkpoints, where nothing activates the extension but its use.
describe("activation", () => {
  it("the extension", async () => {
    await delay(settled);
    const extension = vscode.extensions.getExtension("latent-lens.latent-lens")!;
    assert.equal(extension.isActive, false, "something activated it before");
    const began = performance.now();
    await extension.activate();
    tell("activation", performance.now() - began);
    assert.deepEqual(engines(), []);
  });
});

describe("prepare", () => {
  it("checkpoints", async () => {
    for (const [path, model] of [["penguins.csv", "pca"], ["shapes.npz", "pca"], ["swiss-roll.npy", "pca"], ["olympians.csv", "pca"]] as const) await embed(path, model, { latentDim: 3 });
    await embed("mnist/all-images-idx3-ubyte", "pca", { latentDim: 64 });
    await embed("mnist/all-images-idx3-ubyte", "vae", { latentDim: 2, epochs: 1 });
  }).timeout(900_000);
});

describe("measure", () => {
  it("tree", async () => {
    await delay(settled);
    assert.equal(vscode.extensions.getExtension("latent-lens.latent-lens")!.isActive, true, "the folder of checkpoints did not activate it");
    await driver.waitFor(".activitybar .action-item:has([aria-label^='Latent Lens'])", { timeout: 60_000 });
    const milliseconds = await driver.run(async ({ page }) => page.evaluate(() => new Promise<number>(resolve => {
      const icon = document.querySelector<HTMLElement>(".activitybar .action-item [aria-label^='Latent Lens']")!;
      const began = performance.now();
      const observer = new MutationObserver(() => {
        if (![...document.querySelectorAll(".part.sidebar .monaco-list-row")].some(row => row.textContent?.includes("PCA"))) return;
        observer.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - began));
      });
      observer.observe(document.body, { childList: true, subtree: true });
      icon.click();
    })));
    tell("tree of 500 checkpoints, icon clicked to rows drawn", milliseconds);
    assert.deepEqual(engines(), []);
  });

  it("scatter", async () => {
    // With so many checkpoints all groups but the newest begin closed.
    await driver.run(async ({ page, vscode: window }) => {
      const dataset = await window.treeRow("all-images-idx3-ubyte");
      await dataset.click();
      const below = Number(await dataset.getAttribute("data-index")) + 1;
      for (const level of [2, 3]) {
        const row = page.locator(`.part.sidebar .monaco-list-row[aria-level="${level}"][data-index="${below + level - 2}"]`);
        await row.waitFor();
        if (level === 2) await row.click();
      }
    });
    tell("scatter of 70,000 rows, click to points drawn, engine off", await scatterTime());
    for (let times = 0; times < 3; times++) tell("scatter of 70,000 rows, click to points drawn", await scatterTime());
  }).timeout(120_000);

  it("slider", async () => {
    for (const [name, file] of [["PCA 64", "all-images-pca-1"], ["VAE 2", "all-images-vae-1"]] as const) {
      await vscode.commands.executeCommand("latentLens.showInExplorer", checkpoint(file));
      await driver.waitFor(view.explorer(".knob input"));
      await delay(1500);
      for (const milliseconds of await driver.evaluate("latent-explorer", moveSlider, 60)) tell(`slider to new picture, ${name}`, milliseconds);
    }
  }).timeout(120_000);

  it("cancel", async () => {
    for (let times = 0; times < 5; times++) {
      const fitting = embed("mnist/train-images-idx3-ubyte", "vae", { latentDim: 2, epochs: 50 });
      const path = checkpoint("train-images-vae-1").fsPath;
      await until("the first save", () => existsSync(path), 60_000);
      await delay(1500 + 700 * times);
      const began = performance.now();
      await vscode.commands.executeCommand("latentLens.cancelRun");
      const uri = await fitting;
      tell("cancel to training stopped and file kept", performance.now() - began);
      assert.equal((await headerOf(uri)).state, "interrupted");
      await vscode.workspace.fs.delete(uri);
    }
  }).timeout(240_000);
});

/** From the click on the checkpoint's row in the tree to the last frame drawn when the points were there (an upper bound), in milliseconds. */
async function scatterTime(): Promise<number> {
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  const clicked = await driver.run(async ({ page, vscode: window }) => {
    const row = await window.treeRow("64-D");
    await row.hover();
    const listening = page.evaluate(() => new Promise<number>(resolve => document.addEventListener("mousedown", () => resolve(Date.now()), { once: true, capture: true })));
    await row.click();
    return listening;
  });
  await driver.waitFor(view.scatter("latent-point-cloud"));
  const drawn = await until("points", () => driver.evaluate("latent-scatter", () => {
    const cloud = document.querySelector("latent-scatter")?.shadowRoot?.querySelector("latent-point-cloud") as unknown as { lastDraw: number; points: { data: Float32Array } } | null | undefined;
    return cloud && cloud.points.data.length === 140_000 && cloud.lastDraw > 0 ? performance.timeOrigin + cloud.lastDraw : 0;
  }));
  return drawn - clicked;
}

/** Moves the first slider `times` times, as a hand does, and gives the milliseconds until each new picture is in its canvas. */
async function moveSlider(times: number): Promise<number[]> {
  const root = document.querySelector("latent-explorer")!.shadowRoot!;
  const input = root.querySelector<HTMLInputElement>(".knob input")!;
  const [low, high] = [Number(input.min), Number(input.max)];
  const picture = () => {
    const canvas = root.querySelector("latent-row")!.shadowRoot!.querySelector("canvas")!;
    return canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data.join();
  };
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const before = picture();
    const began = performance.now();
    input.value = String(low + (high - low) * (0.5 + 0.5 * Math.sin(i)));
    input.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
    await new Promise<void>(resolve => {
      const look = () => (picture() !== before ? resolve() : setTimeout(look, 1));
      look();
    });
    taken.push(performance.now() - began);
    await new Promise(resolve => setTimeout(resolve, 30));
  }
  return taken;
}
