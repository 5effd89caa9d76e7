import type { Labels } from "../../protocol/data";
import type { PlacedSet, Points } from "../../protocol/engineApi";
import { placeOf, rangesOf } from "../shared/placedRows";

// Rows of one dataset may have been placed in several of the maps that are compared. Here they are the same rows, counted on from
// the maps' own: set after set, each dataset once, whichever maps it was placed in.

/** A dataset that was placed in at least one of the maps; its `id` counts the sets of the comparison from 0. */
export interface SharedSet extends PlacedSet {
  /** The map that is asked about its rows, and the number that its first row has there. */
  member: number;
  start: number;
}

/** Rows placed in one map: its sets, and their places [all placed × 2] in the picture that is drawn; empty where it has none of them. */
export interface PlacedInMap {
  sets: readonly PlacedSet[];
  data: Float32Array;
}

/**
 * Each dataset once, in the order of the maps; `own` rows come before those that were placed. A map whose dataset is at hand is asked
 * rather than one whose is not, and the first of several.
 */
export function sharedSets(own: number, maps: readonly { member: number; sets: readonly PlacedSet[] }[]): SharedSet[] {
  const found = new Map<string, SharedSet>();
  for (const { member, sets } of maps) {
    for (const { set, from } of rangesOf(own, sets)) {
      const known = found.get(set.fingerprint);
      if (!known || (known.problem !== null && set.problem === null)) found.set(set.fingerprint, { ...set, id: known?.id ?? found.size, member, start: from });
    }
  }
  return [...found.values()];
}

/** Who is asked about a row of the comparison, and its number there. */
export function askedOf(row: number, own: number, sets: readonly SharedSet[]): { member: number; row: number } {
  const place = placeOf(row, own, sets);
  const set = place.set as SharedSet | null;
  return set ? { member: set.member, row: set.start + place.row } : { member: 0, row };
}

/** What one map draws of all rows of the comparison. */
export interface DrawnRows {
  points: Points;
  /** 1 for the rows that have a place in this map. */
  present: Uint8Array;
}

/** The plane of one map, whose `points` are those of its own rows, with the places that the comparison's placed rows have there. */
export function withSharedSets(points: Points, placed: PlacedInMap, sets: readonly SharedSet[]): DrawnRows {
  const own = points.data.length / 2;
  const count = own + sets.reduce((sum, set) => sum + set.count, 0);
  const present = new Uint8Array(count).fill(1, 0, own);
  if (count === own) return { points, present };
  const data = new Float32Array(2 * count);
  data.set(points.data);
  const here = new Map(placed.data.length > 0 ? rangesOf(0, placed.sets).map(({ set, from }) => [set.fingerprint, { from, count: set.count }]) : []);
  for (const { set, from, to } of rangesOf(own, sets)) {
    const found = here.get(set.fingerprint);
    if (found?.count === set.count) {
      data.set(placed.data.subarray(2 * found.from, 2 * (found.from + found.count)), 2 * from);
      present.fill(1, from, to);
    } else {
      // It is not shown, and must not widen the picture.
      for (let row = from; row < to; row++) data.set(points.data.subarray(0, 2), 2 * row);
    }
  }
  return { points: { ...points, data }, present };
}

/** Values of the own rows and of each shared set behind them; a set without values of this kind has none. Classes are matched by their names. */
export function withSetLabels(own: Labels, sets: readonly { count: number; labels: Labels | null }[]): Labels {
  const total = sets.reduce((sum, { count }) => sum + count, own.values.length);
  let at = own.values.length;
  if (own.kind === "numbers") {
    const values = new Float32Array(total).fill(NaN);
    values.set(own.values);
    for (const { count, labels } of sets) {
      if (labels?.kind === "numbers") values.set(labels.values, at);
      at += count;
    }
    return { ...own, values };
  }
  const classes = [...own.classes];
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const values = new Int32Array(total).fill(-1);
  values.set(own.values);
  for (const { count, labels } of sets) {
    if (labels?.kind === "classes") {
      labels.values.forEach((value, row) => {
        const name = labels.classes[value];
        if (name === undefined) return;
        let number = numbers.get(name);
        if (number === undefined) numbers.set(name, (number = classes.push(name) - 1));
        values[at + row] = number;
      });
    }
    at += count;
  }
  return { ...own, classes, values };
}
