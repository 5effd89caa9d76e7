/** Up to `limit` rows spread evenly over [0, count), first and last among them. */
export function spreadRows(count: number, limit: number): Int32Array {
  const taken = Math.max(1, Math.min(count, limit));
  return Int32Array.from({ length: taken }, (_, i) => (taken === 1 ? 0 : Math.round((i * (count - 1)) / (taken - 1))));
}
