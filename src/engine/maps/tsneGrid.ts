import type { Crew } from "./crew";
import type { Shared } from "./crewHeap";
import { parts } from "./tsneAffinities";
import { transformLength, transformPlans } from "./tsneTransform";

// Repulsion in O(n): the potential φ(y) = Σⱼ 1 / (1 + |y − yⱼ|²) on a grid, by a convolution through Fourier transforms, and
// −∇φ / 2 as its force. After FIt-SNE (Linderman, Rachh, Hoskins, Steinerberger & Kluger 2019), with another interpolation:
// cubic B-splines through the nodes, as in smooth particle-mesh Ewald sums (Essmann et al. 1995). One potential, derived,
// takes two real transforms where FIt-SNE's four charges take eight.
//
// Maps in space are wide, 200 across for 5,000 digits, and no grid of nodes a fraction of the kernel apart holds them. There the grid has
// a smoother kernel, and what it lacks is summed among near points (wasm/tsneNear.ts).

/** Distance of the nodes in a large map. The kernel is 1 wide: the force errors of a grid alone are 0.5 % at 1/3, 2 % at 1/2 (test/engine/maps/tsneGradient.test.ts). */
const SPACING = { 2: 1 / 4, 3: 1 / 2 };
/** In the plane fewer points than this have a wider grid: those that are near to each other are then summed sooner than a fine grid is transformed. */
const FEW = 20_000;
/** At least so many nodes span a map: a small one has a finer grid. */
const FEWEST_NODES = { 2: 48, 3: 24 };
/** At most so many: an outlier far away makes the grid coarser, not endless. */
const MOST_NODES = { 2: 2048, 3: 112 };
/** Nodes of a spline before the first point and behind the last. */
const MARGIN = 3;
/** Nodes further apart than this carry a smoother kernel. */
const WIDEST_PLAIN = 1 / 3;
/** Spacings within which that is not the kernel, so that points as near as this are summed one by one. */
const REACH = 4;
/** Cells of near points in a reach. */
const CELLS = 2;
/** Nodes that keep the kernel's two ends apart, where its periodic continuation has a kink. */
const GAP = 8;
/** Rows or planes of a band (wasm/tsneGrid.ts). */
const BAND = 8;

/** Least and greatest position on each axis. */
export interface Bounds {
  least: number[];
  greatest: number[];
}

export interface GridShape {
  spacing: number;
  /** Nodes along x, y (and z), multiples of 8. */
  nodes: number[];
  /** Lengths of the transforms, at least twice as many. */
  lengths: number[];
  /** Points nearer than this are not told by the grid alone; 0 where it tells all. */
  reach: number;
}

/**
 * The grid for a map of these bounds and so many points, a function of them alone: a resumed map has the grid that it had. Without
 * `count`, a grid that needs no sums of near points unless the map is too wide for it.
 */
export function gridShape({ least, greatest }: Bounds, count = Infinity): GridShape {
  const dimensions = least.length as 2 | 3;
  const usual = count < FEW ? 1 / 2 : SPACING[dimensions];
  const spans = least.map((value, axis) => greatest[axis]! - value);
  const span = Math.max(...spans, 1e-12);
  // In steps, so that the kernel's spectrum serves for many iterations.
  const finer = Math.max(Math.ceil(2 * Math.log2((usual * FEWEST_NODES[dimensions]) / span)), 0);
  const coarser = Math.max(Math.ceil(2 * Math.log2(span / usual / MOST_NODES[dimensions])), 0);
  const spacing = usual * 2 ** ((coarser - finer) / 2);
  const lengths = spans.map(value => transformLength(2 * BAND * Math.ceil((value / spacing + 2 * MARGIN) / BAND) + GAP));
  return { spacing, reach: spacing > WIDEST_PLAIN ? REACH * spacing : 0, lengths, nodes: lengths.map(length => Math.floor((length - GAP) / 2 / BAND) * BAND) };
}

/** One over the squared transform of the cubic spline's values 1/6, 2/3, 1/6 at the nodes: what takes it back at both ends. */
function splineFactors(length: number, scale: number): Float32Array {
  return Float32Array.from({ length }, (_, k) => scale / ((2 + Math.cos((2 * Math.PI * k) / length)) / 3) ** 2);
}

/** Takes memory anew where it has become too small, with room to grow. */
function growing<T>(take: (length: number) => Shared<T>): (length: number) => Shared<T> {
  let held: { length: number; shared: Shared<T> } | undefined;
  return length => {
    if (!held || held.length < length) {
      const larger = held ? Math.ceil(length * 1.5) : length;
      held = { length: larger, shared: take(larger) };
    }
    return held.shared;
  };
}

export interface PotentialGrid {
  /** Computes φ of the points [count × stride] in the crew's memory, which lie within `bounds`. */
  fill(positions: number, count: number, bounds: Bounds): void;
  /**
   * Forces −∇φ / 2 on points within the bounds into `forces` [count × stride], φ into `potentials` [count] if that is not 0;
   * returns the sum of φ. `order` is in which order; by default the one that `fill` found, for the same points.
   */
  gather(positions: number, count: number, forces: number, potentials: number, order?: number): number;
}

/** A grid in the crew's memory; that grows with the map. */
export function createGrid(dimensions: 2 | 3, crew: Crew): PotentialGrid {
  const { heap } = crew;
  const stride = dimensions === 2 ? 2 : 4;
  const axis = dimensions - 1;
  const planOf = transformPlans(crew);
  const origins = heap.float64(3);
  const sums = heap.float64(parts);
  const corner = heap.float64(3);
  const buffers = {
    grid: growing(length => heap.float32(length)), spectrum: growing(length => heap.float32(length)), kernel: growing(length => heap.float32(length)),
    scratch: growing(length => heap.float32(length)), order: growing(length => heap.int32(length)),
    histogram: growing(length => heap.int32(length)), starts: growing(length => heap.int32(length)),
    cells: growing(length => heap.int32(length)), sorted: growing(length => heap.float32(length)), cellOrder: growing(length => heap.int32(length)),
  };
  let shape: GridShape | undefined;
  let constant = 0;
  let filled = 0;
  /** The lattice of near points: columns, rows and planes, and cells a unit. */
  let lattice = { sizes: [1, 1, 1], density: 0 };

  const sizes = ({ nodes, lengths }: GridShape) => {
    const [width = 0, rows = 0, planes = 1] = nodes;
    const frequencies = (lengths[0]! / 2 + 4) & ~3;
    const storedRows = dimensions === 2 ? rows : lengths[1]!;
    const longest = Math.max(...lengths);
    return { width, rows, planes, frequencies, storedRows, longest };
  };
  const scratchFor = (longest: number) => buffers.scratch(parts * 2 * longest * 8).address;

  /** The kernel's spectrum, divided by the splines' and by what the transforms leave over. */
  function prepare(next: GridShape): void {
    const { lengths, spacing, nodes } = next;
    const { frequencies, longest } = sizes(next);
    const [width = 0, rows = 0, planes = 1] = lengths;
    const extent = spacing * Math.max(...nodes);
    const kernel = buffers.kernel(frequencies * rows * planes).address;
    const scratch = scratchFor(longest);
    const plans = lengths.map(planOf);
    heap.scope(() => {
      const samples = heap.float32(width * rows * planes);
      const spectrum = heap.float32(planes * frequencies * rows * 2);
      const [xFactors = 0, yFactors = 0, zFactors = 0] = lengths.map((length, of) => {
        // tsneRowsForward doubles, here and for the points.
        const factors = heap.float32(Math.ceil(length / 4) * 4);
        factors.values.set(splineFactors(length, (of === 0 ? 0.25 : 1) / length));
        return factors.address;
      });
      crew.run("tsneKernel", parts, samples.address, planes, rows, width, spacing, extent, next.reach);
      crew.run("tsneRowsForward", parts, samples.address, planes, rows, width, width, spectrum.address, rows, plans[0]!, scratch, longest);
      if (dimensions === 2) {
        crew.run("tsneColumns", parts, KERNEL, spectrum.address, 1, frequencies, rows, rows, kernel, xFactors, yFactors, plans[1]!, scratch, longest);
      } else {
        crew.run("tsneColumns", parts, FORWARD, spectrum.address, planes, frequencies, rows, rows, 0, 0, 0, plans[1]!, scratch, longest);
        crew.run("tsnePlanes", parts, KERNEL, spectrum.address, planes, frequencies, rows, kernel, xFactors, yFactors, zFactors, plans[2]!, scratch, longest);
      }
    });
    constant = 1 / (1 + extent * extent);
    shape = next;
  }

  function spread(positions: number, count: number, { spacing }: GridShape, { width, rows, planes }: ReturnType<typeof sizes>, grid: number): void {
    const bands = (dimensions === 2 ? rows : planes) / BAND;
    const histogram = buffers.histogram(parts * bands);
    const starts = buffers.starts(bands + 1);
    const order = buffers.order(count);
    const banding = [positions, count, stride, axis, origins.address, 1 / spacing, histogram.address, bands];
    crew.run("tsneCountBands", parts, ...banding);
    let sum = 0;
    for (let band = 0; band < bands; band++) {
      starts.values[band] = sum;
      for (let part = 0; part < parts; part++) {
        const size = histogram.values[part * bands + band]!;
        histogram.values[part * bands + band] = sum;
        sum += size;
      }
    }
    starts.values[bands] = sum;
    crew.run("tsneOrderByBand", parts, ...banding, order.address);
    for (const parity of [0, 1]) {
      const ofParity = Math.floor((bands + 1 - parity) / 2);
      if (ofParity) crew.run("tsneSpread", ofParity, parity, positions, stride, axis, origins.address, 1 / spacing, starts.address, order.address, grid, rows, planes, width);
    }
  }

  /** Sorts the points by cells, for those near to each other. */
  function sortCells(positions: number, count: number, { least, greatest }: Bounds, reach: number): void {
    const density = CELLS / reach;
    const sizes = [0, 1, 2].map(of => (of < dimensions ? Math.floor((greatest[of]! - least[of]!) * density) + 1 : 1));
    lattice = { sizes, density };
    least.forEach((value, of) => void (corner.values[of] = value));
    const cells = sizes.reduce((product, size) => product * size, 1);
    crew.run("tsneSortCells", 1, positions, count, stride, corner.address, density, ...sizes, buffers.cells(cells + 1).address, buffers.sorted(4 * (count + 3)).address, buffers.cellOrder(count).address);
  }

  function convolve(next: GridShape, { width, rows, planes, frequencies, storedRows, longest }: ReturnType<typeof sizes>, grid: number): void {
    const plans = next.lengths.map(planOf);
    const spectrum = buffers.spectrum(planes * frequencies * storedRows * 2).address;
    const kernel = buffers.kernel(0).address;
    const scratch = scratchFor(longest);
    const alongX = [grid, planes, rows, width, width, spectrum, storedRows, plans[0]!, scratch, longest];
    const alongY = (mode: number, factors: number) => crew.run("tsneColumns", parts, mode, spectrum, planes, frequencies, rows, storedRows, factors, 0, 0, plans[1]!, scratch, longest);
    crew.run("tsneRowsForward", parts, ...alongX);
    if (dimensions === 2) alongY(THROUGH, kernel);
    else {
      alongY(FORWARD, 0);
      crew.run("tsnePlanes", parts, THROUGH, spectrum, planes, frequencies, storedRows, kernel, 0, 0, 0, plans[2]!, scratch, longest);
      alongY(BACK, 0);
    }
    crew.run("tsneRowsBack", parts, ...alongX);
  }

  return {
    fill: (positions, count, bounds) => {
      const next = gridShape(bounds, count);
      if (!shape || shape.spacing !== next.spacing || shape.lengths.some((length, of) => length !== next.lengths[of])) prepare(next);
      const size = sizes(next);
      const grid = buffers.grid(size.width * size.rows * size.planes).address;
      bounds.least.forEach((value, of) => void (origins.values[of] = value - MARGIN * next.spacing));
      spread(positions, count, next, size, grid);
      convolve(next, size, grid);
      if (next.reach > 0) sortCells(positions, count, bounds, next.reach);
      filled = count;
    },
    gather: (positions, count, forces, potentials, given) => {
      const { spacing, reach } = shape!;
      const order = given ?? buffers.order(0).address;
      const { width, rows } = sizes(shape!);
      crew.run("tsneGather", parts, positions, count, stride, axis, origins.address, 1 / spacing, order, buffers.grid(0).address, rows, width, forces, sums.address, potentials, constant * filled);
      const far = sums.values.reduce((total, value) => total + value, 0);
      if (reach === 0) return far;
      const { sizes: cells, density } = lattice;
      crew.run("tsneNear", parts, positions, count, stride, given ?? buffers.cellOrder(0).address, corner.address, density, ...cells, buffers.cells(0).address, buffers.sorted(0).address, reach, forces, sums.address, potentials);
      return far + sums.values.reduce((total, value) => total + value, 0);
    },
  };
}

// Modes of tsneColumns and tsnePlanes (wasm/tsneConvolution.ts).
const THROUGH = 0;
const FORWARD = 1;
const BACK = 2;
const KERNEL = 3;
