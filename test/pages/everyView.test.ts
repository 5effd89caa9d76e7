import { describe, expect, it } from "vitest";
import { openView } from "./support/openView";
import { pairs, viewIds } from "./support/views";

// What holds for each page: it shows something, from data that people have, and does nothing that the policy refuses
// (checked after every test, see openView.ts).

describe("a view draws what its checkpoint holds", async () => {
  it.each(await pairs(["penguins", "digits", "roll"]))("%s of %s", async (id, checkpoint) => {
    const view = await openView(id, { checkpoint });
    const { drawn, blank, tableRows } = await view.page.evaluate(() => window.latentLens.audit.content());
    expect(blank, "blank canvases").toEqual([]);
    // The explorer shows the one decoded row of a table as a list.
    expect(drawn + tableRows + (await view.find("dl dd").count())).toBeGreaterThan(0);
    expect(await view.find("[role=alert]").count()).toBe(0);
    expect(await view.find("vscode-progress-ring").count(), "still waiting").toBe(0);
  });
});

describe("a view speaks the user's language", () => {
  it.each(viewIds)("%s", async id => {
    const view = await openView(id, { checkpoint: "digits", language: "xx" });
    const text = await view.page.evaluate(() => window.latentLens.audit.text());
    // What is in brackets went through the table of texts; the rest must be names and numbers of the data.
    const rest = text.replace(/\[[^[\]]*\]/g, "").replace(/\[[^[\]]*\]/g, ""); // a text may hold another
    const names = /(VAE|PCA|Autoencoder) of digits-images-idx3-ubyte|VAE|label|PC|digits-images-idx3-ubyte|digit|total|reconstruction|kl|CPU · wasm|[zµ]|→|↑|\d+D/g;
    expect(rest.replace(names, "").match(/[a-z]{2,}/gi) ?? []).toEqual([]);
    // The axes of a plot and of a chart are drawn, where no test reads them: the bundle's own test finds what is not in it.
  });
});
