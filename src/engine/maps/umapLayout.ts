import { random } from "../random";
import type { Crew } from "./crew";
import { attraction, farLoss, fillTable, nearLoss, repulsion, tableLength, type UmapCurve } from "./umapCurve";
import { partsOf, type FuzzySet } from "./umapGraph";

// The layout by stochastic gradient descent on a crew (McInnes, Healy & Melville 2018, algorithm 5), for maps and for new points in them.
//
// The authors' code moves both ends of an edge at once, which threads cannot do without racing. Here each point is moved by one
// thread alone, along its own edges, one after the other, while all others stand where they stood before the epoch; the other end moves as much
// when its own turn comes. So the same seed gives the same bits, however many threads there are.

export interface LayoutOptions {
  dimensions: 2 | 3;
  epochs: number;
  negativeSamples: number;
  learningRate: number;
  seed: number;
  /** How often a point is drawn along an edge each time: 2 where the other end's own turns stand for the moves that this end would make there. */
  pulls: 1 | 2;
}

export interface Layout {
  /** Epochs are numbered from 1. */
  epoch(number: number): void;
  /** [count × dimensions], a copy. */
  coordinates(): Float32Array;
  /** The mean over edges, by weight, of −ln φ of the edge − m/2 · ln(1 − φ) of random pairs. */
  loss(): number;
}

/**
 * A layout of `edges.count` points that begin at `initial`. The ends of the edges are `others`, points that stay where they are, or the points themselves.
 * Takes memory of the crew that the caller gives back (`heap.scope`) or keeps.
 */
export function createLayout(edges: FuzzySet, initial: Float32Array, others: Float32Array | undefined, curve: UmapCurve, options: LayoutOptions, crew: Crew): Layout {
  const { dimensions, epochs, negativeSamples, learningRate, seed, pulls } = options;
  const { heap } = crew;
  const { count } = edges;
  const parts = partsOf(count);
  const stride = dimensions === 2 ? 2 : 4;
  const table = (of: (squared: number) => number) => {
    const { address, values } = heap.float32(tableLength);
    fillTable(values, of);
    return address;
  };
  const points = (coordinates: Float32Array) => {
    const shared = heap.float32((coordinates.length / dimensions) * stride);
    for (let i = 0; i < coordinates.length; i++) shared.values[Math.floor(i / dimensions) * stride + (i % dimensions)] = coordinates[i]!;
    return shared;
  };
  const tables = { attraction: table(attraction(curve)), repulsion: table(repulsion(curve)), near: table(nearLoss(curve)), far: table(farLoss(curve)) };
  let current = points(initial);
  let next = heap.float32(current.values.length);
  const fixed = others && points(others);
  const starts = heap.int32(count + 1);
  const columns = heap.int32(edges.columns.length);
  const rates = heap.float32(edges.weights.length);
  starts.values.set(edges.starts);
  columns.values.set(edges.columns);
  const largest = edges.weights.reduce((most, weight) => Math.max(most, weight), 0);
  edges.weights.forEach((weight, entry) => (rates.values[entry] = weight / largest));
  const sums = heap.float64(parts * 3);

  return {
    epoch: number => {
      const rate = learningRate * (1 - (number - 1) / epochs);
      const stream = random(seed, "umap", "epoch", number).integer(2 ** 27);
      crew.run(
        dimensions === 2 ? "umapEpoch2" : "umapEpoch3", parts, current.address, next.address, (fixed ?? current).address, starts.address, columns.address, rates.address,
        tables.attraction, tables.repulsion, count, others ? others.length / dimensions : count, number, pulls * rate, rate, negativeSamples, stream,
      );
      [current, next] = [next, current];
    },
    coordinates: () => Float32Array.from({ length: count * dimensions }, (_, i) => current.values[Math.floor(i / dimensions) * stride + (i % dimensions)]!),
    loss: () => {
      const stream = random(seed, "umap", "loss").integer(2 ** 27); // the same others every time, so that values compare
      crew.run("umapLoss", parts, current.address, starts.address, columns.address, rates.address, tables.near, tables.far, count, negativeSamples, stream, dimensions, sums.address);
      const [weight, near, far] = [0, 1, 2].map(which => sums.values.reduce((sum, value, i) => (i % 3 === which ? sum + value : sum), 0)) as [number, number, number];
      return (near + (negativeSamples / 2) * far) / weight;
    },
  };
}
