// Maps of the same rows differ by how they are turned and mirrored, which means nothing: to see what does, each is turned onto
// the first. Only in the plane, where the orthogonal Procrustes problem (Schönemann 1966) has a closed form.

/** An orthogonal matrix [a, b, c, d]: (x, y) → (a x + b y, c x + d y). */
export type Turn = readonly [number, number, number, number];

/**
 * The rotation, or rotation and reflection, Q of `points` [n × 2] that comes nearest to `reference` [n × 2]:
 * argmin Σ |Q (yᵢ − ȳ) − (xᵢ − x̄)|² over QᵀQ = 1. Neither is scaled. Throws when they differ in length.
 *
 * With S = Σ (yᵢ − ȳ)(xᵢ − x̄)ᵀ the sum is least where tr(Q S) is greatest, which is |(S₀₀ + S₁₁, S₀₁ − S₁₀)| among the rotations
 * and |(S₀₀ − S₁₁, S₀₁ + S₁₀)| among the reflections.
 */
export function procrustes(points: Float32Array, reference: Float32Array): Turn {
  if (points.length !== reference.length) throw new Error(`${points.length / 2} points cannot be turned onto ${reference.length / 2}`);
  const [px, py] = meanOf(points);
  const [rx, ry] = meanOf(reference);
  let [s00, s01, s10, s11] = [0, 0, 0, 0];
  for (let i = 0; i < points.length; i += 2) {
    const [yx, yy, xx, xy] = [points[i]! - px, points[i + 1]! - py, reference[i]! - rx, reference[i + 1]! - ry];
    s00 += yx * xx;
    s01 += yx * xy;
    s10 += yy * xx;
    s11 += yy * xy;
  }
  const rotation = [s00 + s11, s01 - s10] as const;
  const reflection = [s00 - s11, s01 + s10] as const;
  const turns = Math.hypot(...rotation) >= Math.hypot(...reflection);
  const [cosine, sine] = unit(turns ? rotation : reflection);
  return turns ? [cosine, -sine, sine, cosine] : [cosine, sine, sine, -cosine];
}

/** Points [n × 2] turned around a middle, their mean unless it is given, which stays where it is. */
export function turned(points: Float32Array, [a, b, c, d]: Turn, [mx, my]: readonly [number, number] = meanOf(points)): Float32Array {
  const result = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]! - mx, points[i + 1]! - my];
    result[i] = mx + a * x + b * y;
    result[i + 1] = my + c * x + d * y;
  }
  return result;
}

/** The mean (x, y) of points [n × 2]. */
export function meanOf(points: Float32Array): [number, number] {
  const n = Math.max(1, points.length / 2);
  let [x, y] = [0, 0];
  for (let i = 0; i < points.length; i += 2) {
    x += points[i]!;
    y += points[i + 1]!;
  }
  return [x / n, y / n];
}

/** Where all directions are as good, the first axis. */
function unit([x, y]: readonly [number, number]): [number, number] {
  const length = Math.hypot(x, y);
  return length > 0 ? [x / length, y / length] : [1, 0];
}
