import { describe, expect, it } from "vitest";
import { columnsFor } from "../../../src/webviews/compare/columns";

describe("columnsFor", () => {
  it.each([
    ["one map is alone", 1, 1600, 900, 1],
    ["two stand side by side where it is wide", 2, 1380, 800, 2],
    ["two stand below each other where it is high", 2, 500, 900, 1],
    ["three stand in a row", 3, 1380, 600, 3],
    ["four are a square", 4, 1380, 900, 2],
    ["six are 2 × 3", 6, 1380, 800, 3],
    ["nine are 3 × 3", 9, 1380, 900, 3],
    ["nine are 3 × 3 where they must be scrolled", 9, 980, 500, 3],
    ["nine beside the code stand below each other", 9, 400, 500, 1],
  ])("%s", (_, count, width, height, columns) => {
    expect(columnsFor(count, width, height)).toBe(columns);
  });
});
