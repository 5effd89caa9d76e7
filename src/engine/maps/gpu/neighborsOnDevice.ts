import type { Crew } from "../crew";
import type { MapRows, NeighborGraph, Report } from "../map";
import { checkNeighbors } from "../neighbors";
import { loadRows, type SearchRows } from "../neighborRows";
import { keptFor, scratchBytes, searchParts } from "../neighborSearch";
import { searchAgain } from "../neighborsExact";
import type { MapDevice } from "./device";
import { deviceSearch, usualTiles, type Candidates, type SearchTiles } from "./deviceSearch";

// Exact neighbours on a WebGPU device: it compares all pairs and keeps a few more rows than are wanted; the CPU puts these in
// order by exact distances, while the device is at the next queries, and proves that none is missing.

/**
 * The k nearest other rows of every row, as `neighborGraph` gives them with the method "exact", computed on `device`, which stays open.
 *
 * Throws `bad-request` and `bad-dataset` as that does, `cancelled` when `report` does, `unsupported` or `out-of-memory` where the
 * device is too small, `device-lost`.
 */
export async function neighborsOnDevice(rows: MapRows, k: number, crew: Crew, device: MapDevice, report: Report, tiles: SearchTiles = usualTiles): Promise<NeighborGraph> {
  checkNeighbors(rows, k);
  return crew.heap.scopeAsync(async () => {
    const space = loadRows(crew, rows);
    const { count } = space;
    const size = Math.min(keptFor(k), count - 1);
    const search = deviceSearch(device, space, size, tiles);
    let pending = Promise.resolve<Candidates | null>(null);
    try {
      const rank = ranking(crew, space, k, size, search.atOnce);
      const found = { rows: new Int32Array(count * k), distances: new Float32Array(count * k) };
      const unproven = new Uint8Array(count);
      pending = search.nearest(0);
      for (let first = 0; first < count; first += search.atOnce) {
        report(first / count);
        const candidates = (await pending)!;
        if (first + search.atOnce < count) {
          pending = search.nearest(first + search.atOnce);
          pending.catch(() => undefined); // it is awaited below
        }
        const ranked = rank(first, candidates);
        found.rows.set(ranked.rows, first * k);
        found.distances.set(ranked.distances, first * k);
        ranked.proven.forEach((proven, i) => (unproven[first + i] = 1 - proven));
      }
      if (size < count - 1) searchAgain(crew, space, k, found, null, unproven);
      report(1);
      return { k, ...found, recall: 1, exact: true };
    } finally {
      await pending.catch(() => undefined); // memory is not given back under its hands
      search.close();
    }
  });
}

/** Puts the candidates of up to `atOnce` queries in order by exact distances, and says for which of them none can be missing. */
function ranking(crew: Crew, space: SearchRows, k: number, size: number, atOnce: number) {
  const { heap } = crew;
  const scratch = Math.ceil(scratchBytes(1, 0, space.depth, size) / 64) * 64;
  const memory = heap.uint8(searchParts * scratch);
  const given = { rows: heap.int32(atOnce * size), bounds: heap.float32(atOnce) };
  const out = { rows: heap.int32(atOnce * k), distances: heap.float32(atOnce * k), proven: heap.uint8(atOnce) };
  return (first: number, { rows, keys }: Candidates) => {
    const length = rows.length / size;
    given.rows.values.set(rows);
    for (let i = 0; i < length; i++) given.bounds.values[i] = keys[(i + 1) * size - 1]!;
    crew.run(
      "rankCandidates", searchParts, first, length, given.rows.address, given.bounds.address, space.rows.address, space.excess?.address ?? 0, space.depth, size, k, space.half ? 1 : 0,
      out.rows.address, out.distances.address, out.proven.address, memory.address, scratch,
    );
    return { rows: out.rows.values.subarray(0, length * k), distances: out.distances.values.subarray(0, length * k), proven: out.proven.values.subarray(0, length) };
  };
}
