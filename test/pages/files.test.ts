import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { checkpoints } from "./support/checkpoints";
import { openView, type View } from "./support/openView";
import { pairs } from "./support/views";

// What leaves a view as a file or through the clipboard.

/** Clicks a button by its name and waits for what the page then asks. */
async function press(view: View, name: string | RegExp): Promise<void> {
  const before = view.host.calls.length;
  await view.page.getByRole("button", { name }).click();
  await expect.poll(() => view.host.calls.length).toBeGreaterThan(before); // a picture becomes a file in its own time
}

describe("every picture that a view saves is one", async () => {
  // Rows beside their reconstructions are a list, of which nothing is saved.
  it.each((await pairs(["digits", "penguins"])).filter(([id]) => id !== "reconstructions"))("%s of %s", async (id, checkpoint) => {
    const view = await openView(id, { checkpoint });
    const button = view.page.getByRole("button", { name: /^Save .*PNG/ });
    // A table's decoded row is no picture.
    if (id === "explorer" && checkpoint === "penguins") return expect(await button.isDisabled()).toBe(true);
    await press(view, /^Save .*PNG/);
    const { name, content } = view.host.saved[0]!;
    expect(name).toMatch(/^\S.* of (digits-images-idx3-ubyte|penguins\.csv)-\w+\.png$/);
    const { width, height, deviation } = await pngOf(content);
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(28);
    expect(deviation, "not all of one colour").toBeGreaterThan(1);
  });
});

async function pngOf(content: Uint8Array | string): Promise<{ width: number; height: number; deviation: number }> {
  const image = sharp(content as Uint8Array);
  const { format, width, height } = await image.metadata();
  expect(format).toBe("png");
  return { width: width!, height: height!, deviation: Math.max(...(await image.stats()).channels.map(({ stdev }) => stdev)) };
}

describe("scatter", () => {
  it("saves the plot as it is on the screen", async () => {
    const view = await openView("scatter", { theme: "light" });
    await press(view, "Save as PNG");
    const plot = await view.find("latent-point-cloud").boundingBox();
    const { content } = view.host.saved[0]!;
    expect(await pngOf(content)).toMatchObject({ width: plot!.width, height: plot!.height });
    const corner = await sharp(content as Uint8Array).extract({ left: 0, top: plot!.height - 1, width: 1, height: 1 }).raw().toBuffer();
    expect([...corner.subarray(0, 3)]).toEqual([255, 255, 255]); // the theme's background
  });

  it("saves one circle a point in view as SVG, with the legend", async () => {
    const view = await openView("scatter");
    const circles = (svg: string) => svg.match(/<circle /g)!.length;
    await press(view, "Save as SVG");
    await view.find("latent-legend .entries button").filter({ hasText: "Adelie" }).click();
    await press(view, "Save as SVG");
    const [all, some] = view.host.saved.map(({ name, content }) => {
      expect(name).toBe("PCA of penguins.csv-scatter.svg");
      return content as string;
    }) as [string, string];
    const classes = 3;
    expect([circles(all) - classes, circles(some) - classes]).toEqual([344, 344 - 152]);
    for (const name of ["Adelie", "Chinstrap", "Gentoo", "PC 1 ("]) expect(all).toContain(name);
    const document = await view.page.evaluate(text => new DOMParser().parseFromString(text, "image/svg+xml").documentElement.localName, all);
    expect(document).toBe("svg");
  });

  it("copies the selected rows with their labels", async () => {
    const view = await openView("scatter", { selection: Int32Array.of(0, 343) });
    await press(view, "Copy row numbers and labels");
    expect(view.host.argsOf("copy")).toEqual([["0\tAdelie\n343\tGentoo"]]);
  });

  it("opens the file that a row came from", async () => {
    const view = await openView("scatter", { selection: Int32Array.of(5) });
    await press(view, /^Open its source/);
    expect(view.host.argsOf("openSource")).toEqual([[5]]);
  });
});

describe("training", () => {
  it("copies the losses as a table", async () => {
    const view = await openView("training", { checkpoint: "digits" });
    await press(view, "Copy losses as a table");
    const lines = String(view.host.argsOf("copy")[0]![0]).split("\n").map(line => line.split("\t"));
    const { losses } = (await checkpoints()).digits.header;
    expect(lines[0]!.slice(0, 2)).toEqual(["epoch", Object.keys(losses[0]!.train)[0]]);
    expect(lines).toHaveLength(1 + losses.length);
    expect(Number(lines[1]![lines[0]!.indexOf("validation total")])).toBe(losses[0]!.validation!["total"]);
  });

  it("compares, and stops comparing", async () => {
    const { plane } = await checkpoints();
    const view = await openView("training", { checkpoint: "digits" });
    await press(view, /^Compare with the losses/);
    expect(view.host.argsOf("compare")).toHaveLength(1);
    view.host.state = { ...view.host.state, comparisons: [{ title: "the other", header: plane.header }] };
    view.host.events.didChangeState(view.host.state);
    await press(view, "Stop comparing");
    expect(view.host.argsOf("clearComparisons")).toHaveLength(1);
  });
});

describe("explorer", () => {
  it("copies its latents as they are, and saves the picture in the model's own pixels", async () => {
    const view = await openView("explorer", { checkpoint: "digits" });
    await press(view, "Copy the latents");
    const { data } = view.host.argsOf("decode").at(-1)![0] as { data: Float32Array };
    expect(Float32Array.from(JSON.parse(String(view.host.argsOf("copy")[0]![0])) as number[])).toEqual(data);
    await press(view, "Save the picture as PNG");
    expect(await pngOf(view.host.saved[0]!.content)).toMatchObject({ width: 28, height: 28 });
  });

  it("opens the other views", async () => {
    const view = await openView("explorer", { checkpoint: "digits" });
    for (const name of ["Traversal", "Scatter"]) await press(view, `Open ${name}`);
    expect(view.host.argsOf("command")).toEqual([["latentLens.openTraversal"], ["latentLens.openScatter"]]);
  });
});

describe("traversal", () => {
  it("saves the whole grid: a row a dimension, a cell a step", async () => {
    const view = await openView("traversal", { checkpoint: "digits" });
    await press(view, "Save as PNG");
    const { width, height } = await pngOf(view.host.saved[0]!.content);
    const [cell, gap, titles] = [56, 2, 64];
    expect([width, height]).toEqual([titles + 11 * (cell + gap), 16 * (cell + gap)]);
  });
});
