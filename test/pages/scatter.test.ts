import { describe, expect, it } from "vitest";
import { openView, type View } from "./support/openView";

interface Cloud extends HTMLElement {
  colors: Uint8Array;
  shown: Uint8Array;
  screenPositions(): Float32Array;
}

/** Share of the shown points at whose place the canvas has their own colour; those that another one covers have not. */
function shareDrawn({ page }: View): Promise<number> {
  return page.evaluate(() => {
    const cloud = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as Cloud;
    const canvas = cloud.shadowRoot!.querySelector<HTMLCanvasElement>(".points")!;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d")!;
    copy.drawImage(canvas, 0, 0);
    const positions = cloud.screenPositions();
    let [shown, drawn] = [0, 0];
    cloud.shown.forEach((isShown, row) => {
      if (!isShown) return;
      shown++;
      const pixel = copy.getImageData(Math.round(positions[2 * row]!), Math.round(positions[2 * row + 1]!), 1, 1).data;
      if (pixel[3]! > 100 && [0, 1, 2].every(channel => Math.abs(pixel[channel]! - cloud.colors[4 * row + channel]!) < 30)) drawn++;
    });
    return drawn / shown;
  });
}

/** How many pixels of the points' canvas are not empty. */
function inkOf({ page }: View): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud")!.shadowRoot!.querySelector<HTMLCanvasElement>(".points")!;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d")!;
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, canvas.width, canvas.height).data.filter((value, i) => i % 4 === 3 && value > 0).length;
  });
}

/** Where a row's point is in the window. */
async function placeOf(view: View, row: number): Promise<{ x: number; y: number }> {
  return view.page.evaluate(index => {
    const cloud = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as Cloud;
    const { left, top } = cloud.getBoundingClientRect();
    const positions = cloud.screenPositions();
    return { x: left + positions[2 * index]!, y: top + positions[2 * index + 1]! };
  }, row);
}

describe.each(["webgl", "none"] as const)("with %s as GPU, the scatter", gpu => {
  it("draws every point where it is, in its class's colour", async () => {
    const view = await openView("scatter", { gpu });
    expect(await shareDrawn(view)).toBeGreaterThan(0.9);
    expect(await inkOf(view)).toBeLessThan(0.2 * 800 * 560);
    const notes = await view.find(".foot").allTextContents();
    expect(notes).toEqual(gpu === "none" ? ["WebGL2 is missing here: drawn with Canvas2D"] : []);
  });

  it("draws what the legend lets through, and three dimensions", async () => {
    const view = await openView("scatter", { gpu });
    const all = await inkOf(view);
    await view.find("latent-legend button").filter({ hasText: "Gentoo" }).click();
    await view.settled();
    expect(await inkOf(view)).toBeLessThan(0.8 * all);
    expect(await view.find(".foot").textContent()).toContain("220 of 344 rows shown");
    await view.page.getByRole("button", { name: "3D" }).click();
    await view.settled();
    // In three dimensions nearer points cover those behind.
    expect(await shareDrawn(view)).toBeGreaterThan(0.7);
  });

  it("makes a selection stand out", async () => {
    const view = await openView("scatter", { gpu });
    const opaque = () => view.page.evaluate(() => (document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as Cloud).colors.filter((value, i) => i % 4 === 3 && value === 255).length);
    expect(await opaque()).toBe(344);
    view.host.events.didSelect(Int32Array.of(1, 2, 3));
    await expect.poll(opaque).toBe(3);
  });
});

describe("the pointer", () => {
  it("shows a card beside the point, inside the plot", async () => {
    const view = await openView("scatter");
    const { x, y } = await placeOf(view, 300);
    await view.page.mouse.move(x, y);
    await view.settled();
    const card = view.find("latent-hover-card .card");
    expect(await card.textContent()).toContain("Gentoo");
    const [box, plot] = [(await card.boundingBox())!, (await view.find(".plot").boundingBox())!];
    expect(box.x).toBeGreaterThanOrEqual(plot.x);
    expect(box.x + box.width).toBeLessThanOrEqual(plot.x + plot.width);
    await view.page.mouse.move(5, 5);
    await expect.poll(() => card.count()).toBe(0);
  });

  it("selects what it draws a box or a lasso around", async () => {
    const view = await openView("scatter");
    const plot = (await view.find(".plot").boundingBox())!;
    const drag = async (tool: string) => {
      await view.page.getByRole("button", { name: tool }).click();
      await view.page.mouse.move(plot.x + 30, plot.y + 30);
      await view.page.mouse.down();
      await view.page.mouse.move(plot.x + plot.width / 2, plot.y + 40, { steps: 4 });
      await view.page.mouse.move(plot.x + plot.width / 2, plot.y + plot.height - 10, { steps: 4 });
      await view.page.mouse.up();
      await view.settled();
      return (view.host.argsOf("select").at(-1)![0] as Int32Array).length;
    };
    const box = await drag("Select a box (Shift+drag)");
    expect(box).toBeGreaterThan(50);
    expect(box).toBeLessThan(300);
    // The lasso closes straight back: half of the box, more or less.
    const lasso = await drag("Select with the lasso (Alt+drag)");
    expect(lasso).toBeGreaterThan(0);
    expect(lasso).toBeLessThan(box);
    expect(await view.find("latent-selection h3").first().textContent()).toBe(`${lasso} rows selected`);
  });
});

describe("the legend", () => {
  it("says where the model knew what is shown", async () => {
    const view = await openView("scatter");
    expect(await view.find("latent-legend .known").count()).toBe(0);
    await view.page.getByRole("combobox", { name: "Colour" }).selectOption("column:island");
    await view.settled();
    expect(await view.find("latent-legend .known").textContent()).toContain("One of the features");
  });
});

describe("the search", () => {
  it("selects what matches, and says when nothing does", async () => {
    const view = await openView("scatter");
    const search = view.page.getByRole("searchbox", { name: "Find rows" });
    await search.fill("gentoo");
    await search.press("Enter");
    await expect.poll(() => view.find("latent-selection h3").first().textContent()).toBe("124 rows selected");
    await search.fill("emperor");
    await search.press("Enter");
    await expect.poll(() => view.find(".foot").textContent()).toBe("No row matches “emperor”.");
  });
});

describe("images", () => {
  it("stand in for their points when few are in view, and not when many are", async () => {
    const view = await openView("scatter", { checkpoint: "digits" });
    expect((view.host.argsOf("thumbnails").at(-1)![0] as Int32Array).length).toBe(300);
    const look = () => view.find(".overlay").evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL());
    const byLabel = await look();
    await view.page.getByRole("combobox", { name: "Colour" }).selectOption("score");
    await view.settled();
    expect(await look(), "framed in their points' colours").not.toBe(byLabel);
    for (let i = 0; i < 3; i++) await view.page.getByRole("button", { name: "Zoom in (+)" }).click();
    await view.settled();
    const inView = (view.host.argsOf("thumbnails").at(-1)![0] as Int32Array).length;
    expect(inView).toBeGreaterThan(3);
    expect(inView).toBeLessThan(300);
  });
});
