import { orthonormalRows } from "./orthonormalRows";
import { symmetricEigen } from "./symmetricEigen";

/**
 * Principal angles between the row spaces of `a` and `b` [k × d each], radians, smallest first: the arccosines of the
 * singular values of Q_aᵀQ_b (Björck & Golub 1973), small angles through the sines, which cosines cannot resolve in f64.
 */
export async function principalAngles(a: Float64Array, b: Float64Array, k: number, d: number): Promise<Float64Array> {
  const first = orthonormalRows(a, k, d);
  const second = orthonormalRows(b, k, d);
  const cosines = new Float64Array(k * k);
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
    for (let c = 0; c < d; c++) cosines[i * k + j]! += first[i * d + c]! * second[j * d + c]!;
  }
  // Rows of the residual (I − Q_a Q_aᵀ) Q_b have the sines as singular values.
  const residual = second.slice();
  for (let j = 0; j < k; j++) for (let i = 0; i < k; i++) {
    const weight = cosines[i * k + j]!;
    for (let c = 0; c < d; c++) residual[j * d + c]! -= weight * first[i * d + c]!;
  }
  const gram = new Float64Array(k * k);
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
    for (let c = 0; c < d; c++) gram[i * k + j]! += residual[i * d + c]! * residual[j * d + c]!;
  }
  const { values } = await symmetricEigen(gram, k, 0);
  return values.map(value => Math.asin(Math.min(1, Math.sqrt(Math.max(0, value))))).reverse();
}
