import type { Labels } from "../../protocol/data";

export type Order = "worst" | "best" | "row";

/** The rows to show: of one class (null for all), only the given ones if any are given, in the wanted order. */
export function orderedRows(count: number, scores: Float32Array | null, labels: Labels | null, wanted: { order: Order; label: number | null; only: Int32Array | null }): Int32Array {
  const all = wanted.only ?? Int32Array.from({ length: count }, (_, row) => row);
  const rows = labels?.kind === "classes" && wanted.label !== null ? all.filter(row => labels.values[row] === wanted.label) : all.slice();
  if (wanted.order === "row" || !scores) return rows.sort();
  const sign = wanted.order === "worst" ? -1 : 1;
  return rows.sort((a, b) => sign * (scores[a]! - scores[b]!) || a - b);
}
