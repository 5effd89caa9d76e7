import * as tf from "@tensorflow/tfjs-core";
import { throwIfCancelled } from "../../../protocol/errors";
import { symmetricEigen } from "../../linalg/symmetricEigen";
import { orthonormalize } from "./orthonormalize";
import { addValues, scaledToF32, type ShiftedRows } from "./shiftedRows";
import { checkVariance, type Found, type SolverOptions } from "./solver";

// Exact principal directions, from the smaller of the two matrices that the rows make. Its entries are products on the
// backend in f32, tile by tile; they are summed and solved in f64.

/** Multiply-adds of a tile: some ten milliseconds of a processor's time, between which the event loop is served. */
const tileWork = 2 ** 31;

/** Eigenvectors of the covariance (Y − 1δᵀ)ᵀ(Y − 1δᵀ) / n = YᵀY / n − δδᵀ [d × d]. One pass over the rows. */
export async function byCovariance(rows: ShiftedRows, k: number, options: SolverOptions): Promise<Found> {
  const { n, d, offset } = rows;
  const covariance = new Float64Array(d * d); // the upper triangle alone is filled and read
  await rows.each(async y => {
    const columns = Math.max(16, Math.floor(tileWork / (y.shape[0] * d)));
    for (let from = 0; from < d; from += columns) {
      const product = tf.tidy(() => (columns >= d
        ? tf.matMul(y, y, true, false)
        : tf.matMul(tf.slice(y, [0, from], [-1, Math.min(columns, d - from)]), tf.slice(y, [0, from], [-1, -1]), true, false)));
      addUpper(covariance, d, from, await taken(product));
      if (columns < d) await pause(options);
    }
  }, fraction => options.onProgress(0.6 * fraction));
  for (let i = 0; i < d; i++) for (let j = i; j < d; j++) covariance[i * d + j] = covariance[i * d + j]! / n - offset[i]! * offset[j]!;
  const totalVariance = traceOf(covariance, d);
  checkVariance(totalVariance);
  const { values, vectors } = await solve(covariance, d, k, 0.6, options);
  return { totalVariance, eigenvalues: values, directions: vectors };
}

/** Adds to rows `from`… of the upper triangle of `sum` [d × d] a tile of its columns `from`…. */
function addUpper(sum: Float64Array, d: number, from: number, tile: Float32Array): void {
  const width = d - from;
  for (let i = 0; i * width < tile.length; i++) {
    const target = (from + i) * d + from;
    const source = i * width;
    for (let j = i; j < width; j++) sum[target + j]! += tile[source + j]!;
  }
}

/**
 * Eigenvectors u of the Gram matrix (Y − 1δᵀ)(Y − 1δᵀ)ᵀ / n [n × n] where there are fewer rows than values in one: the
 * directions are Yᵀu, normalized (Golub & Van Loan, §8.6), since u is orthogonal to 1 where there is variance. Directions
 * beyond the rank, at most n − 1, have no variance and are arbitrary orthonormal ones.
 */
export async function byGram(rows: ShiftedRows, k: number, options: SolverOptions): Promise<Found> {
  const { n, d, windows, use } = rows;
  const gram = new Float64Array(n * n);
  let pairs = 0;
  for (const [i, { start: top }] of windows.entries()) {
    await use(i, async a => {
      for (let j = i; j < windows.length; j++) {
        const left = windows[j]!.start;
        await use(j, async b => {
          const height = Math.max(1, Math.floor(tileWork / (b.shape[0] * d)));
          for (let from = 0; from < a.shape[0]; from += height) {
            const product = tf.tidy(() => tf.matMul(height >= a.shape[0] ? a : tf.slice(a, [from, 0], [Math.min(height, a.shape[0] - from), d]), b, false, true));
            placeRows(gram, n, top + from, left, await taken(product), b.shape[0]);
            await pause(options);
          }
        });
        options.onProgress((0.4 * 2 * ++pairs) / (windows.length * (windows.length + 1)));
      }
    });
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) gram[i * n + j] = gram[j * n + i]!;
  centreBothWays(gram, n);
  const totalVariance = traceOf(gram, n);
  checkVariance(totalVariance);
  const { values, vectors } = await solve(gram, n, k, 0.4, options);
  const sum = new Float64Array(k * d);
  await rows.each(async (y, window) => {
    const { start, count } = windows[window]!;
    const parts = new Float32Array(k * count);
    for (let i = 0; i < k; i++) parts.set(vectors.subarray(i * n + start, i * n + start + count), i * count);
    await addValues(sum, tf.tidy(() => tf.matMul(tf.tensor2d(parts, [k, count]), y)));
  });
  const directions = await orthonormalize(tf.tidy(() => tf.tensor2d(scaledToF32(sum, 1 / Math.sqrt(n * totalVariance)), [k, d])));
  return { totalVariance, eigenvalues: values, directions: new Float64Array(await taken(directions)) };
}

/** Puts a block of rows of width `width` at row `top`, column `left` of `matrix` [n × n]. */
function placeRows(matrix: Float64Array, n: number, top: number, left: number, block: Float32Array, width: number): void {
  for (let i = 0; i * width < block.length; i++) matrix.set(block.subarray(i * width, (i + 1) * width), (top + i) * n + left);
}

/** G ← H G H / n with H = I − 11ᵀ/n, which makes the Gram matrix of rows that of the rows less their mean (Torgerson 1952). */
function centreBothWays(gram: Float64Array, n: number): void {
  const means = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) means[i]! += gram[i * n + j]! / n;
  const mean = means.reduce((sum, value) => sum + value, 0) / n;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) gram[i * n + j] = (gram[i * n + j]! - means[i]! - means[j]! + mean) / n;
}

/** The trace of a matrix [size × size]: of a covariance or Gram matrix the total variance. */
function traceOf(matrix: Float64Array, size: number): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]!;
  return trace;
}

function solve(matrix: Float64Array, size: number, k: number, from: number, options: SolverOptions) {
  return symmetricEigen(matrix, size, k, async fraction => {
    options.onProgress(from + (0.98 - from) * fraction);
    await pause(options);
  });
}

async function pause({ signal }: SolverOptions): Promise<void> {
  throwIfCancelled(signal);
  await new Promise(setImmediate);
}

/** The tensor's values; it is disposed. */
async function taken(tensor: tf.Tensor): Promise<Float32Array> {
  const values = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return values;
}
