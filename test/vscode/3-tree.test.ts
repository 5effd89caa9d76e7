import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as vscode from "vscode";
import { driver } from "./driver";
import { closeEditors, embed, explorerHeader, headerOf, inWorkspace, openViews, question, questions, until } from "./support";

const rows = () => driver.texts(".pane-body .monaco-list-row");
const hasRow = (text: string) => until(`a row "${text}"`, async () => (await rows()).some(row => row.includes(text)));

describe("the tree of checkpoints", () => {
  let first: vscode.Uri;
  before(async () => {
    first = await embed("penguins.csv", "pca", { latentDim: 3 });
    await driver.showView("Latent Lens");
    await driver.click(explorerHeader);
  });
  after(async () => {
    await closeEditors();
    await driver.click(explorerHeader);
  });

  it("groups by dataset, then model, and says what tells checkpoints apart", async () => {
    await hasRow("penguins.csv");
    await hasRow("PCA");
    await hasRow("3-D ·");
  });

  it("offers what the checkpoint can do", async () => {
    const renaming = vscode.commands.executeCommand("latentLens.renameCheckpoint", first);
    await driver.answer("My penguins");
    await renaming;
    await hasRow("My penguins");
    assert.equal((await headerOf(first)).name, "My penguins");
    const items = await driver.rightClickInTree("My penguins");
    for (const item of ["Open Scatter", "Open Reconstructions", "Open Traversal", "Show in Latent Explorer", "Duplicate Settings…", "Export Latents…", "Locate Dataset…", "Reveal File", "Rename…", "Delete"]) assert(items.includes(item), `${item} is missing: ${items.join(", ")}`);
    assert(!items.includes("Open Training"), "PCA has no epochs");
    assert(!items.includes("Resume Training"), "a complete checkpoint has nothing to resume");
    await driver.press("Escape");
  });

  it("opens the views from the menu, several on one file", async () => {
    await closeEditors();
    await driver.rightClickInTree("My penguins", "Open Reconstructions");
    await until("the view", () => openViews().includes("latentLens.reconstructions"));
    await driver.rightClickInTree("My penguins", "Open Scatter");
    await until("both views", () => openViews().length === 2);
    const titles = vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(tab => tab.label));
    assert.deepEqual(titles.length, 2);
  });

  it("shows a file that others drop into the folder, and a broken one as broken with the reason", async () => {
    copyFileSync(first.fsPath, inWorkspace("latents", "from-a-friend.latent.safetensors"));
    writeFileSync(inWorkspace("latents", "half.latent.safetensors"), readFileSync(first.fsPath).subarray(0, 900));
    await until("two files of that name", async () => (await rows()).filter(row => row.includes("My penguins")).length === 2);
    await hasRow("Broken Files");
    await hasRow("cut short");
    const items = await driver.rightClickInTree("half.latent.safetensors");
    assert(items.includes("Delete") && !items.includes("Open Scatter"), items.join(", "));
    await driver.press("Escape");
  });

  it("opens a broken file with an explanation, not with nothing", async () => {
    await closeEditors();
    await vscode.commands.executeCommand("vscode.openWith", vscode.Uri.file(inWorkspace("latents", "half.latent.safetensors")), "latentLens.scatter");
    await driver.waitFor({ webview: "latent-scatter", selector: ".message" }, { text: "cut short" });
  });

  it("exports latents", async () => {
    const exporting = vscode.commands.executeCommand<vscode.Uri>("latentLens.exportLatents", first);
    await driver.pick(".npy");
    await until("the dialog's own suggestion", () => driver.run(({ page }) => page.locator(".quick-input-widget input[type=text]").inputValue().then(value => value.endsWith("-latents.npy"))));
    await driver.press("Enter");
    const target = await exporting;
    assert.equal(readFileSync(target.fsPath).subarray(1, 6).toString(), "NUMPY");
  });

  it("duplicates settings into the questions", async () => {
    const asking = vscode.commands.executeCommand("latentLens.duplicateSettings", first);
    await question("Continue");
    await driver.pick("Continue");
    await question("PCA");
    await driver.pick("PCA");
    await question("Components: 3");
    await driver.press("Escape");
    await asking;
    // From the palette it is about the view in front.
    await vscode.commands.executeCommand("vscode.openWith", first, "latentLens.scatter");
    const ofView = vscode.commands.executeCommand("latentLens.duplicateSettings");
    await question("Continue");
    await driver.press("Escape");
    await ofView;
    await closeEditors();
  });

  it("deletes nothing unasked", async () => {
    // VS Code refuses modal questions during tests, which is as if they were dismissed.
    await vscode.commands.executeCommand("latentLens.deleteCheckpoint", first);
    assert(existsSync(first.fsPath));
  });

  it("takes a dataset dropped on it", async () => {
    // Both ends must be on screen: the tree joins the Explorer for the time of the test.
    await vscode.commands.executeCommand("vscode.moveViews", { viewIds: ["latentLens.checkpoints"], destinationId: "workbench.view.explorer" });
    try {
      await driver.showView("Explorer");
      const pane = ".pane:has([aria-label='Checkpoints Section'])";
      await driver.waitFor(`${pane} .monaco-list-row`);
      // VS Code takes a drag for a click when the machine is slow.
      await until("a question with Continue", async () => {
        await driver.drag(".explorer-folders-view .monaco-list-row >> text=swiss-roll.npy", `${pane} .monaco-list-row`);
        await delay(1500);
        return (await questions()).some(row => row.includes("Continue"));
      });
      await driver.press("Escape");
    } finally {
      await vscode.commands.executeCommand("vscode.moveViews", { viewIds: ["latentLens.checkpoints"], destinationId: "workbench.view.extension.latentLens" });
    }
  });
});
