// Rows of a matrix as the panels that multiplyTile reads. They are taken relative to a centre: ‖a − b‖² = ‖a‖² + ‖b‖² − 2 a·b
// loses as many digits as the norms are larger than the distance, and near their centre rows are short.

/**
 * Packs `count` rows minus `centre` as panels [depth, width], `width` rows each, and writes ‖row − centre‖² + its excess to
 * `squares`. The rows are those numbered by `numbers`, or, where that is 0, `first` and the following. `depth` is a multiple
 * of 4. What is missing in the last panel is zeros, with an infinite square: nothing is near to it.
 */
export function packRows(rows: usize, depth: i32, numbers: usize, first: i32, count: i32, centre: usize, excess: usize, width: i32, target: usize, squares: usize): void {
  const step = <usize>width << 2;
  const whole = ((count + width - 1) / width) * width;
  for (let i = 0; i < whole; i++) {
    let to = target + ((<usize>(i / width) * <usize>width * <usize>depth + <usize>(i % width)) << 2);
    if (i >= count) {
      for (let j = 0; j < depth; j++, to += step) store<f32>(to, 0);
      store<f32>(squares + (<usize>i << 2), Infinity);
      continue;
    }
    const row = numbers ? load<i32>(numbers + (<usize>i << 2)) : first + i;
    let from = rows + ((<usize>row * <usize>depth) << 2);
    let middle = centre;
    let sum = f32x4.splat(0);
    for (let j = 0; j < depth; j += 4) {
      const value = f32x4.sub(v128.load(from), v128.load(middle));
      sum = f32x4.add(sum, f32x4.mul(value, value));
      v128.store_lane<f32>(to, value, 0);
      v128.store_lane<f32>(to + step, value, 1);
      v128.store_lane<f32>(to + step * 2, value, 2);
      v128.store_lane<f32>(to + step * 3, value, 3);
      from += 16;
      middle += 16;
      to += step << 2;
    }
    store<f32>(squares + (<usize>i << 2), sumOf(sum) + excessOf(excess, row));
  }
}

/** A row's excess (squaredDistance); 0 where there is no such array. */
export function excessOf(excess: usize, row: i32): f32 {
  return excess ? load<f32>(excess + (<usize>row << 2)) : 0;
}

function sumOf(lanes: v128): f32 {
  return f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3));
}

/** ‖a − b‖² of two rows of f32, in f64 throughout. `depth` is a multiple of 4. */
export function squaredDistance(a: usize, b: usize, depth: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let j = 0; j < depth; j += 4, a += 16, b += 16) {
    const left = v128.load(a);
    const right = v128.load(b);
    const first = f64x2.sub(f64x2.promote_low_f32x4(left), f64x2.promote_low_f32x4(right));
    const second = f64x2.sub(f64x2.promote_low_f32x4(upper(left)), f64x2.promote_low_f32x4(upper(right)));
    low = f64x2.add(low, f64x2.mul(first, first));
    high = f64x2.add(high, f64x2.mul(second, second));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** The upper two lanes in the place of the lower. */
function upper(value: v128): v128 {
  return i8x16.shuffle(value, value, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}
