import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";

describe.each([1, 3])("a crew of %s threads", threads => {
  let crew: Crew;
  beforeAll(async () => void (crew = openCrew({ folder: await buildKernels(), threads })));
  afterAll(() => crew.close());

  it("does every part of every call once, however many there are", () => {
    for (let call = 1; call <= 300; call++) {
      crew.heap.scope(() => {
        const { address, values } = crew.heap.float32(1000);
        crew.run("fill", 1 + (call % 64), address, values.length - 1, call);
        expect(values.subarray(0, -1).every(value => value === call)).toBe(true);
        expect(values.at(-1)).toBe(0);
        // One half of all values, in their own place: a part that is done twice shows.
        crew.run("mdsGather", 1 + (call % 64), 996, 1, address, 2, address);
        expect(values.subarray(0, 996).every(value => value === call / 2)).toBe(true);
      });
    }
  });

  it("grows its memory, gives it back, and hands it out zeroed", () => {
    const addresses = [1, 2].map(() => crew.heap.scope(() => {
      const [small, large] = [crew.heap.uint8(3), crew.heap.float64(5_000_000)];
      expect(large.address % 64).toBe(0);
      expect(large.address).toBeGreaterThan(small.address);
      expect(large.values.at(-1)).toBe(0);
      large.values[4_999_999] = 1;
      return large.address;
    }));
    expect(addresses[0]).toBe(addresses[1]);
  });

  it("refuses more than there is, in words, and goes on", () => {
    expect(() => crew.heap.float64(2 ** 31)).toThrow(/needs 16384 MB/);
    crew.heap.scope(() => crew.run("fill", 2, crew.heap.float32(10).address, 10, 1));
  });

  it("names a kernel that is not there", () => {
    expect(() => crew.run("frobnicate", 1)).toThrow("frobnicate");
    crew.heap.scope(() => crew.run("fill", 2, crew.heap.float32(10).address, 10, 1));
  });

  it("is of no more use after a kernel has failed, and says so", async () => {
    const failing = openCrew({ folder: await buildKernels(), threads });
    expect(() => failing.run("fill", 8, 2 ** 31, 1000, 1)).toThrow();
    expect(() => failing.run("fill", 1, failing.heap.float32(1).address, 1, 1)).toThrow("failed in fill or before");
    await failing.close();
  });
});
