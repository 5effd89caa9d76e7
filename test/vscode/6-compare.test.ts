import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { basename } from "node:path";
import * as vscode from "vscode";
import { driver } from "./driver";
import { closeEditors, embed, endEngine, headerOf, inWorkspace, openViews, question, until, view } from "./support";

const titles = () => driver.texts(view.compare("latent-map-panel h2"));
/** Panels whose map is drawn. */
const drawn = () => driver.evaluate("latent-compare", () => [...document.querySelector("latent-compare")!.shadowRoot!.querySelectorAll("latent-map-panel")].filter(panel => panel.shadowRoot!.querySelector("latent-point-cloud")).length);

describe("compare", () => {
  afterEach(async function () {
    if (this.currentTest?.state === "failed") endEngine();
    await closeEditors();
  });

  it("makes the maps of a dataset, shows them side by side, and finds them the next time", async () => {
    const file = vscode.Uri.file(inWorkspace("penguins.csv"));
    const first = await vscode.commands.executeCommand<vscode.Uri>("latentLens.compareMaps", file);
    assert.equal((await headerOf(first)).model, "pca");
    assert(openViews().includes("latentLens.compare"));
    const made = ["PCA", "MDS", "t-SNE", "Autoencoder"].join();
    await until("all maps", async () => (await titles()).join() === made, 60_000);
    await until("all maps drawn", async () => (await drawn()) === 4, 60_000);
    await driver.waitFor(view.compare("latent-map-panel .quality .entry"), { timeout: 60_000 });
    await closeEditors();

    const again = await vscode.commands.executeCommand<vscode.Uri>("latentLens.compareMaps", first);
    assert.equal(again.fsPath, first.fsPath);
    await until("the same maps", async () => (await titles()).join() === made, 60_000);
  }).timeout(240_000);

  it("adds a map that is picked, keeps it for the next time, and says when it is gone", async () => {
    const [pca, other] = [await embed("penguins.csv", "pca", { latentDim: 3 }), await embed("penguins.csv", "pca", { latentDim: 2 })];
    await closeEditors();
    await vscode.commands.executeCommand("latentLens.openCompare", pca);
    await driver.waitFor(view.compare(".hint"), { timeout: 60_000 });
    await driver.click(view.compare(".toolbar vscode-button"));
    const name = basename(other.fsPath, ".latent.safetensors");
    await question(name);
    await driver.pick(name);
    await until("both maps", async () => (await drawn()) === 2, 60_000);
    await closeEditors();
    await vscode.commands.executeCommand("latentLens.openCompare", pca);
    await until("both maps again", async () => (await titles()).join() === "PCA,PCA", 60_000);
    rmSync(other.fsPath);
    await driver.waitFor(view.compare("latent-map-panel .message >> text=does not exist"), { timeout: 60_000 });
    await driver.click(view.compare("latent-map-panel button[aria-label^=Remove]"));
    await driver.waitFor(view.compare(".hint"));
  }).timeout(240_000);

  it("is cancelled in the midst: keeps the maps that are there, and makes no more", async () => {
    // Its autoencoder may be there from an earlier test; then it is compared as it is. MDS stays if it has a picture.
    const isMade = (await vscode.workspace.findFiles("**/olympians-autoencoder*.latent.safetensors")).length > 0;
    const kept = isMade ? ["PCA,Autoencoder", "PCA,MDS,Autoencoder"] : ["PCA", "PCA,MDS"];
    const comparing = vscode.commands.executeCommand<vscode.Uri>("latentLens.compareMaps", vscode.Uri.file(inWorkspace("olympians.csv")));
    await until("the places of all maps", async () => (await titles()).length === 4, 60_000);
    await vscode.commands.executeCommand("notifications.showList");
    await driver.click(".notifications-center .notification-list-item:has-text('Maps of olympians.csv') .monaco-button >> text=Cancel");
    const place = await comparing;
    await vscode.commands.executeCommand("notifications.hideList");
    assert.deepEqual([(await headerOf(place)).model, (await headerOf(place)).state], ["pca", "complete"]);
    await until("the maps that were made alone", async () => kept.includes((await titles()).join()));
    const files = await vscode.workspace.findFiles(`**/olympians-{${isMade ? "tsne" : "tsne,autoencoder"}}*.latent.safetensors`);
    assert.deepEqual(files.map(({ fsPath }) => basename(fsPath)), []);
    // Stopped, not waited for.
    for (const uri of await vscode.workspace.findFiles("**/olympians-mds*.latent.safetensors")) assert.equal((await headerOf(uri)).state, "interrupted");
  }).timeout(120_000);
});
