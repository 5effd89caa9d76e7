import type { Rgb, Theme } from "./theme";

// Colour scales of the views. Classes: hues of even lightness, so that none shouts, readable on dark and light. Values:
// a perceptually even ramp. Signed values: two hues that fade into the background at zero.

const classColorsDark = ["#4cc2ff", "#ff9f45", "#5fd38d", "#ff6b81", "#b692f6", "#d4b483", "#f78fd0", "#a8b3bd", "#d3d94f", "#4fd6c9"];
const classColorsLight = ["#0071bc", "#d65f00", "#1c8a4b", "#c9273f", "#7446c9", "#85602f", "#c23a92", "#66717a", "#8a8a00", "#008a80"];

/** Colour of class c; after ten, the same hues return lighter and darker in turn. */
export function classColor(c: number, dark: boolean): Rgb {
  const table = dark ? classColorsDark : classColorsLight;
  const base = hex(table[c % table.length]!);
  const round = Math.floor(c / table.length);
  if (round === 0) return base;
  const towards = round % 2 === 1 ? (dark ? 255 : 0) : dark ? 0 : 255;
  const share = 0.35 + 0.15 * Math.min(2, Math.floor((round - 1) / 2));
  return mix(base, [towards, towards, towards], share);
}

/** Rows without a class. */
export const noClassColor = (dark: boolean): Rgb => (dark ? [110, 110, 110] : [165, 165, 165]);

/** The outline of marks: what stands out most from the background and from every class. */
export const markOutlineColor = (dark: boolean): Rgb => (dark ? [255, 255, 255] : [20, 20, 20]);

const ramp = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"].map(hex);

/** The part of viridis that is seen on each background: its lowest colours are as dark as a dark editor, its highest near white. */
const seenOnDark = [0.25, 1] as const;
const seenOnLight = [0, 0.85] as const;

/** Colour of a value from 0 to 1, on a dark background or a light one (viridis, van der Walt & Smith 2015). NaN has no colour of its own: see noClassColor. */
export function rampColor(value: number, dark: boolean): Rgb {
  const [first, last] = dark ? seenOnDark : seenOnLight;
  const position = (first + (last - first) * Math.max(0, Math.min(1, value))) * (ramp.length - 1);
  const below = Math.min(ramp.length - 2, Math.floor(position));
  return mix(ramp[below]!, ramp[below + 1]!, position - below);
}

/** Colour of a signed value from −1 (blue) over 0 (background) to 1 (red). */
export function signedColor(value: number, background: Rgb, dark: boolean): Rgb {
  const strength = Math.min(1, Math.abs(value));
  const end: Rgb = value < 0 ? (dark ? [80, 170, 255] : [0, 92, 185]) : dark ? [255, 110, 90] : [200, 40, 20];
  return mix(background, end, Math.sqrt(strength));
}

/** The same as the background of a table's cell: pale enough for its text to be read. */
export function signedCell(value: number, { background, dark }: Theme): string {
  return cssColor(signedColor(value, background, dark), 0.4);
}

export function cssColor([red, green, blue]: Rgb, alpha = 1): string {
  return alpha === 1 ? `rgb(${red}, ${green}, ${blue})` : `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [0, 1, 2].map(i => Math.round(a[i]! + (b[i]! - a[i]!) * share)) as unknown as Rgb;
}

function hex(text: string): Rgb {
  return [1, 3, 5].map(start => parseInt(text.slice(start, start + 2), 16)) as unknown as Rgb;
}
