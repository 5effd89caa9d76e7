import type { MapRows } from "../../src/engine/maps/map";
import { mnistDigits } from "./memoryDataset";

/** The first `count` digits of MNIST's test set as a map takes them: pixels / 255, every so-many-th row and column. */
export async function digitRows(count: number, every = 1, metric: MapRows["metric"] = "euclidean"): Promise<MapRows> {
  const dataset = mnistDigits(count, every);
  const data = Float32Array.from(await dataset.read(0, count), value => value / 255);
  return { data, count, dim: data.length / count, metric };
}

/** A map that any language computes to the same bits: the moments of the bytes of each image along x and y, / 65,536. */
export function momentMap({ data, count, dim }: MapRows): Float32Array {
  const side = Math.sqrt(dim);
  const map = new Float32Array(count * 2);
  for (let i = 0; i < count; i++) {
    let [alongX, alongY] = [0, 0];
    for (let pixel = 0; pixel < dim; pixel++) {
      const byte = Math.round(data[i * dim + pixel]! * 255);
      alongX += byte * (pixel % side);
      alongY += byte * Math.floor(pixel / side);
    }
    map[i * 2] = alongX / 65_536;
    map[i * 2 + 1] = alongY / 65_536;
  }
  return map;
}
