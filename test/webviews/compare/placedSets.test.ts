import { describe, expect, it } from "vitest";
import type { Labels } from "../../../src/protocol/data";
import type { PlacedSet } from "../../../src/protocol/engineApi";
import { askedOf, sharedSets, withSetLabels, withSharedSets } from "../../../src/webviews/compare/placedSets";

const set = (id: number, fingerprint: string, count: number, problem: string | null = null): PlacedSet => ({ id, name: `${fingerprint}.csv`, fingerprint, count, problem });
const own = 3;
const maps = [{ member: 0, sets: [set(1, "a", 2)] }, { member: 4, sets: [set(1, "b", 1), set(2, "a", 2)] }];
const sets = sharedSets(own, maps);

describe("rows that were placed in several maps", () => {
  it("are the same rows, whichever map they were placed in, and are asked of the first", () => {
    expect(sets.map(({ id, fingerprint, member, start }) => ({ id, fingerprint, member, start }))).toEqual([
      { id: 0, fingerprint: "a", member: 0, start: 3 }, { id: 1, fingerprint: "b", member: 4, start: 3 },
    ]);
    expect([2, 3, 4, 5].map(row => askedOf(row, own, sets))).toEqual([{ member: 0, row: 2 }, { member: 0, row: 3 }, { member: 0, row: 4 }, { member: 4, row: 3 }]);
  });

  it("are asked of a map whose dataset is at hand", () => {
    const [only] = sharedSets(own, [{ member: 0, sets: [set(1, "b", 1), set(2, "a", 2, "gone")] }, { member: 2, sets: [set(9, "a", 2)] }]).slice(1);
    expect(only).toMatchObject({ fingerprint: "a", member: 2, start: 3, problem: null, id: 1 });
  });

  it("lie where each map placed them, and are absent where it did not", () => {
    const points = { data: Float32Array.of(0, 0, 1, 1, 2, 2), dimensions: 2, axes: ["", ""] };
    const first = withSharedSets(points, { sets: maps[0]!.sets, data: Float32Array.of(5, 6, 7, 8) }, sets);
    expect([...first.points.data]).toEqual([0, 0, 1, 1, 2, 2, 5, 6, 7, 8, 0, 0]);
    expect([...first.present]).toEqual([1, 1, 1, 1, 1, 0]);
    const second = withSharedSets(points, { sets: maps[1]!.sets, data: Float32Array.of(9, 9, 5, 6, 7, 8) }, sets);
    expect([...second.points.data]).toEqual([0, 0, 1, 1, 2, 2, 5, 6, 7, 8, 9, 9]);
    expect([...second.present]).toEqual([1, 1, 1, 1, 1, 1]);
    // Another projection of a map has places for none.
    expect([...withSharedSets(points, { sets: maps[1]!.sets, data: new Float32Array(0) }, sets).present]).toEqual([1, 1, 1, 0, 0, 0]);
    expect(withSharedSets(points, { sets: [], data: new Float32Array(0) }, []).points).toBe(points);
  });

  it("have the classes of their names, and new ones behind those of the maps", () => {
    const species: Labels = { kind: "classes", name: "species", values: Int32Array.of(0, 1, -1), classes: ["x", "y"] };
    const told = [{ count: 2, labels: { ...species, values: Int32Array.of(0, 1), classes: ["y", "z"] } }, { count: 1, labels: null }];
    expect(withSetLabels(species, told)).toEqual({ ...species, values: Int32Array.of(0, 1, -1, 1, 2, -1), classes: ["x", "y", "z"] });
    const mass: Labels = { kind: "numbers", name: "mass", values: Float32Array.of(1, 2, 3) };
    expect(withSetLabels(mass, [{ count: 1, labels: null }, { count: 2, labels: { ...mass, values: Float32Array.of(4, 5) } }]).values).toEqual(Float32Array.of(1, 2, 3, NaN, 4, 5));
    expect(withSetLabels(mass, [{ count: 1, labels: species }]).values).toEqual(Float32Array.of(1, 2, 3, NaN));
  });
});
