import { describe, expect, it } from "vitest";
import { rampColor } from "../../../src/webviews/shared/colors";
import type { Rgb } from "../../../src/webviews/shared/theme";
import { counting } from "../../helpers/datasetFiles";

/** Contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance). */
function contrast(a: Rgb, b: Rgb): number {
  const luminance = (color: Rgb) => {
    const [red, green, blue] = color.map(channel => (channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4)) as unknown as Rgb;
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe("the ramp of numbers", () => {
  it.each([["dark", true, [31, 31, 31], 1.8], ["black", true, [0, 0, 0], 2], ["white", false, [255, 255, 255], 1.5]] as const)("is seen from end to end on %s", (_, dark, background, least) => {
    for (const i of counting(101)) expect(contrast(rampColor(i / 100, dark), [...background])).toBeGreaterThan(least);
  });

  it.each([true, false])("grows lighter with every value (dark: %s)", dark => {
    const steps = counting(101).map(i => contrast(rampColor(i / 100, dark), [0, 0, 0]));
    for (const i of counting(100)) expect(steps[i + 1]!).toBeGreaterThan(steps[i]!);
  });
});
