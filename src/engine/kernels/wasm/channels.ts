// The passes of batch normalization (Ioffe & Szegedy 2015) over a matrix [rows, columns], a column a channel.

import { at, partStart } from "./parts";

/** Rows whose sums join the total together: few enough to stay in the nearest cache for all columns, and rounding grows with the longest chain of additions. */
const BLOCK_ROWS: i32 = 64;

/**
 * Over this part's rows: for each column the sums of u and of u · (x − centre), written to partials[part] of [parts, 2,
 * columns]. u is dy, or where dy is 0, x − centre: then they are the first two moments about the centre.
 */
export function channelSums(x: usize, dy: usize, centre: usize, partials: usize, rows: i32, columns: i32, part: i32, parts: i32): void {
  const start = partStart(rows, 1, part, parts);
  const end = partStart(rows, 1, part + 1, parts);
  const first = at(partials, 2 * part * columns);
  memory.fill(first, 0, <usize>columns << 3);
  for (let row = start; row < end; row += BLOCK_ROWS) {
    const block = min(BLOCK_ROWS, end - row);
    const upstream = dy == 0 ? 0 : at(dy, row * columns);
    sumBlock(at(x, row * columns), upstream, centre, first, at(first, columns), block, columns);
  }
}

function sumBlock(x: usize, dy: usize, centre: usize, first: usize, second: usize, rows: i32, columns: i32): void {
  const stride = <usize>columns << 2;
  const zero = f32x4.splat(0);
  let column = 0;
  for (; column + 8 <= columns; column += 8) {
    const middle0 = v128.load(at(centre, column));
    const middle1 = v128.load(at(centre, column), 16);
    let sum0 = zero, sum1 = zero, product0 = zero, product1 = zero;
    let from = at(x, column);
    if (dy == 0) {
      for (let left = rows; left > 0; left--) {
        const d0 = f32x4.sub(v128.load(from), middle0);
        const d1 = f32x4.sub(v128.load(from, 16), middle1);
        sum0 = f32x4.add(sum0, d0);
        sum1 = f32x4.add(sum1, d1);
        product0 = f32x4.add(product0, f32x4.mul(d0, d0));
        product1 = f32x4.add(product1, f32x4.mul(d1, d1));
        from += stride;
      }
    } else {
      let upstream = at(dy, column);
      for (let left = rows; left > 0; left--) {
        const u0 = v128.load(upstream);
        const u1 = v128.load(upstream, 16);
        sum0 = f32x4.add(sum0, u0);
        sum1 = f32x4.add(sum1, u1);
        product0 = f32x4.add(product0, f32x4.mul(u0, f32x4.sub(v128.load(from), middle0)));
        product1 = f32x4.add(product1, f32x4.mul(u1, f32x4.sub(v128.load(from, 16), middle1)));
        from += stride;
        upstream += stride;
      }
    }
    const sums = at(first, column);
    const products = at(second, column);
    v128.store(sums, f32x4.add(v128.load(sums), sum0));
    v128.store(sums, f32x4.add(v128.load(sums, 16), sum1), 16);
    v128.store(products, f32x4.add(v128.load(products), product0));
    v128.store(products, f32x4.add(v128.load(products, 16), product1), 16);
  }
  for (; column < columns; column++) {
    const middle = load<f32>(at(centre, column));
    let sum: f32 = 0;
    let product: f32 = 0;
    for (let row = 0; row < rows; row++) {
      const place = <usize>(row * columns + column) << 2;
      const difference = load<f32>(x + place) - middle;
      const u = dy == 0 ? difference : load<f32>(dy + place);
      sum += u;
      product += u * difference;
    }
    store<f32>(at(first, column), load<f32>(at(first, column)) + sum);
    store<f32>(at(second, column), load<f32>(at(second, column)) + product);
  }
}

/**
 * out = (x − centre) · scale + shift, and + dy · factor where dy is not 0; `coefficients` is [4, columns]: centre, scale,
 * shift, factor.
 */
export function channelMap(x: usize, dy: usize, coefficients: usize, out: usize, rows: i32, columns: i32, part: i32, parts: i32): void {
  const start = partStart(rows, 1, part, parts);
  const end = partStart(rows, 1, part + 1, parts);
  const centre = coefficients;
  const scale = at(coefficients, columns);
  const shift = at(coefficients, 2 * columns);
  const factor = at(coefficients, 3 * columns);
  for (let row = start; row < end; row++) {
    const from = at(x, row * columns);
    const upstream = dy == 0 ? 0 : at(dy, row * columns);
    const to = at(out, row * columns);
    let column = 0;
    for (; column + 4 <= columns; column += 4) {
      const centred = f32x4.sub(v128.load(at(from, column)), v128.load(at(centre, column)));
      let value = f32x4.add(f32x4.mul(centred, v128.load(at(scale, column))), v128.load(at(shift, column)));
      if (dy != 0) value = f32x4.add(value, f32x4.mul(v128.load(at(upstream, column)), v128.load(at(factor, column))));
      v128.store(at(to, column), value);
    }
    for (; column < columns; column++) {
      let value = (load<f32>(at(from, column)) - load<f32>(at(centre, column))) * load<f32>(at(scale, column)) + load<f32>(at(shift, column));
      if (dy != 0) value += load<f32>(at(upstream, column)) * load<f32>(at(factor, column));
      store<f32>(at(to, column), value);
    }
  }
}
