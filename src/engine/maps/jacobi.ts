/** Sweeps after which even hopeless matrices are left; about six are usual. */
const maxSweeps = 30;

/**
 * Eigenvalues, largest first, and unit eigenvectors as rows, of the symmetric row-major matrix `a` [n × n] (overwritten), by cyclic Jacobi rotations (Golub & Van Loan,
 * "Matrix Computations", section 8.5). For small matrices, and where nothing may be awaited because memory of a crew is held; else see ../linalg.
 */
export function jacobiEigen(a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const size = a.reduce((sum, value) => sum + value * value, 0);
  const rotate = (values: Float64Array, i: number, j: number, step: number, from: number, cosine: number, sine: number) => {
    for (let k = 0; k < n; k++) {
      const x = values[i * from + k * step]!, y = values[j * from + k * step]!;
      values[i * from + k * step] = cosine * x - sine * y;
      values[j * from + k * step] = sine * x + cosine * y;
    }
  };
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) off += a[i * n + j]! ** 2;
    if (off <= 1e-30 * size) break;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const coupling = a[i * n + j]!;
        if (coupling === 0) continue;
        const half = (a[j * n + j]! - a[i * n + i]!) / (2 * coupling);
        const tangent = (half >= 0 ? 1 : -1) / (Math.abs(half) + Math.hypot(1, half));
        const cosine = 1 / Math.hypot(1, tangent);
        const sine = cosine * tangent;
        rotate(a, i, j, 1, n, cosine, sine); // rows
        rotate(a, i, j, n, 1, cosine, sine); // columns
        rotate(vectors, i, j, 1, n, cosine, sine);
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => sorted.set(vectors.subarray(from * n, from * n + n), to * n));
  return { values: Float64Array.from(order, i => a[i * n + i]!), vectors: sorted };
}
