import { random } from "../random";

/**
 * Orthonormal rows with the same span, by modified Gram–Schmidt done twice; a row that depends on those before it is
 * replaced by a random direction, so that the result always has full rank (needs k ≤ d).
 */
export function orthonormalRows(rows: Float64Array, k: number, d: number): Float64Array {
  const result = rows.slice();
  for (let i = 0; i < k; i++) {
    const row = result.subarray(i * d, i * d + d);
    const stream = random(1, "dependent row", i);
    while (!orthonormalize(result, i, d)) for (let c = 0; c < d; c++) row[c] = stream.normal();
  }
  return result;
}

/** Makes row i orthogonal to the rows before it and of unit length; false when nothing is left of it. */
function orthonormalize(rows: Float64Array, i: number, d: number): boolean {
  const row = rows.subarray(i * d, i * d + d);
  const before = norm(row);
  for (let pass = 0; pass < 2; pass++) {
    for (let j = 0; j < i; j++) {
      let dot = 0;
      for (let c = 0; c < d; c++) dot += row[c]! * rows[j * d + c]!;
      for (let c = 0; c < d; c++) row[c]! -= dot * rows[j * d + c]!;
    }
  }
  const after = norm(row);
  if (!(after > 1e-10 * before)) return false;
  for (let c = 0; c < d; c++) row[c]! /= after;
  return true;
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
