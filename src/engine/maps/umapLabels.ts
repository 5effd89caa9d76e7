import { LatentError } from "../../protocol/errors";
import { fuzzyUnion, type FuzzySet } from "./umapGraph";

// The supervised option: a fuzzy set is intersected with what the labels say of two rows being neighbours.

/** Classes as numbers, −1 = unknown; or measurements, NaN = unknown. */
export type UmapLabels = Int32Array | Float32Array;

/** How far a row without a label is from any other, in the exponent. */
const unknownDistance = 1;

/**
 * Memberships times e^−d, with d between rows of different classes 2.5 / (1 − `targetWeight`), and 1 where a label is unknown. Of two
 * measurements the same, times the difference of their ranks as a share of the known rows, so that neither units nor outliers matter.
 * Every row is then given back a full membership, and the union taken again (as the authors' code does). `targetWeight` is
 * 0 (labels hardly matter) to 1 (edges between classes are cut).
 */
export function intersectLabels(set: FuzzySet, labels: UmapLabels, targetWeight: number): FuzzySet {
  if (labels.length !== set.count) throw new LatentError("bad-request", `${labels.length} labels for ${set.count} rows: give one for every row, −1 or NaN where it is unknown`);
  if (!(targetWeight >= 0 && targetWeight <= 1)) throw new LatentError("bad-request", `The labels' weight is ${targetWeight}, but it must be from 0 to 1`);
  const farDistance = targetWeight < 1 ? 2.5 / (1 - targetWeight) : Infinity;
  const places = labels instanceof Float32Array ? rankShares(labels) : labels;
  const isUnknown = labels instanceof Float32Array ? Number.isNaN : (label: number) => label === -1;
  const distance = (a: number, b: number): number => {
    if (isUnknown(a) || isUnknown(b)) return unknownDistance;
    if (a === b) return 0;
    return farDistance * (labels instanceof Float32Array ? Math.abs(a - b) : 1);
  };
  const weights = new Float32Array(set.weights.length);
  for (let row = 0; row < set.count; row++) {
    let largest = 0;
    for (let entry = set.starts[row]!; entry < set.starts[row + 1]!; entry++) {
      weights[entry] = set.weights[entry]! * Math.exp(-distance(places[row]!, places[set.columns[entry]!]!));
      largest = Math.max(largest, weights[entry]!);
    }
    if (largest > 0) for (let entry = set.starts[row]!; entry < set.starts[row + 1]!; entry++) weights[entry]! /= largest;
  }
  return fuzzyUnion(set.count, set.starts, set.columns, weights);
}

/** The rank of each known value as a share of all, 0 to 1, equal values alike. */
function rankShares(values: Float32Array): Float32Array {
  const known = values.filter(value => !Number.isNaN(value)).sort();
  const firstRank = new Map<number, number>();
  const lastRank = new Map<number, number>();
  known.forEach((value, rank) => {
    if (!firstRank.has(value)) firstRank.set(value, rank);
    lastRank.set(value, rank);
  });
  return values.map(value => (Number.isNaN(value) ? NaN : (firstRank.get(value)! + lastRank.get(value)!) / 2 / Math.max(1, known.length - 1)));
}
