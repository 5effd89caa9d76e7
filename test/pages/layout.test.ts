import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { longNames } from "./support/checkpoints";
import { openView, type ViewId } from "./support/openView";
import { themeNames } from "./support/themes";
import { pairs } from "./support/views";

// Beside the code a view has 400 pixels, on a large screen 1600; the side bar can be narrower still.

/** For people to look at: `PICTURES=1 npm test -- --only pages` leaves every view in every theme and width there. */
const pictures = process.env["PICTURES"] ? resolve(import.meta.dirname, "../../out/pages") : null;
const widths = [400, 1000, 1600];
const widthsOf = (id: ViewId) => (id === "explorer" ? [200, ...widths] : widths);

describe("nothing is cut off or covered", async () => {
  it.each(await pairs(["digits", "long"]))("%s of %s", async (id, checkpoint) => {
    const view = await openView(id, { checkpoint, selection: Int32Array.of(3), screenshots: pictures !== null });
    for (const width of widthsOf(id)) {
      await view.resize(width);
      expect(await view.page.evaluate(() => window.latentLens.audit.layoutProblems()), `${width} px wide`).toEqual([]);
      for (const theme of pictures ? themeNames : []) {
        await view.setTheme(theme);
        await view.page.screenshot({ path: join(pictures!, `${id}-${checkpoint}-${theme.replaceAll(" ", "-")}-${width}.png`) });
      }
    }
  });
});

describe("nor with long titles and long words", async () => {
  it.each(await pairs(["long"]))("%s", async (id, checkpoint) => {
    const view = await openView(id, { checkpoint, language: "xx", title: longNames.title, selection: Int32Array.of(3) });
    for (const width of widthsOf(id)) {
      await view.resize(width);
      expect(await view.page.evaluate(() => window.latentLens.audit.layoutProblems()), `${width} px wide`).toEqual([]);
    }
  });
});
