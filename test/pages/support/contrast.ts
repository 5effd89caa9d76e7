import { childrenOf, describe, isDisabled, ownText } from "./flatTree";

// How well texts and icons stand out (WCAG 2, 1.4.3 and 1.4.11). Runs in the page.

type Color = readonly [red: number, green: number, blue: number, alpha: number];

export interface Contrast {
  what: string;
  kind: "text" | "muted" | "icon";
  ratio: number;
}

/** The contrast of every text and icon against what is painted behind it; those of controls that are off are left out. */
export function contrasts(): Contrast[] {
  const found: Contrast[] = [];
  const look = (element: Element, backdrop: Color, opacity: number) => {
    const style = getComputedStyle(element);
    if (isDisabled(element)) return;
    const through = opacity * Number(style.opacity);
    const behind = over(withAlpha(colorOf(style.backgroundColor), through), backdrop);
    const add = (kind: Contrast["kind"], color: string) => found.push({ what: describe(element), kind, ratio: ratioOf(over(withAlpha(colorOf(color), through), behind), behind) });
    if (element.matches(".codicon")) add("icon", getComputedStyle(element, "::before").color);
    else if (element instanceof HTMLInputElement && element.placeholder && !element.value) add("muted", getComputedStyle(element, "::placeholder").color);
    else if (ownText(element) && !isUnseen(element)) add(element.closest(".muted") ? "muted" : "text", style.color);
    for (const child of childrenOf(element)) look(child, behind, through);
  };
  look(document.body, colorOf(getComputedStyle(document.documentElement).backgroundColor), 1);
  return found;
}

/** Contrast of two opaque colours, 1 to 21. */
export function ratioOf(a: Color, b: Color): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** A computed CSS colour, 0 to 1. */
export function colorOf(text: string): Color {
  const numbers = [...text.matchAll(/[\d.]+/g)].map(match => Number(match[0]));
  const unit = text.startsWith("color(") ? 1 : 255;
  const [red = 0, green = 0, blue = 0, alpha = 1] = numbers;
  return [red / unit, green / unit, blue / unit, alpha];
}

/** A colour seen over an opaque one. */
export function over([red, green, blue, alpha]: Color, behind: Color): Color {
  const mix = (front: number, back: number) => front * alpha + back * (1 - alpha);
  return [mix(red, behind[0]), mix(green, behind[1]), mix(blue, behind[2]), 1];
}

const withAlpha = ([red, green, blue, alpha]: Color, factor: number): Color => [red, green, blue, alpha * factor];

function luminance([red, green, blue]: Color): number {
  const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** What only a screen reader reads. */
const isUnseen = (element: Element) => element.clientWidth <= 1 && element.clientHeight <= 1 && getComputedStyle(element).position === "absolute";
