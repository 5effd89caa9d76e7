import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import * as vscode from "vscode";
import { driver } from "../driver";
import { inWorkspace, until, view } from "../support";

// Runs after the main suite, on the workspace that it filled with checkpoints, opened without trust.
describe("an untrusted workspace", () => {
  const checkpoints = () => readdirSync(inWorkspace("latents")).filter(name => name.endsWith(".latent.safetensors"));
  const penguins = () => vscode.Uri.file(inWorkspace("latents", "penguins-pca-1.latent.safetensors"));

  it("lists checkpoints and opens their views", async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    await driver.showView("Latent Lens");
    await until("the tree", async () => (await driver.texts(".pane-body .monaco-list-row")).some(row => row.includes("penguins.csv")));
    await vscode.commands.executeCommand("vscode.openWith", penguins(), "latentLens.scatter");
    await until("points", () => driver.evaluate("latent-scatter", () => {
      const cloud = document.querySelector("latent-scatter")?.shadowRoot?.querySelector("latent-point-cloud") as unknown as { lastDraw: number } | null | undefined;
      return (cloud?.lastDraw ?? 0) > 0;
    }));
    await driver.waitFor(view.explorer(".knob input"));
  });

  it("trains nothing: menus do not offer it, and the command refuses with the reason", async () => {
    await assert.rejects(driver.rightClickInExplorer("penguins.csv", "Embed Dataset…"), /disabled/);
    await driver.press("Escape");
    const before = checkpoints();
    const result = await vscode.commands.executeCommand("latentLens.embedDataset", { path: inWorkspace("penguins.csv"), model: "pca" });
    assert.equal(result, undefined);
    await until("the reason", async () => (await driver.notifications()).some(text => text.includes("not trusted")));
    assert.deepEqual(checkpoints(), before);
  }).timeout(120_000);

  it("offers no resume of a run that was stopped", async () => {
    const stopped = checkpoints().find(name => name.startsWith("t10k-images-vae"));
    assert(stopped, checkpoints().join(", "));
    await vscode.commands.executeCommand("vscode.openWith", vscode.Uri.file(inWorkspace("latents", stopped)), "latentLens.training");
    await driver.waitFor(view.training("latent-chart canvas"));
    assert.equal(await driver.count(view.training("vscode-button >> text=Resume Training")), 0);
  });
});
