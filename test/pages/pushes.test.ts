import { describe, expect, it } from "vitest";
import type { Progress } from "../../src/protocol/data";
import { checkpoints } from "./support/checkpoints";
import { openView } from "./support/openView";
import { viewIds } from "./support/views";

// What the extension tells a page, and what the page remembers by itself.

const underWay: Progress = { phase: "fitting", isMap: false, fraction: 0.25, epoch: 1, epochs: 12, losses: { total: 321.5 }, history: [], secondsLeft: 65, device: "CPU · wasm" };

describe("a selection made elsewhere is shown", () => {
  it("in the scatter, with the row's facts and neighbours", async () => {
    const view = await openView("scatter");
    view.host.events.didSelect(Int32Array.of(200));
    await expect.poll(() => view.find("latent-selection h3").first().textContent()).toBe("Row 200");
    await view.settled();
    expect(await view.find("latent-selection .list button").count()).toBe(12);
    expect(view.host.argsOf("neighbors").at(-1)![0]).toMatchObject({ row: 200, metric: "euclidean" });
    expect(view.host.argsOf("select"), "not told back").toEqual([]);
  });

  it.each([["digits", "latent-pairs"], ["penguins", "latent-table-pairs"]] as const)("in the reconstructions of %s", async (checkpoint, element) => {
    const view = await openView("reconstructions", { checkpoint });
    const rows = [...(view.host.argsOf("reconstruct").at(-1)![0] as { rows: Int32Array }).rows];
    view.host.events.didSelect(Int32Array.of(rows[1]!));
    await expect.poll(() => view.find(`${element} [aria-pressed=true]`).count()).toBe(1);
    await view.page.getByRole("checkbox", { name: "Selected (1)" }).click();
    await view.settled();
    expect([...(view.host.argsOf("reconstruct").at(-1)![0] as { rows: Int32Array }).rows]).toEqual([rows[1]]);
  });

  it("in the traversal, when it starts from a row", async () => {
    const view = await openView("traversal", { checkpoint: "digits" });
    view.host.events.didSelect(Int32Array.of(7));
    await view.settled();
    expect(view.host.argsOf("traverse")).toHaveLength(1);
    await view.page.getByRole("combobox", { name: "Start from" }).selectOption("row");
    await view.settled();
    view.host.events.didSelect(Int32Array.of(9));
    await expect.poll(() => view.host.argsOf("traverse").map(([request]) => (request as { anchor: object }).anchor)).toEqual([{ kind: "mean" }, { kind: "row", row: 7 }, { kind: "row", row: 9 }]);
  });

  it("in the explorer, as a place to start from", async () => {
    const view = await openView("explorer", { checkpoint: "digits" });
    expect(await view.page.getByRole("button", { name: "Selected" }).isDisabled()).toBe(true);
    view.host.events.didSelect(Int32Array.of(9));
    await view.page.getByRole("button", { name: "Row 9" }).click();
    await expect.poll(() => view.host.argsOf("anchor").at(-1)).toEqual([{ kind: "row", row: 9 }]);
  });
});

describe("a run under way", () => {
  it.each(viewIds)("moves the bar of the %s view, which shows what came of it", async id => {
    const view = await openView(id, { checkpoint: "digits", state: { progress: { ...underWay, fraction: 0.1 } } });
    const bar = view.page.getByRole("progressbar", { name: "Training progress" });
    expect(await bar.getAttribute("max")).toBe("1");
    view.host.events.didProgress(underWay);
    await expect.poll(() => bar.evaluate(element => (element as HTMLProgressElement).value)).toBe(0.25);
    const calls = view.host.calls.length;
    // The same file, the same content: nothing to ask again.
    view.host.events.didChangeState({ ...view.host.state, progress: { ...underWay, fraction: 0.5 } });
    await expect.poll(() => bar.evaluate(element => (element as HTMLProgressElement).value)).toBe(0.5);
    expect(view.host.queriesAsked.length).toBeGreaterThan(0);
    expect(view.host.calls.length).toBe(calls);
    view.host.events.didChangeState({ ...view.host.state, progress: null });
    await expect.poll(() => bar.count()).toBe(0);
    await expect.poll(() => view.host.calls.length).toBeGreaterThan(calls);
    await view.settled();
    expect(await view.find("vscode-progress-ring").count()).toBe(0);
  });

  it("is followed and stopped in the training view", async () => {
    const { digits } = await checkpoints();
    const view = await openView("training", { checkpoint: "digits", state: { progress: underWay } });
    const looks = view.host.argsOf("reconstruct").length;
    await view.page.waitForTimeout(1600); // it looks at the model at most so often
    view.host.events.didProgress({ ...underWay, history: digits.header.losses.slice(0, 2), epoch: 2 });
    await expect.poll(() => view.find(".figures").textContent()).toMatch(/Epoch\s*3 of 12\s*Loss now\s*321\.5.*Time left\s*1:05 min/s);
    await expect.poll(() => view.host.argsOf("reconstruct").length).toBe(looks + 1);
    await view.page.getByRole("button", { name: "Stop" }).click();
    await expect.poll(() => view.host.argsOf("command")).toEqual([["latentLens.cancelRun"]]);
  });
});

describe("what the user arranged outlives a reload", () => {
  it("in the scatter: map, dimensions, colours, filter, panel, zoom", async () => {
    const view = await openView("scatter", { screenshots: true });
    await view.page.getByRole("combobox", { name: "Colour" }).selectOption("column:body_mass_g");
    await view.page.getByRole("button", { name: "3D" }).click();
    await view.page.getByRole("button", { name: "Zoom in (+)" }).click();
    await view.settled();
    await view.find("latent-legend input[type=range]").first().fill("5000");
    await view.settled();
    await view.page.mouse.move(2, 550); // beside all that would light up
    const look = () => view.find(".plot").screenshot();
    const before = await look();
    const note = await view.find(".foot").textContent();
    await view.page.reload();
    await view.settled();
    expect(await view.page.getByRole("combobox", { name: "Colour" }).inputValue()).toBe("column:body_mass_g");
    expect(await view.page.getByRole("button", { name: "3D" }).getAttribute("aria-pressed")).toBe("true");
    expect(await view.find(".foot").textContent()).toBe(note);
    expect((await look()).equals(before)).toBe(true);
  });

  it("in the reconstructions: tab and order", async () => {
    const view = await openView("reconstructions", { checkpoint: "components" });
    await view.page.getByRole("combobox", { name: "Order" }).selectOption("best");
    await view.page.getByRole("tab", { name: "Components" }).click();
    await view.page.reload();
    await view.settled();
    expect(await view.page.getByRole("tab", { name: "Components" }).getAttribute("aria-selected")).toBe("true");
    await view.page.getByRole("tab", { name: "Rows" }).click();
    expect(await view.page.getByRole("combobox", { name: "Order" }).inputValue()).toBe("best");
  });

  it("in the traversal and the training view: their sliders and boxes", async () => {
    const traversal = await openView("traversal", { checkpoint: "digits" });
    await traversal.page.getByRole("slider", { name: "Steps" }).fill("5");
    await traversal.settled();
    await traversal.page.reload();
    await traversal.settled();
    expect(await traversal.find("tr").first().locator("td").count()).toBe(5);
    const training = await openView("training", { checkpoint: "digits" });
    await training.page.getByRole("checkbox", { name: "Logarithmic" }).click();
    await training.page.getByRole("combobox", { name: "Loss" }).selectOption("kl");
    await training.page.reload();
    await training.settled();
    expect(await training.page.getByRole("checkbox", { name: "Logarithmic" }).getAttribute("aria-checked")).toBe("true");
    expect(await training.page.getByRole("combobox", { name: "Loss" }).inputValue()).toBe("kl");
  });
});
