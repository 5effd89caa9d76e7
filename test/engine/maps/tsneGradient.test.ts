import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildKernels } from "../../../scripts/buildKernels.mjs";
import { openCrew, type Crew } from "../../../src/engine/maps/crew";
import { createTsne } from "../../../src/engine/maps/tsne";
import { symmetricAffinities } from "../../../src/engine/maps/tsneAffinities";
import { gridShape } from "../../../src/engine/maps/tsneGrid";
import { boundsOf, fromPoints, strideOf, takePoints, toPoints } from "../../../src/engine/maps/tsnePoints";
import { createRepulsion } from "../../../src/engine/maps/tsneRepulsion";
import { digitRows } from "../../helpers/digitRows";
import { bruteForceGraph } from "../../helpers/neighbors";

// The gradient against finite differences of the KL divergence in f64, and the grid's against that of all pairs.

let crew: Crew;
beforeAll(async () => void (crew = openCrew({ folder: await buildKernels(), threads: 1 })));
afterAll(() => crew.close());

/** KL(P ‖ Q) in f64, from the definition. P is dense [n × n]. */
function divergence(p: Float64Array, y: Float64Array, n: number, dimensions: number): number {
  const near = new Float64Array(n * n);
  let z = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      let square = 0;
      for (let axis = 0; axis < dimensions; axis++) square += (y[i * dimensions + axis]! - y[j * dimensions + axis]!) ** 2;
      z += near[i * n + j] = 1 / (1 + square);
    }
  }
  return p.reduce((sum, value, at) => (value > 0 ? sum + value * Math.log((value * z) / near[at]!) : sum), 0);
}

const relative = (a: ArrayLike<number>, b: ArrayLike<number>, scale: ArrayLike<number> = b) => {
  let error = 0, size = 0;
  for (let i = 0; i < a.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    size += scale[i]! ** 2;
  }
  return Math.sqrt(error / size);
};

describe.each([2, 3] as const)("the gradient in %s dimensions", dimensions => {
  it("is that of the KL divergence, by finite differences", async () => {
    const n = 60;
    const { data, dim } = await digitRows(n, 2);
    const graph = bruteForceGraph(data, n, dim, n - 1);
    const run = createTsne(n, graph, { initial: "random", perplexity: 10, dimensions, repulsion: "exact", seed: 1 }, crew);
    for (let step = 0; step < 270; step++) run.step();
    const sparse = symmetricAffinities(n, graph, n - 1, 10, crew);
    const p = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let at = sparse.starts.values[i]!; at < sparse.starts.values[i + 1]!; at++) p[i * n + sparse.columns.values[at]!]! += sparse.values.values[at]!;
    const y = Float64Array.from(run.coordinates());
    expect(run.objective().value).toBeCloseTo(divergence(p, y, n, dimensions), 5);
    const difference = y.map((value, at) => {
      const at2 = (offset: number) => divergence(p, y.with(at, value + offset), n, dimensions);
      return (at2(1e-4) - at2(-1e-4)) / 2e-4;
    });
    expect(relative(run.gradient(), difference)).toBeLessThan(1e-4);
  });
});

it.each([2, 3] as const)("the grid's gradient is that of all pairs within 1 % for 2,000 digits in %s dimensions", async dimensions => {
  const n = 2000;
  const { data, dim } = await digitRows(n, 4);
  const graph = bruteForceGraph(data, n, dim, 90);
  const options = { initial: "random", seed: 1, dimensions } as const;
  const exact = createTsne(n, graph, { ...options, repulsion: "exact" }, crew);
  for (const iterations of [0, 200, 255, 300]) {
    while (exact.iteration < iterations) exact.step();
    const grid = createTsne(n, graph, { ...options, repulsion: "grid", resume: exact.state() }, crew);
    expect(grid.objective().value).toBeCloseTo(exact.objective().value, 2);
    // Near the end the gradient is the small difference of two forces; the error is held against one of them.
    const gradient = exact.gradient();
    expect(relative(grid.gradient(), gradient), `after ${iterations} steps`).toBeLessThan(iterations > 255 ? 0.05 : 0.01);
  }
});

describe.each([2, 3] as const)("the grid in %s dimensions", dimensions => {
  let finished: Promise<Float32Array> | undefined;
  /** Clusters and room between them. */
  const finish = async () => {
    const n = 2000;
    const { data, dim } = await digitRows(n, 4);
    const run = createTsne(n, bruteForceGraph(data, n, dim, 90), { initial: "random", seed: 1, dimensions, repulsion: "exact" }, crew);
    while (run.iteration < 400) run.step();
    return run.coordinates();
  };
  // From 20,000 points on the plane has a finer grid.
  const cases = [1e-3, 1, 30, 100, 300, 3000].flatMap(span => [{ span, copies: 1 }, ...(span >= 30 && span <= 300 ? [{ span, copies: 11 }] : [])]);
  it.each(cases)("agrees with all pairs within a hundredth in a map that is $span wide, of $copies times 2,000 points", async ({ span, copies }) => {
    const n = 2000 * copies;
    const map = await (finished ??= finish());
    const widest = Math.max(...map.map(Math.abs));
    // The copies lie beside each other by the golden ratio's steps, up to a thousandth of the span.
    const coordinates = Float32Array.from({ length: n * dimensions }, (_, at) => {
      const copy = Math.floor(at / map.length);
      return (map[at % map.length]! / widest) * (span / 3) + (copy === 0 ? 0 : (((at * 0.618034) % 1) - 0.5) * 2e-3 * span);
    });
    coordinates.fill(span / 2, 0, dimensions); // one point far away
    const points = takePoints(n, dimensions, crew);
    toPoints(coordinates, dimensions, points.values);
    const bounds = boundsOf(coordinates, dimensions);
    const [forces, sums] = (["exact", "grid"] as const).map(method => {
      const out = crew.heap.float32(n * strideOf(dimensions));
      const z = createRepulsion(method, dimensions, crew)(points.address, n, bounds, out.address);
      return [fromPoints(out.values, n, dimensions), z] as const;
    }).reduce<[Float32Array[], number[]]>(([all, zs], [out, z]) => [[...all, out], [...zs, z]], [[], []]);
    expect(relative(forces[1]!, forces[0]!)).toBeLessThan(0.01);
    expect(Math.abs(sums[1]! / sums[0]! - 1)).toBeLessThan(0.01);
  });
});

describe("the grid", () => {
  it("is finer for a small map, and ends somewhere for a huge one", () => {
    for (const dimensions of [2, 3]) {
      for (const span of [0, 1e-20, 1e-4, 1, 7, 100, 1e5, 1e20]) {
        const { nodes, lengths, spacing } = gridShape({ least: new Array<number>(dimensions).fill(-span / 2), greatest: new Array<number>(dimensions).fill(span / 2) });
        expect(nodes.every((count, axis) => count % 8 === 0 && count * spacing > span + 4 * spacing && lengths[axis]! >= 2 * count)).toBe(true);
        expect(Math.max(...lengths)).toBeLessThan(6000);
      }
    }
  });
});
