import assert from "node:assert/strict";
import * as vscode from "vscode";
import { driver } from "./driver";
import { engines } from "./support";

describe("activation", () => {
  it("registers every command and starts no engine", async () => {
    const extension = vscode.extensions.getExtension("latent-lens.latent-lens");
    assert(extension, "the extension is not there");
    await extension.activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const declared = (extension.packageJSON as { contributes: { commands: { command: string }[] } }).contributes.commands;
    assert.deepEqual(declared.filter(({ command }) => !registered.has(command)), []);
    if (process.platform === "linux") assert.deepEqual(engines(), []);
  });

  it("shows an empty tree that says what to do, and an empty explorer", async () => {
    await driver.showView("Latent Lens");
    await driver.waitFor(".pane-body .welcome-view-content", { text: "Choose a dataset" });
    await driver.waitFor({ webview: "latent-explorer", selector: "p" }, { text: "Open a checkpoint to steer" });
    if (process.platform === "linux") assert.deepEqual(engines(), []);
  });
});
