import type { HyperparameterValues } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { MapRows, NeighborGraph, Report } from "./map";
import type { MapKind } from "./mapKinds";
import { placeInMds } from "./mdsPlacement";
import { neighborsOfNew } from "./neighborsOfNew";
import { usablePerplexity } from "./tsneAffinities";
import { placeInto, type PlacedMap } from "./tsnePlacement";
import { placeInUmap } from "./umapPlace";

// New rows in a finished map of any kind. The map stays as it is, bit for bit; each new row is placed by itself.

/** All that new rows are placed by. */
export interface PlacementSetting {
  kind: MapKind;
  values: HyperparameterValues;
  seed: number;
  map: PlacedMap;
  /** What the map was made of, and the new rows in the same space. */
  rows: MapRows;
  added: MapRows;
}

export interface Placement {
  /** [added × dimensions] */
  coordinates: Float32Array;
  /** The new rows' nearest rows of the map. */
  graph: NeighborGraph;
}

/** Neighbours that are found at least, for t-SNE's placing (three times its perplexity of 5) and to be shown beside a row. */
const leastNeighbors = 15;
const searchShare = 0.5;

const kinds: Record<MapKind, (setting: PlacementSetting, graph: NeighborGraph, crew: Crew, report: Report) => Float32Array> = {
  tsne: ({ map }, graph, crew, report) => placeInto(map, graph, { perplexity: usablePerplexity(5, map.coordinates.length / map.dimensions + 1), report }, crew),
  umap: ({ map, values, seed }, graph, crew, report) => placeInUmap(map, graph, {
    seed, neighbors: values["neighbors"] as number, minDist: values["minDist"] as number, spread: values["spread"] as number,
    negativeSamples: values["negativeSamples"] as number, report,
  }, crew),
  mds: ({ map, rows, added, values, seed }, graph, crew, report) => placeInMds(map, rows, added, graph, { kind: values["kind"] as "classical" | "metric" | "nonmetric", seed }, crew, report),
};

/**
 * Places `added` rows in a map of `rows`. Throws `unsupported` for a map of measured distances, in which a new row has no place by its
 * values, `bad-dataset` for values that are not finite, `cancelled` when `report` does.
 */
export function placeRows(setting: PlacementSetting, crew: Crew, report: Report): Placement {
  const { kind, values, rows, added } = setting;
  if (values["metric"] === "precomputed") throw new LatentError("unsupported", "the map was made of distances, and a new row's distances to the rows of the map are not known");
  const neighbors = Math.min(rows.count, Math.max(leastNeighbors, kind === "umap" ? (values["neighbors"] as number) : 0));
  const graph = neighborsOfNew(rows, added, neighbors, crew, fraction => report(searchShare * fraction));
  const coordinates = kinds[kind](setting, graph, crew, fraction => report(searchShare + (1 - searchShare) * fraction));
  return { coordinates, graph };
}
