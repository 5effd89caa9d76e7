import type { Locator } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checkpointQueries } from "../../src/protocol/engineApi";
import { openView } from "./support/openView";
import { viewIds } from "./support/views";

// What a view shows when it has not what it needs: it says so, and offers what helps.

/** Losses are in the checkpoint's header: this view needs no answer from the engine. */
const needsNoEngine = new Set(["training"]);
const needingEngine = viewIds.filter(id => !needsNoEngine.has(id));

describe("while it waits, a view says so", () => {
  it.each(viewIds)("%s for its checkpoint", async id => {
    const view = await openView(id, { checkpoint: "digits", prepare: host => host.hold("state") });
    await view.find("[role=status] vscode-progress-ring").waitFor();
    expect(view.host.queriesAsked).toEqual([]);
  });

  it.each(needingEngine)("%s for the engine", async id => {
    const view = await openView(id, { checkpoint: "digits", prepare: host => host.hold(...checkpointQueries) });
    await view.find("[role=status] vscode-progress-ring").waitFor();
  });

  // The last of the answers that a view needs: the frame is there, what is in it is not.
  it.each([["scatter", "points"], ["compare", "points"], ["reconstructions", "reconstruct"], ["traversal", "traverse"], ["explorer", "decode"]] as const)("%s for %s", async (id, query) => {
    const view = await openView(id, { checkpoint: "digits", prepare: host => host.hold(query) });
    expect(view.host.queriesAsked).toContain(query);
    await view.find("vscode-progress-ring").first().waitFor();
  });

  it("training shows its losses all the same", async () => {
    const view = await openView("training", { checkpoint: "digits", prepare: host => host.hold(...checkpointQueries) });
    expect(await view.find("latent-chart").count()).toBe(1);
  });
});

describe("when the checkpoint cannot be read, a view says why", () => {
  it.each(viewIds)("%s", async id => {
    const reason = "the header claims 99 bytes, the file has 12: it is cut short";
    const view = await openView(id, { checkpoint: "digits", prepare: host => host.fail("bad-checkpoint", reason, "state") });
    const alert = view.find("[role=alert]");
    expect(await alert.textContent()).toContain("This checkpoint cannot be read");
    expect(await alert.textContent()).toContain(reason);
    view.host.restore("state");
    await alert.getByRole("button", { name: "Try Again" }).click();
    await view.settled();
    expect(await view.find("[role=alert]").count()).toBe(0);
    expect(view.host.queriesAsked).not.toEqual([]);
  });
});

describe("when the engine fails, a view says why and tries again when asked to", () => {
  it.each(needingEngine)("%s", async id => {
    const view = await openView(id, { checkpoint: "digits", prepare: host => host.fail("engine-exited", "The engine ended (signal SIGKILL).", ...checkpointQueries) });
    const alert = view.find("[role=alert]");
    const [again, locate] = ["Try Again", "Locate Dataset…"].map(name => alert.getByRole("button", { name })) as [Locator, Locator];
    expect(await alert.locator("h2").textContent()).toBe("This view cannot be shown");
    expect(await alert.textContent()).toContain("The engine ended (signal SIGKILL).");
    expect(await locate.count()).toBe(0);

    view.host.fail("bad-dataset", "line 7 has 3 columns, expected 4", ...checkpointQueries);
    await again.click();
    await view.settled();
    expect(await alert.locator("h2").textContent()).toBe("The dataset cannot be read");
    expect(await alert.textContent()).toContain("line 7 has 3 columns, expected 4");
    await locate.click();
    await expect.poll(() => view.host.argsOf("command")).toEqual([["latentLens.locateDataset"]]);

    view.host.restore(...checkpointQueries);
    await again.click();
    await view.settled();
    expect(await alert.count()).toBe(0);
    expect((await view.page.evaluate(() => window.latentLens.audit.content())).drawn).toBeGreaterThan(0);
  });

  it("training keeps its losses", async () => {
    const view = await openView("training", { checkpoint: "digits", prepare: host => host.fail("engine-exited", "gone", ...checkpointQueries) });
    expect(await view.find("latent-chart").count()).toBe(1);
  });

  it.each([["penguins", "latent-table-pairs"], ["digits", "latent-pairs"]] as const)("reconstructions of %s, when only rows are missing", async (checkpoint, element) => {
    const view = await openView("reconstructions", { checkpoint, prepare: host => host.fail("engine-exited", "gone", "reconstruct") });
    expect(await view.find("[role=alert] .message").textContent()).toBe("gone");
    view.host.restore("reconstruct");
    await view.find("[role=alert]").getByRole("button", { name: "Try Again" }).click();
    await view.find(`${element} [aria-pressed]`).first().waitFor();
  });

  it("explorer, when a knob is turned", async () => {
    const view = await openView("explorer", { checkpoint: "digits" });
    view.host.fail("engine-exited", "gone", "decode");
    await view.find(".knob input").first().press("ArrowRight");
    expect(await view.find("[role=alert] .message").textContent()).toBe("gone");
  });

  it("scatter, when neighbours cannot be found: the rest stays", async () => {
    const view = await openView("scatter", { selection: Int32Array.of(3), prepare: host => host.fail("engine-exited", "gone", "neighbors") });
    expect(await view.find("latent-selection [role=status]").textContent()).toBe("gone");
    expect(await view.find("latent-selection vscode-progress-ring").count()).toBe(0);
    expect(await view.find("latent-point-cloud").count()).toBe(1);
  });
});

describe("when the dataset is gone", () => {
  it.each(["scatter", "compare", "reconstructions"] as const)("%s says so, and helps to find it", async id => {
    const view = await openView(id, { checkpoint: "gone" });
    const notice = view.find(".notice[role=status]");
    expect(await notice.textContent()).toContain("gone.csv");
    await notice.getByRole("button", { name: "Locate Dataset…" }).click();
    await expect.poll(() => view.host.argsOf("command")).toEqual([["latentLens.locateDataset"]]);
    expect(await view.page.evaluate(() => window.latentLens.audit.layoutProblems())).toEqual([]);
  });

  it.each(["scatter", "compare", "traversal", "explorer"] as const)("%s still shows what the checkpoint holds", async id => {
    const view = await openView(id, { checkpoint: "gone" });
    const { drawn } = await view.page.evaluate(() => window.latentLens.audit.content());
    expect(drawn + (await view.find("dl dd").count())).toBeGreaterThan(0);
    expect(await view.find("[role=alert]").count()).toBe(0);
  });

  it("scatter shows a selected point as far as it is known", async () => {
    const view = await openView("scatter", { checkpoint: "gone", selection: Int32Array.of(3) });
    expect(await view.find("latent-selection dl").textContent()).toContain("Adelie");
    expect(await view.find("latent-selection .list button").count()).toBe(12);
  });
});

describe("without a checkpoint", () => {
  it("the explorer says what to do", async () => {
    const view = await openView("explorer", { checkpoint: null, width: 250 });
    expect(await view.find("latent-explorer").evaluate(element => element.shadowRoot!.textContent)).toContain("embed a dataset");
    await view.find("vscode-button").click();
    await expect.poll(() => view.host.argsOf("command")).toEqual([["latentLens.embedDataset"]]);
    expect(await view.page.evaluate(() => window.latentLens.audit.layoutProblems())).toEqual([]);
  });

  it("the explorer begins when one is opened", async () => {
    const view = await openView("explorer", { checkpoint: "digits", prepare: host => { host.state = { ...host.state, checkpoint: null }; } });
    const { host } = await openView("explorer", { checkpoint: "digits" });
    view.host.events.didChangeState(host.state);
    await view.find(".knob").first().waitFor();
  });
});

describe("an interrupted run", () => {
  const resume = { name: "Resume Training" };
  it("is resumed from its view", async () => {
    const view = await openView("training", { checkpoint: "interrupted" });
    await view.page.getByRole("button", resume).click();
    await expect.poll(() => view.host.argsOf("command")).toEqual([["latentLens.resumeTraining"]]);
  });

  it("is not resumed where the workspace is not trusted", async () => {
    const view = await openView("training", { checkpoint: "interrupted", state: { trusted: false } });
    expect(await view.find("latent-chart").count()).toBe(1);
    expect(await view.page.getByRole("button", resume).count()).toBe(0);
  });
});
