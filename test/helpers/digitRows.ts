import type { MapRows } from "../../src/engine/maps/map";
import { mnistDigits } from "./memoryDataset";

/** The first `count` digits of MNIST's test set as rows for a map, 0 to 1; `every` > 1 keeps every so-many-th pixel row and column. */
export async function digitRows(count: number, every = 1, metric: MapRows["metric"] = "euclidean"): Promise<MapRows> {
  const data = (await mnistDigits(count, every).rows(Int32Array.from({ length: count }, (_, i) => i))).map(value => value / 255);
  return { data, count, dim: data.length / count, metric };
}
