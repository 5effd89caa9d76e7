// Which rows are near, on a device: products of a block of queries with a chunk of rows, then the smallest keys of each query.
// A key is keep · (‖a‖² + ‖b‖²) − 2 a·b, as on the CPU (wasm/nearest.ts); rows are vec4f, and of a depth that is a multiple of 4.

/** Queries and rows of a product's tile, for each thread of one side of the workgroup. */
const PER_THREAD = 4;
/** vec4f of a row that a tile takes at once. */
const SLICE = 4;

/** Bindings 0 and 1 of both shaders. */
const block = `
struct Block {
  first: u32,   // number of the first query
  count: u32,   // queries of this block
}
struct Chunk {
  first: u32,   // number of the first row
  count: u32,   // rows of this chunk
}
@group(0) @binding(0) var<uniform> block: Block;
@group(0) @binding(1) var<uniform> chunk: Chunk;`;

/** Bytes of either. */
export const CONSTANT_BYTES = 16;

/** Queries, and rows, that one workgroup of side² threads multiplies. */
export const tileOf = (side: number): number => side * PER_THREAD;

/**
 * The keys [queries, stride] of a block against a chunk. Bindings: block, chunk, queries [queries, depth / 4], their squares, rows
 * [rows, depth / 4], their squares, keys. Queries and rows are filled up to whole tiles; a workgroup is a tile, the rows' tiles
 * innermost, stride / tile of them.
 */
export const products = (side: number, depth: number, stride: number, keep: number): string => {
  const tile = tileOf(side), vectors = depth / 4;
  return `${block}
@group(0) @binding(2) var<storage, read> queries: array<vec4f>;
@group(0) @binding(3) var<storage, read> querySquares: array<f32>;
@group(0) @binding(4) var<storage, read> rows: array<vec4f>;
@group(0) @binding(5) var<storage, read> rowSquares: array<f32>;
@group(0) @binding(6) var<storage, read_write> keys: array<f32>;
var<workgroup> queryTile: array<vec4f, ${tile * SLICE}>;
var<workgroup> rowTile: array<vec4f, ${tile * SLICE}>;
@compute @workgroup_size(${side}, ${side})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let place = group.x + group.y * groups.x;
  let firstRow = (place % ${stride / tile}u) * ${tile}u;
  let firstQuery = (place / ${stride / tile}u) * ${tile}u;
  if (firstRow >= chunk.count || firstQuery >= block.count) { return; }
  var sums: array<vec4f, ${PER_THREAD}>;   // of each query, the four rows
  for (var start = 0u; start < ${vectors}u; start += ${SLICE}u) {
    for (var at = thread; at < ${tile * SLICE}u; at += ${side * side}u) {
      let vector = at % ${SLICE}u;
      let row = at / ${SLICE}u;
      let column = start + vector;
      let to = vector * ${tile}u + row;
      if (column < ${vectors}u) {
        queryTile[to] = queries[(firstQuery + row) * ${vectors}u + column];
        rowTile[to] = rows[(firstRow + row) * ${vectors}u + column];
      } else {
        queryTile[to] = vec4f();
        rowTile[to] = vec4f();
      }
    }
    workgroupBarrier();
    for (var vector = 0u; vector < ${SLICE}u; vector++) {
      let slice = vector * ${tile}u;
      // Threads beside each other take rows beside each other.
      let b0 = rowTile[slice + local.x];
      let b1 = rowTile[slice + local.x + ${side}u];
      let b2 = rowTile[slice + local.x + ${2 * side}u];
      let b3 = rowTile[slice + local.x + ${3 * side}u];
      for (var i = 0u; i < ${PER_THREAD}u; i++) {
        let a = queryTile[slice + local.y + i * ${side}u];
        sums[i] += vec4f(dot(a, b0), dot(a, b1), dot(a, b2), dot(a, b3));
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < ${PER_THREAD}u; i++) {
    let query = firstQuery + local.y + i * ${side}u;
    let square = querySquares[query];
    for (var j = 0u; j < 4u; j++) {
      let row = firstRow + local.x + j * ${side}u;
      keys[query * ${stride}u + row] = ${literal(keep)} * (square + rowSquares[row]) - 2.0 * sums[i][j];
    }
  }
}`;
};

/** Rows that a workgroup of selection looks at between two barriers, for each of its threads. */
const PER_ROUND = 4;

/** Entries of a selection's memory: what is kept, and room for a round's more; a power of two, as it is sorted. */
export const placesOf = (threads: number, size: number): number => 2 ** Math.ceil(Math.log2(size + threads * PER_ROUND));

/** Larger than every key. */
const FAR = "3.0e38";

/**
 * Takes the rows of a chunk among the `size` nearest of each query that are known: those of the smallest keys, of equal ones the lowest
 * numbers; a query is not its own neighbour. Bindings: block, chunk, keys [queries, stride], nearest keys and rows [queries, size],
 * ascending. With chunk.first 0 nothing is known before. A workgroup a query.
 */
export const selection = (threads: number, size: number, stride: number): string => {
  const places = placesOf(threads, size), round = threads * PER_ROUND;
  return `${block}
@group(0) @binding(2) var<storage, read> keys: array<f32>;
@group(0) @binding(3) var<storage, read_write> nearestKeys: array<f32>;
@group(0) @binding(4) var<storage, read_write> nearestRows: array<u32>;
var<workgroup> keyAt: array<f32, ${places}>;
var<workgroup> rowAt: array<u32, ${places}>;
var<workgroup> taken: atomic<u32>;
var<workgroup> filled: u32;
fn comesLater(a: u32, b: u32) -> bool {
  return keyAt[a] > keyAt[b] || (keyAt[a] == keyAt[b] && rowAt[a] > rowAt[b]);
}
/** Puts the entries in order (Batcher's bitonic sort) and forgets those beyond the nearest. */
fn keepNearest(lane: u32) {
  for (var length = 2u; length <= ${places}u; length *= 2u) {
    for (var step = length / 2u; step > 0u; step /= 2u) {
      for (var pair = lane; pair < ${places / 2}u; pair += ${threads}u) {
        let low = 2u * pair - (pair & (step - 1u));
        let high = low + step;
        if (comesLater(low, high) == ((low & length) == 0u)) {
          let key = keyAt[low];
          let row = rowAt[low];
          keyAt[low] = keyAt[high];
          rowAt[low] = rowAt[high];
          keyAt[high] = key;
          rowAt[high] = row;
        }
      }
      workgroupBarrier();
    }
  }
  for (var at = ${size}u + lane; at < ${places}u; at += ${threads}u) {
    keyAt[at] = ${FAR};
    rowAt[at] = 0xffffffffu;
  }
  if (lane == 0u) { atomicStore(&taken, ${size}u); }
  workgroupBarrier();
}
@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let query = group.x + group.y * groups.x;
  if (query >= block.count) { return; }
  let isFirst = chunk.first == 0u;
  for (var at = lane; at < ${places}u; at += ${threads}u) {
    let isKnown = !isFirst && at < ${size}u;
    keyAt[at] = select(${FAR}, nearestKeys[query * ${size}u + min(at, ${size - 1}u)], isKnown);
    rowAt[at] = select(0xffffffffu, nearestRows[query * ${size}u + min(at, ${size - 1}u)], isKnown);
  }
  if (lane == 0u) { atomicStore(&taken, ${size}u); }
  workgroupBarrier();
  for (var start = 0u; start < chunk.count; start += ${round}u) {
    let bound = keyAt[${size - 1}u];
    for (var i = 0u; i < ${PER_ROUND}u; i++) {
      let row = start + i * ${threads}u + lane;
      if (row >= chunk.count) { break; }
      let key = keys[query * ${stride}u + row];
      if (key < bound && chunk.first + row != block.first + query) {
        let place = atomicAdd(&taken, 1u);
        keyAt[place] = key;
        rowAt[place] = chunk.first + row;
      }
    }
    workgroupBarrier();
    if (lane == 0u) { filled = atomicLoad(&taken); }
    let entries = workgroupUniformLoad(&filled);
    if (entries > ${places - round}u || (entries > ${size}u && start + ${round}u >= chunk.count)) { keepNearest(lane); }
  }
  for (var at = lane; at < ${size}u; at += ${threads}u) {
    nearestKeys[query * ${size}u + at] = keyAt[at];
    nearestRows[query * ${size}u + at] = rowAt[at];
  }
}`;
};

/** An f32 as WGSL reads it. */
const literal = (value: number): string => `${Math.fround(value)}f`;
