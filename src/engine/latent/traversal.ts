// Which latents to decode for a traversal, a sheet, and for the effect of each dimension. Pure functions over quantiles
// of the data's own latents, so that every step lies where data lies, whatever the model's scale.

/** Value of one dimension at any quantile, between the tabulated ones by linear interpolation. */
export function quantileValue(values: Float32Array, at: readonly number[], dimension: number, quantile: number): number {
  const row = dimension * at.length;
  const above = at.findIndex(known => known >= quantile);
  if (above === -1) return values[row + at.length - 1]!;
  if (above === 0) return values[row]!;
  const share = (quantile - at[above - 1]!) / (at[above]! - at[above - 1]!);
  return values[row + above - 1]! + share * (values[row + above]! - values[row + above - 1]!);
}

/** `steps` values of a dimension, evenly spaced between its values at the two quantiles. One step gives the middle. */
export function stepsBetween(values: Float32Array, at: readonly number[], dimension: number, from: number, to: number, steps: number): Float32Array {
  const low = quantileValue(values, at, dimension, from);
  const high = quantileValue(values, at, dimension, to);
  return Float32Array.from({ length: steps }, (_, i) => (steps === 1 ? (low + high) / 2 : low + ((high - low) * i) / (steps - 1)));
}

/** One dimension moves at a time: [dimensions × steps, dim], all else as in the anchor. `values` is [dimensions × steps]. */
export function traversalLatents(anchor: Float32Array, dimensions: readonly number[], values: Float32Array): Float32Array {
  const dim = anchor.length;
  const steps = values.length / dimensions.length;
  const z = new Float32Array(values.length * dim);
  dimensions.forEach((dimension, row) => {
    for (let step = 0; step < steps; step++) {
      const start = (row * steps + step) * dim;
      z.set(anchor, start);
      z[start + dimension] = values[row * steps + step]!;
    }
  });
  return z;
}

/**
 * Two dimensions move together: [steps × steps, dim], the first along columns, the second along rows from top (greatest)
 * to bottom, as axes are drawn.
 */
export function sheetLatents(anchor: Float32Array, [across, up]: readonly [number, number], acrossValues: Float32Array, upValues: Float32Array): Float32Array {
  const dim = anchor.length;
  const z = new Float32Array(acrossValues.length * upValues.length * dim);
  let start = 0;
  for (let row = upValues.length - 1; row >= 0; row--) {
    for (const value of acrossValues) {
      z.set(anchor, start);
      z[start + across] = value;
      z[start + up] = upValues[row]!;
      start += dim;
    }
  }
  return z;
}

/**
 * Latents whose decoded pairs show the effect of each dimension: for each anchor row and dimension the anchor with the
 * dimension at its low and at its high value, [anchors × dim × 2, dim].
 */
export function effectLatents(anchors: Float32Array, dim: number, low: Float32Array, high: Float32Array): Float32Array {
  const count = anchors.length / dim;
  const z = new Float32Array(count * dim * 2 * dim);
  let start = 0;
  for (let a = 0; a < count; a++) {
    for (let j = 0; j < dim; j++) {
      for (const values of [low, high]) {
        z.set(anchors.subarray(a * dim, (a + 1) * dim), start);
        z[start + j] = values[j]!;
        start += dim;
      }
    }
  }
  return z;
}

/** Mean squared difference of the decoded pairs, per dimension, from rows decoded of `effectLatents`, [anchors × dim × 2, d]. */
export function effectsOf(decoded: Float32Array, dim: number, d: number): Float32Array {
  const anchors = decoded.length / (2 * dim * d);
  const effects = new Float64Array(dim);
  for (let a = 0; a < anchors; a++) {
    for (let j = 0; j < dim; j++) {
      const low = (a * dim + j) * 2 * d;
      for (let c = 0; c < d; c++) effects[j]! += (decoded[low + d + c]! - decoded[low + c]!) ** 2;
    }
  }
  return Float32Array.from(effects, effect => effect / (anchors * d));
}
