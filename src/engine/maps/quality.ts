import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { MapRows, Report } from "./map";
import { distinctNumbers } from "./neighborCells";
import { loadRows } from "./neighborRows";
import { exactNeighbors } from "./neighborsExact";
import { ranksOf } from "./qualityRanks";
import { shepard, type Shepard } from "./qualityShepard";

// How far a map can be trusted: what it shows as near against what is near in the data.

export interface MapQuality {
  /** Neighbours of a row that are judged. */
  k: number;
  /** Rows that are judged, each against all rows: all of them, or a random sample. */
  judged: number;
  /** 0 to 1: 1 where all neighbours in the map are neighbours in the data (Venna & Kaski 2001; normalized as in scikit-learn). */
  trustworthiness: number;
  /** 0 to 1: 1 where all neighbours in the data are neighbours in the map. */
  continuity: number;
  /** Share of the k nearest in the data that are among the k nearest in the map. */
  neighborOverlap: number;
  /** Share of the judged rows whose class is that of most of their k nearest in the map, of the nearest among equally many; null without classes. */
  labelAccuracy: number | null;
  shepard: Shepard;
  /** [judged × k] the nearest of the judged rows in the data. */
  nearInData: Int32Array;
}

export interface QualityOptions {
  /** Below half of the rows. */
  k: number;
  seed: number;
  /** Class of every row, or null. A negative one is unknown: the row is not judged, and has no voice. */
  labels?: Int32Array | null;
  /** [count × k] each row's nearest in the data, nearest first, by an exact search (neighbors.ts), or [judged × k] as an earlier judgement of these rows gave them; searched where there are none. */
  nearInData?: Int32Array | null;
  /** Rows to judge, where there are more; default 10,000. */
  most?: number;
  /** Told how far it is; throws `cancelled` to stop it. */
  report: Report;
}

/**
 * Judges a map [count × dimensions] of rows. Ranks are exact, among all rows; of equally near rows the one with the lower number
 * comes first. Throws `bad-request` where k is not below half of the rows, `bad-dataset` where a value is not finite.
 */
export function mapQuality(rows: MapRows, coordinates: Float32Array, crew: Crew, options: QualityOptions): MapQuality {
  const { k, seed, labels = null, nearInData: known = null, most = 10_000, report } = options;
  const { count } = rows;
  if (!(Number.isInteger(k) && k >= 1 && k < count / 2)) {
    throw new LatentError("bad-request", `The quality of a map with ${k} neighbours needs more than ${2 * k} rows, and there are ${count}. Choose from 1 to ${Math.ceil(count / 2) - 1}.`);
  }
  const map: MapRows = { data: coordinates, count, dim: coordinates.length / count, metric: "euclidean" };
  const judged = count <= most ? Int32Array.from({ length: count }, (_, i) => i) : distinctNumbers(most, count, seed, "quality").sort();
  if (known && ![count * k, judged.length * k].includes(known.length)) throw new LatentError("internal", `${known.length} neighbours of ${count} rows are not ${k} of each`);
  return crew.heap.scope(() => {
    const stage = (number: number) => (fraction: number) => report((number + fraction) / 4);
    const inData = loadRows(crew, rows);
    const inMap = loadRows(crew, map);
    const nearInMap = exactNeighbors(crew, inMap, k, judged, stage(0)).rows;
    const nearInData = known?.length === judged.length * k ? known : known ? neighborsOfRows(known, k, judged) : exactNeighbors(crew, inData, k, judged, stage(1)).rows;
    const ranksInData = ranksOf(crew, inData, judged, nearInMap, stage(2));
    const ranksInMap = ranksOf(crew, inMap, judged, nearInData, stage(3));
    const quality: MapQuality = {
      k, judged: judged.length,
      trustworthiness: rankScore(ranksInData, k, count), continuity: rankScore(ranksInMap, k, count),
      neighborOverlap: ranksInData.reduce((kept, rank) => kept + (rank <= k ? 1 : 0), 0) / ranksInData.length,
      labelAccuracy: labels && labelAccuracy(labels, judged, nearInMap, k),
      shepard: shepard(rows, map, seed), nearInData,
    };
    report(1);
    return quality;
  });
}

/** Of a graph [count × k] the neighbours of some rows. */
function neighborsOfRows(graph: Int32Array, k: number, rows: Int32Array): Int32Array {
  const near = new Int32Array(rows.length * k);
  rows.forEach((row, i) => near.set(graph.subarray(row * k, (row + 1) * k), i * k));
  return near;
}

/** 1 − 2 / (m k (2n − 3k − 1)) Σ max(0, rank − k) over m rows with k neighbours each, among n rows. */
function rankScore(ranks: Int32Array, k: number, n: number): number {
  const excess = ranks.reduce((sum, rank) => sum + Math.max(0, rank - k), 0);
  return 1 - (2 * excess) / (ranks.length * (2 * n - 3 * k - 1));
}

/** Leave-one-out: no row is among its own neighbours. Null where no judged row has a class. */
function labelAccuracy(labels: Int32Array, judged: Int32Array, near: Int32Array, k: number): number | null {
  let [right, known] = [0, 0];
  judged.forEach((row, i) => {
    if (labels[row]! < 0) return;
    known++;
    if (majority(near.subarray(i * k, (i + 1) * k), labels) === labels[row]) right++;
  });
  return known === 0 ? null : right / known;
}

/** The class that most of the rows have; of equally many, that of the first row. -1 where none has a class. */
function majority(rows: Int32Array, labels: Int32Array): number {
  const votes = new Map<number, number>(); // in the order of the first row of each class
  for (const row of rows) if (labels[row]! >= 0) votes.set(labels[row]!, (votes.get(labels[row]!) ?? 0) + 1);
  let [best, most] = [-1, 0];
  for (const [label, count] of votes) if (count > most) [best, most] = [label, count];
  return best;
}
