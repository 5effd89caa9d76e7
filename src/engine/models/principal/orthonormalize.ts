import * as tf from "@tensorflow/tfjs-core";
import { normals, random } from "../../random";

/** Rounds after which nothing is gained any more: each divides the condition number by hundreds, two suffice for most. */
const maxRounds = 8;
/** Squared norm, of rows whose largest are about 1, below which a row is nothing. */
const nothing = 1e-30;

/**
 * Orthonormal rows [w, d] whose first i span what the first i of `rows` span, orthogonal to the rows of each tensor in
 * `against`, to the precision of f32; a row that depends on the others becomes an arbitrary direction (w + theirs ≤ d).
 * By shifted Cholesky QR (Fukaya et al. 2020): all the work is in matrix products. Disposes `rows`; the caller the result.
 */
export async function orthonormalize(rows: tf.Tensor2D, against: readonly tf.Tensor2D[] = []): Promise<tf.Tensor2D> {
  const w = rows.shape[0];
  let current = rows;
  for (let round = 0; round < maxRounds; round++) {
    current = replaced(current, projected(current, against));
    const gram = await gramOf(current);
    const norms = Float64Array.from({ length: w }, (_, i) => Math.sqrt(gram[i * w + i]!));
    const lost = Array.from(norms.keys()).filter(i => !(norms[i]! ** 2 > nothing));
    if (lost.length > 0) {
      current = replaced(current, withRandomRows(current, lost, round));
      continue;
    }
    const isLast = isNearIdentity(gram, w);
    for (let i = 0; i < w; i++) for (let j = 0; j < w; j++) gram[i * w + j]! /= norms[i]! * norms[j]!;
    // What rounding to f32 may have put into the Gram matrix must not make it indefinite.
    const inverse = inverseCholesky(gram, w, isLast ? 0 : 1e-6 * w);
    const change = Float32Array.from(inverse, (value, at) => value / norms[at % w]!);
    current = replaced(current, tf.tidy(() => tf.matMul(tf.tensor2d(change, [w, w]), current)));
    if (isLast) break;
  }
  return current;
}

/** True where the eigenvalues of `gram` lie between ½ and 1½ (Gershgorin): Cholesky QR then loses nothing. */
function isNearIdentity(gram: Float64Array, w: number): boolean {
  for (let i = 0; i < w; i++) {
    let distance = 0;
    for (let j = 0; j < w; j++) distance += Math.abs(gram[i * w + j]! - (i === j ? 1 : 0));
    if (!(distance < 0.5)) return false;
  }
  return true;
}

function replaced(before: tf.Tensor2D, after: tf.Tensor2D): tf.Tensor2D {
  if (after !== before) before.dispose();
  return after;
}

/** What of each row is orthogonal to the orthonormal rows of `against`. */
function projected(rows: tf.Tensor2D, against: readonly tf.Tensor2D[]): tf.Tensor2D {
  if (against.length === 0) return rows;
  return tf.tidy(() => against.reduce((left, basis) => tf.sub(left, tf.matMul(tf.matMul(left, basis, false, true), basis)), rows));
}

async function gramOf(rows: tf.Tensor2D): Promise<Float64Array> {
  const product = tf.tidy(() => tf.matMul(rows, rows, false, true));
  const gram = new Float64Array(await product.data());
  product.dispose();
  return gram;
}

function withRandomRows(rows: tf.Tensor2D, lost: readonly number[], round: number): tf.Tensor2D {
  const [w, d] = rows.shape;
  return tf.tidy(() => {
    const drawn = tf.tensor2d(normals(lost.length * d, random(1, "lost rows", round)), [lost.length, d]);
    const place = new Float32Array(w * lost.length);
    lost.forEach((row, i) => { place[row * lost.length + i] = 1 / Math.sqrt(d); });
    return tf.add(rows, tf.matMul(tf.tensor2d(place, [w, lost.length]), drawn));
  });
}

/** L⁻¹ [w × w] of G + shift · I = L Lᵀ. */
function inverseCholesky(gram: Float64Array, w: number, shift: number): Float64Array {
  const lower = new Float64Array(w * w);
  for (let i = 0; i < w; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = gram[i * w + j]! + (i === j ? shift : 0);
      for (let c = 0; c < j; c++) sum -= lower[i * w + c]! * lower[j * w + c]!;
      lower[i * w + j] = i === j ? Math.sqrt(Math.max(sum, shift)) : sum / lower[j * w + j]!;
    }
  }
  const inverse = new Float64Array(w * w);
  for (let i = 0; i < w; i++) {
    const row = inverse.subarray(i * w, i * w + w);
    for (let c = 0; c < i; c++) {
      const weight = lower[i * w + c]!;
      for (let j = 0; j <= c; j++) row[j]! -= weight * inverse[c * w + j]!;
    }
    row[i] = 1;
    for (let j = 0; j <= i; j++) row[j]! /= lower[i * w + i]!;
  }
  return inverse;
}
