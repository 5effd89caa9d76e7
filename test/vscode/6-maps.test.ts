import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import * as vscode from "vscode";
import { driver } from "./driver";
import { closeEditors, embed, endEngine, explorerHeader, headerOf, inWorkspace, openViews, question, until, view } from "./support";

const rows = () => driver.texts(".pane-body .monaco-list-row");
/** Counts the pictures that the scatter was given. */
const pictures = () => driver.evaluate("latent-scatter", () => {
  const cloud = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as unknown as { points: { data: Float32Array } };
  return Array.from(cloud.points.data.subarray(0, 2)).join();
});

describe("maps", () => {
  before(async () => {
    await driver.showView("Latent Lens");
    await driver.click(explorerHeader);
  });
  after(() => driver.click(explorerHeader));
  afterEach(async function () {
    if (this.currentTest?.state === "failed") endEngine();
    await closeEditors();
  });

  it("are drawn while they are made, stop with their picture, and go on", async () => {
    const fitting = embed("mnist/t10k-images-idx3-ubyte", "tsne", { iterations: 5000 });
    await driver.waitFor(view.scatter("latent-point-cloud"), { timeout: 90_000 });
    const first = await pictures();
    await until("another picture", async () => (await pictures()) !== first, 30_000);
    await until("steps in the tree", async () => /step \d+ of 5000/.test((await rows())[0]!));
    const asked = Date.now();
    await vscode.commands.executeCommand("latentLens.cancelRun");
    const checkpoint = await fitting;
    assert(Date.now() - asked < 30_000); // not the minutes that all steps take
    const stopped = await headerOf(checkpoint);
    assert.equal(stopped.state, "interrupted");
    assert.deepEqual(stopped.tensors["latents"]!.shape, [10_000, 2]);
    assert(stopped.tensors["neighbors.rows"]);
    await until("a word of steps, not of epochs", async () => (await driver.notifications()).some(text => /Stopped at step \d+ of 5000\. The map is kept/.test(text)));
    await until("the paused map", async () => (await rows()).some(row => row.includes("stopped at")));
    assert(openViews().includes("latentLens.scatter"));

    const resuming = vscode.commands.executeCommand("latentLens.resumeTraining", checkpoint);
    await until("more steps", async () => Number(/step (\d+) of 5000/.exec((await rows())[0]!)?.[1] ?? 0) > (stopped.position?.epoch ?? 0), 60_000);
    await vscode.commands.executeCommand("latentLens.cancelRun", checkpoint);
    await resuming;
  }).timeout(240_000);

  it("are added to a checkpoint's latents, with their quality beside them", async () => {
    const basis = await embed("penguins.csv", "pca", { latentDim: 3 });
    const { name } = await headerOf(basis);
    const adding = vscode.commands.executeCommand<vscode.Uri>("latentLens.addMap", basis);
    await question("t-SNE");
    await driver.pick("UMAP");
    await question("Start");
    await driver.press("Enter");
    const map = await adding;
    const header = await headerOf(map);
    assert.equal(header.state, "complete");
    assert(header.basis && basis.fsPath.includes(header.basis.name), name);
    await driver.waitFor(view.scatter("latent-quality dl"), { timeout: 60_000 });
    const card = (await driver.texts(view.scatter("latent-quality :is(dt, p)"))).join(", ");
    for (const part of ["trustworthiness", "continuity", "neighbours kept", "stress", "all 344 rows"]) assert(card.includes(part), card);
    assert.equal(await driver.count(view.scatter("latent-quality canvas")), 1);
    await until("its basis in the tree", async () => (await rows()).some(row => row.includes("2-D · of penguins-pca")));
  }).timeout(120_000);

  it("and models of a selection stay with its rows: duplicated, mapped again, compared", async () => {
    const whole = await embed("penguins.csv", "pca", { latentDim: 3 });
    await driver.waitFor(view.scatter("latent-point-cloud"), { timeout: 60_000 });
    await driver.setInput(view.scatter("input.search"), "gentoo");
    await driver.press("Enter", view.scatter("input.search"));
    await until("the selection", async () => /124 rows selected/i.test((await driver.texts(view.scatter("latent-selection h3"))).join()));
    const answer = async () => {
      await question("Continue");
      await driver.pick("Continue");
      await question("PCA");
      await driver.pick("PCA");
      await question("Start");
      await driver.press("Enter");
    };
    const embedding = vscode.commands.executeCommand<vscode.Uri>("latentLens.embedSelection", whole);
    await answer();
    const some = await embedding;
    const duplicating = vscode.commands.executeCommand<vscode.Uri>("latentLens.duplicateSettings", some);
    await answer();
    const adding = duplicating.then(() => vscode.commands.executeCommand<vscode.Uri>("latentLens.addMap", some));
    await question("t-SNE");
    await driver.pick("UMAP");
    await question("Start");
    await driver.press("Enter");
    const all = [some, await duplicating, await adding, await vscode.commands.executeCommand<vscode.Uri>("latentLens.compareMaps", some)];
    for (const uri of all) {
      const { schema, subset } = await headerOf(uri);
      assert.deepEqual([schema.count, subset], [124, { of: 344 }], uri.fsPath);
    }
    await until("which rows in the tree", async () => (await rows()).some(row => row.includes("124 of 344")));
    await until("all maps of them", async () => (await driver.texts(view.compare("latent-map-panel .quality .entry"))).length >= 4 * 3, 60_000);
  }).timeout(240_000);

  it("of three dimensions open in three", async () => {
    await embed("penguins.csv", "umap", { dimensions: "3", epochs: 50 });
    await until("a space", () => driver.evaluate("latent-scatter", () => {
      const cloud = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as unknown as { points: { dimensions: number } } | null;
      return cloud?.points.dimensions === 3;
    }));
    assert.equal(await driver.attribute(view.scatter("button[title='3 dimensions']"), "aria-pressed"), "true");
  }).timeout(60_000);

  it("are made of a selection, which the question counts, and leave the keyboard where it is when they are done", async () => {
    await embed("penguins.csv", "pca", { latentDim: 2 });
    await driver.waitFor(view.scatter("latent-point-cloud"));
    await pictures();
    await driver.setInput(view.scatter("input.search"), "gentoo");
    await driver.press("Enter", view.scatter("input.search"));
    await until("the Gentoos", () => driver.evaluate("latent-scatter", () => {
      const cloud = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as unknown as { selection: Int32Array };
      return cloud.selection.length === 124;
    }));
    await driver.click(view.scatter("latent-selection button[aria-label^='Embed only these rows']"));
    await question("Continue");
    await driver.waitFor(".quick-input-title", { text: "Embed 124 selected rows of penguins.csv" });
    await driver.press("Enter");
    await question("t-SNE");
    await driver.pick("t-SNE");
    await question("Start");
    await driver.press("Enter");
    const other = vscode.commands.executeCommand("latentLens.embedDataset");
    await question("shapes.npz");
    const { uri } = await until("the map", () => {
      const { input } = vscode.window.tabGroups.activeTabGroup.activeTab!;
      return input instanceof vscode.TabInputCustom && input.uri.path.includes("tsne") && input;
    });
    await until("all its steps", async () => (await headerOf(uri)).state === "complete");
    assert.deepEqual((await headerOf(uri)).tensors["latents"]!.shape, [124, 2]);
    await driver.type("shapes");
    await until("what was typed", async () => (await driver.texts(".quick-input-list .monaco-list-row")).every(row => !row.includes("penguins")));
    await driver.press("Escape");
    await other;
  }).timeout(120_000);

  it("take the rows of another dataset, by the tree's menu and three keys, and keep them", async () => {
    const lines = (await readFile(inWorkspace("penguins.csv"), "utf8")).trimEnd().split("\n");
    const part = (name: string, takes: (row: number) => boolean) => writeFile(inWorkspace(name), lines.filter((_, i) => i === 0 || takes(i)).join("\n"));
    await part("most.csv", row => row % 4 !== 0);
    await part("rest.csv", row => row % 4 === 0);
    const map = await embed("most.csv", "umap", { epochs: 200 });
    const before = await headerOf(map);
    const pca = await embed("most.csv", "pca", { latentDim: 4 });
    for (const [uri, name] of [[map, "My map"], [pca, "No map"]] as const) {
      const renaming = vscode.commands.executeCommand("latentLens.renameCheckpoint", uri);
      await driver.answer(name);
      await renaming;
      await until(name, async () => (await rows()).some(row => row.includes(name)));
    }
    assert(!(await driver.rightClickInTree("No map")).includes("Place Rows in Map…"));
    await driver.press("Escape");
    assert.equal(await vscode.commands.executeCommand("latentLens.placeRows", pca), undefined);
    await until("why not", async () => (await driver.notifications()).some(text => text.includes("No map is no map. Rows are placed in maps by t-SNE, UMAP or MDS.")));
    await closeEditors();

    await driver.rightClickInTree("My map", "Place Rows in Map…");
    await question("rest.csv");
    await driver.pick("rest.csv");
    await question("Continue", "86 rows", "3 classes by species");
    await driver.press("Enter");
    await driver.waitFor(view.scatter("latent-placed .set"), { timeout: 60_000 });
    const after = await headerOf(map);
    assert.deepEqual(after.placed?.map(({ dataset, count }) => [dataset.name, count]), [["rest.csv", 86]]);
    assert.equal(after.tensors["latents"]!.end - after.tensors["latents"]!.start, before.tensors["latents"]!.end - before.tensors["latents"]!.start);
    const drawn = () => driver.evaluate("latent-scatter", () => {
      const cloud = document.querySelector("latent-scatter")?.shadowRoot?.querySelector("latent-point-cloud") as unknown as { points: { data: Float32Array }; firstMark: number } | null | undefined;
      return cloud ? [cloud.points.data.length / 2, cloud.firstMark] : [];
    });
    await until("all points", async () => (await drawn()).join() === "344,258");
    await until("their number in the tree", async () => (await rows()).some(row => row.includes("86 placed")));

    // Beside another map of the same rows they are drawn in their own.
    await closeEditors();
    await vscode.commands.executeCommand("latentLens.openCompare", pca);
    await driver.waitFor(view.compare(".hint"), { timeout: 60_000 });
    await driver.click(view.compare(".toolbar vscode-button"));
    await question("My map");
    await driver.pick("My map");
    await driver.waitFor(view.compare("latent-placed .set"), { timeout: 60_000 });
    const compared = () => driver.evaluate("latent-compare", () => [...document.querySelector("latent-compare")!.shadowRoot!.querySelectorAll("latent-map-panel")].map(panel => {
      const cloud = panel.shadowRoot!.querySelector("latent-point-cloud") as unknown as { shown: Uint8Array } | null;
      return cloud ? cloud.shown.reduce((sum, value) => sum + value, 0) : 0;
    }));
    await until("the rows in one of two maps", async () => (await compared()).join() === "258,344");
    await driver.click(view.compare("latent-placed button[aria-label='Select the rows of rest.csv']"));
    await until("the selection", async () => (await driver.texts(view.compare(".facts"))).join().includes("86 rows selected"));

    // They are there again when the map is opened the next time.
    await closeEditors();
    await vscode.commands.executeCommand("latentLens.openScatter", map);
    await until("all points again", async () => (await drawn()).join() === "344,258");
    await driver.click(view.scatter("latent-placed button[aria-label^='Take the rows of rest.csv']"));
    await until("the map alone", async () => (await drawn())[0] === 258);
    assert.equal((await headerOf(map)).placed, undefined);
  }).timeout(180_000);
});
