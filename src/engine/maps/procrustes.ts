import { LatentError } from "../../protocol/errors";

// A map turned, mirrored, sized and moved onto another of the same rows (orthogonal Procrustes: Schönemann 1966, with scale:
// Schönemann & Carroll 1970), so that what differs between two pictures is what differs between the maps.

export interface Alignment {
  /** [d × d] row-major, orthogonal: y = scale · rotation · x + translation. */
  rotation: Float64Array;
  scale: number;
  /** [d] */
  translation: Float64Array;
  /** Σ ‖onto − aligned‖² / Σ ‖onto − its mean‖² over the rows that were aligned, 0 to 1; 0 where they are one point. */
  residual: number;
}

/** Which rows of the two maps are the same thing: `from[i]` and `onto[i]` are row numbers. */
export interface Pairs {
  from: Int32Array;
  onto: Int32Array;
}

/**
 * The alignment of `from` [n × dimensions] to `onto` [m × dimensions] with the least squared distances, over the rows in
 * `pairs`, or over all where both have the same number. Throws `bad-request` where there is no pair.
 */
export function procrustes(from: Float32Array, onto: Float32Array, dimensions: 2 | 3, pairs: Pairs | null = null): Alignment {
  const d = dimensions;
  const count = pairs ? pairs.from.length : from.length / d;
  if (count === 0) throw new LatentError("bad-request", "The maps have no rows in common, so neither can be turned onto the other.");
  if (!pairs && from.length !== onto.length) throw new LatentError("internal", `maps of ${from.length / d} and ${onto.length / d} rows, and no pairs`);
  const source = (i: number) => (pairs ? pairs.from[i]! : i) * d;
  const target = (i: number) => (pairs ? pairs.onto[i]! : i) * d;
  const [meanFrom, meanOnto] = [new Float64Array(d), new Float64Array(d)];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < d; j++) {
      meanFrom[j]! += from[source(i) + j]! / count;
      meanOnto[j]! += onto[target(i) + j]! / count;
    }
  }
  const cross = new Float64Array(d * d); // Σ y xᵀ
  let [squareFrom, squareOnto] = [0, 0];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < d; j++) {
      const y = onto[target(i) + j]! - meanOnto[j]!;
      squareOnto += y * y;
      squareFrom += (from[source(i) + j]! - meanFrom[j]!) ** 2;
      for (let l = 0; l < d; l++) cross[j * d + l]! += y * (from[source(i) + l]! - meanFrom[l]!);
    }
  }
  const { rotation, nuclear } = nearestRotation(cross, d);
  const scale = squareFrom > 0 && nuclear > 0 ? nuclear / squareFrom : 1; // nothing to size: as it is
  const translation = meanOnto.map((mean, j) => mean - scale * meanFrom.reduce((sum, value, l) => sum + rotation[j * d + l]! * value, 0));
  const left = squareOnto - 2 * scale * nuclear + scale * scale * squareFrom;
  return { rotation, scale, translation, residual: squareOnto === 0 ? 0 : Math.min(1, Math.max(0, left / squareOnto)) };
}

/** All rows of a map, aligned. */
export function aligned(map: Float32Array, { rotation, scale, translation }: Alignment): Float32Array {
  const d = translation.length;
  return map.map((_, i) => {
    const [row, j] = [i - (i % d), i % d];
    let sum = 0;
    for (let l = 0; l < d; l++) sum += rotation[j * d + l]! * map[row + l]!;
    return scale * sum + translation[j]!;
  });
}

/**
 * The orthogonal matrix R with the largest trace of Rᵀ C, U Vᵀ of C = U S Vᵀ, and that trace, Σ S. By one-sided Jacobi
 * rotations (Hestenes 1958): they make the columns of C V orthogonal, which are U S.
 */
function nearestRotation(cross: Float64Array, d: number): { rotation: Float64Array; nuclear: number } {
  const columns = Array.from({ length: d }, (_, l) => Float64Array.from({ length: d }, (_, j) => cross[j * d + l]!));
  const right = Array.from({ length: d }, (_, l) => Float64Array.from({ length: d }, (_, j) => (j === l ? 1 : 0)));
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  for (let pass = 0; pass < 30; pass++) {
    let turned = false;
    for (let p = 0; p < d; p++) {
      for (let q = p + 1; q < d; q++) {
        const [a, b] = [columns[p]!, columns[q]!];
        const product = dot(a, b);
        if (Math.abs(product) <= 1e-15 * Math.sqrt(dot(a, a) * dot(b, b))) continue;
        turned = true;
        const angle = Math.atan2(2 * product, dot(a, a) - dot(b, b)) / 2;
        turn(a, b, angle);
        turn(right[p]!, right[q]!, angle);
      }
    }
    if (!turned) break;
  }
  const lengths = columns.map(column => Math.sqrt(dot(column, column)));
  const order = lengths.map((_, i) => i).sort((i, j) => lengths[j]! - lengths[i]!);
  const floor = 1e-12 * lengths[order[0]!]!;
  const left: Float64Array[] = [];
  for (const i of order) left.push(lengths[i]! > floor ? columns[i]!.map(value => value / lengths[i]!) : perpendicularTo(left, d));
  const rotation = new Float64Array(d * d);
  order.forEach((i, place) => {
    for (let j = 0; j < d; j++) for (let l = 0; l < d; l++) rotation[j * d + l]! += left[place]![j]! * right[i]![l]!;
  });
  return { rotation, nuclear: lengths.reduce((sum, length) => sum + length, 0) };
}

function turn(a: Float64Array, b: Float64Array, angle: number): void {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    a[i] = cos * x + sin * y;
    b[i] = cos * y - sin * x;
  }
}

/** A unit vector perpendicular to all given ones: of the axes' remainders the longest. */
function perpendicularTo(others: Float64Array[], d: number): Float64Array {
  let best = new Float64Array(d);
  let longest = 0;
  for (let axis = 0; axis < d; axis++) {
    const vector = Float64Array.from({ length: d }, (_, j) => (j === axis ? 1 : 0));
    for (const other of others) {
      const part = other[axis]!;
      for (let j = 0; j < d; j++) vector[j]! -= part * other[j]!;
    }
    const length = Math.hypot(...vector);
    if (length > longest) [best, longest] = [vector.map(value => value / length), length];
  }
  return best;
}
