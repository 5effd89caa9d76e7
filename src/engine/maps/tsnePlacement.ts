import { LatentError } from "../../protocol/errors";
import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import type { NeighborGraph, Report } from "./map";
import { checkGraph, conditional, parts, usablePerplexity } from "./tsneAffinities";
import { createGrid, type Bounds } from "./tsneGrid";
import { boundsOf, fromPoints, strideOf, takePoints, toPoints } from "./tsnePoints";
import { exactUpTo, type RepulsionMethod } from "./tsneRepulsion";

// New points in a finished map, as openTSNE's transform does it (Poličar, Stražar & Zupan 2019): each new point has
// similarities to points of the map alone, normalized by itself, so that the map stays as it is and the new points do not
// feel each other.

/** A finished map: [count × dimensions] row-major. */
export interface PlacedMap {
  coordinates: Float32Array;
  dimensions: 2 | 3;
}

export interface PlacementOptions {
  /** Smaller than a map's: a new point belongs to a place. Default 5. */
  perplexity?: number;
  /** Default 250. */
  iterations?: number;
  /** By default exact for a map of few points, else through the grid. */
  repulsion?: RepulsionMethod;
  report?: Report;
}

/** A little more attraction than p asks for keeps new points with their neighbours. */
const EXAGGERATION = 1.5;
const MOMENTUM = 0.8;
/** Of the whole gradient, whose 4 openTSNE leaves out of its 0.1. Each point's similarities sum to 1: it suits all sizes. */
const LEARNING_RATE = 0.025;
const LONGEST_STEP = 0.25;
/** Share of the map's span that the grid reaches beyond it, on each side. */
const REACH = 0.1;

/**
 * Coordinates [new rows × dimensions] for new rows in a map that does not move. `graph`: the new rows' nearest rows of the map,
 * three times the perplexity or more. A point begins at the median of its neighbours, then lowers its own KL divergence from
 * p_{j|i} to q_{j|i} ∝ 1 / (1 + |y − yⱼ|²), repelled by all of the map. Throws `bad-request` for a graph that does not fit.
 */
export function placeInto({ coordinates, dimensions }: PlacedMap, graph: NeighborGraph, options: PlacementOptions, crew: Crew): Float32Array {
  const { iterations = 250, report = () => undefined } = options;
  const count = coordinates.length / dimensions;
  const method = options.repulsion ?? (count <= exactUpTo[dimensions] ? "exact" : "grid");
  if (!(Number.isInteger(count) && count > 0 && coordinates.every(Number.isFinite))) throw new LatentError("bad-request", `no map: ${coordinates.length} coordinates in ${dimensions} dimensions, all of which must be numbers`);
  if (graph.rows.length === 0) return new Float32Array(0);
  const perplexity = usablePerplexity(options.perplexity ?? 5, count + 1);
  const neighbors = Math.min(count, Math.max(Math.floor(3 * perplexity), 1));
  checkGraph(graph, count, neighbors);
  const added = graph.rows.length / graph.k;
  const stride = strideOf(dimensions);

  return crew.heap.scope(() => {
    const { heap } = crew;
    const map = takePoints(count, dimensions, crew);
    toPoints(coordinates, dimensions, map.values);
    const { starts, columns, values } = rowsOf(added, graph, neighbors, perplexity, crew);
    const positions = takePoints(added, dimensions, crew);
    toPoints(medians(coordinates, dimensions, graph, neighbors), dimensions, positions.values);
    const [forces, velocities, gains] = [1, 2, 3].map(() => heap.float32(added * stride)) as [Shared<Float32Array>, Shared<Float32Array>, Shared<Float32Array>];
    const potentials = heap.float32(added);
    const edges = heap.float64(parts * 3 * stride);
    gains.values.fill(1);
    const repel = repulsionOf(method, map.address, count, boundsOf(coordinates, dimensions), added, dimensions, crew);
    for (let iteration = 0; iteration < iterations; iteration++) {
      report(iteration / iterations);
      repel(positions, forces.address, potentials.address);
      for (let i = 0; i < added; i++) for (let at = i * stride; at < (i + 1) * stride; at++) forces.values[at]! /= potentials.values[i]!;
      crew.run("tsneGradient", parts, positions.address, added, map.address, stride, starts.address, columns.address, values.address, EXAGGERATION, forces.address, 1, forces.address);
      crew.run("tsneMove", parts, positions.address, added, stride, forces.address, velocities.address, gains.address, MOMENTUM, LEARNING_RATE, LONGEST_STEP, edges.address);
    }
    return fromPoints(positions.values, added, dimensions);
  });
}

/** p_{j|i} in the padded sparse rows that tsneGradient reads. */
function rowsOf(added: number, graph: NeighborGraph, neighbors: number, perplexity: number, crew: Crew): { starts: Shared<Int32Array>; columns: Shared<Int32Array>; values: Shared<Float32Array> } {
  const { columns: plain, values, stride } = conditional(added, graph, neighbors, perplexity, crew);
  const starts = crew.heap.int32(added + 1);
  const columns = crew.heap.int32(added * stride);
  for (let i = 0; i < added; i++) {
    starts.values[i + 1] = (i + 1) * stride;
    columns.values.set(plain.values.subarray(i * neighbors, (i + 1) * neighbors), i * stride);
  }
  return { starts, columns, values };
}

/** The median of each new row's neighbours on each axis. */
function medians(coordinates: Float32Array, dimensions: number, { k, rows }: NeighborGraph, neighbors: number): Float32Array {
  const middle = (values: Float32Array) => (values[(values.length - 1) >> 1]! + values[values.length >> 1]!) / 2;
  return Float32Array.from({ length: (rows.length / k) * dimensions }, (_, at) => {
    const i = Math.floor(at / dimensions);
    return middle(Float32Array.from({ length: neighbors }, (__, j) => coordinates[rows[i * k + j]! * dimensions + (at % dimensions)]!).sort());
  });
}

/** What the map does to the new points: forces, and Σⱼ 1 / (1 + |y − yⱼ|²) of each. The map's potential is computed once. */
function repulsionOf(method: RepulsionMethod, map: number, count: number, bounds: Bounds, added: number, dimensions: 2 | 3, crew: Crew): (positions: Shared<Float32Array>, forces: number, potentials: number) => void {
  const { heap } = crew;
  if (method === "exact") {
    const sums = heap.float64(parts);
    return (positions, forces, potentials) => crew.run("tsneRepelExactly", parts, positions.address, added, map, count, strideOf(dimensions), forces, sums.address, potentials);
  }
  const order = heap.int32(added);
  order.values.forEach((_, i) => void (order.values[i] = i));
  const grid = createGrid(dimensions, crew);
  let filled: Bounds | undefined;
  return (positions, forces, potentials) => {
    const now = boundsOf(fromPoints(positions.values, added, dimensions), dimensions);
    if (!filled || now.least.some((value, axis) => value < filled!.least[axis]! || now.greatest[axis]! > filled!.greatest[axis]!)) {
      filled = widened(bounds, now);
      grid.fill(map, count, filled);
    }
    grid.gather(positions.address, added, forces, potentials, order.address);
  };
}

/** Bounds of both, and some more. */
function widened(map: Bounds, points: Bounds): Bounds {
  const least = map.least.map((value, axis) => Math.min(value, points.least[axis]!));
  const greatest = map.greatest.map((value, axis) => Math.max(value, points.greatest[axis]!));
  const reach = least.map((value, axis) => REACH * (greatest[axis]! - value));
  return { least: least.map((value, axis) => value - reach[axis]!), greatest: greatest.map((value, axis) => value + reach[axis]!) };
}
