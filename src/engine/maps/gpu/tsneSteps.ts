import { LatentError } from "../../../protocol/errors";
import type { Bounds } from "../tsneGrid";
import type { Dispatch, GpuBuffer, MapDevice } from "./device";
import { columns, kernelColumns, kernelRows, longestTransform, rowsBack, rowsForward, twiddles } from "./fourier";
import { deviceGrid, holds, nodesOf, SHORTEST_TRANSFORM, type DeviceGrid } from "./tsneDeviceGrid";
import { center, conclude, crossEntropy, move, MOVED_BYTES, normalize, pull, spread } from "./tsneShaders";
import { parameterBytes, PARAMETER_BYTES, stateBytes, stateFrom, STATE_BYTES, workgroups, type StepConstants, type StepState } from "./tsneStructures";

// The steps of t-SNE on a device. A submission is some steps; between them the grid may change, at iterations that do not
// depend on how the steps were divided into submissions, or as soon as points leave it, which halts the device's own counting.

/** Similarities as a device takes them (Affinities in tsneAffinities.ts). */
export interface SparseRows {
  /** [count + 1] */
  starts: Int32Array;
  columns: Int32Array;
  values: Float32Array;
}

/** Positions, velocities and gains, each [count × 2]. */
export interface Points {
  positions: Float32Array;
  velocities: Float32Array;
  gains: Float32Array;
}

export interface DeviceSteps {
  /** Steps done. */
  readonly iteration: number;
  /** The grid of the present moment. */
  readonly grid: DeviceGrid;
  /** Makes up to `most` steps; fewer before a new grid. Throws `diverged` where the points are lost. */
  advance(most: number): Promise<void>;
  points(): Promise<Points>;
  /** Σ pᵢⱼ ln(1 + |yᵢ − yⱼ|²) and Z. */
  divergence(): Promise<{ cross: number; z: number }>;
  /** Attraction and repulsion of each point (`pull` in tsneShaders.ts), [count × 4], and Z. */
  forces(): Promise<{ forces: Float32Array; z: number }>;
}

/** The grid is chosen anew at every multiple of so many iterations. */
const REGRID = 20;

/**
 * Puts the points on the device, where they begin in `iteration` with `grid`, or one for their bounds. Throws `out-of-memory`
 * or `unsupported` where the device is too small.
 */
export async function deviceSteps(device: MapDevice, affinities: SparseRows, start: Points, constants: StepConstants, iteration: number, bounds: Bounds, given?: DeviceGrid): Promise<DeviceSteps> {
  const { count } = constants;
  const longest = longestOf(device);
  const { threads, values: perThread } = workgroups[device.software ? "software" : "hardware"];
  const [positions, velocities, gains] = [start.positions, start.velocities, start.gains].map(values => device.storage(values)) as [GpuBuffer, GpuBuffer, GpuBuffer];
  const [starts, columnsOf, values] = [affinities.starts, affinities.columns, affinities.values].map(array => device.storage(array)) as [GpuBuffer, GpuBuffer, GpuBuffer];
  const parameters = device.uniform(PARAMETER_BYTES);
  const state = device.storage(stateBytes(iteration));
  const pointGroups = Math.ceil(count / threads), pullGroups = Math.ceil((16 * count) / threads);
  const forces = device.storage(16 * count), potentialSums = device.storage(4 * pullGroups), moves = device.storage(MOVED_BYTES * pointGroups), crossSums = device.storage(4 * pullGroups);
  const table = device.storage(twiddles());

  const fixed = {
    normalize: [device.bind(normalize(threads, 4 * threads), [parameters, state, potentialSums]), 1],
    move: [device.bind(move(threads), [parameters, state, positions, velocities, gains, forces, moves]), pointGroups],
    conclude: [device.bind(conclude(threads), [parameters, state, moves]), 1],
    center: [device.bind(center(threads), [parameters, state, positions]), pointGroups],
    crossEntropy: [device.bind(crossEntropy(threads), [parameters, positions, starts, columnsOf, values, crossSums]), pullGroups],
  } satisfies Record<string, Dispatch>;

  const grids = gridBuffers(device);
  let grid: DeviceGrid = given && holds(given, bounds) ? given : deviceGrid(bounds, longest);
  let known: StepState = { halted: false, iteration, lost: false, inverseZ: 0, ...bounds };
  let repel: Dispatch[] = [];
  await lay(grid);

  /** Makes `next` the grid: its memory, its kernel's spectrum, and the dispatches from points to forces. */
  async function lay(next: DeviceGrid): Promise<void> {
    const { kernelIsNew, charges, spectrum, potentials, kernel } = grids.take(next);
    const [width, height] = next.lengths;
    const frequencies = width / 2 + 1, pairs = nodesOf(height) / 2;
    device.write(parameters, parameterBytes(next, constants));
    repel = [
      [device.bind(spread(threads), [parameters, state, positions, charges]), pointGroups],
      [device.bind(rowsForward(width, perThread), [parameters, state, charges, spectrum, table]), pairs],
      [device.bind(columns(height, perThread), [null, state, spectrum, kernel, table]), frequencies],
      [device.bind(rowsBack(width, perThread), [parameters, state, spectrum, potentials, table]), pairs],
      [device.bind(pull(threads), [parameters, state, positions, starts, columnsOf, values, potentials, forces, potentialSums]), pullGroups],
    ];
    grid = next;
    if (kernelIsNew) {
      await device.run([
        [device.bind(kernelRows(width, perThread), [parameters, spectrum, table]), height / 2],
        [device.bind(kernelColumns(height, perThread), [parameters, spectrum, kernel, table]), frequencies],
      ], []);
    }
  }

  /** A grid that holds the points, and one for their bounds where it is time for that. */
  async function settle(isTime: boolean): Promise<void> {
    const stays = holds(grid, known);
    if (stays && !isTime && !known.halted) return;
    const next = stays && !isTime ? grid : deviceGrid(known, longest);
    if (known.halted) {
      device.write(state, stateBytes(known.iteration));
      known = { ...known, halted: false };
    }
    if (!sameGrid(next, grid)) await lay(next);
  }

  return {
    get iteration() { return known.iteration; },
    get grid() { return grid; },
    advance: async most => {
      await settle(known.iteration % REGRID === 0);
      const steps = Math.min(most, REGRID - (known.iteration % REGRID));
      const step: Dispatch[] = [...repel, fixed.normalize, fixed.move, fixed.conclude, fixed.center];
      const [bytes] = await device.run(Array.from({ length: steps }, () => step).flat(), [{ buffer: state, bytes: STATE_BYTES }]);
      known = stateFrom(bytes!);
      if (known.lost) throw new LatentError("diverged", `t-SNE has lost its points in step ${known.iteration}: try a smaller learning rate than ${constants.finalRate}`);
    },
    points: async () => {
      const [position, velocity, gain] = await device.run([], [positions, velocities, gains].map(buffer => ({ buffer, bytes: 8 * count })));
      return { positions: new Float32Array(position!), velocities: new Float32Array(velocity!), gains: new Float32Array(gain!) };
    },
    divergence: async () => {
      await settle(false);
      const [cross, potential] = await device.run([...repel, fixed.crossEntropy], [{ buffer: crossSums, bytes: 4 * pullGroups }, { buffer: potentialSums, bytes: 4 * pullGroups }]);
      return { cross: sum(cross!), z: sum(potential!) };
    },
    forces: async () => {
      await settle(false);
      const [force, potential] = await device.run(repel, [{ buffer: forces, bytes: 16 * count }, { buffer: potentialSums, bytes: 4 * pullGroups }]);
      return { forces: new Float32Array(force!), z: sum(potential!) };
    },
  };
}

/** The longest transform of the device. Throws `unsupported` where there is none that is of use. */
export function longestOf({ limits, name }: Pick<MapDevice, "limits" | "name">): number {
  const longest = longestTransform(limits["maxComputeWorkgroupStorageSize"] ?? 0);
  if (longest < SHORTEST_TRANSFORM) throw new LatentError("unsupported", `${name} has too little memory for a workgroup`);
  return longest;
}

/** Memory of the grids, taken anew where one needs more. */
function gridBuffers(device: MapDevice) {
  let sizes = { nodes: 0, spectrum: 0, kernel: 0 };
  let held: Record<"charges" | "potentials" | "spectrum" | "kernel", GpuBuffer> | undefined;
  let kernelOf: DeviceGrid | undefined;
  return {
    /** Buffers for `grid`, and whether the kernel's spectrum has to be computed for it. */
    take: (grid: DeviceGrid) => {
      const [width, height] = grid.lengths;
      const needed = { nodes: 4 * nodesOf(width) * nodesOf(height), spectrum: 8 * (width / 2 + 1) * height, kernel: 4 * (width / 2 + 1) * height };
      const isNew = !held || needed.nodes > sizes.nodes || needed.kernel > sizes.kernel;
      if (isNew) {
        for (const buffer of Object.values(held ?? {})) buffer.destroy();
        sizes = needed;
        held = { charges: device.storage(needed.nodes), potentials: device.storage(needed.nodes), spectrum: device.storage(needed.spectrum), kernel: device.storage(needed.kernel) };
      }
      const kernelIsNew = isNew || !kernelOf || kernelOf.spacing !== grid.spacing || kernelOf.lengths.some((length, axis) => length !== grid.lengths[axis]);
      kernelOf = grid;
      return { ...held!, kernelIsNew };
    },
  };
}

const sameGrid = (a: DeviceGrid, b: DeviceGrid) => JSON.stringify(a) === JSON.stringify(b);

function sum(bytes: ArrayBuffer): number {
  return new Float32Array(bytes).reduce((total, value) => total + value, 0);
}
