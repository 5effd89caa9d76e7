import { describe, expect, it } from "vitest";
import { checkpoints } from "./support/checkpoints";
import { openView, type View } from "./support/openView";
import { pairs } from "./support/views";

describe("every control has a name that a screen reader says, and the Tab key reaches it and shows where it is", async () => {
  it.each(await pairs(["digits", "penguins"]))("%s of %s", async (id, checkpoint) => {
    const view = await openView(id, { checkpoint, selection: Int32Array.of(3) });
    const nodes = await accessibilityTree(view);
    const controls = nodes.filter(({ focusable, role }) => focusable && role !== "RootWebArea");
    expect(controls.length).toBeGreaterThan(2);
    expect(controls.filter(({ name }) => name === "").map(({ role }) => role), "controls without a name").toEqual([]);
    expect(nodes.filter(({ role, name, around }) => role === "image" && name === "" && !around.includes("checkbox")), "pictures without a name").toEqual([]);

    const stops = await view.page.evaluate(() => window.latentLens.audit.tabStops());
    const reached = new Set<number>();
    const unseen: string[] = [];
    for (let presses = 0; presses <= stops.length; presses++) {
      await view.page.keyboard.press("Tab");
      const focus = await view.page.evaluate(() => window.latentLens.audit.focus());
      if (!focus) break;
      reached.add(focus.index);
      if (!focus.changed || focus.contrast < 3) unseen.push(`${focus.name}, contrast ${focus.contrast.toFixed(1)}`);
    }
    expect(stops.filter((_, index) => !reached.has(index)), "not reached").toEqual([]);
    expect(unseen, "focus not seen").toEqual([]);
  });
});

interface Node {
  role: string;
  name: string;
  focusable: boolean;
  /** Roles of what it is in, from the inside out. */
  around: string[];
}

/** What the browser tells screen readers. */
async function accessibilityTree({ page }: View): Promise<Node[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const byId = new Map(nodes.map(node => [node.nodeId, node]));
  const roleOf = ({ role }: (typeof nodes)[number]) => String(role?.value ?? "");
  const around = (id: string | undefined): string[] => {
    const node = byId.get(id ?? "");
    return node ? [roleOf(node), ...around(node.parentId)] : [];
  };
  return nodes.filter(({ ignored }) => !ignored).map(node => ({
    role: roleOf(node), name: String(node.name?.value ?? "").trim(), around: around(node.parentId),
    focusable: node.properties?.some(({ name, value }) => name === "focusable" && value.value === true) ?? false,
  }));
}

describe("scatter", () => {
  it("steps from point to point, and on to the next from there", async () => {
    const view = await openView("scatter");
    await view.find(".overlay").focus();
    await view.page.keyboard.press("ArrowRight");
    await view.settled();
    await view.page.keyboard.press("ArrowUp");
    await view.settled();
    const [first, second] = view.host.argsOf("select").map(([rows]) => [...(rows as Int32Array)]);
    expect([first?.length, second?.length]).toEqual([1, 1]);
    expect(second).not.toEqual(first);
    const { positions } = await cloud(view);
    expect(positions[2 * second![0]! + 1]!).toBeLessThan(positions[2 * first![0]! + 1]!); // higher on the screen
    await expect.poll(() => view.find("latent-selection h3").first().textContent()).toBe(`Row ${second![0]}`);
    await view.page.keyboard.press("Enter");
    await expect.poll(() => view.host.argsOf("openSource")).toEqual([second]);
    await view.page.keyboard.press("Escape");
    await expect.poll(() => view.host.argsOf("select").at(-1)).toEqual([new Int32Array(0)]);
  });

  it("pans and zooms", async () => {
    const view = await openView("scatter");
    await view.find(".overlay").focus();
    const positions = [(await cloud(view)).positions];
    for (const keys of ["Shift+ArrowRight", "+", "0"]) {
      await view.page.keyboard.press(keys);
      await view.settled();
      positions.push((await cloud(view)).positions);
    }
    const [start, panned, zoomed, whole] = positions as [number[], number[], number[], number[]];
    expect(panned[0]! - start[0]!).toBeCloseTo(-40, 0);
    const spread = (values: number[]) => Math.max(...values) - Math.min(...values);
    expect(spread(zoomed) / spread(panned)).toBeCloseTo(1.25, 2);
    expect(whole).toEqual(start);
  });
});

interface Cloud extends HTMLElement {
  screenPositions(): Float32Array;
}

/** Where the scatter's points are on the screen. */
async function cloud({ page }: View): Promise<{ positions: number[] }> {
  return page.evaluate(() => ({ positions: [...(document.querySelector("latent-scatter")!.shadowRoot!.querySelector("latent-point-cloud") as Cloud).screenPositions()] }));
}

describe("traversal", () => {
  it("goes from step to step by the arrow keys and says where it is", async () => {
    const view = await openView("traversal", { checkpoint: "digits" });
    await view.find("td").first().focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) await view.page.keyboard.press(key);
    await view.settled();
    const cell = await view.page.evaluate(() => {
      const { row, column } = (document.querySelector("latent-traversal")!.shadowRoot!.querySelector("latent-grid")!.shadowRoot!.activeElement as HTMLElement).dataset;
      return [row, column];
    });
    expect(cell).toEqual(["1", "2"]);
    const title = (await view.find("th").nth(1).evaluate(element => element.firstChild!.nextSibling!.textContent))!.trim();
    expect(await view.find(".side dl").last().textContent()).toContain(title);
    expect(await view.find(".side latent-row").count()).toBe(1);
  });
});

describe("explorer", () => {
  it("moves a latent dimension by the arrow keys, the picture with it", async () => {
    const view = await openView("explorer", { checkpoint: "digits", width: 300 });
    const before = view.host.argsOf("decode").at(-1)![0] as { data: Float32Array };
    const picture = await view.find("latent-row canvas").evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL());
    const slider = view.find(".knob input").first();
    await slider.focus();
    const value = await slider.inputValue();
    for (let i = 0; i < 5; i++) await view.page.keyboard.press("ArrowRight");
    await view.settled();
    expect(Number(await slider.inputValue())).toBeGreaterThan(Number(value));
    const after = view.host.argsOf("decode").at(-1)![0] as { data: Float32Array };
    const { digits } = await checkpoints();
    const moved = [...after.data].flatMap((z, j) => (z === before.data[j] ? [] : [j]));
    expect(after.data).toHaveLength(digits.header.latent.dim);
    expect(moved).toHaveLength(1);
    expect(await view.find(".knob .name").first().textContent()).toBe(`z ${moved[0]! + 1}`);
    expect(await view.find("latent-row canvas").evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL())).not.toBe(picture);
    expect(await view.find(".title").textContent()).toContain("then changed");
  });
});

describe("reconstructions", () => {
  it("selects a row of a table from the keyboard", async () => {
    const view = await openView("reconstructions");
    const button = view.find("latent-table-pairs tbody button").nth(2);
    const row = Number(await button.textContent());
    await button.press("Enter");
    await expect.poll(() => view.host.argsOf("select")).toEqual([[Int32Array.of(row)]]);
    expect(await button.getAttribute("aria-pressed")).toBe("true");
  });
});
