import type { Crew } from "./crew";
import { parts } from "./tsneAffinities";
import { createGrid, type Bounds } from "./tsneGrid";

/** How the repulsion of all pairs is computed: one by one, O(n²), or through a grid, O(n). */
export type RepulsionMethod = "exact" | "grid";

/**
 * Writes Σⱼ (yᵢ − yⱼ) / (1 + |yᵢ − yⱼ|²)² of points within `bounds` into `forces`, and returns Z = Σ_{i≠j} 1 / (1 + |yᵢ − yⱼ|²).
 */
export type Repulsion = (positions: number, count: number, bounds: Bounds, forces: number) => number;

/** More points than these go through the grid, which was then faster for a finished map, the widest. */
export const exactUpTo = { 2: 2000, 3: 7000 };

export function createRepulsion(method: RepulsionMethod, dimensions: 2 | 3, crew: Crew): Repulsion {
  const stride = dimensions === 2 ? 2 : 4;
  if (method === "exact") {
    const sums = crew.heap.float64(parts);
    return (positions, count, _bounds, forces) => {
      crew.run("tsneRepelExactly", parts, positions, count, positions, count, stride, forces, sums.address, 0);
      return sums.values.reduce((total, value) => total + value, 0) - count;
    };
  }
  const grid = createGrid(dimensions, crew);
  return (positions, count, bounds, forces) => {
    grid.fill(positions, count, bounds);
    return grid.gather(positions, count, forces, 0) - count;
  };
}
