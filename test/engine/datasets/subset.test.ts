import { describe, expect, it } from "vitest";
import { subsetOf } from "../../../src/engine/datasets/subset";
import { mnistDigits } from "../../helpers/memoryDataset";

const whole = mnistDigits(50, 4);
const rows = Int32Array.of(3, 40, 7, 7);

describe("a subset of a dataset", () => {
  const subset = subsetOf(whole, rows);

  it("has the rows that it names, in their order, with what belongs to them", async () => {
    expect(subset.schema).toEqual({ ...whole.schema, count: 4 });
    const expected = await whole.rows(rows);
    expect(await subset.read(0, 4)).toEqual(Uint8Array.from(expected));
    expect(await subset.read(1, 2)).toEqual(Uint8Array.from(await whole.rows(Int32Array.of(40, 7))));
    expect(await subset.rows(Int32Array.of(2, 0))).toEqual(await whole.rows(Int32Array.of(7, 3)));
    const { values } = (await whole.labels())!;
    expect((await subset.labels())!.values).toEqual(Int32Array.from(rows, row => values[row]!));
    expect(subset.title(1)).toBe(whole.title(40));
  });

  it("is another dataset than the whole and than other rows of it", () => {
    const prints = [whole, subset, subsetOf(whole, Int32Array.of(3, 40, 7)), subsetOf(whole, rows.slice())].map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(3);
    expect(prints[1]).toBe(prints[3]);
  });

  it("refuses rows that are not there, and no rows", () => {
    expect(() => subsetOf(whole, Int32Array.of(1, 50))).toThrow("there is no row 50, rows go from 0 to 49");
    expect(() => subsetOf(whole, new Int32Array(0))).toThrow("no rows are selected");
  });
});
