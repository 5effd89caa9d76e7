import { describe, expect, it } from "vitest";
import type { Labels } from "../../../src/protocol/data";
import type { PlacedSet } from "../../../src/protocol/engineApi";
import { hideSets, isGone, labelsOfDrawn, placeOf, rangesOf, withPlacedLabels, withPlacedPoints } from "../../../src/webviews/shared/placedRows";

const set = (id: number, count: number, problem: string | null = null): PlacedSet => ({ id, count, name: `set ${id}`, fingerprint: `content ${id}`, problem });
const sets = [set(1, 3), set(4, 2, "gone")];

describe("rows that are counted on from ten of the map's own", () => {
  it("belong to the set that they lie in", () => {
    expect(rangesOf(10, sets).map(({ from, to }) => [from, to])).toEqual([[10, 13], [13, 15]]);
    expect([0, 9, 10, 12, 13, 14].map(row => placeOf(row, 10, sets)).map(({ set: of, row }) => [of?.id ?? null, row])).toEqual([[null, 0], [null, 9], [1, 0], [1, 2], [4, 0], [4, 1]]);
    expect([9, 12, 13].map(row => isGone(row, 10, sets))).toEqual([false, false, true]);
  });

  it("are hidden set by set", () => {
    const shown = new Uint8Array(15).fill(1);
    hideSets(shown, 10, sets, [4, 99]);
    expect(shown.indexOf(0)).toBe(13);
    expect(shown.reduce((sum, value) => sum + value, 0)).toBe(13);
  });
});

describe("labels of placed rows", () => {
  const classes: Labels = { kind: "classes", name: "species", values: Int32Array.of(0, 1, -1), classes: ["a", "b"] };
  const numbers: Labels = { kind: "numbers", name: "mass", values: Float32Array.of(1, 2, 3) };

  it("follow the map's own, with classes that it has not", () => {
    const all = withPlacedLabels(classes, { ...classes, values: Int32Array.of(2, 0), classes: ["a", "b", "c"] });
    expect(all).toEqual({ ...classes, values: Int32Array.of(0, 1, -1, 2, 0), classes: ["a", "b", "c"] });
    expect(withPlacedLabels(numbers, { ...numbers, values: Float32Array.of(7) }).values).toEqual(Float32Array.of(1, 2, 3, 7));
  });

  it("are left out where their rows have no place, and unknown where they have only just come", () => {
    const all = withPlacedLabels(classes, { ...classes, values: Int32Array.of(1, 0) });
    expect(labelsOfDrawn(all, 3, 5)).toBe(all);
    expect(labelsOfDrawn(all, 3, 3)!.values).toEqual(classes.values);
    expect(labelsOfDrawn(classes, 3, 5)!.values).toEqual(Int32Array.of(0, 1, -1, -1, -1));
    expect(labelsOfDrawn(numbers, 3, 4)!.values).toEqual(Float32Array.of(1, 2, 3, NaN));
    expect(labelsOfDrawn(classes, 4, 6)).toBeNull();
    expect(labelsOfDrawn(null, 3, 5)).toBeNull();
  });
});

it("places follow the map's, which stay", () => {
  const points = { data: Float32Array.of(1, 2, 3, 4), dimensions: 2, axes: ["x", "y"] };
  expect(withPlacedPoints(points, { sets, data: Float32Array.of(5, 6) })).toEqual({ ...points, data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  expect(withPlacedPoints(points, { sets, data: new Float32Array(0) })).toBe(points);
});
