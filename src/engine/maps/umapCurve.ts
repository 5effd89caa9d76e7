import { LatentError } from "../../protocol/errors";

// How near two points of the picture must be to count as neighbours: φ(d) = 1 / (1 + a d^(2b)), the smooth curve nearest to
// 1 up to minDist and e^(−(d − minDist) / spread) beyond (McInnes, Healy & Melville 2018, section 3.2, definition 11).

export interface UmapCurve {
  a: number;
  b: number;
}

/** Distances at which the curves are compared, from 0 to three spreads. */
const samples = 300;

/**
 * The least-squares fit by Levenberg and Marquardt's method from a = b = 1. `minDist` ≥ 0 and `spread` > 0 are in the units of the
 * picture; throws `bad-request` for others, and where minDist is so large that the curve never falls.
 */
export function fitUmapCurve(minDist: number, spread: number): UmapCurve {
  if (!(spread > 0 && spread < Infinity)) throw new LatentError("bad-request", `spread is ${spread}, but it must be a number above 0`);
  if (!(minDist >= 0 && minDist < 3 * spread)) throw new LatentError("bad-request", `minDist is ${minDist}, but it must be from 0 to below 3 × spread, ${3 * spread}`);
  const distances = Float64Array.from({ length: samples }, (_, i) => (3 * spread * i) / (samples - 1));
  const targets = distances.map(d => (d < minDist ? 1 : Math.exp((minDist - d) / spread)));
  const errorOf = ({ a, b }: UmapCurve) => distances.reduce((sum, d, i) => sum + (1 / (1 + a * d ** (2 * b)) - targets[i]!) ** 2, 0);

  let curve = { a: 1, b: 1 };
  let error = errorOf(curve);
  let damping = 1e-3;
  for (let iteration = 0; iteration < 500; iteration++) {
    // JᵀJ and Jᵀr of the residuals φ(d) − target, by a and b.
    let aa = 0, ab = 0, bb = 0, ra = 0, rb = 0;
    for (let i = 1; i < samples; i++) {
      const d = distances[i]!;
      const power = d ** (2 * curve.b);
      const phi = 1 / (1 + curve.a * power);
      const byA = -phi * phi * power;
      const byB = byA * curve.a * 2 * Math.log(d);
      const residual = phi - targets[i]!;
      aa += byA * byA; ab += byA * byB; bb += byB * byB;
      ra += byA * residual; rb += byB * residual;
    }
    const dampedA = aa * (1 + damping), dampedB = bb * (1 + damping);
    const determinant = dampedA * dampedB - ab * ab;
    const tried = { a: curve.a - (dampedB * ra - ab * rb) / determinant, b: curve.b - (dampedA * rb - ab * ra) / determinant };
    const triedError = tried.a > 0 ? errorOf(tried) : Infinity;
    if (triedError <= error) {
      const settled = Math.abs(tried.a - curve.a) <= 1e-10 * curve.a && Math.abs(tried.b - curve.b) <= 1e-10 * curve.b;
      [curve, error] = [tried, triedError];
      if (settled) break;
      damping /= 10;
    } else damping *= 10;
    if (damping > 1e12) break; // no step improves any more
  }
  return curve;
}

/** −∂ ln φ / ∂(y_i − y_j), per unit of y_j − y_i, from the squared distance: attraction along an edge. */
export const attraction = ({ a, b }: UmapCurve) => (squared: number) => (2 * a * b * squared ** (b - 1)) / (1 + a * squared ** b);

/** Repulsion per unit of y_i − y_j: the gradient of −ln(1 − φ), kept finite at 0 by 0.001 as in the authors' code. */
export const repulsion = ({ a, b }: UmapCurve) => (squared: number) => (2 * b) / ((0.001 + squared) * (1 + a * squared ** b));

/** −ln φ from the squared distance. */
export const nearLoss = ({ a, b }: UmapCurve) => (squared: number) => Math.log1p(a * squared ** b);

/** −ln(1 − φ) from the squared distance. */
export const farLoss = ({ a, b }: UmapCurve) => (squared: number) => Math.log1p(1 / (a * squared ** b));

const firstOctave = -40;
const lastOctave = 24;
const entriesOfOctave = 64;
/** What is left of f32's 23 bits of mantissa within an entry. */
const fractionUnits = 2 ** 17;
/** f32 values of a table: for every entry, the function where it begins and its slope per unit of the fraction. */
export const tableLength = 2 * (lastOctave - firstOctave) * entriesOfOctave;

/**
 * Fills a table of the layout's kernels (wasm/umapLayout.ts) [octaves × 64 × 2]: the function at 64 places in each octave of squared distances from 2^−40 to
 * 2^24, straight lines between. The curves' relative error is below 1e-4.
 */
export function fillTable(values: Float32Array, of: (squared: number) => number): void {
  for (let entry = 0; entry < tableLength / 2; entry++) {
    const place = (index: number) => 2 ** (firstOctave + Math.floor(index / entriesOfOctave)) * (1 + (index % entriesOfOctave) / entriesOfOctave);
    const value = of(place(entry));
    values[2 * entry] = value;
    values[2 * entry + 1] = (of(place(entry + 1)) - value) / fractionUnits;
  }
}
