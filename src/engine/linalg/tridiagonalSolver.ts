/** LU with partial pivoting of T − shift·I, reused for several right-hand sides. */
export function tridiagonalSolver(n: number) {
  const pivot = new Float64Array(n);
  const upper = new Float64Array(n);
  const second = new Float64Array(n);
  const factor = new Float64Array(n);
  const swapped = new Uint8Array(n);
  return {
    factor(diagonal: Float64Array, offDiagonal: Float64Array, shift: number, scale: number): void {
      const tiny = Math.max(Number.EPSILON * scale, Number.MIN_VALUE * 2 ** 52);
      let main = diagonal[0]! - shift;
      let right = n > 1 ? offDiagonal[0]! : 0;
      for (let i = 0; i < n - 1; i++) {
        const below = offDiagonal[i]!;
        const nextMain = diagonal[i + 1]! - shift;
        const nextRight = i + 2 < n ? offDiagonal[i + 1]! : 0;
        swapped[i] = Math.abs(below) > Math.abs(main) ? 1 : 0;
        if (swapped[i]) {
          factor[i] = main / below;
          pivot[i] = below;
          upper[i] = nextMain;
          second[i] = nextRight;
          main = right - factor[i]! * nextMain;
          right = -factor[i]! * nextRight;
        } else {
          pivot[i] = Math.abs(main) < tiny ? tiny : main;
          factor[i] = below / pivot[i]!;
          upper[i] = right;
          second[i] = 0;
          main = nextMain - factor[i]! * right;
          right = nextRight;
        }
      }
      pivot[n - 1] = Math.abs(main) < tiny ? tiny : main;
    },
    solve(x: Float64Array): void {
      for (let i = 0; i < n - 1; i++) {
        if (swapped[i]) {
          const kept = x[i]!;
          x[i] = x[i + 1]!;
          x[i + 1] = kept - factor[i]! * x[i]!;
        } else x[i + 1]! -= factor[i]! * x[i]!;
      }
      for (let i = n - 1; i >= 0; i--) {
        let value = x[i]!;
        if (i + 1 < n) value -= upper[i]! * x[i + 1]!;
        if (i + 2 < n) value -= second[i]! * x[i + 2]!;
        x[i] = value / pivot[i]!;
        // Growth is what inverse iteration is after; it only must not overflow.
        if (Math.abs(x[i]!) > 1e200) for (let j = 0; j < n; j++) x[j]! *= 1e-200;
      }
    },
  };
}
