import { prelude } from "./tsneStructures";

// One step of t-SNE's gradient descent on a device, in the plane: what wasm/tsneGrid.ts and wasm/tsneForces.ts do on the CPU,
// with the same equations. Sums are taken in an order that depends on the number of points alone, so a run on the same device
// gives the same bits. Positions, velocities and gains are vec2f a point.
//
// `workgroup` is the number of threads of one, a power of two from 16 on; where a point has sixteen threads, one for each node
// that its splines reach, a workgroup has workgroup / 16 points.

/** Cubic B-splines at the nodes before and behind a point at u past its node, and their slopes (wasm/tsneGrid.ts). */
const splines = `
fn weightsAt(u: f32) -> vec4f {
  var sum = vec4f(-1.0 / 6.0, 0.5, -0.5, 1.0 / 6.0) * u + vec4f(0.5, -1.0, 0.5, 0.0);
  sum = sum * u + vec4f(-0.5, 0.0, 0.5, 0.0);
  return sum * u + vec4f(1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0, 0.0);
}
fn slopesAt(u: f32) -> vec4f {
  return (vec4f(-0.5, 1.5, -1.5, 0.5) * u + vec4f(1.0, -2.0, 1.0, 0.0)) * u + vec4f(-0.5, 0.0, 0.5, 0.0);
}
`;

/** Charges of the points on the grid. Bindings: parameters, state, positions, charges [rows, width]. A thread a point. */
export const spread = (workgroup: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> positions: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> charges: array<atomic<i32>>;
${splines}
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * ${workgroup}u + lane;
  if (i >= parameters.count || state.halted != 0u) { return; }
  let at = (positions[i] - parameters.origin) * parameters.density;
  let node = floor(at);
  let along = weightsAt(at.x - node.x);
  let across = weightsAt(at.y - node.y) * parameters.charge;
  let corner = vec2u(node) - 1u;
  for (var row = 0u; row < 4u; row++) {
    let first = (corner.y + row) * parameters.nodes.x + corner.x;
    for (var column = 0u; column < 4u; column++) { atomicAdd(&charges[first + column], i32(round(along[column] * across[row]))); }
  }
}`;

/**
 * Attraction Σⱼ pᵢⱼ (yᵢ − yⱼ) / (1 + |yᵢ − yⱼ|²) and repulsion Σⱼ (yᵢ − yⱼ) / (1 + |yᵢ − yⱼ|²)² of each point into
 * forces [count] vec4f, and Σ (φ − 1) of each workgroup's points into potentialSums. Bindings: parameters, state, positions,
 * starts, columns, values, potentials, forces, potentialSums. Sixteen threads a point.
 */
export const pull = (workgroup: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> positions: array<vec2f>;
@group(0) @binding(3) var<storage, read> starts: array<u32>;
@group(0) @binding(4) var<storage, read> columns: array<u32>;
@group(0) @binding(5) var<storage, read> values: array<f32>;
@group(0) @binding(6) var<storage, read> potentials: array<f32>;
@group(0) @binding(7) var<storage, read_write> forces: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> potentialSums: array<f32>;
var<workgroup> forceOf: array<vec4f, ${workgroup}>;
var<workgroup> potentialOf: array<f32, ${workgroup}>;
${splines}
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (state.halted != 0u) { return; }
  let block = group.x + group.y * groups.x;
  let i = block * ${workgroup / 16}u + local / 16u;
  let lane = local % 16u;
  var attraction = vec2f();
  var repulsion = vec2f();
  var potential = 0.0;
  if (i < parameters.count) {
    let own = positions[i];
    for (var at = starts[i] + lane; at < starts[i + 1u]; at += 16u) {
      let difference = own - positions[columns[at]];
      attraction += values[at] / (1.0 + dot(difference, difference)) * difference;
    }
    let at = (own - parameters.origin) * parameters.density;
    let node = floor(at);
    let u = at - node;
    let column = lane % 4u;
    let row = lane / 4u;
    let corner = vec2u(node) - 1u;
    let value = potentials[(corner.y + row) * parameters.nodes.x + corner.x + column];
    let along = weightsAt(u.x)[column];
    let across = weightsAt(u.y)[row];
    potential = value * along * across;
    repulsion = -0.5 * parameters.density * value * vec2f(slopesAt(u.x)[column] * across, along * slopesAt(u.y)[row]);
  }
  forceOf[local] = vec4f(attraction, repulsion);
  potentialOf[local] = potential;
  for (var size = 8u; size > 0u; size /= 2u) {
    workgroupBarrier();
    if (lane < size) {
      forceOf[local] += forceOf[local + size];
      potentialOf[local] += potentialOf[local + size];
    }
  }
  if (lane == 0u) {
    if (i < parameters.count) {
      forces[i] = forceOf[local];
      potentialOf[local] += parameters.constant - 1.0; // a point does not repel itself
    } else {
      potentialOf[local] = 0.0;
    }
  }
  for (var size = ${workgroup / 2}u; size >= 16u; size /= 2u) {
    workgroupBarrier();
    if (local < size && lane == 0u) { potentialOf[local] += potentialOf[local + size]; }
  }
  if (local == 0u && i < parameters.count) { potentialSums[block] = potentialOf[0]; }
}`;

/** 1 / Z, Z = Σ_{i≠j} 1 / (1 + |yᵢ − yⱼ|²), into the state. Bindings: parameters, state, potentialSums. One workgroup. */
export const normalize = (pointWorkgroup: number, workgroup: number): string => `${prelude}
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> potentialSums: array<f32>;
var<workgroup> sums: array<f32, ${workgroup}>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) lane: u32) {
  let blocks = (parameters.count + ${pointWorkgroup / 16 - 1}u) / ${pointWorkgroup / 16}u;
  var sum = 0.0;
  for (var at = lane; at < blocks; at += ${workgroup}u) { sum += potentialSums[at]; }
  sums[lane] = sum;
  for (var size = ${workgroup / 2}u; size > 0u; size /= 2u) {
    workgroupBarrier();
    if (lane < size) { sums[lane] += sums[lane + size]; }
  }
  if (lane == 0u) { state.inverseZ = select(0.0, 1.0 / sums[0], sums[0] > 0.0); }
}`;

/** What a workgroup's points come to: vec4f(Σx, Σy, lost points, 0) and vec4f(least, −greatest). */
const joining = (workgroup: number): string => `
var<workgroup> sums: array<vec4f, ${workgroup}>;
var<workgroup> bounds: array<vec4f, ${workgroup}>;
const FAR = vec4f(3e38);
fn join(lane: u32) {
  for (var size = ${workgroup / 2}u; size > 0u; size /= 2u) {
    workgroupBarrier();
    if (lane < size) {
      sums[lane] += sums[lane + size];
      bounds[lane] = min(bounds[lane], bounds[lane + size]);
    }
  }
}
`;
/** Bytes of what a workgroup of `move` leaves behind. */
export const MOVED_BYTES = 32;

/**
 * The gradient of KL(P ‖ Q), 4 (exaggeration · attraction − repulsion / Z), and the descent with momentum and gains of
 * tsneMove in wasm/tsneForces.ts: no point further than 5 in one step. Velocities and gains begin anew when the exaggeration
 * ends. Bindings: parameters, state, positions, velocities, gains, forces, moves. A thread a point.
 */
export const move = (workgroup: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> positions: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> velocities: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> gains: array<vec2f>;
@group(0) @binding(5) var<storage, read> forces: array<vec4f>;
${joining(workgroup)}
@group(0) @binding(6) var<storage, read_write> moves: array<vec4f>;
fn isLost(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u; }
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (state.halted != 0u) { return; }
  let block = group.x + group.y * groups.x;
  let i = block * ${workgroup}u + lane;
  var sum = vec4f();
  var bound = FAR;
  if (i < parameters.count) {
    let isEarly = state.iteration < parameters.exaggeratedSteps;
    let isFirst = state.iteration == parameters.exaggeratedSteps;
    let gradient = 4.0 * (select(1.0, parameters.exaggeration, isEarly) * forces[i].xy - forces[i].zw * state.inverseZ);
    var velocity = select(velocities[i], vec2f(0.0), isFirst);
    var gain = select(gains[i], vec2f(1.0), isFirst);
    gain = select(max(gain * 0.8, vec2f(0.01)), gain + 0.2, gradient * velocity < vec2f(0.0));
    velocity = select(0.8, 0.5, isEarly) * velocity - select(parameters.finalRate, parameters.earlyRate, isEarly) * gain * gradient;
    let square = dot(velocity, velocity);
    if (square > 25.0) { velocity *= 5.0 / sqrt(square); }
    let position = positions[i] + velocity;
    gains[i] = gain;
    velocities[i] = velocity;
    positions[i] = position;
    sum = vec4f(position, f32(isLost(position.x) || isLost(position.y)), 0.0);
    bound = vec4f(position, -position);
  }
  sums[lane] = sum;
  bounds[lane] = bound;
  join(lane);
  if (lane == 0u && i < parameters.count) {
    moves[2u * block] = sums[0];
    moves[2u * block + 1u] = bounds[0];
  }
}`;

/** The step's end: mean, bounds and what follows of them into the state. Bindings: parameters, state, moves. One workgroup. */
export const conclude = (workgroup: number): string => `${prelude}
@group(0) @binding(1) var<storage, read_write> state: State;
${joining(workgroup)}
@group(0) @binding(2) var<storage, read> moves: array<vec4f>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) lane: u32) {
  let blocks = (parameters.count + ${workgroup - 1}u) / ${workgroup}u;
  var sum = vec4f();
  var bound = FAR;
  for (var at = lane; at < blocks; at += ${workgroup}u) {
    sum += moves[2u * at];
    bound = min(bound, moves[2u * at + 1u]);
  }
  sums[lane] = sum;
  bounds[lane] = bound;
  join(lane);
  if (lane != 0u) { return; }
  if (state.halted != 0u) {
    state.mean = vec2f(0.0);
    return;
  }
  state.iteration += 1u;
  state.mean = sums[0].xy / f32(parameters.count);
  state.least = bounds[0].xy - state.mean;
  state.greatest = -bounds[0].zw - state.mean;
  state.lost = u32(sums[0].z > 0.0);
  let isInside = all(state.least >= parameters.least) && all(state.greatest <= parameters.greatest);
  state.halted = u32(!isInside || state.lost != 0u);
}`;

/** positions −= mean, which is 0 where there was no step. Bindings: parameters, state, positions. A thread a point. */
export const center = (workgroup: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> positions: array<vec2f>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = (group.x + group.y * groups.x) * ${workgroup}u + lane;
  if (i < parameters.count) { positions[i] -= state.mean; }
}`;

/**
 * Σ pᵢⱼ ln(1 + |yᵢ − yⱼ|²) of each workgroup's points into sums. Bindings: parameters, positions, starts, columns, values,
 * sums. Sixteen threads a point.
 */
export const crossEntropy = (workgroup: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> positions: array<vec2f>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> columns: array<u32>;
@group(0) @binding(4) var<storage, read> values: array<f32>;
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;
var<workgroup> parts: array<f32, ${workgroup}>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let block = group.x + group.y * groups.x;
  let i = block * ${workgroup / 16}u + lane / 16u;
  var sum = 0.0;
  if (i < parameters.count) {
    let own = positions[i];
    for (var at = starts[i] + lane % 16u; at < starts[i + 1u]; at += 16u) {
      let difference = own - positions[columns[at]];
      sum += values[at] * log(1.0 + dot(difference, difference));
    }
  }
  parts[lane] = sum;
  for (var size = ${workgroup / 2}u; size > 0u; size /= 2u) {
    workgroupBarrier();
    if (lane < size) { parts[lane] += parts[lane + size]; }
  }
  if (lane == 0u && i < parameters.count) { sums[block] = parts[0]; }
}`;
