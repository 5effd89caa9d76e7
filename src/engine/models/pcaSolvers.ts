import * as tf from "@tensorflow/tfjs-core";
import { LatentError, throwIfCancelled } from "../../protocol/errors";
import { rowSize } from "../../protocol/data";
import { orthonormalRows, symmetricEigen } from "../linalg";
import { random } from "../random";
import type { TrainingData } from "../trainingData";

// Three ways to the same directions, chosen by cost: the covariance matrix when rows are short, the Gram matrix when there
// are fewer rows than values in one, randomized subspace iteration when few directions of a large problem are wanted.
// Products of rows run on the backend in f32, window by window; everything is summed and solved in f64.

export type SolverChoice = "auto" | "exact" | "randomized";

export interface PrincipalDirections {
  mean: Float64Array;
  /** [k × d] orthonormal rows, greatest variance first, the largest entry of each positive. */
  directions: Float64Array;
  /** Variances (divisor n) along the directions; the exact solvers give all there are, at least k. */
  eigenvalues: Float64Array;
  totalVariance: number;
}

export interface SolverOptions {
  solver: SolverChoice;
  seed: number;
  signal?: AbortSignal;
  onProgress(fraction: number): void;
}

/** The largest symmetric matrix that is formed in memory (f64: 512 MB). */
const maxMatrixSize = 8192;

/** Principal directions of all rows of `data`. Throws `bad-request` when an exact solution would not fit in memory. */
export async function principalDirections(data: TrainingData, k: number, options: SolverOptions): Promise<PrincipalDirections> {
  const d = rowSize(data.schema);
  const n = data.schema.count;
  if (k > n) throw new LatentError("bad-request", `${k} components of ${n} rows: choose at most ${n}`);
  const mean = await meanOfRows(data, n, d, options);
  const centred = centredWindows(data, mean, options);
  const randomized = options.solver === "randomized" || (options.solver === "auto" && isMuchCheaper(n, d, k));
  if (!randomized && Math.min(n, d) > maxMatrixSize) throw new LatentError("bad-request", `exact PCA of ${n} rows with ${d} values needs a ${Math.min(n, d)} × ${Math.min(n, d)} matrix: use the randomized solver`);
  const found = randomized ? await bySubspaceIteration(centred, n, d, k, options)
    : n < d ? await byGram(centred, n, d, k, options)
    : await byCovariance(centred, n, d, k, options);
  throwIfCancelled(options.signal);
  fixSigns(found.directions, k, d);
  return { mean, ...found };
}

function checkVariance(totalVariance: number): void {
  if (!(totalVariance > 0)) throw new LatentError("bad-dataset", "all rows are equal: there is no variance to explain");
}

/** The trace of a matrix [size × size]: of a covariance or Gram matrix the total variance. */
function traceOf(matrix: Float64Array, size: number): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]!;
  return trace;
}

/**
 * Compares multiply-adds. The f64 eigen solver does a step about 20 times slower than the backend's f32 products;
 * exactness is worth a factor of 4, and always what takes about a second.
 */
function isMuchCheaper(n: number, d: number, k: number): boolean {
  const small = Math.min(n, d);
  if (small > maxMatrixSize) return true;
  const exact = n * d * small + 20 * (2 / 3) * small ** 3;
  if (exact < 2e10) return false;
  const passes = 12;
  return passes * 2 * n * d * (k + oversampling) < exact / 4;
}

async function meanOfRows(data: TrainingData, n: number, d: number, { signal }: SolverOptions): Promise<Float64Array> {
  const mean = new Float64Array(d);
  await eachWindow(data, signal, async x => {
    const sums = tf.sum(x, 0);
    (await sums.data()).forEach((value, i) => { mean[i]! += value; });
    sums.dispose();
  });
  for (let i = 0; i < d; i++) mean[i]! /= n;
  return mean;
}

/** Visits the rows in model space window by window, first to last; checks for cancel and serves the event loop between. */
export async function eachWindow(data: TrainingData, signal: AbortSignal | undefined, visit: (x: tf.Tensor2D, start: number) => Promise<void>, onWindow?: (fraction: number) => void): Promise<void> {
  const { count } = data.schema;
  const perWindow = Math.max(1, Math.min(2048, Math.floor(2 ** 22 / rowSize(data.schema))));
  for (let start = 0; start < count; start += perWindow) {
    throwIfCancelled(signal);
    const x = await data.window({ start, count: Math.min(perWindow, count - start) });
    try {
      await visit(x, start);
    } finally {
      x.dispose();
    }
    onWindow?.(Math.min(1, (start + perWindow) / count));
    await new Promise(setImmediate);
  }
}

/** Visits every window of rows minus the mean. */
type CentredWindows = (visit: (x: tf.Tensor2D, start: number) => Promise<void>, onWindow?: (fraction: number) => void) => Promise<void>;

function centredWindows(data: TrainingData, mean: Float64Array, { signal }: SolverOptions): CentredWindows {
  return (visit, onWindow) => eachWindow(data, signal, async (x, start) => {
    const centred = tf.tidy(() => tf.sub(x, tf.tensor1d(Float32Array.from(mean))) as tf.Tensor2D);
    try {
      await visit(centred, start);
    } finally {
      centred.dispose();
    }
  }, onWindow);
}

/** Eigenvectors of XᵀX / n [d × d]. */
async function byCovariance(centred: CentredWindows, n: number, d: number, k: number, options: SolverOptions) {
  const covariance = new Float64Array(d * d);
  await centred(x => addProduct(covariance, () => tf.matMul(x, x, true, false)), fraction => options.onProgress(0.6 * fraction));
  for (let i = 0; i < covariance.length; i++) covariance[i]! /= n;
  const totalVariance = traceOf(covariance, d);
  checkVariance(totalVariance);
  const { values, vectors } = await solve(covariance, d, k, 0.6, options);
  return { totalVariance, eigenvalues: values, directions: vectors };
}

/**
 * Eigenvectors u of XXᵀ / n [n × n] when n < d: the directions are Xᵀu, normalized (Golub & Van Loan, §8.6). Rank is at
 * most n − 1: directions beyond it have no variance and are arbitrary orthonormal ones.
 */
async function byGram(centred: CentredWindows, n: number, d: number, k: number, options: SolverOptions) {
  const rows = new Float32Array(n * d); // n < d and n ≤ 8192: these rows were in memory for one window each anyway
  await centred(async (x, start) => rows.set(await x.data(), start * d));
  const gram = new Float64Array(n * n);
  const block = Math.max(1, Math.floor(2 ** 24 / n));
  const all = tf.tensor2d(rows, [n, d]);
  try {
    for (let start = 0; start < n; start += block) {
      throwIfCancelled(options.signal);
      const count = Math.min(block, n - start);
      const part = tf.tidy(() => tf.matMul(tf.slice(all, [start, 0], [count, d]), all, false, true));
      gram.set(await part.data(), start * n);
      part.dispose();
      options.onProgress((0.4 * (start + count)) / n);
      await new Promise(setImmediate);
    }
    for (let i = 0; i < gram.length; i++) gram[i]! /= n;
    const totalVariance = traceOf(gram, n);
    checkVariance(totalVariance);
    const { values, vectors } = await solve(gram, n, k, 0.4, options);
    const product = tf.tidy(() => tf.matMul(tf.tensor2d(Float32Array.from(vectors), [k, n]), all));
    const directions = Float64Array.from(await product.data());
    product.dispose();
    return { totalVariance, eigenvalues: values, directions: orthonormalRows(directions, k, d) };
  } finally {
    all.dispose();
  }
}

const oversampling = 10;
const maxPasses = 60;

/**
 * Randomized subspace iteration (Halko, Martinsson & Tropp 2011, alg. 4.4) in the space of the rows: Q ← orth(XᵀX Q), with
 * a Rayleigh–Ritz step each pass, until no wanted variance moves by more than 1e-6 of the total variance.
 */
async function bySubspaceIteration(centred: CentredWindows, n: number, d: number, k: number, options: SolverOptions) {
  let squares = 0;
  await centred(async x => {
    const sum = tf.tidy(() => tf.sum(tf.sum(tf.square(x), 0)));
    squares += (await sum.data())[0]!;
    sum.dispose();
  });
  const totalVariance = squares / n;
  checkVariance(totalVariance);
  const width = Math.min(k + oversampling, n, d);
  const stream = random(options.seed, "subspace");
  let basis = orthonormalRows(Float64Array.from({ length: width * d }, () => stream.normal()), width, d);
  let previous = new Float64Array(width);
  for (let pass = 0; ; pass++) {
    const q = tf.tensor2d(Float32Array.from(basis), [width, d]);
    const image = new Float64Array(width * d);
    try {
      await centred(x => addProduct(image, () => tf.tidy(() => tf.matMul(tf.matMul(q, x, false, true), x))), fraction => options.onProgress(Math.min(0.95, (pass + fraction) / 14)));
    } finally {
      q.dispose();
    }
    const ritz = new Float64Array(width * width);
    for (let i = 0; i < width; i++) for (let j = 0; j < width; j++) {
      let dot = 0;
      for (let c = 0; c < d; c++) dot += basis[i * d + c]! * image[j * d + c]!;
      ritz[i * width + j] = dot / n;
    }
    for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) ritz[i * width + j] = ritz[j * width + i] = (ritz[i * width + j]! + ritz[j * width + i]!) / 2;
    const { values, vectors } = await symmetricEigen(ritz, width, width);
    const moved = Math.max(...values.subarray(0, k).map((value, i) => Math.abs(value - previous[i]!)));
    previous = values as Float64Array<ArrayBuffer>;
    if (moved < 1e-6 * totalVariance || pass === maxPasses) return { totalVariance, eigenvalues: values.slice(0, k), directions: rotate(vectors, basis, k, width, d) };
    basis = orthonormalRows(image, width, d);
  }
}

/** rotation [k × width] · basis [width × d] */
function rotate(rotation: Float64Array, basis: Float64Array, k: number, width: number, d: number): Float64Array {
  const result = new Float64Array(k * d);
  for (let i = 0; i < k; i++) for (let j = 0; j < width; j++) {
    const weight = rotation[i * width + j]!;
    for (let c = 0; c < d; c++) result[i * d + c]! += weight * basis[j * d + c]!;
  }
  return result;
}

async function addProduct(sum: Float64Array, product: () => tf.Tensor): Promise<void> {
  const tensor = product();
  const values = await tensor.data();
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
  tensor.dispose();
}

function solve(matrix: Float64Array, size: number, k: number, from: number, { signal, onProgress }: SolverOptions) {
  return symmetricEigen(matrix, size, k, async fraction => {
    throwIfCancelled(signal);
    onProgress(from + (0.98 - from) * fraction);
    await new Promise(setImmediate);
  });
}

function fixSigns(directions: Float64Array, k: number, d: number): void {
  for (let i = 0; i < k; i++) {
    const row = directions.subarray(i * d, (i + 1) * d);
    let largest = 0;
    for (const value of row) if (Math.abs(value) > Math.abs(largest)) largest = value;
    if (largest < 0) for (let c = 0; c < d; c++) row[c] = -row[c]!;
  }
}
