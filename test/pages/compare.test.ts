import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Progress } from "../../src/protocol/data";
import { maxMaps, type Member } from "../../src/protocol/viewApi";
import { checkpoints } from "./support/checkpoints";
import { openView, type View } from "./support/openView";

// What is shared between maps, and what each has of its own.

interface Cloud extends HTMLElement {
  points: { data: Float32Array };
  selection: Int32Array;
  marked: number;
  colors: Uint8Array;
  camera: unknown;
  directions: unknown;
  screenPositions(): Float32Array;
}

const digits = { checkpoint: "digits", members: ["plane", "components"], width: 1400, height: 800 } as const;
const open = (more: Parameters<typeof openView>[1] = {}) => openView("compare", { ...digits, members: [...digits.members], ...more });

/** What a map's cloud has been given, map by map. */
const clouds = ({ page }: View) => page.evaluate(() => {
  const panels = [...document.querySelector("latent-compare")!.shadowRoot!.querySelectorAll("latent-map-panel")];
  return panels.map(panel => {
    const cloud = panel.shadowRoot!.querySelector("latent-point-cloud") as Cloud;
    const { left, top } = cloud.getBoundingClientRect();
    return {
      data: [...cloud.points.data], selection: [...cloud.selection], marked: cloud.marked, colors: [...cloud.colors.subarray(0, 40)], camera: cloud.camera, directions: cloud.directions,
      places: [...cloud.screenPositions()].map((value, i) => value + (i % 2 ? top : left)),
    };
  });
});
const panel = (view: View, index: number) => view.find("latent-map-panel").nth(index);

const fitting: Progress = { phase: "fitting", isMap: false, fraction: 0.4, epoch: 3, epochs: 8, losses: null, history: [], secondsLeft: 4, device: "CPU · wasm" };
const member = (view: View, id: number) => view.host.state.members.find(one => one.id === id)!;
const push = (view: View, change: (members: Member[]) => Member[]) => {
  view.host.state = { ...view.host.state, members: change(view.host.state.members) };
  view.host.events.didChangeState(view.host.state);
};

describe("maps of the same rows", () => {
  it("stand side by side under their models and names", async () => {
    const view = await open();
    expect(await view.find("latent-map-panel h2").allTextContents()).toEqual(["VAE", "Autoencoder", "PCA"]);
    expect(await view.find("latent-map-panel .sub .muted").allTextContents()).toEqual(["VAE", "Autoencoder", "PCA"].map(model => `${model} of digits-images-idx3-ubyte`));
    const asked = view.host.argsOf("pointsOf").sort(([a], [b]) => Number(a) - Number(b));
    expect(asked).toEqual([[1, { projection: "axes", dimensions: 2 }], [2, { projection: "axes", dimensions: 2 }]]);
    expect(await view.find(".grid").getAttribute("data-columns")).toBe("3");
    await view.resize(400);
    expect(await view.find(".grid").getAttribute("data-columns")).toBe("1");
  });

  it("share one selection, made in any of them or elsewhere", async () => {
    const view = await open();
    const [, plane] = await clouds(view);
    await view.page.mouse.click(plane!.places[2 * 17]!, plane!.places[2 * 17 + 1]!);
    await view.settled();
    const [[rows]] = view.host.argsOf("select") as [[Int32Array]];
    expect((await clouds(view)).map(({ selection }) => selection)).toEqual([[...rows], [...rows], [...rows]]);
    view.host.events.didSelect(Int32Array.of(3, 4));
    await expect.poll(async () => (await clouds(view)).map(({ selection }) => selection)).toEqual([[3, 4], [3, 4], [3, 4]]);
    expect(view.host.argsOf("select"), "not told back").toHaveLength(1);
    await view.page.getByRole("button", { name: "Clear the selection (Escape)" }).click();
    await expect.poll(() => view.host.argsOf("select").at(-1)).toEqual([new Int32Array(0)]);
  });

  it("mark the row under the pointer in all, with one card", async () => {
    const view = await open();
    const [, plane] = await clouds(view);
    await view.page.mouse.move(plane!.places[2 * 17]!, plane!.places[2 * 17 + 1]!);
    await view.settled();
    const row = Number((await view.find("latent-hover-card strong").textContent())!.replace(/\D/g, ""));
    expect(await view.find("latent-hover-card .card").count()).toBe(1);
    expect((await clouds(view)).map(({ marked }) => marked)).toEqual([row, -1, row]);
    await view.page.mouse.move(700, 10);
    await expect.poll(async () => (await clouds(view)).map(({ marked }) => marked)).toEqual([-1, -1, -1]);
  });

  it("have one colouring and one legend", async () => {
    const view = await open();
    const before = await clouds(view);
    await view.page.getByRole("combobox", { name: "Colour" }).selectOption("score");
    await view.settled();
    const after = await clouds(view);
    expect(after[0]!.colors).not.toEqual(before[0]!.colors);
    for (const { colors } of after) expect(colors).toEqual(after[0]!.colors);
    expect(await view.find("latent-legend").count()).toBe(1);
  });

  it("are turned onto the first, and not when that is not wanted", async () => {
    const view = await open();
    const distances = (data: number[]) => [1, 2, 3].map(i => Math.hypot(data[2 * i]! - data[0]!, data[2 * i + 1]! - data[1]!));
    const turned = await clouds(view);
    expect(turned.map(({ directions }) => directions !== null)).toEqual([false, true, true]);
    await view.page.getByRole("checkbox", { name: "Align" }).click();
    await view.settled();
    const asTheyAre = await clouds(view);
    expect(asTheyAre.map(({ directions }) => directions)).toEqual([null, null, null]);
    expect(asTheyAre[0]!.data).toEqual(turned[0]!.data);
    expect(asTheyAre[1]!.data).not.toEqual(turned[1]!.data);
    distances(turned[1]!.data).forEach((distance, i) => expect(distance).toBeCloseTo(distances(asTheyAre[1]!.data)[i]!, 3));
  });
});

describe("each map", () => {
  it("has its own projection and its own camera, which outlive a reload", async () => {
    const view = await open();
    await panel(view, 2).locator("select").selectOption("principal");
    await view.settled();
    expect(view.host.argsOf("pointsOf").at(-1)).toEqual([2, { projection: "principal", dimensions: 2 }]);
    await panel(view, 1).locator(".overlay").press("+");
    await view.settled();
    await view.page.reload();
    await view.settled();
    expect((await clouds(view)).map(({ camera }) => camera !== null)).toEqual([false, true, false]);
    expect(await panel(view, 2).locator("select").inputValue()).toBe("principal");
    await view.page.getByRole("button", { name: "Show all of every map" }).click();
    await expect.poll(async () => (await clouds(view)).map(({ camera }) => camera)).toEqual([null, null, null]);
  });

  it("but the first can be removed", async () => {
    const view = await open();
    expect(await panel(view, 0).getByRole("button", { name: /^Remove/ }).count()).toBe(0);
    await panel(view, 1).getByRole("button", { name: /^Remove/ }).click();
    await expect.poll(() => view.host.argsOf("removeMember")).toEqual([[1]]);
    push(view, members => members.filter(({ id }) => id !== 1));
    await expect.poll(() => view.find("latent-map-panel h2").allTextContents()).toEqual(["VAE", "PCA"]);
    await view.settled();
    expect((await clouds(view)).every(({ data }) => data.length === 600)).toBe(true);
  });

  it("says when its checkpoint is gone, the others being as they were", async () => {
    const view = await open();
    push(view, members => members.map(one => (one.id === 1 ? { ...one, header: null, problem: "plane.latent.safetensors does not exist" } : one)));
    await expect.poll(() => panel(view, 1).locator("[role=status]").textContent()).toContain("does not exist");
    expect(await view.find("latent-point-cloud").count()).toBe(2);
    expect(await view.page.evaluate(() => window.latentLens.audit.layoutProblems())).toEqual([]);
  });

  it("says why its points cannot be had, and tries again", async () => {
    const view = await open({ prepare: host => host.fail("engine-exited", "gone", "pointsOf") });
    expect(await view.find("latent-map-panel .message").allTextContents()).toEqual(["gone", "gone"]);
    view.host.restore("pointsOf");
    await panel(view, 1).getByRole("button", { name: "Try Again" }).click();
    await view.settled();
    expect(await view.find("latent-point-cloud").count()).toBe(2);
  });

  it("shows how far its run has come, and its map when there is one", async () => {
    const view = await open({ members: ["plane"] });
    push(view, ([one]) => [{ ...one!, header: null, progress: { ...fitting, phase: "waiting" } }]);
    await expect.poll(() => panel(view, 1).locator(".sub").textContent()).toContain("waiting");
    view.host.events.didProgressOf(1, fitting);
    await expect.poll(() => panel(view, 1).locator(".sub").textContent()).toContain("epoch 4 of 8");
    expect(await panel(view, 1).getByRole("progressbar").evaluate(element => (element as HTMLProgressElement).value)).toBe(0.4);
    const asked = view.host.argsOf("pointsOf").length;
    const { header } = (await open({ members: ["plane"] })).host.state.members[0]!;
    push(view, ([one]) => [{ ...one!, header, progress: null }]);
    await expect.poll(() => view.host.argsOf("pointsOf").length).toBe(asked + 1);
    await view.settled();
    expect(await view.find("latent-point-cloud").count()).toBe(2);
    expect(member(view, 1).progress).toBeNull();
  });

  it("is drawn while it is made, and judged when it is ready", async () => {
    const view = await open({ members: ["plane"], prepare: host => {
      host.state = { ...host.state, members: host.state.members.map(one => ({ ...one, header: null, progress: { ...fitting, isMap: true } })) };
    } });
    expect(await panel(view, 1).locator(".sub").textContent()).toContain("preparing the map, 40 %");
    expect(view.host.argsOf("pointsOf")).toEqual([]);
    for (const [epoch, asked] of [[3, 1], [3, 1], [4, 2]] as const) {
      view.host.events.didProgressOf(1, { ...fitting, isMap: true, losses: { total: 2 }, epoch });
      await expect.poll(() => panel(view, 1).locator(".sub").textContent()).toContain(`step ${epoch} of 8`);
      await view.settled();
      expect(view.host.argsOf("pointsOf")).toHaveLength(asked);
    }
    expect(view.host.argsOf("qualityOf")).toEqual([]);
    const { header } = (await open({ members: ["plane"] })).host.state.members[0]!;
    push(view, ([one]) => [{ ...one!, header, progress: null }]);
    await expect.poll(() => panel(view, 1).locator(".quality").textContent()).toMatch(/trustworthiness\s+0\.\d{3}/);
    expect(view.host.argsOf("qualityOf")).toEqual([[1, { projection: "axes", dimensions: 2 }]]);
    expect(view.host.argsOf("quality")).toEqual([[{ projection: "principal", dimensions: 2 }]]);
  });
});

describe("what is compared", () => {
  it("is nothing at first, and the view says what to do", async () => {
    const view = await open({ members: [] });
    await view.page.locator(".hint").getByRole("button", { name: "Add Map…" }).click();
    await expect.poll(() => view.host.argsOf("addMember")).toHaveLength(1);
    await view.page.getByRole("button", { name: "Compare the Usual Maps" }).click();
    await expect.poll(() => view.host.argsOf("command")).toEqual([["latentLens.compareMaps"]]);
    for (const width of [400, 1600]) {
      await view.resize(width);
      expect(await view.page.evaluate(() => window.latentLens.audit.layoutProblems())).toEqual([]);
    }
  });

  it("is no more than fits, and a refusal is said", async () => {
    const members = ["plane", "components", "plane", "components", "plane", "components", "plane", "components"] as const;
    const view = await open({ members: [...members] });
    expect(await view.find("latent-map-panel").count()).toBe(maxMaps);
    expect(await view.find(".grid").getAttribute("data-columns")).toBe("3");
    expect(await view.find(".toolbar vscode-button").getAttribute("disabled")).not.toBeNull();
    expect(await view.page.evaluate(() => window.latentLens.audit.layoutProblems())).toEqual([]);
    view.host.fail("bad-request", "No.", "removeMember");
    await panel(view, 1).getByRole("button", { name: /^Remove/ }).click();
    await expect.poll(() => view.find(".facts").textContent()).toContain("No.");
  });

  it("is saved as one picture", async () => {
    const view = await open();
    const size = (await view.find("latent-point-cloud").first().boundingBox())!;
    await view.page.getByRole("button", { name: "Save as PNG" }).click();
    await expect.poll(() => view.host.saved.length).toBe(1);
    const { width, height } = await sharp(view.host.saved[0]!.content as Uint8Array).metadata();
    expect(width).toBeGreaterThan(3 * size.width);
    expect(height).toBeGreaterThan(size.height + 40);
  });
});

describe("rows that were placed in some of the maps", () => {
  const [own, rest, few] = [258, 86, 9];
  const openPlaced = () => openView("compare", { checkpoint: "plain", members: ["placed", "beside"], width: 1400, height: 800 });

  interface Marks extends Cloud {
    firstMark: number;
    shown: Uint8Array;
  }
  const marks = ({ page }: View) => page.evaluate(() => [...document.querySelector("latent-compare")!.shadowRoot!.querySelectorAll("latent-map-panel")].map(panel => {
    const cloud = panel.shadowRoot!.querySelector("latent-point-cloud") as Marks;
    const { left, top } = cloud.getBoundingClientRect();
    return {
      firstMark: cloud.firstMark, count: cloud.points.data.length / 2, shown: [...cloud.shown], colors: [...cloud.colors], selection: [...cloud.selection], marked: cloud.marked,
      places: [...cloud.screenPositions()].map((value, i) => value + (i % 2 ? top : left)),
    };
  }));
  const shownIn = (drawn: Awaited<ReturnType<typeof marks>>) => drawn.map(({ shown }) => [[0, own], [own, own + rest], [own + rest, own + rest + few]].map(([from, to]) => shown.slice(from, to).reduce((sum, value) => sum + value, 0)));
  /** The row of a range that is farthest from all others in a map, so that the pointer means it. */
  const alone = ({ places, shown }: { places: number[]; shown: number[] }, from: number, to: number) => {
    const apart = (row: number) => Math.min(...shown.map((value, other) => (value === 0 || other === row ? Infinity : Math.hypot(places[2 * other]! - places[2 * row]!, places[2 * other + 1]! - places[2 * row + 1]!))));
    return Array.from({ length: to - from }, (_, i) => from + i).sort((a, b) => apart(b) - apart(a))[0]!;
  };

  it("are drawn where they have a place, each dataset counted once, in the colours of all", async () => {
    const view = await openPlaced();
    const drawn = await marks(view);
    expect(drawn.map(({ firstMark, count }) => [firstMark, count])).toEqual(Array.from({ length: 3 }, () => [own, own + rest + few]));
    expect(shownIn(drawn)).toEqual([[own, 0, 0], [own, rest, 0], [own, rest, few]]);
    const { engine, placed, plain } = await checkpoints();
    const labels = await engine.coloring(plain.path, "label") as { values: Int32Array };
    const others = await engine.placedColoring(placed.path, "label") as { values: Int32Array };
    const color = (row: number) => drawn[1]!.colors.slice(4 * row, 4 * row + 3).join();
    for (const row of [0, 40, 85]) expect(color(own + row)).toBe(color(labels.values.indexOf(others.values[row]!)));
    // A colouring that means something in the first map alone leaves them grey.
    await view.page.getByRole("combobox", { name: "Colour" }).selectOption("score");
    await view.settled();
    const colors = (await marks(view))[2]!.colors;
    expect(new Set(Array.from({ length: rest + few }, (_, i) => colors.slice(4 * (own + i), 4 * (own + i) + 3).join())).size).toBe(1);
  });

  it("are marked, told, selected and opened across the maps that have them", async () => {
    const view = await openPlaced();
    const drawn = await marks(view);
    const row = alone(drawn[2]!, own, own + rest);
    const [x, y] = [drawn[2]!.places[2 * row]!, drawn[2]!.places[2 * row + 1]!];
    await view.page.mouse.move(x, y);
    await view.settled();
    expect((await marks(view)).map(({ marked }) => marked)).toEqual([-1, row, -1]);
    expect(await view.find("latent-hover-card .card").textContent()).toContain("placed from rest.csv");
    expect(view.host.argsOf("detailsOf")).toEqual([[1, Int32Array.of(row)]]);
    await view.page.mouse.click(x, y);
    await view.settled();
    expect((await marks(view)).map(({ selection }) => selection)).toEqual([[], [row], [row]]);
    expect(await view.find(".facts").textContent()).toContain(`Row ${row - own} of rest.csv`);
    expect(view.host.argsOf("select"), "other views know nothing of it").toEqual([[new Int32Array(0)]]);
    await view.page.mouse.dblclick(x, y);
    await expect.poll(() => view.host.argsOf("openSourceOf")).toEqual([[1, row]]);
    // The others are among the first, and lie where those do.
    await view.find("latent-placed").getByRole("button", { name: /rest\.csv/ }).first().press("Enter");
    await view.settled();
    const last = alone((await marks(view))[2]!, own + rest, own + rest + few);
    await view.page.mouse.dblclick(drawn[2]!.places[2 * last]!, drawn[2]!.places[2 * last + 1]!);
    // The third map counts them before the others.
    await expect.poll(() => view.host.argsOf("openSourceOf").at(-1)).toEqual([2, last - rest]);
  });

  it("are listed, hidden and shown, and go with their map", async () => {
    const view = await openPlaced();
    expect((await view.find("latent-placed .set").allTextContents()).map(text => text.replace(/\s+/g, " ").trim())).toEqual(["rest.csv86", "few.csv9"]);
    expect(await view.find("latent-placed").getByRole("button", { name: /Place rows|Take the rows/ }).count()).toBe(0);
    await view.find("latent-placed").getByRole("button", { name: /rest\.csv/ }).first().press("Enter");
    await view.settled();
    expect(shownIn(await marks(view))).toEqual([[own, 0, 0], [own, 0, 0], [own, 0, few]]);
    await view.find("latent-placed").getByRole("button", { name: "Select the rows of few.csv" }).press("Enter");
    await view.settled();
    expect(await view.find(".facts").textContent()).toContain("9 rows selected");
    push(view, ([first]) => [first!]);
    await view.settled();
    expect((await view.find("latent-placed .set").allTextContents()).map(text => text.replace(/\s+/g, " ").trim())).toEqual(["rest.csv86"]);
    expect(await view.find(".facts").textContent()).not.toContain("9 rows selected");
    expect((await marks(view)).map(({ count }) => count)).toEqual([own + rest, own + rest]);
  });
});
