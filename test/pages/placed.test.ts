import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkpoints } from "./support/checkpoints";
import { openView, type View } from "./support/openView";

// Rows that were placed in a map, in the scatter of that map: penguins, of which 258 made the map and 86 were placed.

const [own, added] = [258, 86];

interface Cloud extends HTMLElement {
  points: { data: Float32Array };
  colors: Uint8Array;
  shown: Uint8Array;
  firstMark: number;
  drawnMarkSize: number;
  screenPositions(): Float32Array;
}

/** What the cloud draws, and the pixels above the middle of each mark, half way to its corner, where a disc of a point's size has none. */
const cloudOf = ({ page }: View) => page.evaluate(() => {
  const cloud = document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as Cloud;
  const canvas = cloud.shadowRoot!.querySelector<HTMLCanvasElement>(".points")!;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d")!;
  copy.drawImage(canvas, 0, 0);
  const positions = cloud.screenPositions();
  const { left, top } = cloud.getBoundingClientRect();
  const pixel = (x: number, y: number) => [...copy.getImageData(Math.round(x), Math.round(y), 1, 1).data];
  return {
    count: positions.length / 2, firstMark: cloud.firstMark, shown: [...cloud.shown], colors: [...cloud.colors], first: [...cloud.points.data.subarray(0, 4)], half: cloud.drawnMarkSize / 2,
    places: Array.from({ length: positions.length / 2 }, (_, row) => ({ x: left + positions[2 * row]!, y: top + positions[2 * row + 1]! })),
    middles: Array.from({ length: positions.length / 2 }, (_, row) => pixel(positions[2 * row]!, positions[2 * row + 1]!)),
    corners: Array.from({ length: positions.length / 2 }, (_, row) => pixel(positions[2 * row]!, positions[2 * row + 1]! - cloud.drawnMarkSize / 2 + 1.2)),
  };
});

describe.each(["webgl", "none"] as const)("with %s as GPU, placed rows", gpu => {
  it.each(["dark", "light"] as const)("are diamonds with an outline above the map's points, which stay where they are, in a %s theme", async theme => {
    const view = await openView("scatter", { checkpoint: "placed", gpu, theme });
    // The map has three dimensions; marks hide each other least in two.
    await view.page.getByRole("button", { name: "2D" }).click();
    await view.settled();
    const cloud = await cloudOf(view);
    expect([cloud.count, cloud.firstMark]).toEqual([own + added, own]);
    const { engine, placed } = await checkpoints();
    const { data } = await engine.points(placed.path, { projection: "axes", dimensions: 2 });
    expect(cloud.first).toEqual([...data.subarray(0, 4)]);
    const line = theme === "dark" ? 255 : 20;
    const marks = Array.from({ length: added }, (_, i) => own + i);
    // Marks may cover each other; most do not.
    const share = (holds: (row: number) => boolean) => marks.filter(holds).length / added;
    expect(share(row => [0, 1, 2].every(channel => Math.abs(cloud.middles[row]![channel]! - cloud.colors[4 * row + channel]!) < 40))).toBeGreaterThan(0.7);
    expect(share(row => [0, 1, 2].every(channel => Math.abs(cloud.corners[row]![channel]! - line) < 90) && cloud.corners[row]![3]! > 60)).toBeGreaterThan(0.6);
  });
});

describe("placed rows", () => {
  it("have the map's colours by label, a card that says where they are from, and their own facts", async () => {
    const view = await openView("scatter", { checkpoint: "placed" });
    const cloud = await cloudOf(view);
    const { engine, placed } = await checkpoints();
    const { values: labels } = await engine.coloring(placed.path, "label") as { values: Int32Array };
    const { values: others } = await engine.placedColoring(placed.path, "label") as { values: Int32Array };
    const color = (row: number) => cloud.colors.slice(4 * row, 4 * row + 3).join();
    expect(color(own + 3)).toBe(color(labels.indexOf(others[3]!)));
    // The one farthest from all others, so that the pointer means it.
    const apart = (row: number) => Math.min(...cloud.places.map((place, other) => (other === row ? Infinity : Math.hypot(place.x - cloud.places[row]!.x, place.y - cloud.places[row]!.y))));
    const row = Array.from({ length: added }, (_, i) => own + i).sort((a, b) => apart(b) - apart(a))[0]!;
    await view.page.mouse.move(cloud.places[row]!.x, cloud.places[row]!.y);
    await view.settled();
    expect(await view.find("latent-hover-card .card").textContent()).toContain("placed from rest.csv");
    await view.page.mouse.click(cloud.places[row]!.x, cloud.places[row]!.y);
    await view.settled();
    expect(await view.find("latent-selection h3").first().textContent()).toBe(`Row ${row - own}`);
    const facts = await view.find("latent-selection dl").textContent();
    expect(facts).toContain("rest.csv");
    const cells = readFileSync(placed.header.placed![0]!.dataset.source.path, "utf8").split("\n")[1 + row - own]!.split(",");
    for (const cell of cells.slice(0, 4)) expect(facts).toContain(cell);
    expect(await view.find("latent-selection .list button").count()).toBe(12);
    // Other views know nothing of these rows.
    expect(view.host.argsOf("select").at(-1)![0]).toEqual(new Int32Array(0));
  });

  it("are listed with their number, hidden and shown, selected and removed, all by keyboard", async () => {
    const view = await openView("scatter", { checkpoint: "placed" });
    const entry = view.find("latent-placed").getByRole("button", { name: /rest\.csv/ }).first();
    expect((await entry.textContent())!.replace(/\s+/g, " ").trim()).toMatch(/^rest\.csv ?86$/);
    await entry.focus();
    await view.page.keyboard.press("Enter");
    await view.settled();
    expect((await cloudOf(view)).shown.slice(own).every(value => value === 0)).toBe(true);
    expect(await view.find(".foot").textContent()).toContain("258 of 344 rows shown");
    await view.page.keyboard.press("Enter");
    await view.page.keyboard.press("Tab");
    await view.page.keyboard.press("Enter");
    await view.settled();
    expect(await view.find("latent-selection h3").first().textContent()).toBe("86 rows selected");
    expect(await view.page.getByRole("button", { name: "Embed only these rows…" }).count()).toBe(0);
    await view.page.getByRole("button", { name: "Copy row numbers and labels" }).click();
    expect(String(view.host.argsOf("copy").at(-1)![0]).split("\n")[3]).toMatch(/^rest\.csv 3\t\w+/);
    await view.page.getByRole("button", { name: "Take the rows of rest.csv out of the map" }).press("Enter");
    expect(view.host.argsOf("removePlaced")).toEqual([[1]]);
    await view.page.getByRole("button", { name: "Place rows of another dataset in this map…" }).press("Enter");
    expect(view.host.argsOf("command")).toEqual([["latentLens.placeRows"]]);
  });

  it("are saved with the picture, as diamonds", async () => {
    const view = await openView("scatter", { checkpoint: "placed" });
    await view.page.getByRole("button", { name: "Save as SVG" }).click();
    await view.settled();
    const svg = String(view.host.saved.at(-1)!.content);
    expect(svg.match(/<path d="M/g)).toHaveLength(added);
    expect(svg).toContain('stroke="rgb(255, 255, 255)"');
  });

  it("are coloured by columns of their own dataset", async () => {
    const view = await openView("scatter", { checkpoint: "placed" });
    await view.page.getByRole("combobox", { name: "Colour" }).selectOption("column:island");
    await view.settled();
    const { classes, values } = await (await checkpoints()).engine.placedColoring((await checkpoints()).placed.path, "column:island") as { classes: string[]; values: Int32Array };
    expect(await view.find("latent-legend .entries").textContent()).toContain(classes[values[0]!]);
  });

  it("are kept when their dataset is gone", async () => {
    const gone = await openView("scatter", {
      checkpoint: "placed",
      prepare: host => host.change("placed", async answer => {
        const placed = await answer as { sets: object[] };
        return { ...placed, sets: placed.sets.map(set => ({ ...set, problem: "rest.csv does not exist" })) };
      }),
    });
    expect((await cloudOf(gone)).count).toBe(own + added);
    expect(await gone.find("latent-placed .problem").count()).toBe(1);
    await gone.find("latent-placed").getByRole("button", { name: "Select the rows of rest.csv" }).click();
    await gone.settled();
    expect(gone.host.argsOf("details").every(([rows]) => (rows as Int32Array).every(row => row < own))).toBe(true);
  });

  it("are drawn in three dimensions, and have no place in a projection of the map", async () => {
    for (const gpu of ["webgl", "none"] as const) {
      const view = await openView("scatter", { checkpoint: "placed", gpu });
      await view.page.getByRole("button", { name: "3D" }).click();
      await view.settled();
      const cloud = await cloudOf(view);
      expect([cloud.count, cloud.firstMark]).toEqual([own + added, own]);
      const outlined = Array.from({ length: added }, (_, i) => own + i).filter(row => [0, 1, 2].every(channel => cloud.corners[row]![channel]! > 165) && cloud.corners[row]![3]! > 60);
      expect(outlined.length / added).toBeGreaterThan(0.4); // nearer ones cover those behind
      await view.find("latent-placed").getByRole("button", { name: "Select the rows of rest.csv" }).click();
      await view.page.getByRole("combobox", { name: "Map" }).selectOption("principal");
      await view.settled();
      const turned = await cloudOf(view);
      expect(turned.count).toBe(own);
      expect(new Set(turned.colors.filter((_, at) => at % 4 !== 3)).size).toBeGreaterThan(4);
      expect(await view.find("latent-placed [role=status]").textContent()).toContain("not in this projection");
      expect(await view.find("latent-selection h3").first().textContent()).toBe("86 rows selected");
      await view.close();
    }
  });

  it("can be placed in maps alone, and are offered there", async () => {
    expect(await (await openView("scatter", { checkpoint: "penguins" })).find("latent-placed").count()).toBe(0);
    const untrusted = await openView("scatter", { checkpoint: "placed", state: { trusted: false } });
    expect(await untrusted.page.getByRole("button", { name: "Place rows of another dataset in this map…" }).isDisabled()).toBe(true);
  });
});
