import { describe, expect, it } from "vitest";
import { diamondOf, discOf, emptyRaster, stamp } from "../../../../src/webviews/shared/pointCloud/discs";

const red = Uint8Array.of(255, 0, 0, 255, 0, 0, 255, 255);
const opacities = (pixels: Uint8Array) => Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i + 3]!);
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe("discOf", () => {
  it("covers an area near that of the disc, less its soft edge, wherever its middle lies", () => {
    for (const covers of discOf(12).coverage) {
      // The edge is one pixel wide, half of it lost: π (6 − ½)².
      expect(sum(covers)).toBeGreaterThan(Math.PI * 5.3 ** 2);
      expect(sum(covers)).toBeLessThan(Math.PI * 5.7 ** 2);
    }
  });
});

describe("diamondOf", () => {
  it("covers an area near that of a square on its corner, and none of the disc's beside its edges", () => {
    for (const covers of diamondOf(12).coverage) {
      // 2 r², r shorter by half the edge, which is one pixel wide across: 6 − √2 / 2.
      expect(sum(covers)).toBeGreaterThan(2 * 5.1 ** 2);
      expect(sum(covers)).toBeLessThan(2 * 5.5 ** 2);
    }
    const raster = emptyRaster(20, 20, false, null);
    stamp(raster, diamondOf(12), 10, 10, 1, red, 0, 1);
    const at = (x: number, y: number) => raster.pixels[4 * (y * 20 + x) + 3]!;
    expect(at(10, 5)).toBeGreaterThan(100);
    expect(at(10, 10)).toBe(255);
    expect(at(13, 13)).toBe(0);
  });
});

describe("stamp", () => {
  it("puts the middle where it belongs", () => {
    const raster = emptyRaster(20, 20, false, null);
    stamp(raster, discOf(6), 8.25, 11.5, 1, red, 0, 1);
    const weights = opacities(raster.pixels);
    const middle = (along: (i: number) => number) => sum(weights.map((weight, i) => weight * (along(i) + 0.5))) / sum(weights);
    expect(middle(i => i % 20)).toBeCloseTo(8.25, 1);
    expect(middle(i => Math.floor(i / 20))).toBeCloseTo(11.5, 1);
  });

  it("lays colours over each other", () => {
    const raster = emptyRaster(9, 9, false, null);
    stamp(raster, discOf(8), 4.5, 4.5, 1, red, 0, 1);
    stamp(raster, discOf(8), 4.5, 4.5, 1, red, 1, 0.25);
    expect([...raster.pixels.subarray(4 * 40, 4 * 41)]).toEqual([191, 0, 64, 255]);
  });

  it("keeps what is nearer", () => {
    const raster = emptyRaster(9, 9, true, null);
    stamp(raster, discOf(8), 4.5, 4.5, 1, red, 0, 1);
    stamp(raster, discOf(8), 4.5, 4.5, 2, red, 1, 1);
    expect([...raster.pixels.subarray(4 * 40, 4 * 41)]).toEqual([255, 0, 0, 255]);
  });

  it("cuts off what lies outside", () => {
    const raster = emptyRaster(10, 10, false, null);
    for (const [x, y] of [[0, 5], [10, 5], [5, 0], [5, 10], [-3, -3], [14, 5], [5, 1e9], [-1e9, 5]] as const) stamp(raster, discOf(6), x, y, 1, red, 0, 1);
    const column = (x: number) => opacities(raster.pixels).filter((_, i) => i % 10 === x);
    expect(column(0)[5]).toBe(255);
    expect(column(9)[5]).toBe(255);
    expect(column(5)[5]).toBe(0);
  });
});
