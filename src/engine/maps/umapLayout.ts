import { random } from "../random";
import type { Crew } from "./crew";
import { attraction, farLoss, fillTable, nearLoss, repulsion, tableLength, type UmapCurve } from "./umapCurve";
import { partsOf } from "./umapGraph";
import type { Turns } from "./umapTurns";

// The layout by stochastic gradient descent on a crew (McInnes, Healy & Melville 2018, algorithm 5), for maps and for new points in them.
//
// The authors' code moves both ends of an edge at once, which threads cannot do without racing. Here each point is moved by one thread alone, along the
// edges that it is an end of, one after the other, while all others stand where they stood before the turn. So the same seed gives the same bits, however many
// threads there are.

export interface LayoutOptions {
  dimensions: 2 | 3;
  epochs: number;
  negativeSamples: number;
  learningRate: number;
  seed: number;
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
 * A layout of points that begin at `initial` [count × dimensions]. The other ends of the edges are `others`, points that stay where they are, or the points themselves.
 * Takes memory of the crew that the caller gives back (`heap.scope`) or keeps.
 */
export function createLayout(edges: Turns, initial: Float32Array, others: Float32Array | undefined, curve: UmapCurve, options: LayoutOptions, crew: Crew): Layout {
  const { dimensions, epochs, negativeSamples, learningRate, seed } = options;
  const { heap } = crew;
  const count = initial.length / dimensions;
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
  const otherCount = others ? others.length / dimensions : count;
  const starts = heap.int32(edges.starts.length);
  const columns = heap.int32(edges.columns.length);
  const rates = heap.float32(edges.rates.length);
  const due = heap.int32(edges.columns.length);
  starts.values.set(edges.starts);
  columns.values.set(edges.columns);
  rates.values.set(edges.rates);
  const sums = heap.float64(parts * 3);
  const startsOf = (turn: number) => starts.address + 4 * 2 * turn * count;

  return {
    epoch: number => {
      const rate = learningRate * (1 - (number - 1) / epochs);
      const stream = random(seed, "umap", "epoch", number);
      for (let turn = 0; turn < edges.turns; turn++) {
        crew.run(
          dimensions === 2 ? "umapTurn2" : "umapTurn3", parts, current.address, next.address, (fixed ?? current).address, startsOf(turn), columns.address, rates.address, due.address,
          tables.attraction, tables.repulsion, count, otherCount, number, rate, negativeSamples, stream.integer(2 ** 27),
        );
        [current, next] = [next, current];
      }
    },
    coordinates: () => Float32Array.from({ length: count * dimensions }, (_, i) => current.values[Math.floor(i / dimensions) * stride + (i % dimensions)]!),
    loss: () => {
      const stream = random(seed, "umap", "loss"); // the same others every time, so that values compare
      const total = [0, 0, 0];
      for (let turn = 0; turn < edges.turns; turn++) {
        crew.run(
          "umapLoss", parts, current.address, (fixed ?? current).address, startsOf(turn), columns.address, rates.address, tables.near, tables.far,
          count, otherCount, negativeSamples, stream.integer(2 ** 27), dimensions, sums.address,
        );
        sums.values.forEach((value, i) => (total[i % 3]! += value));
      }
      const [weight, near, far] = total as [number, number, number];
      return (near + (negativeSamples / 2) * far) / weight;
    },
  };
}
