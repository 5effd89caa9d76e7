import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { NeighborGraph, Report } from "./map";
import type { PlacedMap } from "./tsnePlacement";
import { fitUmapCurve } from "./umapCurve";
import { localMemberships, pruned, type FuzzySet } from "./umapGraph";
import { createLayout } from "./umapLayout";
import { headsAlone } from "./umapTurns";

// New points in a map that stays as it is.

export interface UmapPlaceOptions {
  /** Names every random number. */
  seed: number;
  /** Old rows that count for each new one: 15 unless given, at most those of the graph. */
  neighbors?: number;
  /** As when the map was made. */
  minDist?: number;
  spread?: number;
  /** 100 up to 10,000 new rows, else 30, unless given. */
  epochs?: number;
  negativeSamples?: number;
  /** A quarter unless given: the first places are good ones. */
  learningRate?: number;
  report?: Report;
}

/**
 * Coordinates [new rows × dimensions] for new rows in a map that does not move. `graph` has each new row's nearest old rows. A new row begins at the
 * mean of its neighbours, weighted by membership, and is moved by the map's own forces; a row with a copy among the old ones begins there. Each new row moves by itself:
 * the others' presence changes nothing. Throws `bad-request` for a graph that does not fit, and what `report` throws.
 */
export function placeInUmap({ coordinates, dimensions }: PlacedMap, graph: NeighborGraph, options: UmapPlaceOptions, crew: Crew): Float32Array {
  const { seed, neighbors = 15, minDist = 0.1, spread = 1, negativeSamples = 5, learningRate = 0.25, report = () => undefined } = options;
  const oldCount = coordinates.length / dimensions;
  const count = graph.rows.length / graph.k;
  const { epochs = count <= 10_000 ? 100 : 30 } = options;
  const others = Math.min(neighbors, oldCount);
  if (!(others >= 1 && graph.k >= others)) throw new LatentError("bad-request", `Placing new rows by ${others} neighbours among the old ones needs as many in the neighbour graph, which has ${graph.k}`);
  const bad = graph.rows.findIndex(row => !(row >= 0 && row < oldCount));
  if (bad >= 0) throw new LatentError("bad-request", `The neighbour graph names row ${graph.rows[bad]!} of a map of ${oldCount} rows`);

  const weights = localMemberships(graph, others, others, false, crew);
  const starts = Int32Array.from({ length: count + 1 }, (_, row) => row * others);
  const edges: FuzzySet = { count, starts, columns: Int32Array.from(weights, (_, i) => graph.rows[Math.floor(i / others) * graph.k + (i % others)]!), weights };
  const initial = weightedMeans(edges, coordinates, dimensions);
  const smallest = weights.reduce((most, weight) => Math.max(most, weight), 0) / epochs;
  return crew.heap.scope(() => {
    const layout = createLayout(headsAlone(pruned(edges, smallest)), initial, coordinates, fitUmapCurve(minDist, spread), { dimensions, epochs, negativeSamples, learningRate, seed }, crew);
    for (let epoch = 1; epoch <= epochs; epoch++) {
      report((epoch - 1) / epochs);
      layout.epoch(epoch);
    }
    return layout.coordinates();
  });
}

function weightedMeans({ count, starts, columns, weights }: FuzzySet, coordinates: Float32Array, dimensions: number): Float32Array {
  const means = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    // A full membership is a copy's: the nearest neighbour, which is first.
    const end = weights[starts[row]!] === 1 ? starts[row]! + 1 : starts[row + 1]!;
    let total = 0;
    for (let entry = starts[row]!; entry < end; entry++) total += weights[entry]!;
    for (let entry = starts[row]!; entry < end; entry++) {
      for (let axis = 0; axis < dimensions; axis++) means[row * dimensions + axis]! += (weights[entry]! / total) * coordinates[columns[entry]! * dimensions + axis]!;
    }
  }
  return means;
}
