import { LatentError } from "../../../protocol/errors";
import { gridShape, type Bounds } from "../tsneGrid";

// The grid of tsneGrid.ts for a device: its nodes are chosen between submissions, so it has room for the steps of one, and
// its transforms' lengths are powers of two (fourier.ts).

/** A grid: node (0, 0) lies at `origin`; all numbers are exact in f32, so that they can be kept in a checkpoint. */
export interface DeviceGrid {
  spacing: number;
  origin: [number, number];
  /** Lengths of the transforms along x and y, powers of two. */
  lengths: [number, number];
}

/** Share of the map's span that is left free at either side. */
const SLACK = 0.1;
/** Nodes of a spline before the first point and behind the last (tsneGrid.ts). */
const MARGIN = 3;
/** Nodes that keep the kernel's two ends apart, where its periodic continuation has a kink (tsneGrid.ts). */
const GAP = 8;
export const SHORTEST_TRANSFORM = 128;

/** Nodes along an axis whose transform has this length. */
export const nodesOf = (length: number): number => (length - GAP) / 2;

/**
 * The grid for a map of these bounds, a function of them alone. Its spacing is that of the CPU's grid, coarser where a
 * transform would be longer than `longest`, the device's longest. With the same spacing its nodes lie where the CPU's do.
 * Throws `diverged` where no numbers of f32 can hold it.
 */
export function deviceGrid({ least, greatest }: Bounds, longest: number): DeviceGrid {
  const spans = least.map((value, axis) => greatest[axis]! - value);
  for (let spacing = Math.fround(gridShape({ least, greatest }).spacing); ; spacing = Math.fround(spacing * Math.SQRT2)) {
    if (!Number.isFinite(spacing)) throw new LatentError("diverged", `t-SNE cannot have a grid for points from ${least.join(", ")} to ${greatest.join(", ")}`);
    const lengths = spans.map(span => {
      const nodes = Math.ceil((span / spacing) * (1 + 2 * SLACK)) + 2 * MARGIN + 2;
      return 2 ** Math.ceil(Math.log2(Math.max(2 * nodes + GAP, SHORTEST_TRANSFORM)));
    });
    const origin = least.map((value, axis) => Math.fround(value - Math.floor((nodesOf(lengths[axis]!) - spans[axis]! / spacing) / 2) * spacing));
    const grid: DeviceGrid = { spacing, origin: origin as [number, number], lengths: lengths as [number, number] };
    // Far from 0, positions may be too coarse for a fine grid.
    if (Math.max(...lengths) <= longest && holds(grid, { least, greatest })) return grid;
  }
}

/** Least and greatest positions that a point may have on the grid. */
export function inside({ spacing, origin, lengths }: DeviceGrid): Bounds {
  return {
    least: origin.map(value => Math.fround(value + 2 * spacing)),
    greatest: origin.map((value, axis) => Math.fround(value + (nodesOf(lengths[axis]!) - MARGIN) * spacing)),
  };
}

/** True where all of the map's points lie on the grid, and splines around them. */
export function holds(grid: DeviceGrid, { least, greatest }: Bounds): boolean {
  const limits = inside(grid);
  return [0, 1].every(axis => least[axis]! >= limits.least[axis]! && greatest[axis]! <= limits.greatest[axis]!);
}

/** The grid as a checkpoint's tensor. */
export const gridTensor = ({ spacing, origin, lengths }: DeviceGrid) => ({ shape: [5], data: Float32Array.of(spacing, ...origin, ...lengths) });

/** The grid of a checkpoint's tensor; undefined where there is none that this device can use. */
export function gridFrom(tensor: { data: ArrayLike<unknown> } | undefined, longest: number): DeviceGrid | undefined {
  const [spacing = 0, x = NaN, y = NaN, width = 0, height = 0] = Array.from(tensor?.data ?? [], Number);
  const isLength = (length: number) => Number.isInteger(Math.log2(length)) && length >= SHORTEST_TRANSFORM && length <= longest;
  return spacing > 0 && Number.isFinite(x + y) && isLength(width) && isLength(height) ? { spacing, origin: [x, y], lengths: [width, height] } : undefined;
}
