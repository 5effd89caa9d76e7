import { describe, expect, it } from "vitest";
import { memorySource } from "../../../src/engine/datasets/byteSource";
import { elementBytes, type ElementType } from "../../../src/engine/datasets/elements";
import { rowRuns } from "../../../src/engine/datasets/rowRuns";
import { openStoredArray } from "../../../src/engine/datasets/storedArray";
import { toRowMajor } from "../../../src/engine/datasets/transpose";
import { arrayBytes, counting, type Descr } from "../../helpers/datasetFiles";

const source = (bytes: Uint8Array) => memorySource(new Uint8Array(bytes));
const signed: readonly ElementType[] = ["i1", "i2", "i4", "i8", "f2", "f4", "f8"];

describe.each(Object.keys(elementBytes) as ElementType[])("elements of type %s", element => {
  it.each([[true, false], [true, true], [false, false], [false, true]])("little-endian %s, Fortran order %s", async (littleEndian, fortran) => {
    const shape = [5, 2, 3];
    const values = element === "bool" ? counting(30).map(i => i % 2) : counting(30).map(i => (signed.includes(element) ? i - 7 : i));
    const name = element === "bool" ? "b1" : element;
    const order = elementBytes[element] === 1 ? "|" : littleEndian ? "<" : ">";
    const bytes = Buffer.concat([Buffer.alloc(3), arrayBytes(values, `${order}${name}` as Descr, shape, fortran)]);
    const array = await openStoredArray(source(bytes), { element, littleEndian, shape, fortran, offset: 3 }, "the array");
    expect(array).toMatchObject({ count: 5, rowSize: 6, dtype: element === "u1" ? "uint8" : "float32" });
    const all = await array.read(0, 5);
    expect(all).toBeInstanceOf(element === "u1" ? Uint8Array : Float32Array);
    expect([...all]).toEqual(values);
    expect([...(await array.read(3, 2))]).toEqual(values.slice(18));
    expect([...(await array.rows(Int32Array.of(4, 0, 4)))]).toEqual([...values.slice(24), ...values.slice(0, 6), ...values.slice(24)]);
  });
});

describe("stored arrays", () => {
  const floats = (values: number[]) => source(arrayBytes(values, "<f4", [values.length]));
  const layout = { element: "f4" as const, littleEndian: true, fortran: false, offset: 0 };

  it("names the row and the place of a value that is no finite number", async () => {
    const values = counting(12);
    values[10] = NaN;
    const array = await openStoredArray(floats(values), { ...layout, shape: [4, 3] }, "the array");
    await expect(array.read(0, 3)).resolves.toHaveLength(9);
    await expect(array.read(2, 2)).rejects.toThrow(/row 3, value 1 is NaN/);
    await expect(array.rows(Int32Array.of(0, 3))).rejects.toThrow(/row 3, value 1 is NaN/);
    await expect(array.read(2, 2, undefined, "allowed")).resolves.toHaveLength(6);
    values[10] = -Infinity;
    await expect((await openStoredArray(floats(values), { ...layout, shape: [4, 3] }, "the array")).read(0, 4)).rejects.toThrow(/row 3, value 1 is -infinite/);
  });

  it("refuses doubles beyond 32-bit floats", async () => {
    const array = await openStoredArray(source(arrayBytes([1, 1e300], "<f8", [2])), { ...layout, element: "f8", shape: [1, 2] }, "the array");
    await expect(array.read(0, 1)).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(/row 0, value 1 is infinite or beyond/) });
  });

  it.each([
    [[4, 3], /takes 48 bytes, but only 40 are there/],
    [[10 ** 12, 784], /takes 3136000000000000 bytes, but only 40/],
    [[2 ** 50, 2 ** 50], /no file is that long/],
    [[0, 3], /holds no values/],
  ])("checks the shape %j against the data", async (shape, message) => {
    await expect(openStoredArray(floats(counting(10)), { ...layout, shape }, "the array")).rejects.toMatchObject({ code: "bad-dataset", message: expect.stringMatching(message) });
  });

  it("refuses rows that are not there", async () => {
    const array = await openStoredArray(floats(counting(12)), { ...layout, shape: [4, 3] }, "the array");
    for (const [start, count] of [[3, 2], [-1, 1], [0.5, 1], [0, NaN]] as const) await expect(array.read(start, count)).rejects.toMatchObject({ code: "bad-request" });
    await expect(array.rows(Int32Array.of(4))).rejects.toMatchObject({ code: "bad-request" });
    await expect(array.read(4, 0)).resolves.toHaveLength(0);
  });

  it("stops when cancelled", async () => {
    const array = await openStoredArray(floats(counting(12)), { ...layout, shape: [4, 3] }, "the array");
    await expect(array.read(0, 1, AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("transposing", () => {
  it.each([1, 2, 4, 8])("gives the same by blocks as at once, %i-byte elements", async size => {
    const shape = [37, 5, 4];
    const descr = ({ 1: "|u1", 2: "<u2", 4: "<u4", 8: "<u8" } as const)[size]!;
    const values = counting(740).map(i => i % 251);
    const stored = source(arrayBytes(values, descr, shape, true));
    const expected = [...arrayBytes(values, descr, shape)];
    const read = async (limits?: { memory: number; block: number; read: number }) => {
      const rowMajor = await toRowMajor(stored, shape, size, 0, undefined, limits);
      const bytes = [...(await rowMajor.read(0, rowMajor.size))];
      await rowMajor.close();
      return bytes;
    };
    expect(await read()).toEqual(expected);
    expect(await read({ memory: 1 << 20, block: 1, read: 300 })).toEqual(expected);
    expect(await read({ memory: 0, block: 20 * size * 4, read: 1 })).toEqual(expected);
    expect(await read({ memory: 0, block: 1, read: 1 })).toEqual(expected);
  });
});

describe("row runs", () => {
  it("joins rows that are close and keeps far ones apart", () => {
    const runs = rowRuns(Int32Array.of(90, 5, 3, 4, 4, 91), 2 ** 14);
    expect(runs.map(({ start, count, positions }) => [start, count, [...positions]])).toEqual([[3, 3, [2, 3, 4, 1]], [90, 2, [0, 5]]]);
  });
  it("cuts long runs", () => {
    expect(rowRuns(Int32Array.from(counting(10)), 2 ** 21).map(run => run.count)).toEqual([2, 2, 2, 2, 2]);
  });
});
