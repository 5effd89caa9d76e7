import { partEnd, partStart } from "./parts";
import { laneSum, multiplyAdd } from "./tsneLanes";

/**
 * This part's share of XᵀX V: `rows` [count, dim] are centred, `vectors` [k, dim], `products` [parts, k, dim], all f32; dim is a
 * multiple of four.
 */
export function tsneTimesCovariance(part: i32, parts: i32, rows: usize, count: i32, dim: i32, vectors: usize, k: i32, products: usize): void {
  const bytes = <usize>dim << 2;
  const own = products + <usize>part * k * bytes;
  memory.fill(own, 0, <usize>k * bytes);
  const end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const row = rows + <usize>i * bytes;
    for (let j = 0; j < k; j++) {
      const vector = vectors + <usize>j * bytes, product = own + <usize>j * bytes;
      let sum = f32x4.splat(0);
      for (let at: usize = 0; at < bytes; at += 16) sum = multiplyAdd(v128.load(row + at), v128.load(vector + at), sum);
      const along = f32x4.splat(laneSum(sum));
      for (let at: usize = 0; at < bytes; at += 16) v128.store(product + at, multiplyAdd(v128.load(row + at), along, v128.load(product + at)));
    }
  }
}
