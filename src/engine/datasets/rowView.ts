import { LatentError } from "../../protocol/errors";
import type { DatasetChoice, RowKind } from "../../protocol/data";
import { choose } from "./choices";
import type { Rows } from "./dataset";
import { shapeText } from "./storedArray";

// What the rows of an array mean: vectors, or images and then in which order of axes. The shape decides where it can;
// where it cannot, the user does.

export interface RowView {
  kind: RowKind;
  /** [height, width, channels] or [d]. */
  shape: number[];
  /** True when rows are stored one channel plane after another and must be interleaved. */
  planar: boolean;
  choices: DatasetChoice[];
  notes: string[];
}

type Answers = Record<string, string[]>;
interface Geometry {
  height: number;
  width: number;
  channels: number;
  planar: boolean;
}

const smallestSide = 4; // thinner arrays are tables of a few columns far more often than images
const isChannelCount = (size: number) => size === 1 || size === 3 || size === 4;

/**
 * How the rows of an array of `shape` (first axis: rows) are read. `bytes` says whether the values are 8-bit, which is
 * what flat images usually are; `smallest` is the least side that counts as an image (channel planes always need 4).
 */
export function viewRows(shape: readonly number[], bytes: boolean, answers: Answers, smallest = smallestSide): RowView {
  const rest = shape.slice(1);
  if (rest.length === 0) throw new LatentError("bad-dataset", `shape ${shapeText(shape)} is a list, not rows`);
  if (rest.length === 1) return viewFlat(rest[0]!, bytes, answers);
  const geometries = geometriesOf(rest, smallest);
  if (geometries.length === 0) return vectors(rest, [], [`rows of shape ${shapeText(rest)} are read as vectors of ${product(rest)} values`]);
  const sizes = `${geometries[0]!.height}×${geometries[0]!.width}`;
  const rows = choose(answers, {
    id: "rows",
    title: "Rows",
    options: [{ id: "images", label: geometries.length > 1 ? "Images" : `${sizes} images` }, { id: "vectors", label: `Vectors of ${product(rest)} values` }],
    fallback: ["images"],
  });
  if (rows.selected[0] === "vectors") return vectors(rest, [rows], []);
  const layout = choose(answers, {
    id: "layout",
    title: "Order of the axes",
    options: geometries.map(geometry => ({ id: layoutId(geometry), label: `${geometry.planar ? "Channels first" : "Channels last"}: ${describe(geometry)}` })),
    fallback: [layoutId(geometries[0]!)],
  });
  const chosen = geometries.find(geometry => layoutId(geometry) === layout.selected[0])!;
  const notes = geometries.length > 1 ? [`rows of shape ${shapeText(rest)} could be ${geometries.map(describe).join(" or ")}: read as ${describe(chosen)}`] : [];
  return { ...imageView(chosen), choices: [rows, layout], notes };
}

/** Rows of `size` values: vectors, or square images that were flattened. */
function viewFlat(size: number, bytes: boolean, answers: Answers): RowView {
  const geometries = flatGeometries(size);
  const grey = geometries.find(geometry => geometry.channels === 1);
  const rows = choose(answers, {
    id: "rows",
    title: "Rows",
    options: [{ id: "vectors", label: `Vectors of ${size} values` }, ...geometries.map(geometry => ({ id: flatId(geometry), label: describe(geometry) }))],
    fallback: [bytes && grey && size >= 64 ? flatId(grey) : "vectors"],
  });
  const chosen = geometries.find(geometry => flatId(geometry) === rows.selected[0]);
  if (!chosen) return vectors([size], [rows], []);
  return { ...imageView(chosen), choices: [rows], notes: [`each row's ${size} values are read as a ${describe(chosen)} image`] };
}

/** The ways to read rows of 2 or 3 axes as images. */
function geometriesOf(rest: readonly number[], smallest: number): Geometry[] {
  const [a, b, c] = rest as [number, number, number?];
  const large = (height: number, width: number, least = smallest) => height >= least && width >= least;
  if (rest.length === 2) return large(a, b) ? [{ height: a, width: b, channels: 1, planar: false }] : [];
  if (rest.length !== 3 || c === undefined) return [];
  const geometries: Geometry[] = [];
  if (isChannelCount(c) && large(a, b)) geometries.push({ height: a, width: b, channels: c, planar: false });
  if (isChannelCount(a) && large(b, c, smallestSide)) geometries.push({ height: b, width: c, channels: a, planar: true });
  return geometries;
}

function flatGeometries(size: number): Geometry[] {
  const geometries: Geometry[] = [];
  for (const channels of [1, 3, 4]) {
    const side = Math.sqrt(size / channels);
    if (!Number.isInteger(side) || side < smallestSide) continue;
    geometries.push({ height: side, width: side, channels, planar: false });
    if (channels > 1) geometries.push({ height: side, width: side, channels, planar: true });
  }
  return geometries;
}

const imageView = ({ height, width, channels, planar }: Geometry) => ({ kind: "image" as const, shape: [height, width, channels], planar: planar && channels > 1 });
const vectors = (rest: readonly number[], choices: DatasetChoice[], notes: string[]): RowView => ({
  kind: "vector", shape: [product(rest)], planar: false, choices, notes,
});
const product = (sizes: readonly number[]) => sizes.reduce((total, size) => total * size, 1);
const layoutId = ({ planar }: Geometry) => (planar ? "channels-first" : "channels-last");
const describe = ({ height, width, channels, planar }: Geometry) =>
  channels === 1 && !planar ? `${height}×${width} grey` : planar ? `${channels}×${height}×${width} (planes)` : `${height}×${width}×${channels}`;
const flatId = ({ height, width, channels, planar }: Geometry) =>
  channels === 1 ? `${height}x${width}` : !planar ? `${height}x${width}x${channels}`
  : `${channels}x${height}x${width}${channels === height ? "-planes" : ""}`; // 4 × 4 × 4 reads alike from both ends

/** Rows of channel planes [n × c × h × w] as interleaved pixels [n × h × w × c]. */
export function interleave<R extends Rows>(rows: R, [height, width, channels]: readonly number[]): R {
  const plane = height! * width!;
  const result = rows.slice() as R;
  for (let row = 0; row < rows.length; row += plane * channels!) {
    for (let channel = 0; channel < channels!; channel++) {
      const from = row + channel * plane;
      for (let i = 0; i < plane; i++) result[row + i * channels! + channel] = rows[from + i]!;
    }
  }
  return result;
}
