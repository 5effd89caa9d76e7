import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { MapRows, NeighborGraph, Report } from "./map";
import { loadRows, type SearchRows } from "./neighborRows";
import { keptFor, searchAll } from "./neighborSearch";

/** Rows compared between two reports where products left the order open. */
const rowsBetweenReports = 16;

/**
 * The k nearest rows of a map for each of the `added` rows, nearest first, by exact distances; a row that is also in the map is its own
 * neighbour, at distance 0. Every pair is compared: added × rows × dim multiply-adds.
 *
 * Throws `bad-request` where the map has not k rows, `bad-dataset` where a value is not finite, `cancelled` when `report` does.
 */
export function neighborsOfNew(rows: MapRows, added: MapRows, k: number, crew: Crew, report: Report): NeighborGraph {
  if (added.dim !== rows.dim) throw new LatentError("internal", `rows of ${added.dim} values beside a map of rows of ${rows.dim}`);
  if (!(Number.isInteger(k) && k >= 1 && k <= rows.count)) throw new LatentError("bad-request", `${k} neighbours of each new row were asked for among the ${rows.count} rows of the map`);
  return crew.heap.scope(() => {
    const space = loadRows(crew, rows);
    const queries = loadRows(crew, added);
    const size = Math.min(keptFor(k), rows.count);
    const found = searchAll(crew, queries, space, { k, numbers: null, apart: false, size, exactly: true, report });
    if (size < rows.count) {
      const open = Array.from(found.proven.keys()).filter(row => found.proven[row] === 0);
      open.forEach((row, i) => {
        if (i % rowsBetweenReports === 0) report(1);
        const nearest = byDifferences(queries, row, space, k);
        found.rows.set(nearest.rows, row * k);
        found.distances.set(nearest.distances, row * k);
      });
    }
    report(1);
    return { k, rows: found.rows, distances: found.distances, recall: 1 };
  });
}

/** The k nearest of one row in f64, for the few whose order the rounding of products leaves open. */
function byDifferences(queries: SearchRows, row: number, space: SearchRows, k: number): { rows: number[]; distances: number[] } {
  const { count, depth, half } = space;
  const squares = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let sum = (queries.excess?.values[row] ?? 0) + (space.excess?.values[i] ?? 0);
    for (let j = 0, a = row * depth, b = i * depth; j < depth; j++) sum += (queries.rows.values[a + j]! - space.rows.values[b + j]!) ** 2;
    squares[i] = sum;
  }
  const farthest = squares.slice().sort()[k - 1]!;
  const rows = Array.from(squares.keys()).filter(i => squares[i]! <= farthest).sort((a, b) => squares[a]! - squares[b]! || a - b).slice(0, k);
  return { rows, distances: rows.map(i => (half ? squares[i]! / 2 : Math.sqrt(squares[i]!))) };
}
