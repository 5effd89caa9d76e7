import * as tf from "@tensorflow/tfjs-core";
import { symmetricEigen } from "../../linalg/symmetricEigen";
import { normals, random } from "../../random";
import { orthonormalize } from "./orthonormalize";
import { addValues, scaledToF32, type ShiftedRows } from "./shiftedRows";
import { checkVariance, type Found, type SolverOptions } from "./solver";

/** Directions beyond the wanted ones, without which the last of those would converge slowly (Halko et al. 2011, §4.2). */
export const oversampling = 10;
/** Passes over the rows that a spectrum like those of images takes; what the choice of a solver counts with. */
export const usualPasses = 6;
const maxPasses = 60;
/** Share of the total variance by which the explained variance may still be short of the greatest, by `remaining`. */
const tolerance = 1e-5;
/** Gains of a pass below this share of the total are rounding of f32. */
const roundingGain = 1e-7;
/** Rows of the whole basis up to which its small eigen problem costs little beside a pass. */
const widestBasis = 640;
const mostBlocks = 8;
/** Windows whose products are summed on the backend in f32, before the sum goes on in f64. */
const windowsInF32 = 8;

/**
 * Randomized PCA: subspace iteration from a random start (Halko, Martinsson & Tropp 2011, alg. 4.4) that keeps the blocks it
 * has passed through and looks for the directions in all of them (block Krylov: Halko, Martinsson, Shkolnisky & Tygert 2011;
 * Musco & Musco 2015), which takes about half of the passes. With C the covariance, block b + 1 is C · block b made orthonormal to
 * all before it; the directions are the Ritz vectors of the basis K, the eigenvectors of K C Kᵀ. Where the basis may not grow
 * further it starts anew from C · the leading Ritz vectors; one block alone is plain subspace iteration.
 */
export async function byBlockKrylov(rows: ShiftedRows, k: number, options: SolverOptions): Promise<Found> {
  const { n, d } = rows;
  const width = Math.min(k + oversampling, n, d);
  const blockBytes = 2 * 4 * width * d;
  const maxBlocks = Math.max(1, Math.min(mostBlocks, Math.floor(widestBasis / width), Math.floor(Math.min(n, d) / width), Math.floor((options.keptBytes ?? 2 ** 28) / blockBytes)));
  const basis: tf.Tensor2D[] = [];
  const images: tf.Tensor2D[] = [];
  let totalVariance = 0;
  let ritz = new Float64Array(0);
  const explained: number[] = [0];
  let block = await orthonormalize(tf.tensor2d(normals(width * d, random(options.seed, "subspace")), [width, d]));
  try {
    for (let pass = 0; ; pass++) {
      const report = (fraction: number) => options.onProgress(Math.min(0.95, (pass + fraction) / (usualPasses + 1)));
      const { image, squares } = await timesCovariance(rows, block, pass === 0, report);
      if (pass === 0) checkVariance((totalVariance = squares));
      basis.push(block);
      // Scaled, so that f32 holds products of the images whatever the unit of the rows.
      images.push(tf.tensor2d(scaledToF32(image, 1 / totalVariance), [width, d]));
      ritz = await grownRitzMatrix(ritz, basis, images.at(-1)!, width);
      const size = basis.length * width;
      const { values, vectors } = await symmetricEigen(ritz.slice(), size, width);
      explained.push(values.subarray(0, k).reduce((sum, value) => sum + value, 0));
      if (remaining(explained) < tolerance || pass === maxPasses) {
        const found = await orthonormalize(combined(vectors.subarray(0, k * size), k, basis, width));
        const directions = new Float64Array(await found.data());
        found.dispose();
        return { totalVariance, eigenvalues: values.slice(0, k).map(value => value * totalVariance), directions };
      }
      if (basis.length < maxBlocks) block = await orthonormalize(images.at(-1)!.clone(), basis);
      else {
        const start = combined(vectors, width, images, width);
        tf.dispose([...basis.splice(0), ...images.splice(0)]);
        ritz = new Float64Array(0);
        block = await orthonormalize(start);
      }
    }
  } finally {
    tf.dispose([block, ...basis, ...images]);
  }
}

/** What is still missing of the explained variance, a share of the total, if its gains go on to fall as they last fell. */
function remaining(explained: readonly number[]): number {
  const [before, middle, last] = explained.slice(-3) as [number, number, number?];
  if (last === undefined) return Infinity;
  const gain = Math.abs(last - middle);
  if (gain < roundingGain) return 0;
  const fall = gain / Math.abs(middle - before);
  return fall < 1 ? (gain * fall) / (1 - fall) : Infinity;
}

/** block · C [width × d] in f64, and the total variance where `measures`: one pass over the rows. */
async function timesCovariance(rows: ShiftedRows, block: tf.Tensor2D, measures: boolean, onProgress: (fraction: number) => void) {
  const { n, d, offset } = rows;
  const width = block.shape[0];
  const image = new Float64Array(width * d);
  const squares = new Float64Array(measures ? d : 0);
  let partial: tf.Tensor2D | null = null;
  try {
    await rows.each(async (y, window) => {
      partial = added(partial, tf.tidy(() => tf.matMul(tf.matMul(block, y, false, true), y)));
      if (measures) await addValues(squares, tf.tidy(() => tf.sum(tf.square(y), 0)));
      if ((window + 1) % windowsInF32 === 0 || window === rows.windows.length - 1) {
        await addValues(image, partial);
        partial = null;
      }
    }, onProgress);
  } finally {
    tf.dispose(partial ?? []);
  }
  const values = await block.data();
  for (let i = 0; i < width; i++) {
    let along = 0;
    for (let c = 0; c < d; c++) along += values[i * d + c]! * offset[c]!;
    for (let c = 0; c < d; c++) image[i * d + c] = image[i * d + c]! / n - along * offset[c]!;
  }
  return { image, squares: squares.reduce((sum, value, c) => sum + value / n - offset[c]! ** 2, 0) };
}

function added(sum: tf.Tensor2D | null, term: tf.Tensor2D): tf.Tensor2D {
  if (!sum) return term;
  const grown = tf.add(sum, term) as tf.Tensor2D;
  tf.dispose([sum, term]);
  return grown;
}

/** K C Kᵀ for a basis whose last block has `image`, from the one without that block. */
async function grownRitzMatrix(before: Float64Array, basis: readonly tf.Tensor2D[], image: tf.Tensor2D, width: number): Promise<Float64Array<ArrayBuffer>> {
  const size = basis.length * width;
  const last = size - width;
  const grown = new Float64Array(size * size);
  for (let i = 0; i < last; i++) grown.set(before.subarray(i * last, (i + 1) * last), i * size);
  for (const [b, block] of basis.entries()) {
    const product = tf.tidy(() => tf.matMul(block, image, false, true));
    const values = await product.data();
    product.dispose();
    for (let i = 0; i < width; i++) for (let j = 0; j < width; j++) {
      // C is symmetric; what rounding adds to it is not.
      const value = b * width === last ? (values[i * width + j]! + values[j * width + i]!) / 2 : values[i * width + j]!;
      grown[(b * width + i) * size + last + j] = grown[(last + j) * size + b * width + i] = value;
    }
  }
  return grown;
}

/** weights [count × all rows of the blocks] · the blocks, one below the other [count, d]. */
function combined(weights: Float64Array, count: number, blocks: readonly tf.Tensor2D[], width: number): tf.Tensor2D {
  const size = blocks.length * width;
  return tf.tidy(() => tf.addN(blocks.map((block, b) => {
    const part = new Float32Array(count * width);
    for (let i = 0; i < count; i++) part.set(weights.subarray(i * size + b * width, i * size + (b + 1) * width), i * width);
    return tf.matMul(tf.tensor2d(part, [count, width]), block);
  })) as tf.Tensor2D);
}
