import { describe, expect, it } from "vitest";
import { couldBeDistances, distanceMatrix, graphOfDistances } from "../../../src/engine/maps/distanceMatrix";

/** Places on a line, and their distances. */
const places = [0, 1, 3, 7, 12];
const values = Float32Array.from({ length: 25 }, (_, at) => Math.abs(places[Math.floor(at / 5)]! - places[at % 5]!));
const changed = (row: number, column: number, value: number) => {
  const copy = values.slice();
  copy[row * 5 + column] = value;
  return copy;
};

describe("a distance matrix", () => {
  it("is taken as it is", () => {
    expect(distanceMatrix(values, 5, 5)).toEqual({ values, count: 5 });
    expect(distanceMatrix(changed(3, 4, 5.0001), 5, 5).count).toBe(5);
  });

  it("is known by some of its rows, and from other squares", () => {
    const rows = Int32Array.of(0, 2, 4);
    const some = (all: Float32Array) => Float32Array.from([...rows].flatMap(row => [...all.subarray(row * 5, row * 5 + 5)]));
    expect(couldBeDistances(some(values), rows)).toBe(true);
    expect(couldBeDistances(some(changed(3, 1, 6.5)), rows), "a row that is not looked at").toBe(true);
    for (const [row, column, value] of [[2, 4, 8], [2, 2, 1], [0, 3, -1], [4, 1, NaN], [4, 1, Infinity]] as const) {
      expect(couldBeDistances(some(changed(row, column, value)), rows), `${value}`).toBe(false);
    }
    expect(couldBeDistances(new Float32Array(15), rows), "zeros").toBe(false);
  });

  it.each([
    ["no square", () => distanceMatrix(values.subarray(5), 4, 5), "4 rows of 5 columns"],
    ["one row", () => distanceMatrix(new Float32Array(1), 1, 1), "at least 2"],
    ["not a number", () => distanceMatrix(changed(2, 3, NaN), 5, 5), "row 2, column 3 (counted from 0) is NaN"],
    ["infinite", () => distanceMatrix(changed(4, 0, Infinity), 5, 5), "row 4, column 0 (counted from 0) is Infinity"],
    ["negative", () => distanceMatrix(changed(1, 4, -1), 5, 5), "row 1, column 4 (counted from 0) is -1"],
    ["away from itself", () => distanceMatrix(changed(2, 2, 1), 5, 5), "row 2, column 2 (counted from 0) is 1"],
    ["not symmetric", () => distanceMatrix(changed(3, 1, 6.5), 5, 5), "row 3, column 1 (counted from 0) is 6.5, but row 1, column 3 (counted from 0) is 6"],
    ["all 0", () => distanceMatrix(new Float32Array(9), 3, 3), "all distances are 0"],
  ])("is refused when %s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  it("gives the neighbours of every row, nearest first", () => {
    const graph = graphOfDistances(distanceMatrix(values, 5, 5), 2);
    expect(graph.recall).toBe(1);
    expect([...graph.rows]).toEqual([1, 2, 0, 2, 1, 0, 2, 4, 3, 2]);
    expect([...graph.distances]).toEqual([1, 3, 1, 2, 2, 3, 4, 5, 5, 9]);
    expect(() => graphOfDistances(distanceMatrix(values, 5, 5), 5)).toThrow("1 to 4");
  });

  it("names rows in one place as neighbours of each other at 0, not of themselves", () => {
    const graph = graphOfDistances(distanceMatrix(Float32Array.of(0, 0, 2, 0, 0, 2, 2, 2, 0), 3, 3), 1);
    expect([...graph.rows]).toEqual([1, 0, 0]);
    expect([...graph.distances]).toEqual([0, 0, 2]);
  });
});
