import { partEnd, partStart } from "./parts";
import { laneSum, multiplyAdd } from "./tsneLanes";

// Where the grid of a wide map is too coarse for the kernel k(t) = 1 / (1 + t), t = |y − yⱼ|², it carries a smoother one, and what that
// lacks within `reach` is summed point by point (as particle-particle particle-mesh sums do: Hockney & Eastwood 1981). With
// T = reach² and q = (T − t) / (1 + T), k is the geometric series Σ qʲ / (1 + T): the grid has its terms up to q³ (wasm/tsneConvolution.ts),
// and all others are q⁴ k(t), which vanishes smoothly at the reach.
//
// Points lie in cells of a lattice, x fastest, half a reach wide: those of neighbouring cells along x lie side by side.

// @ts-ignore: decorator
@inline
function cellAt(position: usize, origins: usize, axis: i32, density: f64): f64 {
  return (<f64>load<f32>(position + (<usize>axis << 2)) - load<f64>(origins + (<usize>axis << 3))) * density;
}

// @ts-ignore: decorator
@inline
function cellOf(position: usize, stride: i32, origins: usize, density: f64, columns: i32, rows: i32, planes: i32): i32 {
  const column = min(<i32>cellAt(position, origins, 0, density), columns - 1);
  const row = min(<i32>cellAt(position, origins, 1, density), rows - 1);
  const plane = stride == 2 ? 0 : min(<i32>cellAt(position, origins, 2, density), planes - 1);
  return (plane * rows + row) * columns + column;
}

/**
 * Sorts points [count, stride] by their cells, in one part: `sorted` [count + 3, 4] f32, z being 0 in the plane, their numbers in
 * `order`, and `starts` [cells + 1], where each cell's begin. `origins` [3] f64 is the corner of the first cell, `density` cells a unit.
 */
export function tsneSortCells(part: i32, parts: i32, positions: usize, count: i32, stride: i32, origins: usize, density: f64, columns: i32, rows: i32, planes: i32, starts: usize, sorted: usize, order: usize): void {
  const cells = columns * rows * planes;
  memory.fill(starts, 0, <usize>(cells + 1) << 2);
  // Cell c is counted at c + 1, which then says where it begins, and, when its points are placed, where it ends.
  for (let i = 0; i < count; i++) {
    const at = starts + (<usize>cellOf(positions + (<usize>i * stride << 2), stride, origins, density, columns, rows, planes) << 2);
    store<i32>(at, load<i32>(at, 4) + 1, 4);
  }
  let sum = 0;
  for (let cell = 0; cell < cells; cell++) {
    const at = starts + (<usize>cell << 2);
    const size = load<i32>(at, 4);
    store<i32>(at, sum, 4);
    sum += size;
  }
  for (let i = 0; i < count; i++) {
    const position = positions + (<usize>i * stride << 2);
    const at = starts + (<usize>cellOf(position, stride, origins, density, columns, rows, planes) << 2);
    const place = load<i32>(at, 4);
    store<i32>(at, place + 1, 4);
    store<i32>(order + (<usize>place << 2), i);
    const to = sorted + (<usize>place << 4);
    store<f32>(to, load<f32>(position));
    store<f32>(to, load<f32>(position, 4), 4);
    store<f32>(to, stride == 2 ? 0 : load<f32>(position, 8), 8);
  }
}

/**
 * Adds what the grid lacks near the targets of `order`: to the forces [count, stride] Σⱼ (y − yⱼ) q³ k (4 / (1 + T) + q k), to the potentials, if not 0,
 * Σⱼ q⁴ k, which sums[part] (f64) has of all; a point's own with it where it is among the sorted ones.
 */
export function tsneNear(part: i32, parts: i32, targets: usize, count: i32, stride: i32, order: usize, origins: usize, density: f64, columns: i32, rows: i32, planes: i32, starts: usize, sorted: usize, reach: f32, forces: usize, sums: usize, potentials: usize): void {
  const limit = reach * reach, inverse: f32 = <f32>1 / (<f32>1 + limit);
  const wide = <f64>reach * density, wideSquare = wide * wide;
  const end = partEnd(count, part, parts);
  let total: f64 = 0;
  for (let at = partStart(count, part, parts); at < end; at++) {
    const i = <usize>load<i32>(order + (<usize>at << 2));
    const own = targets + (i * stride << 2), force = forces + (i * stride << 2);
    const x = cellAt(own, origins, 0, density), y = cellAt(own, origins, 1, density), z: f64 = stride == 2 ? 0 : cellAt(own, origins, 2, density);
    const xOwn = v128.load_splat<f32>(own), yOwn = v128.load_splat<f32>(own, 4), zOwn = stride == 2 ? f32x4.splat(0) : v128.load_splat<f32>(own, 8);
    const limits = f32x4.splat(limit), inverses = f32x4.splat(inverse), slope = f32x4.splat(<f32>4 * inverse), one = f32x4.splat(1), zero = f32x4.splat(0);
    let xSum = zero, ySum = zero, zSum = zero, sum = zero;
    const lastPlane = stride == 2 ? 0 : min(planes - 1, <i32>(z + wide)), lastRow = min(rows - 1, <i32>(y + wide));
    for (let plane = stride == 2 ? 0 : max(0, <i32>(z - wide)); plane <= lastPlane; plane++) {
      const deep = stride == 2 ? 0 : max(max(<f64>plane - z, z - <f64>(plane + 1)), 0);
      for (let row = max(0, <i32>(y - wide)); row <= lastRow; row++) {
        const high = max(max(<f64>row - y, y - <f64>(row + 1)), 0);
        const left = wideSquare - deep * deep - high * high;
        if (left <= 0) continue;
        const half = sqrt(left);
        const cells = starts + (<usize>((plane * rows + row) * columns) << 2);
        let from = load<i32>(cells + (<usize>max(0, <i32>(x - half)) << 2));
        const to = load<i32>(cells + (<usize>min(columns - 1, <i32>(x + half)) << 2), 4);
        for (; from < to; from += 4) {
          const points = sorted + (<usize>from << 4);
          const a = v128.load(points), b = v128.load(points, 16), c = v128.load(points, 32), d = v128.load(points, 48);
          const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
          const dx = f32x4.sub(xOwn, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
          const dy = f32x4.sub(yOwn, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
          const dz = f32x4.sub(zOwn, v128.shuffle<f32>(v128.shuffle<f32>(a, b, 2, 6, 2, 6), v128.shuffle<f32>(c, d, 2, 6, 2, 6), 0, 1, 4, 5));
          const square = multiplyAdd(dx, dx, multiplyAdd(dy, dy, f32x4.mul(dz, dz)));
          // Behind the run lie points of other cells.
          const inRun = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(to - from));
          const q = v128.and(f32x4.mul(f32x4.pmax(zero, f32x4.sub(limits, square)), inverses), inRun);
          const near = f32x4.div(one, f32x4.add(one, square));
          const cubed = f32x4.mul(f32x4.mul(f32x4.mul(q, q), q), near);
          const last = f32x4.mul(q, near);
          sum = multiplyAdd(cubed, q, sum);
          const weight = f32x4.mul(cubed, f32x4.add(slope, last));
          xSum = multiplyAdd(weight, dx, xSum);
          ySum = multiplyAdd(weight, dy, ySum);
          zSum = multiplyAdd(weight, dz, zSum);
        }
      }
    }
    store<f32>(force, load<f32>(force) + laneSum(xSum));
    store<f32>(force, load<f32>(force, 4) + laneSum(ySum), 4);
    if (stride != 2) store<f32>(force, load<f32>(force, 8) + laneSum(zSum), 8);
    const potential = laneSum(sum);
    if (potentials) store<f32>(potentials + (i << 2), load<f32>(potentials + (i << 2)) + potential);
    total += <f64>potential;
  }
  store<f64>(sums + (<usize>part << 3), total);
}
