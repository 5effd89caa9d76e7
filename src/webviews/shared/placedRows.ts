import type { Labels } from "../../protocol/data";
import type { PlacedPoints, PlacedSet, Points } from "../../protocol/engineApi";

// Rows of other datasets that were placed in a map, in the views of that map: they are counted on from its own rows, set after set.

/** A row as its own dataset counts it. */
export interface RowPlace {
  /** Null for a row of the checkpoint itself. */
  set: PlacedSet | null;
  row: number;
}

/** Where a row belongs, with `own` rows of the checkpoint itself before all that were placed. */
export function placeOf(row: number, own: number, sets: readonly PlacedSet[]): RowPlace {
  let first = own;
  if (row < own) return { set: null, row };
  for (const set of sets) {
    if (row < first + set.count) return { set, row: row - first };
    first += set.count;
  }
  return { set: null, row };
}

/** The rows [from, to) of each set. */
export function rangesOf(own: number, sets: readonly PlacedSet[]): { set: PlacedSet; from: number; to: number }[] {
  let next = own;
  return sets.map(set => {
    const from = next;
    next += set.count;
    return { set, from, to: next };
  });
}

/** True for a row whose dataset is gone, so that nothing but its place and label is known. */
export function isGone(row: number, own: number, sets: readonly PlacedSet[]): boolean {
  return (placeOf(row, own, sets).set?.problem ?? null) !== null;
}

/** The picture with the placed rows behind its own. */
export function withPlacedPoints(points: Points, { data }: PlacedPoints): Points {
  if (data.length === 0) return points;
  const all = new Float32Array(points.data.length + data.length);
  all.set(points.data);
  all.set(data, points.data.length);
  return { ...points, data: all };
}

/** Values of the map's own rows with those of the placed ones behind them. */
export function withPlacedLabels(own: Labels, placed: Labels): Labels {
  if (own.kind === "classes") {
    if (placed.kind !== "classes") return own;
    const values = new Int32Array(own.values.length + placed.values.length);
    values.set(own.values);
    values.set(placed.values, own.values.length);
    return { ...own, classes: placed.classes, values };
  }
  const values = new Float32Array(own.values.length + placed.values.length).fill(NaN);
  values.set(own.values);
  if (placed.kind === "numbers") values.set(placed.values, own.values.length);
  return { ...own, values };
}

/** Labels of the `count` rows that are drawn, `own` of them the map's: without those of placed rows that have no place there, and none yet for placed rows that have just come. */
export function labelsOfDrawn(labels: Labels | null, own: number, count: number): Labels | null {
  if (!labels || labels.values.length === count) return labels;
  if (labels.values.length > count) return labels.kind === "classes" ? { ...labels, values: labels.values.subarray(0, count) } : { ...labels, values: labels.values.subarray(0, count) };
  if (labels.values.length !== own) return null;
  return withPlacedLabels(labels, labels.kind === "classes" ? { ...labels, values: new Int32Array(count - own).fill(-1) } : { ...labels, values: new Float32Array(count - own).fill(NaN) });
}

/** Takes the rows of hidden sets out of `shown`. */
export function hideSets(shown: Uint8Array, own: number, sets: readonly PlacedSet[], hidden: readonly number[]): void {
  for (const { set, from, to } of rangesOf(own, sets)) if (hidden.includes(set.id)) shown.fill(0, from, to);
}
