import assert from "node:assert/strict";
import * as vscode from "vscode";
import { driver } from "./driver";
import { closeEditors, embed, smallFit, until, view } from "./support";

interface Cloud { selection: Int32Array; points: { data: Float32Array; dimensions: number }; shown: Uint8Array; lastDraw: number; magnification: number; positionOf(row: number): { x: number; y: number } }

/** What the scatter on screen shows. */
const cloud = () => driver.evaluate("latent-scatter", () => {
  const element = document.querySelector("latent-scatter")?.shadowRoot?.querySelector("latent-point-cloud") as unknown as Cloud | null | undefined;
  return !element ? { selection: [], count: 0, dimensions: 0, shown: 0, drawn: 0, magnification: 0 } : { selection: [...element.selection], count: element.points.data.length / element.points.dimensions, dimensions: element.points.dimensions, shown: element.shown.reduce((sum, one) => sum + one, 0), drawn: element.lastDraw, magnification: element.magnification };
});

/** Where a row is, in parts of the plot. */
const placeOf = (row: number) => driver.evaluate("latent-scatter", at => {
  const element = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as unknown as Cloud & HTMLElement;
  const { x, y } = element.positionOf(at);
  return { x: x / element.clientWidth, y: y / element.clientHeight };
}, row);

const overlay = view.scatter("latent-point-cloud canvas.overlay");
const show = (uri: vscode.Uri, id: string, column = vscode.ViewColumn.One) => vscode.commands.executeCommand("vscode.openWith", uri, `latentLens.${id}`, column);

describe("views", () => {
  let penguins: vscode.Uri;
  let digits: vscode.Uri;
  before(async () => {
    penguins = await embed("penguins.csv", "pca", { latentDim: 4 });
    digits = await embed("mnist/t10k-images-idx3-ubyte", "vae", { ...smallFit, epochs: 2 });
    await closeEditors();
    await driver.forget();
  });
  afterEach(closeEditors);

  it("scatter: picks a point, shows its facts and neighbours, steps by keyboard, clears", async () => {
    await show(penguins, "scatter");
    await until("points", async () => (await cloud()).drawn > 0);
    const at = await placeOf(100);
    await driver.run(async ({ vscode: window }, place) => {
      const box = (await (await window.locate({ webview: "latent-scatter", selector: "latent-point-cloud canvas.overlay" })).boundingBox())!;
      await window.page.mouse.click(box.x + box.width * place.x, box.y + box.height * place.y);
    }, at);
    const [row] = await until("a selection", async () => (await cloud()).selection.length === 1 && (await cloud()).selection);
    await driver.waitFor(view.scatter("latent-selection dl"), { text: "body_mass_g" });
    await driver.waitFor(view.scatter("latent-selection .list button"));
    assert.equal(await driver.count(view.scatter("latent-selection .list button")), 12);
    await driver.press("ArrowRight", overlay);
    await until("another point", async () => (await cloud()).selection[0] !== row);
    await driver.press("Escape", overlay);
    await until("nothing selected", async () => (await cloud()).selection.length === 0);
  });

  it("scatter: box and lasso select, the legend filters, the search finds", async () => {
    await show(penguins, "scatter");
    await until("points", async () => (await cloud()).drawn > 0);
    await driver.click(view.scatter("[aria-label^='Select a box']"));
    await driver.drag(overlay, overlay, { fromAt: { x: 0.02, y: 0.02 }, toAt: { x: 0.5, y: 0.98 } });
    const boxed = await until("a box", async () => (await cloud()).selection.length > 5 && (await cloud()).selection);
    assert(boxed.length < 344);
    await driver.click(view.scatter("[aria-label^='Select with the lasso']"));
    await driver.drag(overlay, overlay, { fromAt: { x: 0.2, y: 0.1 }, toAt: { x: 0.9, y: 0.9 } });
    await driver.setInput(view.scatter("input.search"), "gentoo");
    await driver.press("Enter", view.scatter("input.search"));
    await until("the Gentoos", async () => (await cloud()).selection.length === 124);
    await driver.click(view.scatter("latent-legend .entries button >> text=Adelie"));
    await until("the Adelies hidden", async () => (await cloud()).shown === 344 - 152);
    await driver.click(view.scatter("latent-legend button.link"));
    await until("all shown", async () => (await cloud()).shown === 344);
    await driver.setInput(view.scatter("select[aria-label=Colour]"), "column:body_mass_g");
    await driver.waitFor(view.scatter("latent-legend .ramp"));
    await driver.setInput(view.scatter("latent-legend input >> nth=0"), 5000);
    await until("the heavy ones", async () => (await cloud()).shown < 150);
  });

  it("scatter: three dimensions, zoom, and everything again when the tab was hidden", async () => {
    await show(penguins, "scatter");
    await until("points", async () => (await cloud()).drawn > 0);
    await driver.click(view.scatter(".toolbar button >> text=3D"));
    await until("three dimensions", async () => (await cloud()).dimensions === 3);
    await driver.click(view.scatter(".toolbar button >> text=2D"));
    await until("two dimensions", async () => (await cloud()).dimensions === 2);
    await driver.press("+", overlay);
    const zoomed = await until("zoom", async () => (await cloud()).magnification > 1.2 && (await cloud()).magnification);
    await vscode.workspace.openTextDocument({ content: "code" }).then(document => vscode.window.showTextDocument(document));
    await vscode.commands.executeCommand("workbench.action.previousEditor");
    await until("the same zoom", async () => Math.abs((await cloud()).magnification - zoomed) < 0.05);
    assert.equal((await cloud()).count, 344);
  });

  it("draws pictures in place of points when zoomed in", async () => {
    await show(digits, "scatter");
    await until("points", async () => (await cloud()).count === 10_000);
    for (let times = 0; times < 16; times++) await driver.press("+", overlay);
    await until("pictures", () => driver.evaluate("latent-scatter", () => ((document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as unknown as { sprites: { of: Map<number, unknown> } | null }).sprites?.of.size ?? 0) > 0));
  });

  it("shares the selection among the views of a dataset", async () => {
    await show(penguins, "reconstructions", vscode.ViewColumn.One);
    await driver.waitFor(view.reconstructions("latent-table-pairs tbody >> nth=5"));
    await show(penguins, "scatter", vscode.ViewColumn.Two);
    await until("points", async () => (await cloud()).drawn > 0);
    await driver.click(view.reconstructions("latent-table-pairs tbody >> nth=3"));
    const [row] = await until("the row in the scatter", async () => (await cloud()).selection.length === 1 && (await cloud()).selection);
    assert.equal(await driver.text(view.reconstructions("latent-table-pairs tbody[data-selected] td")), String(row));
  });

  it("reconstructions: pairs in order of error, first k components, components and scree", async () => {
    await show(penguins, "reconstructions");
    const errors = async () => (await driver.texts(view.reconstructions("latent-table-pairs tbody tr:first-child td:last-child"))).map(Number);
    const all = await until("rows", async () => (await errors()).length > 50 && (await errors()));
    assert.deepEqual(all, [...all].sort((a, b) => b - a));
    await driver.setInput(view.reconstructions(".first input"), 1);
    await until("worse rows", async () => (await errors())[0]! > all[0]!);
    await driver.click(view.reconstructions("[role=tab] >> text=Components"));
    await driver.waitFor(view.reconstructions("latent-components latent-chart canvas"));
    await driver.waitFor(view.reconstructions("latent-components p"), { text: "4 components explain" });
  });

  it("reconstructions of images: input, output, difference", async () => {
    await show(digits, "reconstructions");
    await driver.waitFor(view.reconstructions("latent-pairs .card"));
    assert.equal(await driver.count(view.reconstructions("latent-pairs .card >> nth=0 >> latent-row")), 3);
    await driver.setInput(view.reconstructions("select[aria-label=label]"), "7");
    await until("only sevens", async () => {
      const captions = await driver.texts(view.reconstructions("latent-pairs .caption span.grow"));
      return captions.length > 3 && captions.every(caption => caption.trim() === "7");
    });
  });

  it("reconstructions of points: before and after, with axes", async () => {
    const roll = await embed("swiss-roll.npy", "pca", { latentDim: 3 });
    await show(roll, "reconstructions");
    await driver.click(view.reconstructions("[role=tab] >> text=Before and After"));
    await until("two clouds with arrows", () => driver.evaluate("latent-reconstructions", () => {
      const clouds = [...document.querySelector("latent-reconstructions")!.shadowRoot!.querySelector("latent-before-after")!.shadowRoot!.querySelectorAll("latent-point-cloud")] as unknown as { arrows: unknown[]; lastDraw: number }[];
      return clouds.length === 2 && clouds.every(({ lastDraw }) => lastDraw > 0) && clouds[0]!.arrows.length === 3;
    }));
  });

  it("traversal: a sheet for two dimensions, a grid on request, cells by keyboard, a draw", async () => {
    await show(digits, "traversal");
    await driver.waitFor(view.traversal("latent-grid td latent-row"));
    assert.equal(await driver.count(view.traversal("latent-grid td")), 121);
    await driver.click(view.traversal("[aria-label='One row a dimension']"));
    await until("two rows", async () => (await driver.count(view.traversal("latent-grid tr"))) === 2);
    await driver.press("ArrowRight", view.traversal("latent-grid td >> nth=0"));
    await driver.waitFor(view.traversal(".side latent-row"));
    await driver.setInput(view.traversal("select[aria-label='Start from']"), "draw");
    await driver.waitFor(view.traversal("[aria-label='Draw again']"));
  });

  it("explorer: follows the checkpoint, decodes as a slider moves, starts from a row", async () => {
    await show(digits, "scatter");
    await driver.showView("Latent Lens");
    await driver.waitFor(view.explorer(".knob input"));
    const picture = () => driver.evaluate("latent-explorer", () => {
      const canvas = document.querySelector("latent-explorer")!.shadowRoot!.querySelector("latent-row")?.shadowRoot!.querySelector("canvas");
      return canvas ? [...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data].reduce((sum, value, i) => sum + value * ((i % 97) + 1), 0) : 0;
    });
    const before = await until("a picture", picture);
    await driver.setInput(view.explorer(".knob input >> nth=0"), 2.2);
    await until("another picture", async () => (await picture()) !== before);
    await driver.setInput(view.explorer("input[type=number]"), 7);
    await driver.press("Enter", view.explorer("input[type=number]"));
    await driver.waitFor(view.explorer(".title"), { text: "row 7" });
    await vscode.workspace.openTextDocument({ content: "still editing" }).then(document => vscode.window.showTextDocument(document));
    await driver.setInput(view.explorer(".knob input >> nth=1"), -1);
    assert.equal(await driver.count(view.explorer(".knob")), 2);
  });

  it("keep their content policy, report no fault, and use no network", async () => {
    // VS Code itself serves local files to webviews under an address of that form; it never leaves the machine.
    assert.deepEqual((await driver.violations()).filter(({ webview }) => webview), []);
    assert.deepEqual((await driver.errors()).filter(({ webview }) => webview), []);
    assert.deepEqual((await driver.requests()).filter(({ external, url }) => external && !url.includes(".vscode-resource.vscode-cdn.net/")), []);
    assert.deepEqual(await driver.connections(), []);
  });
});
