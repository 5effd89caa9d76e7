import { partEnd, partStart } from "./parts";
import { laneSum, multiplyAdd } from "./tsneLanes";

// Between points and grid: cubic B-splines (de Boor 1978), four nodes a side. A point at u past node b, in grid units,
// weighs on the nodes b − 1 to b + 2; the slopes of the weights give forces. `origins` [3] f64 is where node 0 lies.
//
// Rows of the grid (planes in 3-D) are gathered in bands of eight, and points by the band of their node b: a band's points
// reach one row before and two behind, so bands two apart can be filled at once.

/** Rows, or planes, of a band. */
const BAND: i32 = 8;

// @ts-ignore: decorator
@inline
function weightsAt(u: f32): v128 {
  const x = f32x4.splat(u);
  let sum = multiplyAdd(f32x4(-1.0 / 6, 0.5, -0.5, 1.0 / 6), x, f32x4(0.5, -1, 0.5, 0));
  sum = multiplyAdd(sum, x, f32x4(-0.5, 0, 0.5, 0));
  return multiplyAdd(sum, x, f32x4(1.0 / 6, 2.0 / 3, 1.0 / 6, 0));
}

// @ts-ignore: decorator
@inline
function slopesAt(u: f32): v128 {
  const x = f32x4.splat(u);
  return multiplyAdd(multiplyAdd(f32x4(-0.5, 1.5, -1.5, 0.5), x, f32x4(1, -2, 1, 0)), x, f32x4(-0.5, 0, 0.5, 0));
}

// @ts-ignore: decorator
@inline
function gridPosition(position: usize, origins: usize, axis: i32, density: f64): f64 {
  return (<f64>load<f32>(position + (<usize>axis << 2)) - load<f64>(origins + (<usize>axis << 3))) * density;
}

/** Counts each part's points in each band: histogram [parts, bands]. `axis` is the last one; `density` nodes a unit. */
export function tsneCountBands(part: i32, parts: i32, positions: usize, count: i32, stride: i32, axis: i32, origins: usize, density: f64, histogram: usize, bands: i32): void {
  const own = histogram + (<usize>part * bands << 2), end = partEnd(count, part, parts);
  memory.fill(own, 0, <usize>bands << 2);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const band = <i32>gridPosition(positions + (<usize>i * stride << 2), origins, axis, density) / BAND;
    const at = own + (<usize>band << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
}

/** The points in the order of their bands: `histogram` now says where each part's points of each band begin. */
export function tsneOrderByBand(part: i32, parts: i32, positions: usize, count: i32, stride: i32, axis: i32, origins: usize, density: f64, histogram: usize, bands: i32, order: usize): void {
  const own = histogram + (<usize>part * bands << 2), end = partEnd(count, part, parts);
  for (let i = partStart(count, part, parts); i < end; i++) {
    const band = <i32>gridPosition(positions + (<usize>i * stride << 2), origins, axis, density) / BAND;
    const cursor = own + (<usize>band << 2);
    const at = load<i32>(cursor);
    store<i32>(cursor, at + 1);
    store<i32>(order + (<usize>at << 2), i);
  }
}

/**
 * Spreads the points of every second band, from `parity` on, over the grid [planes, rows, gridStride]; a part does one band.
 * Even bands go first and clear what they and the band behind them write. `starts` [bands + 1] into `order`.
 */
export function tsneSpread(part: i32, parts: i32, parity: i32, positions: usize, stride: i32, axis: i32, origins: usize, density: f64, starts: usize, order: usize, grid: usize, rows: i32, planes: i32, gridStride: i32): void {
  const band = 2 * part + parity;
  const rowBytes = <usize>gridStride << 2, planeBytes = rowBytes * rows;
  if (parity == 0) {
    const unit = axis == 1 ? rowBytes : planeBytes, units = axis == 1 ? rows : planes;
    const behind = (band + 2) * BAND;
    const from = max(band * BAND - 1, 0), to = behind < units ? behind - 1 : units;
    memory.fill(grid + <usize>from * unit, 0, <usize>(to - from) * unit);
  }
  const end = load<i32>(starts + (<usize>band << 2), 4);
  for (let at = load<i32>(starts + (<usize>band << 2)); at < end; at++) {
    const position = positions + (<usize>load<i32>(order + (<usize>at << 2)) * stride << 2);
    const x = gridPosition(position, origins, 0, density), y = gridPosition(position, origins, 1, density);
    const column = <i32>x, row = <i32>y;
    const weights = weightsAt(<f32>(x - column)), rowWeights = weightsAt(<f32>(y - row));
    const corner = grid + <usize>(row - 1) * rowBytes + (<usize>(column - 1) << 2);
    if (axis == 1) {
      spreadRows(corner, rowBytes, weights, rowWeights);
      continue;
    }
    const z = gridPosition(position, origins, 2, density), plane = <i32>z;
    const planeWeights = weightsAt(<f32>(z - plane));
    const first = corner + <usize>(plane - 1) * planeBytes;
    spreadRows(first, rowBytes, f32x4.mul(weights, v128.shuffle<f32>(planeWeights, planeWeights, 0, 0, 0, 0)), rowWeights);
    spreadRows(first + planeBytes, rowBytes, f32x4.mul(weights, v128.shuffle<f32>(planeWeights, planeWeights, 1, 1, 1, 1)), rowWeights);
    spreadRows(first + 2 * planeBytes, rowBytes, f32x4.mul(weights, v128.shuffle<f32>(planeWeights, planeWeights, 2, 2, 2, 2)), rowWeights);
    spreadRows(first + 3 * planeBytes, rowBytes, f32x4.mul(weights, v128.shuffle<f32>(planeWeights, planeWeights, 3, 3, 3, 3)), rowWeights);
  }
}

// @ts-ignore: decorator
@inline
function spreadRows(corner: usize, rowBytes: usize, weights: v128, rowWeights: v128): void {
  v128.store(corner, multiplyAdd(weights, v128.shuffle<f32>(rowWeights, rowWeights, 0, 0, 0, 0), v128.load(corner)));
  corner += rowBytes;
  v128.store(corner, multiplyAdd(weights, v128.shuffle<f32>(rowWeights, rowWeights, 1, 1, 1, 1), v128.load(corner)));
  corner += rowBytes;
  v128.store(corner, multiplyAdd(weights, v128.shuffle<f32>(rowWeights, rowWeights, 2, 2, 2, 2), v128.load(corner)));
  corner += rowBytes;
  v128.store(corner, multiplyAdd(weights, v128.shuffle<f32>(rowWeights, rowWeights, 3, 3, 3, 3), v128.load(corner)));
}

/**
 * At every point of `order`, the potential φ of the grid plus `constant`, in `potentials` if not 0 and summed up in sums[part] (f64), and the force −∇φ / 2, which is
 * Σⱼ (yᵢ − yⱼ) / (1 + |yᵢ − yⱼ|²)², into forces [count, stride].
 */
export function tsneGather(part: i32, parts: i32, positions: usize, count: i32, stride: i32, axis: i32, origins: usize, density: f64, order: usize, grid: usize, rows: i32, gridStride: i32, forces: usize, sums: usize, potentials: usize, constant: f64): void {
  const rowBytes = <usize>gridStride << 2, planeBytes = rowBytes * rows;
  const scale = <f32>(-0.5 * density);
  const end = partEnd(count, part, parts);
  let sum: f64 = 0;
  for (let at = partStart(count, part, parts); at < end; at++) {
    const i = <usize>load<i32>(order + (<usize>at << 2));
    const position = positions + (i * stride << 2), force = forces + (i * stride << 2);
    const x = gridPosition(position, origins, 0, density), y = gridPosition(position, origins, 1, density);
    const column = <i32>x, row = <i32>y;
    const xWeights = weightsAt(<f32>(x - column)), xSlopes = slopesAt(<f32>(x - column));
    const yWeights = weightsAt(<f32>(y - row)), ySlopes = slopesAt(<f32>(y - row));
    const corner = grid + <usize>(row - 1) * rowBytes + (<usize>(column - 1) << 2);
    let flat = f32x4.splat(0), steep = flat;
    if (axis == 1) {
      flat = rowsAlong(corner, rowBytes, yWeights);
      steep = rowsAlong(corner, rowBytes, ySlopes);
    } else {
      const z = gridPosition(position, origins, 2, density), plane = <i32>z;
      const zWeights = weightsAt(<f32>(z - plane)), zSlopes = slopesAt(<f32>(z - plane));
      let from = corner + <usize>(plane - 1) * planeBytes;
      let deep = flat, weight = zWeights, slope = zSlopes;
      for (let k = 0; k < 4; k++) {
        const across = rowsAlong(from, rowBytes, yWeights);
        const first = v128.shuffle<f32>(weight, weight, 0, 0, 0, 0);
        flat = multiplyAdd(across, first, flat);
        deep = multiplyAdd(across, v128.shuffle<f32>(slope, slope, 0, 0, 0, 0), deep);
        steep = multiplyAdd(rowsAlong(from, rowBytes, ySlopes), first, steep);
        weight = v128.shuffle<f32>(weight, weight, 1, 2, 3, 0);
        slope = v128.shuffle<f32>(slope, slope, 1, 2, 3, 0);
        from += planeBytes;
      }
      store<f32>(force, scale * laneSum(f32x4.mul(deep, xWeights)), 8);
    }
    const potential = <f64>laneSum(f32x4.mul(flat, xWeights)) + constant;
    if (potentials) store<f32>(potentials + (i << 2), <f32>potential);
    sum += potential;
    store<f32>(force, scale * laneSum(f32x4.mul(flat, xSlopes)));
    store<f32>(force, scale * laneSum(f32x4.mul(steep, xWeights)), 4);
  }
  store<f64>(sums + (<usize>part << 3), sum);
}

/** Four nodes of x, weighted along y. */
// @ts-ignore: decorator
@inline
function rowsAlong(corner: usize, rowBytes: usize, weights: v128): v128 {
  let sum = f32x4.mul(v128.load(corner), v128.shuffle<f32>(weights, weights, 0, 0, 0, 0));
  corner += rowBytes;
  sum = multiplyAdd(v128.load(corner), v128.shuffle<f32>(weights, weights, 1, 1, 1, 1), sum);
  corner += rowBytes;
  sum = multiplyAdd(v128.load(corner), v128.shuffle<f32>(weights, weights, 2, 2, 2, 2), sum);
  corner += rowBytes;
  return multiplyAdd(v128.load(corner), v128.shuffle<f32>(weights, weights, 3, 3, 3, 3), sum);
}
