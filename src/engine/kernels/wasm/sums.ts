// Sums over the rows of a matrix: the gradient of a bias, means over a batch, the total of a tensor (one column).

import { at, partStart } from "./parts";

/** Rows added up before their sum joins the total: rounding grows with the longest chain of additions, so it is cut. */
const BLOCK_ROWS: i32 = 256;

/**
 * The sums of the columns of x [rows, columns] over this part's rows, times `scale`, written to partials[part] of
 * [parts, columns]; the caller adds the partials up (with this same kernel).
 */
export function columnSums(x: usize, partials: usize, rows: i32, columns: i32, scale: f32, part: i32, parts: i32): void {
  const start = partStart(rows, 1, part, parts);
  const end = partStart(rows, 1, part + 1, parts);
  const source = at(x, start * columns);
  const target = at(partials, part * columns);
  if (columns == 1) store<f32>(target, scale * total(source, end - start));
  else sumRows(source, target, end - start, columns, scale);
}

function sumRows(source: usize, target: usize, rows: i32, columns: i32, scale: f32): void {
  const rowBytes = <usize>columns << 2;
  const factor = f32x4.splat(scale);
  const zero = f32x4.splat(0);
  let column = 0;
  for (; column + 16 <= columns; column += 16) {
    let sum0 = zero, sum1 = zero, sum2 = zero, sum3 = zero;
    let from = at(source, column);
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      let part0 = zero, part1 = zero, part2 = zero, part3 = zero;
      for (let left = min(BLOCK_ROWS, rows - row); left > 0; left--) {
        part0 = f32x4.add(part0, v128.load(from));
        part1 = f32x4.add(part1, v128.load(from, 16));
        part2 = f32x4.add(part2, v128.load(from, 32));
        part3 = f32x4.add(part3, v128.load(from, 48));
        from += rowBytes;
      }
      sum0 = f32x4.add(sum0, part0);
      sum1 = f32x4.add(sum1, part1);
      sum2 = f32x4.add(sum2, part2);
      sum3 = f32x4.add(sum3, part3);
    }
    const to = at(target, column);
    v128.store(to, f32x4.mul(factor, sum0));
    v128.store(to, f32x4.mul(factor, sum1), 16);
    v128.store(to, f32x4.mul(factor, sum2), 32);
    v128.store(to, f32x4.mul(factor, sum3), 48);
  }
  for (; column + 4 <= columns; column += 4) {
    let sum = zero;
    let from = at(source, column);
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      let part = zero;
      for (let left = min(BLOCK_ROWS, rows - row); left > 0; left--) {
        part = f32x4.add(part, v128.load(from));
        from += rowBytes;
      }
      sum = f32x4.add(sum, part);
    }
    v128.store(at(target, column), f32x4.mul(factor, sum));
  }
  for (; column < columns; column++) {
    let sum: f32 = 0;
    let from = at(source, column);
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      let part: f32 = 0;
      for (let left = min(BLOCK_ROWS, rows - row); left > 0; left--) {
        part += load<f32>(from);
        from += rowBytes;
      }
      sum += part;
    }
    store<f32>(at(target, column), scale * sum);
  }
}

/** The sum of `count` adjacent values, in 16 chains that are cut like the rows above. */
function total(source: usize, count: i32): f32 {
  const zero = f32x4.splat(0);
  let sum = zero;
  let index = 0;
  while (index + 16 <= count) {
    let part0 = zero, part1 = zero, part2 = zero, part3 = zero;
    for (let left = BLOCK_ROWS; left > 0 && index + 16 <= count; left--) {
      part0 = f32x4.add(part0, v128.load(source));
      part1 = f32x4.add(part1, v128.load(source, 16));
      part2 = f32x4.add(part2, v128.load(source, 32));
      part3 = f32x4.add(part3, v128.load(source, 48));
      source += 64;
      index += 16;
    }
    sum = f32x4.add(sum, f32x4.add(f32x4.add(part0, part1), f32x4.add(part2, part3)));
  }
  let result =
    f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
  for (; index < count; index++) {
    result += load<f32>(source);
    source += 4;
  }
  return result;
}
