import type { HyperparameterValues } from "../../protocol/data";
import type { MapRows } from "./map";
import type { MapGpu } from "./mapJob";
import type { MapKind } from "./mapKinds";
import { neighborsFor, usablePerplexity } from "./tsneAffinities";

// What a map's neighbour graph will be, known before it is searched: so a graph that is there already can be told to be the same.

/** Neighbours that an approximate search is for at least: what t-SNE needs with its usual perplexity. It takes UMAP 2 s more of 70,000 rows, and saves the second map 4 s. */
const leastSize = 90;

/**
 * How many neighbours of each of `count` rows are searched for a map that needs `needed`. All pairs that are compared give as many as are
 * asked for; an approximate search can be shared only by maps that ask for equally many.
 */
export function graphSize(needed: number, count: number, exact: boolean): number {
  return exact ? needed : Math.max(needed, Math.min(leastSize, count - 1));
}

/** How many neighbours of each of `count` rows a map with these hyperparameters needs, at least 1; null where it needs none. Throws `bad-request` for a perplexity below 1. */
export function neighborsNeeded(kind: MapKind, values: HyperparameterValues, count: number): number | null {
  switch (kind) {
    case "tsne": return Math.max(1, neighborsFor(usablePerplexity(values["perplexity"] as number, count), count));
    case "umap": return Math.max(1, Math.min(values["neighbors"] as number, count) - 1); // which counts the row itself
    case "mds": return null;
    default: return kind satisfies never;
  }
}

/** Multiply-adds up to which every pair of rows is compared: 5,000 rows of 784 values, or 19,600 of 50. */
const exactWork = 2e10;

/** Multiply-adds for which it is worth to compare all pairs on a GPU: seconds on a fast device, half a minute on a laptop's. */
const deviceWork = 2e13;

/** Whether the neighbours of these rows are searched on the GPU, which compares every pair (gpu/neighborsOnDevice.ts). */
export function searchedOnDevice({ count, dim }: Pick<MapRows, "count" | "dim">, gpu: MapGpu | null): boolean {
  return gpu !== null && count >= gpu.leastRows && count * count * dim <= deviceWork;
}

/** Whether every pair of these rows is compared when the processor searches their neighbours, which takes seconds then; else the search is approximate. */
export function searchesExactly({ count, dim }: Pick<MapRows, "count" | "dim">): boolean {
  return count * count * (4 * Math.ceil(dim / 4)) <= exactWork; // rows are padded to whole vectors (neighborRows.ts)
}
