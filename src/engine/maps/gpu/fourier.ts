import { nodesOf } from "./tsneDeviceGrid";
import { prelude } from "./tsneStructures";

// The grid's convolution with the kernel on a device, by Fourier transforms along rows, then columns, each line in the memory
// of one workgroup: Stockham's self-sorting algorithm, radix 4 with one stage of radix 2 where the length needs it (as in
// Govindaraju et al. 2008). Two real rows are the real and imaginary parts of one line.
//
// The spectrum [frequencies of x, rows of y / 2] holds two neighbouring rows at one frequency in a vec4f. Twiddles come from a
// table: the precision of WGSL's sin and cos is 2⁻¹¹.

/** Entries of the table of twiddles; a transform may be shorter. */
export const TABLE = 4096;

/** exp(−2πi k / TABLE), real and imaginary parts in turns. */
export function twiddles(): Float32Array {
  return Float32Array.from({ length: 2 * TABLE }, (_, at) => (at % 2 ? -Math.sin((Math.PI * (at - 1)) / TABLE) : Math.cos((Math.PI * at) / TABLE)));
}

/** The longest transform that fits into the memory of one workgroup: 2048 by WebGPU's defaults. */
export function longestTransform(workgroupBytes: number): number {
  return Math.min(TABLE, 2 ** Math.floor(Math.log2(workgroupBytes / 8)));
}

/** Threads of a transform where each has so many values, a power of two from 4 on: at most as many threads as every device has. */
const threadsOf = (length: number, values: number) => Math.min(256, length / values);

/** `transform()` of the workgroup's `line` of this length, in place; the table is at `binding`. */
function transform(length: number, values: number, binding: number): string {
  const threads = threadsOf(length, values);
  const quarter = length / 4, half = length / 2;
  const each = (count: number, text: (of: number) => string) => Array.from({ length: count }, (_, of) => text(of)).join("\n");
  const isOdd = Math.log2(length) % 2 === 1;
  return `
const LENGTH = ${length}u;
const THREADS = ${threads}u;
@group(0) @binding(${binding}) var<storage, read> table: array<vec2f>;
var<workgroup> line: array<vec2f, ${length}>;

fn times(a: vec2f, b: vec2f) -> vec2f { return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }

struct Four { a: vec2f, b: vec2f, c: vec2f, d: vec2f }

fn butterfly(j: u32, span: u32) -> Four {
  let twiddle = table[(j % span) * (${TABLE / 4}u / span)];
  let square = times(twiddle, twiddle);
  let a = line[j];
  let b = times(line[j + ${quarter}u], twiddle);
  let c = times(line[j + ${half}u], square);
  let d = times(line[j + ${quarter + half}u], times(square, twiddle));
  let even = a + c;
  let odd = a - c;
  let sum = b + d;
  let difference = vec2f(b.y - d.y, d.x - b.x); // −i (b − d)
  return Four(even + sum, odd + difference, even - sum, odd - difference);
}

fn place(j: u32, span: u32, values: Four) {
  let to = (j / span) * span * 4u + j % span;
  line[to] = values.a;
  line[to + span] = values.b;
  line[to + 2u * span] = values.c;
  line[to + 3u * span] = values.d;
}

fn transform(lane: u32) {
  workgroupBarrier();
  var span = 1u;${isOdd ? `
${each(half / threads, of => `  let p${of} = line[lane + ${of * threads}u];
  let q${of} = line[lane + ${of * threads + half}u];`)}
  workgroupBarrier();
${each(half / threads, of => `  line[2u * (lane + ${of * threads}u)] = p${of} + q${of};
  line[2u * (lane + ${of * threads}u) + 1u] = p${of} - q${of};`)}
  workgroupBarrier();
  span = 2u;` : ""}
  loop {
    if (span >= LENGTH) { break; }
${each(quarter / threads, of => `    let v${of} = butterfly(lane + ${of * threads}u, span);`)}
    workgroupBarrier();
${each(quarter / threads, of => `    place(lane + ${of * threads}u, span, v${of});`)}
    workgroupBarrier();
    span *= 4u;
  }
}

fn conjugate(a: vec2f) -> vec2f { return vec2f(a.x, -a.y); }
`;
}

const entry = (length: number, values: number) => `
@compute @workgroup_size(${threadsOf(length, values)})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u)`;

/** Writes the spectra of the two rows in `line` of pair `group.x`, of `rows` / 2 pairs. */
const keepSpectra = (pairs: string) => `
  for (var k = lane; k <= LENGTH / 2u; k += THREADS) {
    let here = line[k];
    let there = conjugate(line[(LENGTH - k) % LENGTH]);
    let difference = here - there;
    spectrum[k * ${pairs} + group.x] = 0.5 * vec4f(here + there, difference.y, -difference.x);
  }`;

/** Bindings: parameters, state, charges (cleared), spectrum, table. A workgroup for every two rows. */
export const rowsForward = (length: number, values: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> charges: array<i32>;
@group(0) @binding(3) var<storage, read_write> spectrum: array<vec4f>;
${transform(length, values, 4)}
${entry(length, values)} {
  if (state.halted != 0u) { return; }
  let width = ${nodesOf(length)}u;
  let first = 2u * group.x * width;
  for (var x = lane; x < LENGTH; x += THREADS) {
    var pair = vec2f();
    if (x < width) {
      pair = vec2f(f32(charges[first + x]), f32(charges[first + width + x])) / parameters.charge;
      charges[first + x] = 0;
      charges[first + width + x] = 0;
    }
    line[x] = pair;
  }
  transform(lane);
${keepSpectra("(parameters.nodes.y / 2u)")}
}`;

/** Bindings: none, state, spectrum, kernel [frequencies, length], table. A workgroup for every frequency of x. */
export const columns = (length: number, values: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> spectrum: array<vec2f>;
@group(0) @binding(3) var<storage, read> kernel: array<f32>;
${transform(length, values, 4)}
${entry(length, values)} {
  if (state.halted != 0u) { return; }
  let rows = ${nodesOf(length)}u;
  let first = group.x * rows;
  for (var y = lane; y < LENGTH; y += THREADS) {
    var value = vec2f();
    if (y < rows) { value = spectrum[first + y]; }
    line[y] = value;
  }
  transform(lane);
  // Real and imaginary parts exchanged before and after: the transform back.
  for (var k = lane; k < LENGTH; k += THREADS) { line[k] = kernel[group.x * LENGTH + k] * line[k].yx; }
  transform(lane);
  for (var y = lane; y < rows; y += THREADS) { spectrum[first + y] = line[y].yx; }
}`;

/** Bindings: parameters, state, spectrum, potentials [rows, width], table. A workgroup for every two rows. */
export const rowsBack = (length: number, values: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> spectrum: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> potentials: array<f32>;
${transform(length, values, 4)}
${entry(length, values)} {
  if (state.halted != 0u) { return; }
  let width = ${nodesOf(length)}u;
  for (var k = lane; k <= LENGTH / 2u; k += THREADS) {
    let pair = spectrum[k * (parameters.nodes.y / 2u) + group.x];
    // first + i second, and the same at −k; exchanged for the way back.
    line[k] = vec2f(pair.x - pair.w, pair.y + pair.z).yx;
    if (k != 0u && k != LENGTH / 2u) { line[LENGTH - k] = vec2f(pair.x + pair.w, pair.z - pair.y).yx; }
  }
  transform(lane);
  let first = 2u * group.x * width;
  for (var x = lane; x < width; x += THREADS) {
    let pair = line[x].yx;
    potentials[first + x] = pair.x;
    potentials[first + width + x] = pair.y;
  }
}`;

/**
 * The spectrum along x of the kernel 1 / (1 + r²) − 1 / (1 + extent²) at all offsets, those past the middle being negative
 * (wasm/tsneConvolution.ts). Bindings: parameters, spectrum, table. A workgroup for every two of the transform's rows.
 */
export const kernelRows = (length: number, values: number): string => `${prelude}
@group(0) @binding(1) var<storage, read_write> spectrum: array<vec4f>;
${transform(length, values, 2)}
fn sample(x: u32, y: u32) -> f32 {
  let offset = vec2f(f32(min(x, LENGTH - x)), f32(min(y, parameters.lengths.y - y))) / parameters.density;
  let distance = dot(offset, offset);
  let limit = parameters.extent * parameters.extent;
  return (limit - distance) / ((1.0 + distance) * (1.0 + limit));
}
${entry(length, values)} {
  for (var x = lane; x < LENGTH; x += THREADS) { line[x] = vec2f(sample(x, 2u * group.x), sample(x, 2u * group.x + 1u)); }
  transform(lane);
${keepSpectra("(parameters.lengths.y / 2u)")}
}`;

/**
 * The kernel's spectrum, divided by the cubic splines' at both ends (splineFactors in tsneGrid.ts) and by what the transforms
 * leave over. Bindings: parameters, spectrum, kernel, table. A workgroup for every frequency of x.
 */
export const kernelColumns = (length: number, values: number): string => `${prelude}
@group(0) @binding(1) var<storage, read> spectrum: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> kernel: array<f32>;
${transform(length, values, 3)}
fn spline(k: u32, size: u32) -> f32 {
  let value = (2.0 + table[k * (${TABLE}u / size)].x) / 3.0;
  return 1.0 / (value * value * f32(size));
}
${entry(length, values)} {
  for (var y = lane; y < LENGTH; y += THREADS) { line[y] = spectrum[group.x * LENGTH + y]; }
  transform(lane);
  let factor = spline(group.x, parameters.lengths.x);
  for (var k = lane; k < LENGTH; k += THREADS) { kernel[group.x * LENGTH + k] = line[k].x * factor * spline(k, LENGTH); }
}`;
