import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { driver } from "./driver";
import { closeEditors, embed, endEngine, engines, explorerHeader, headerOf, inWorkspace, question, smallFit, until, view } from "./support";

const long = { ...smallFit, epochs: 200, hidden: [128] };
const rows = () => driver.texts(".pane-body .monaco-list-row");

describe("training", () => {
  before(async () => {
    await driver.showView("Latent Lens");
    await driver.click(explorerHeader);
  });
  after(() => driver.click(explorerHeader));
  afterEach(async function () {
    if (this.currentTest?.state === "failed") endEngine();
    await closeEditors();
  });

  it("is seen in the tree, the status bar and the Training view; stops at once; resumes", async () => {
    const fitting = embed("mnist/t10k-images-idx3-ubyte", "vae", long);
    await until("the run on top of the tree", async () => (await rows())[0]?.includes("VAE of t10k-images"));
    await driver.waitFor(view.training("latent-chart canvas"), { timeout: 60_000 });
    await driver.waitFor(view.training(".preview latent-row >> nth=15"));
    await until("epochs in the status bar", async () => (await driver.texts(".statusbar-item")).some(text => /epoch \d+ of 200.*CPU · wasm/.test(text)));
    await until("epoch and loss in the tree", async () => /epoch \d+ of 200 · loss \d/.test((await rows())[0]!));
    await until("a second epoch", async () => /^([2-9]|\d\d) of 200$/.test((await driver.text(view.training(".figure >> nth=0 >> span >> nth=1"))).trim()), 60_000);

    await driver.click(view.training("vscode-button >> text=Stop"));
    const checkpoint = await fitting;
    const stopped = await headerOf(checkpoint);
    assert.equal(stopped.state, "interrupted");
    await until("the paused checkpoint", async () => (await rows()).some(row => row.includes("stopped at")));
    await driver.waitFor(view.training("vscode-button >> text=Resume Training"));

    const resuming = vscode.commands.executeCommand("latentLens.resumeTraining", checkpoint);
    await until("more epochs", async () => (await headerOf(checkpoint)).losses.length > stopped.losses.length, 60_000);
    await vscode.commands.executeCommand("latentLens.cancelRun", checkpoint);
    await resuming;
    const again = await headerOf(checkpoint);
    assert.deepEqual(again.losses.slice(0, stopped.losses.length), stopped.losses);
  }).timeout(180_000);

  it("compares losses", async () => {
    const [a, b] = [await embed("penguins.csv", "autoencoder", smallFit), await embed("penguins.csv", "vae", smallFit)];
    const comparing = vscode.commands.executeCommand("latentLens.compareLosses", a);
    await question("penguins-vae");
    await driver.pick((await headerOf(b)).name || "penguins-vae-1");
    await comparing;
    await driver.waitFor(view.training("button >> text=Stop comparing"));
    await driver.click(view.training("button >> text=Stop comparing"));
    await driver.waitFor(view.training("button >> text=Stop comparing"), { state: "detached" });
  });

  it("survives the death of its engine: the run fails with words, the file stays, the next call starts anew", async () => {
    const fitting = vscode.commands.executeCommand<vscode.Uri | undefined>("latentLens.embedDataset", { path: inWorkspace("mnist/t10k-images-idx3-ubyte"), model: "autoencoder", hyperparameters: long });
    const path = inWorkspace("latents", "t10k-images-autoencoder-1.latent.safetensors");
    await until("the first save", () => existsSync(path), 60_000);
    const [pid] = engines();
    process.kill(pid!, "SIGKILL");
    assert.equal(await fitting, undefined);
    await until("the message", async () => (await driver.notifications()).some(text => text.includes("The engine stopped") && text.includes("SIGKILL")));
    assert.equal((await headerOf(vscode.Uri.file(path))).state, "interrupted");
    const resuming = vscode.commands.executeCommand("latentLens.resumeTraining", vscode.Uri.file(path));
    await until("it to go on", async () => (await rows())[0]?.includes("epoch"), 60_000);
    await vscode.commands.executeCommand("latentLens.cancelRun", vscode.Uri.file(path));
    await resuming;
  }).timeout(180_000);

  it("tells what it runs on", async () => {
    const description = await vscode.commands.executeCommand<{ backend: string; device: string }>("latentLens.showEngineInfo");
    assert.equal(description.backend, "wasm");
    const text = vscode.window.activeTextEditor!.document.getText();
    for (const part of ["wasm", "Kernels", "GFLOP/s", "tfjs-core", "node"]) assert(text.includes(part), `${part} in\n${text}`);
  });
});
