import type { HyperparameterValues } from "../../protocol/data";
import type { NamedTensors } from "../safetensors";
import type { Crew } from "./crew";
import { LatentError, messageOf } from "../../protocol/errors";
import type { MapDevice } from "./gpu/device";
import { createTsneOnDevice } from "./gpu/tsneDevice";
import type { DeviceRun, MapRows, MapRun, NeighborGraph, Report } from "./map";
import { distanceMatrix, type DistanceMatrix } from "./distanceMatrix";
import { createMds } from "./mds";
import { createTsne, type TsneOptions } from "./tsne";
import { neighborsNeeded } from "./graphSize";
import { usablePerplexity } from "./tsneAffinities";
import { principalInitial, scaledInitial } from "./tsneInitial";
import { createUmap } from "./umap";

/** All that a map is begun with, or gone on with. */
export interface MapSetting {
  rows: MapRows;
  values: HyperparameterValues;
  /** Classes as numbers, −1 = unknown, or measurements, NaN = unknown; null without labels. */
  labels: Int32Array | Float32Array | null;
  seed: number;
  /** What `state()` of an interrupted run gave; null at the start. */
  state: NamedTensors | null;
  crew: Crew;
  report: Report;
  /** The neighbour graph of the rows with at least so many neighbours: the one that is there, or made now. */
  graph(k: number, report: Report): Promise<NeighborGraph>;
  /** Opens the GPU for this map; null where the processor shall make it. */
  openDevice: (() => Promise<MapDevice>) | null;
  /** Told that the GPU does not make the map, or no longer, and why. */
  onFallback(reason: string): void;
}

/** Of whichever kind, as it comes from a kind of map. */
export type AnyRun = MapRun | DeviceRun;

/** The rows as the distances that they are, where the user says so; throws `bad-dataset` where they cannot be. */
export function distancesIn({ rows, values }: Pick<MapSetting, "rows" | "values">): DistanceMatrix | null {
  return values["metric"] === "precomputed" ? distanceMatrix(rows.data, rows.count, rows.dim) : null;
}

/** Where t-SNE begins: principal components, or the classical map of distances, which is the same for Euclidean ones. */
async function initialOf({ rows, values, seed, crew, report }: MapSetting, dimensions: 2 | 3): Promise<Float32Array> {
  const distances = distancesIn({ rows, values });
  if (!distances) return principalInitial(rows, dimensions, seed, crew);
  return scaledInitial((await createMds(crew, distances, { kind: "classical", dimensions, seed }, report)).coordinates(), dimensions);
}

const dimensionsOf = (values: HyperparameterValues) => (values["dimensions"] === "3" ? 3 : 2);
const part = (report: Report, from: number, to: number): Report => fraction => report(from + (to - from) * fraction);

/** How each kind of map is begun from hyperparameters (../models/maps.ts has their tables). */
export const mapKinds = {
  tsne: async (setting: MapSetting): Promise<AnyRun> => {
    const { rows, values, seed, state, crew, report, graph, openDevice, onFallback } = setting;
    const perplexity = usablePerplexity(values["perplexity"] as number, rows.count);
    const neighbors = await graph(neighborsNeeded("tsne", values, rows.count)!, part(report, 0, 0.9));
    const dimensions = dimensionsOf(values);
    const initial = values["initial"] === "random" || state ? "random" : await initialOf({ ...setting, report: part(report, 0.9, 1) }, dimensions);
    const learningRate = values["learningRate"] as number;
    const options: TsneOptions = {
      perplexity, dimensions, initial, seed, iterations: values["iterations"] as number, earlyExaggeration: values["earlyExaggeration"] as number,
      learningRate: learningRate > 0 ? learningRate : "auto", ...(state ? { resume: state } : {}),
    };
    if (openDevice && dimensions === 2) {
      try {
        const device = await openDevice();
        return await createTsneOnDevice(rows.count, neighbors, options, crew, device, onFallback).catch((error: unknown) => {
          device.close();
          throw error;
        });
      } catch (error) {
        if (error instanceof LatentError && ["bad-request", "bad-checkpoint", "cancelled"].includes(error.code)) throw error;
        onFallback(messageOf(error));
      }
    }
    return createTsne(rows.count, neighbors, options, crew);
  },
  umap: async ({ rows, values, labels, seed, state, crew, report, graph }: MapSetting): Promise<MapRun> => {
    const neighbors = Math.min(values["neighbors"] as number, rows.count);
    const epochs = values["epochs"] as number;
    return createUmap(await graph(neighborsNeeded("umap", values, rows.count)!, part(report, 0, 0.7)), {
      seed, dimensions: dimensionsOf(values), neighbors, minDist: values["minDist"] as number, spread: values["spread"] as number,
      negativeSamples: values["negativeSamples"] as number, initial: values["initial"] as "spectral" | "random",
      ...(epochs > 0 ? { epochs } : {}), ...(labels && values["supervised"] ? { labels, targetWeight: values["targetWeight"] as number } : {}),
      ...(state ? { resume: state } : {}),
    }, crew, part(report, 0.7, 1));
  },
  mds: ({ rows, values, seed, state, crew, report }: MapSetting): Promise<MapRun> =>
    createMds(crew, distancesIn({ rows, values }) ?? rows, { kind: values["kind"] as "classical" | "metric" | "nonmetric", dimensions: dimensionsOf(values), seed, iterations: values["iterations"] as number }, report, state ?? undefined),
};
export type MapKind = keyof typeof mapKinds;
