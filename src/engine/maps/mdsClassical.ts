import { symmetricEigen } from "../linalg/symmetricEigen";
import { random, shuffled } from "../random";
import type { Crew } from "./crew";
import type { Report } from "./map";
import type { Distances } from "./mdsDistances";

// Classical scaling (Torgerson 1952): squared distances, centred in rows and columns, are inner products
// B = −½ J D² J, whose leading eigenvectors, times the roots of their eigenvalues, are the map. For many rows the eigenvectors
// come from landmarks, and every row is placed by its distances to them (de Silva & Tenenbaum 2004). With all rows as
// landmarks the two are the same.

export interface ClassicalMap {
  /** [count × dimensions], row-major; axes by extent, largest first. An axis that no distance asks for is 0. */
  coordinates: Float32Array;
  /** All eigenvalues of the landmarks' B, largest first; negative ones say that no points in any space are so far apart. */
  eigenvalues: Float64Array;
  /** Rows that the eigenvectors come from. */
  landmarks: number;
}

/** Landmarks of a map, whose eigen decomposition takes one to three seconds, and of one that is only a start for SMACOF. */
export const usualLandmarks = { map: 1000, start: 400 };
/** An axis with a smaller share of the first one's extent is rounding. */
const negligible = 1e-10;

/** `wanted` of `count` rows by chance, all of them where there are no more. */
export function chooseLandmarks(count: number, wanted: number, seed: number): Int32Array {
  const all = Int32Array.from({ length: count }, (_, i) => i);
  return count <= wanted ? all : shuffled(all, random(seed, "mds landmarks")).slice(0, wanted).sort();
}

/** The classical map of all rows from the distances of all to the `landmarks` (row numbers, at least 2). */
export async function classicalMap(crew: Crew, distances: Distances, landmarks: Int32Array, dimensions: number, report: Report): Promise<ClassicalMap> {
  const size = landmarks.length;
  const { products, means } = doubleCentred(crew, distances, landmarks);
  const { values, vectors } = await symmetricEigen(products, size, Math.min(dimensions, size), async fraction => report(0.5 * fraction));
  // Rows of the pseudoinverse: a row with squared distances s to the landmarks lies at −½ Σ_l (v_l / √λ)(s_l − mean_l).
  const placing = new Float64Array(dimensions * size);
  for (let axis = 0; axis < Math.min(dimensions, size); axis++) {
    const extent = values[axis]!;
    if (!(extent > negligible * values[0]!)) continue;
    const vector = vectors.subarray(axis * size, axis * size + size);
    const factor = -0.5 * signOf(vector) / Math.sqrt(extent);
    for (let l = 0; l < size; l++) placing[axis * size + l] = vector[l]! * factor;
  }
  const coordinates = new Float32Array(distances.count * dimensions);
  const rowsAtOnce = Math.max(1, Math.floor(2 ** 22 / size));
  for (let start = 0; start < distances.count; start += rowsAtOnce) {
    const end = Math.min(distances.count, start + rowsAtOnce);
    crew.heap.scope(() => {
      const block = distances.block(start, end, landmarks).values;
      for (let i = start; i < end; i++) {
        for (let axis = 0; axis < dimensions; axis++) {
          let sum = 0;
          for (let l = 0, at = (i - start) * size, to = axis * size; l < size; l++) sum += placing[to + l]! * (block[at + l]! ** 2 - means[l]!);
          coordinates[i * dimensions + axis] = sum;
        }
      }
    });
    report(0.5 + (0.5 * end) / distances.count);
  }
  return { coordinates, eigenvalues: values, landmarks: size };
}

/** B of the landmarks [l × l], and the means of their squared distances, row by row. */
function doubleCentred(crew: Crew, distances: Pick<Distances, "among">, landmarks: Int32Array): { products: Float64Array; means: Float64Array } {
  const size = landmarks.length;
  const products = new Float64Array(size * size);
  const means = new Float64Array(size);
  crew.heap.scope(() => distances.among(landmarks).values.forEach((distance, at) => { products[at] = distance ** 2; }));
  for (let l = 0; l < size; l++) {
    for (let c = 0; c < size; c++) means[l]! += products[l * size + c]! / size;
  }
  const mean = means.reduce((sum, value) => sum + value / size, 0);
  for (let l = 0; l < size; l++) for (let c = 0; c < size; c++) products[l * size + c] = -0.5 * (products[l * size + c]! - means[l]! - means[c]! + mean);
  return { products, means };
}

/** The sign that makes the largest entry positive: eigenvectors have none of their own, and a picture should not depend on chance. */
function signOf(vector: Float64Array): number {
  return Math.sign(vector.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0)) || 1;
}
