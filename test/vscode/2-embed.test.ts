import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import * as vscode from "vscode";
import type { HyperparameterValues } from "../../src/protocol/data";
import { driver } from "./driver";
import { closeEditors, embed, headerOf, inWorkspace, openViews, question, questions, smallFit, until, view, workspaceFolder } from "./support";

describe("Embed Dataset", () => {
  afterEach(closeEditors);

  it("goes from a right-click over three questions to the scatter", async () => {
    await driver.rightClickInExplorer("penguins.csv", "Embed Dataset…");
    await question("Continue", "344 rows", "3 classes by species");
    await driver.pick("Continue");
    await question("PCA");
    const offered = await questions();
    assert(!offered.some(item => item.includes("Convolutional")), "a table has no use for convolutions");
    await driver.pick("PCA");
    await question("Start");
    await driver.pick("Components: 9");
    await driver.answer(4);
    await question("Components: 4");
    await driver.pick("Start");
    await driver.waitFor(view.scatter("latent-point-cloud"));
    await until("the points", () => driver.evaluate("latent-scatter", () => {
      const cloud = document.querySelector("latent-scatter")?.shadowRoot?.querySelector("latent-point-cloud") as unknown as { lastDraw: number; points: { data: Float32Array } } | null | undefined;
      return (cloud?.lastDraw ?? 0) > 0 && cloud!.points.data.length === 688;
    }));
    const header = await headerOf(vscode.Uri.file(inWorkspace("latents", "penguins-pca-1.latent.safetensors")));
    assert.deepEqual([header.latent.dim, header.state, header.labels?.name], [4, "complete", "species"]);
  });

  it("remembers the answers: Embed with Last Settings asks nothing", async () => {
    await driver.rightClickInExplorer("penguins.csv", "Embed with Last Settings");
    const again = vscode.Uri.file(inWorkspace("latents", "penguins-pca-2.latent.safetensors"));
    await until("the second checkpoint", () => existsSync(again.fsPath));
    assert.equal((await headerOf(again)).hyperparameters["latentDim"], 4);
    await driver.waitFor(view.scatter());
  });

  it("offers the last answers again", async () => {
    await driver.rightClickInExplorer("penguins.csv", "Embed Dataset…");
    await question("Continue");
    await driver.pick("Continue");
    await question("PCA", "used last");
    await driver.pick("PCA");
    await question("Components: 4");
    await driver.press("Escape");
  });

  it("remembers what was changed, not what was left as it is: columns that the file gets later are features as well", async () => {
    const file = inWorkspace("growing.csv");
    const lines = Array.from({ length: 12 }, (_, i) => [Math.sin(i), i % 3, (i * 7) % 5].map(value => value.toFixed(3)));
    const write = (columns: number) => writeFile(file, [["first", "second", "third"], ...lines].map(cells => cells.slice(0, columns).join(",")).join("\n"));
    await write(2);
    const embedding = vscode.commands.executeCommand<vscode.Uri>("latentLens.embedDataset", vscode.Uri.file(file));
    await question("Continue", "12 rows × 2 columns");
    await driver.pick("Continue");
    await question("PCA");
    await driver.pick("PCA");
    await question("Start");
    await driver.press("Enter");
    await embedding;
    await write(3);
    const again = vscode.commands.executeCommand("latentLens.embedDataset", vscode.Uri.file(file));
    await question("Continue", "12 rows × 3 columns");
    await driver.press("Escape");
    await again;
    await rm(file);
  });

  it("lets the reading of the file be changed", async () => {
    await driver.rightClickInExplorer("penguins.csv", "Embed Dataset…");
    await question("Label column");
    await driver.pick("Label column");
    await question("island");
    await driver.pick("island");
    await question("Continue", "island");
    // The rows are not told their own label: 6 features were ticked, island among them.
    await question("Feature columns", "5 of 7");
    await driver.press("Escape");
  });

  it("is in the title bar of an open CSV", async () => {
    await driver.openFile("penguins.csv");
    await driver.click(".editor-actions [aria-label^='Embed Dataset']");
    await question("Continue");
    await driver.press("Escape");
  });

  it("finds the workspace's datasets from the command palette", async () => {
    await driver.runCommand("Latent Lens: Embed Dataset…");
    await question("shapes.npz");
    const items = await questions();
    for (const name of ["penguins.csv", "swiss-roll.npy", "train-images-idx3-ubyte", "Browse for a file", "Browse for a folder of images"]) assert(items.some(item => item.includes(name)), name);
    const folders = items.filter(item => item.includes(workspaceFolder()));
    assert.deepEqual(folders, [], "files of the workspace need no absolute path");
    await driver.press("Escape");
  });

  const cases: [path: string, model: string, kind: string, count: number][] = [
    ["swiss-roll.npy", "pca", "vector", 0],
    ["shapes.npz", "vae", "image", 4000],
    ["emoji", "convAutoencoder", "image", 0],
    ["olympians.csv", "autoencoder", "table", 11538],
    ["mnist/t10k-images-idx3-ubyte", "linearAutoencoder", "image", 10000],
  ];
  for (const [path, model, kind, count] of cases) {
    it(`embeds ${path} with ${model}`, async () => {
      const values: HyperparameterValues = model === "pca" ? { latentDim: 2 } : model === "convAutoencoder" ? { latentDim: 4, filters: [4, 8], epochs: 2 } : model === "linearAutoencoder" ? { latentDim: 3, epochs: 2 } : { ...smallFit, epochs: 2 };
      const header = await headerOf(await embed(path, model, values));
      assert.equal(header.state, "complete");
      assert.equal(header.schema.kind, kind);
      if (count > 0) assert.equal(header.schema.count, count);
      assert.deepEqual(header.tensors["latents"]!.shape, [header.schema.count, header.latent.dim]);
      await until("the scatter", () => openViews().includes("latentLens.scatter"));
    }).timeout(180_000);
  }

  it("says what is wrong with a file that is no dataset", async () => {
    await vscode.workspace.fs.writeFile(vscode.Uri.file(inWorkspace("broken.csv")), Buffer.from("a,b\n1,2\n3\n"));
    await driver.rightClickInExplorer("broken.csv", "Embed Dataset…");
    await until("the error", async () => (await driver.notifications()).some(text => text.includes("broken.csv") && text.includes("line 3")));
  });
});
