import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import { searchesExactly } from "./graphSize";
import type { MapRows, NeighborGraph, Report } from "./map";
import { loadRows } from "./neighborRows";
import { approximateNeighbors } from "./neighborsApproximate";
import { exactNeighbors } from "./neighborsExact";

// The neighbour graph: one for all maps and scores of the same rows.

export type NeighborMethod = "auto" | "exact" | "approximate";

export interface NeighborOptions {
  seed: number;
  /** Told how far it is; throws `cancelled` to stop it. */
  report: Report;
  /** "auto", the default, compares every pair of rows where that takes seconds. */
  method?: NeighborMethod;
}

/**
 * The k nearest other rows of every row, nearest first, the row itself never among them; of rows that lie in one place, all
 * are neighbours at distance 0. Exact (of equally near rows, those with the lower numbers), or approximate with a recall of 0.95 or more, which is measured on 1,000 rows. Equal
 * seeds give equal graphs, whatever the number of threads.
 *
 * Throws `bad-request` where there are not k other rows, `bad-dataset` where a value is not finite, `out-of-memory`.
 */
export function neighborGraph(rows: MapRows, k: number, crew: Crew, { seed, report, method = "auto" }: NeighborOptions): NeighborGraph {
  checkNeighbors(rows, k);
  return crew.heap.scope(() => {
    const space = loadRows(crew, rows);
    const exact = method === "exact" || (method === "auto" && searchesExactly(rows));
    const { rows: found, distances, recall } = exact ? { ...exactNeighbors(crew, space, k, null, report), recall: 1 } : approximateNeighbors(crew, rows, space, k, seed, report);
    report(1);
    return { k, rows: found, distances, recall: Math.fround(recall), exact }; // the recall as a checkpoint keeps it
  });
}

/** Throws `bad-request` where there are not k other rows. */
export function checkNeighbors({ count }: MapRows, k: number): void {
  if (Number.isInteger(k) && k >= 1 && k < count) return;
  throw new LatentError("bad-request", `${k} neighbours of each row were asked for, and there are ${count} rows. ${count > 1 ? `Ask for 1 to ${count - 1}` : "At least 2 rows are needed"}.`);
}
