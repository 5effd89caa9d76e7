import { nodesOf, inside, type DeviceGrid } from "./tsneDeviceGrid";

// What the shaders of t-SNE share: the parameters, a uniform that is written between submissions, and the state, which the
// device itself keeps from step to step.

/** Binding 0 of every shader. */
export const prelude = `
struct Parameters {
  origin: vec2f,
  least: vec2f,      // where points may lie on the grid
  greatest: vec2f,
  nodes: vec2u,
  lengths: vec2u,
  density: f32,      // nodes a unit
  extent: f32,       // of the kernel, whose value there is taken off it
  charge: f32,       // of a point, as charges are whole numbers
  constant: f32,     // what was taken off the potential
  exaggeration: f32,
  earlyRate: f32,
  finalRate: f32,
  count: u32,
  exaggeratedSteps: u32,
}
struct State {
  halted: u32,       // 1: points left the grid, no steps before there is a new one
  iteration: u32,
  lost: u32,         // 1: a position is not a number
  inverseZ: f32,
  mean: vec2f,
  least: vec2f,
  greatest: vec2f,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;`;

export const PARAMETER_BYTES = 80;
export const STATE_BYTES = 40;
/**
 * Threads of a workgroup, and values of a transform for each thread. SwiftShader takes the square of the threads' time at
 * every barrier.
 */
export const workgroups = { hardware: { threads: 64, values: 4 }, software: { threads: 16, values: 16 } };

/** Constants of a run, beside the grid. */
export interface StepConstants {
  count: number;
  exaggeration: number;
  exaggeratedSteps: number;
  earlyRate: number;
  finalRate: number;
}

/** Parameters in their layout in the uniform. */
export function parameterBytes(grid: DeviceGrid, { count, exaggeration, exaggeratedSteps, earlyRate, finalRate }: StepConstants): Uint8Array {
  const bytes = new ArrayBuffer(PARAMETER_BYTES);
  const [f32, u32] = [new Float32Array(bytes), new Uint32Array(bytes)];
  const nodes = grid.lengths.map(nodesOf);
  const extent = grid.spacing * Math.max(...nodes);
  const { least, greatest } = inside(grid);
  f32.set([...grid.origin, ...least, ...greatest]);
  u32.set([...nodes, ...grid.lengths], 6);
  f32.set([1 / grid.spacing, extent, chargeOf(count), count / (1 + extent * extent), exaggeration, earlyRate, finalRate], 10);
  u32.set([count, exaggeratedSteps], 17);
  return new Uint8Array(bytes);
}

/**
 * A point's charge in whole numbers: sums of them are the same in any order. At most 4/9 of it is at one node, so that all
 * points there stay below 2³¹; 2²⁴ is f32's precision.
 */
export function chargeOf(count: number): number {
  return 2 ** Math.max(0, Math.min(24, Math.floor(Math.log2((2 ** 31 / count - 0.5) / (4 / 9)))));
}

/** What the device keeps of the state, read back. */
export interface StepState {
  halted: boolean;
  iteration: number;
  lost: boolean;
  inverseZ: number;
  least: number[];
  greatest: number[];
}

export function stateFrom(bytes: ArrayBuffer): StepState {
  const [f32, u32] = [new Float32Array(bytes), new Uint32Array(bytes)];
  return { halted: u32[0] !== 0, iteration: u32[1]!, lost: u32[2] !== 0, inverseZ: f32[3]!, least: [f32[6]!, f32[7]!], greatest: [f32[8]!, f32[9]!] };
}

/** A state to begin from. */
export function stateBytes(iteration: number): Uint32Array {
  const state = new Uint32Array(STATE_BYTES / 4);
  state[1] = iteration;
  return state;
}
