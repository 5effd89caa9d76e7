import { normals, random } from "../random";
import type { NamedTensors } from "../safetensors";
import { distancesInMap, stressOf, type RowPairs } from "./mdsPairs";

// What the ways to compute an MDS map have in common: where they begin, and how they are advanced.

/** A map under way. */
export interface MdsSteps {
  /** Most steps still to come. */
  left(): number;
  step(): void;
  stress(): number;
  /** [count × dimensions] row-major, a copy. */
  coordinates(): Float32Array;
  state(): NamedTensors;
}

/** A map that no step changes. */
export function stillMap(map: Float32Array, pairs: RowPairs, dimensions: number): MdsSteps {
  return {
    left: () => 0,
    step: () => undefined,
    stress: () => stressOf(distancesInMap(pairs, map, dimensions), pairs.distances),
    coordinates: () => map.slice(),
    state: () => ({ map: { shape: [map.length / dimensions, dimensions], data: map.slice() } }),
  };
}

/** Normal positions; another map for each `start`. Their scale is of no account: the first Guttman transform sets it. */
export function randomMap(count: number, dimensions: number, seed: number, start: number): Float32Array {
  return normals(count * dimensions, random(seed, "mds start", start));
}

/** The map with a trace of chance on axes that have no extent, which SMACOF could not leave: no pair pulls along them. */
export function withoutFlatAxes(map: Float32Array, dimensions: number, seed: number): Float32Array {
  const size = Math.sqrt(map.reduce((sum, value) => sum + value * value, 0) / map.length);
  const stream = random(seed, "mds flat axes");
  const isFlat = Array.from({ length: dimensions }, (_, axis) => map.every((value, at) => at % dimensions !== axis || value === 0));
  return map.map((value, at) => (isFlat[at % dimensions] ? 1e-3 * size * stream.normal() : value));
}
