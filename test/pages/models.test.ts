import { describe, expect, it } from "vitest";
import { checkpoints } from "./support/checkpoints";
import { openView, type View } from "./support/openView";

// What the views show of particular models and kinds of rows.

/** A canvas's picture, to compare with another. */
const pictures = (view: View, selector: string) => view.find(selector).evaluateAll(canvases => canvases.map(canvas => (canvas as HTMLCanvasElement).toDataURL()));
const distinct = (values: string[]) => new Set(values).size;

describe("PCA", () => {
  it("shows its components as pictures, with what each explains", async () => {
    const view = await openView("reconstructions", { checkpoint: "components" });
    await view.page.getByRole("tab", { name: "Components" }).click();
    await view.settled();
    expect(distinct(await pictures(view, "latent-components latent-row canvas"))).toBe(1 + 12);
    const shares = (await view.find("figcaption .number").allTextContents()).map(text => parseFloat(text));
    expect(shares).toHaveLength(12);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(await view.find("latent-components p").textContent()).toMatch(/12 components explain \d\d\.\d\d % of the variance/);
    expect((await view.page.evaluate(() => window.latentLens.audit.content())).blank).toEqual([]);
  });

  it("shows a table's loadings as numbers under the columns' names", async () => {
    const view = await openView("reconstructions", { checkpoint: "penguins" });
    await view.page.getByRole("tab", { name: "Components" }).click();
    await view.settled();
    const names = await view.find("latent-components tbody th").allTextContents();
    expect(names).toContain("body_mass_g");
    expect(names).toContain("island = Dream");
  });

  it("rebuilds rows from the first components alone", async () => {
    const view = await openView("reconstructions", { checkpoint: "components" });
    const errors = async () => (await view.find("latent-pairs .caption span:last-child").allTextContents()).map(Number);
    const whole = await errors();
    await view.page.getByRole("slider", { name: "Components used" }).fill("2");
    await view.settled();
    expect(view.host.argsOf("reconstruct").at(-1)![0]).toMatchObject({ components: 2 });
    const few = await errors();
    expect(few.length).toBe(whole.length);
    few.forEach((error, i) => expect(error).toBeGreaterThan(whole[i]!));
    expect(await view.find("label.first").textContent()).toMatch(/2 of 12 · \d\d\.\d %/);
  });

  it("turns data of three dimensions onto its axes, beside what it was", async () => {
    const view = await openView("reconstructions", { checkpoint: "roll" });
    await view.page.getByRole("tab", { name: "Before and After" }).click();
    await view.settled();
    expect(await view.find("latent-point-cloud").count()).toBe(2);
    expect((await view.page.evaluate(() => window.latentLens.audit.content())).drawn).toBe(4);
    expect(view.host.argsOf("points").map(([request]) => request)).toEqual([{ projection: "rows", dimensions: 3 }, { projection: "axes", dimensions: 3 }]);
  });
});

describe("a latent plane", () => {
  it("is a sheet of pictures at once", async () => {
    const view = await openView("traversal", { checkpoint: "plane" });
    expect(view.host.argsOf("sheet")).toHaveLength(1);
    expect(await view.find("td").count()).toBe(11 * 11);
    expect(distinct(await pictures(view, "td latent-row canvas"))).toBeGreaterThan(60);
    const table = (await view.find("table").boundingBox())!;
    expect(table.y + table.height, "seen whole").toBeLessThanOrEqual(560);
    expect(await view.find("caption").textContent()).toMatch(/z [12] →\s+z [12] ↑/);
  });
});

describe("a table's traversal", () => {
  it("shows each column over its own range, so that the largest numbers do not hide the others", async () => {
    const view = await openView("traversal", { checkpoint: "penguins" });
    const { penguins } = await checkpoints();
    const cells = await pictures(view, "td latent-row canvas");
    expect(cells).toHaveLength(11 * penguins.header.latent.dim);
    // In one unit for all, grams would be the only bar to be seen, and every cell of a row the same.
    expect(distinct(cells.slice(0, 11))).toBe(11);
    await view.find("td").nth(4).hover();
    await view.settled();
    expect(await view.find(".side dl").first().textContent()).toContain("body_mass_g");
  });
});

describe("a traversal", () => {
  it("starts where the user wants it to, and goes as far", async () => {
    const view = await openView("traversal", { checkpoint: "digits" });
    await view.page.getByRole("combobox", { name: "Start from" }).selectOption("draw");
    await view.settled();
    await view.page.getByRole("button", { name: "Draw again" }).click();
    await view.page.getByRole("slider", { name: "Range" }).fill("0.8");
    await view.settled();
    const request = view.host.argsOf("traverse").at(-1)![0] as { anchor: object; from: number; to: number };
    expect(request.anchor).toEqual({ kind: "draw", seed: 2 });
    expect([request.from, request.to]).toEqual([expect.closeTo(0.2), 0.8]);
    await view.page.getByRole("button", { name: "Two dimensions as a sheet" }).click();
    await view.page.getByRole("combobox", { name: "Across" }).selectOption({ index: 3 });
    await view.settled();
    expect(view.host.argsOf("sheet").length).toBeGreaterThan(1);
    expect(await view.find("td").count()).toBe(11 * 11);
  });
});

describe("the explorer", () => {
  it("has a knob for each dimension, those with most effect first and the rest when asked for", async () => {
    const view = await openView("explorer", { checkpoint: "digits" });
    const names = () => view.find(".knob .name").allTextContents();
    const summary = await (await checkpoints()).engine.latentSummary((await checkpoints()).digits.path);
    const order = [...summary.order].map(j => summary.names[j]!);
    expect(await names()).toEqual(order.slice(0, 12));
    await view.page.getByRole("button", { name: "Show all 16 dimensions" }).click();
    expect(await names()).toEqual(order);
  });

  it("starts from a row that is typed, a random draw, the mean", async () => {
    const view = await openView("explorer", { checkpoint: "digits" });
    const row = view.page.getByRole("spinbutton", { name: "Start from row" });
    await row.fill("42");
    await row.press("Enter");
    await view.settled();
    expect(await view.find(".title").textContent()).toContain("from row 42");
    await row.fill("9999");
    await row.press("Enter");
    await view.page.getByRole("button", { name: "Draw" }).click();
    await view.page.getByRole("button", { name: "Mean" }).click();
    await view.settled();
    expect(view.host.argsOf("anchor").map(([anchor]) => anchor)).toEqual([{ kind: "mean" }, { kind: "row", row: 42 }, { kind: "draw", seed: 1 }, { kind: "mean" }]);
  });

  it("comes back as it was left when the side bar was closed meanwhile", async () => {
    const view = await openView("explorer", { checkpoint: "digits" });
    await view.page.getByRole("button", { name: "Show all 16 dimensions" }).click();
    const row = view.page.getByRole("spinbutton", { name: "Start from row" });
    await row.fill("42");
    await row.press("Enter");
    await view.settled();
    await view.find(".knob input").first().press("ArrowRight");
    await view.settled();
    const shown = async () => [await view.find(".title").textContent(), await view.find(".knob .value").allTextContents()];
    const before = await shown();
    expect(before[0]).toContain("from row 42, then changed");
    await view.page.reload();
    await view.settled();
    expect(await shown()).toEqual(before);
    // Of another checkpoint it means nothing.
    view.host.state = { ...view.host.state, checkpoint: { ...view.host.state.checkpoint!, fileName: "other.latent.safetensors" } };
    await view.page.reload();
    await view.settled();
    expect((await shown())[0]).toContain("from the mean");
  });

  it("says what a table's row decodes to", async () => {
    const view = await openView("explorer", { checkpoint: "penguins", width: 260 });
    const words = await view.find("dl").first().textContent();
    expect(words).toMatch(/island\s*(Biscoe|Dream|Torgersen)/);
    expect(words).toMatch(/body_mass_g\s*4202/); // the mean of all
  });
});

describe("the training view", () => {
  it("shows the losses, in figures and as a chart that another term changes", async () => {
    const view = await openView("training", { checkpoint: "digits" });
    const { losses } = (await checkpoints()).digits.header;
    const last = losses.at(-1)!;
    const figures = await view.find(".figures").textContent();
    expect(figures).toMatch(/Epoch\s*12 of 12/);
    expect(figures).toContain(String(Number(last.train["total"]!.toPrecision(4))));
    const [before] = await pictures(view, "latent-chart canvas");
    await view.page.getByRole("combobox", { name: "Loss" }).selectOption("kl");
    await view.settled();
    const [after] = await pictures(view, "latent-chart canvas");
    expect(after).not.toBe(before);
    expect(distinct(await pictures(view, ".pairs canvas"))).toBe(20);
  });

  it("draws the losses of others beside its own", async () => {
    const { plane } = await checkpoints();
    const view = await openView("training", { checkpoint: "digits" });
    const [alone] = await pictures(view, "latent-chart canvas");
    view.host.events.didChangeState({ ...view.host.state, comparisons: [{ title: "a plane", header: plane.header }] });
    await view.page.getByRole("button", { name: "Stop comparing" }).waitFor();
    await view.settled();
    expect((await pictures(view, "latent-chart canvas"))[0]).not.toBe(alone);
  });
});
