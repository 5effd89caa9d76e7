import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { LatentError } from "../../src/protocol/errors";
import type { DatasetReader } from "../../src/engine/datasets/dataset";
import { releaseIdleScans } from "../../src/engine/datasets/tableCache";
import { random } from "../../src/engine/random";

// Opens many damaged files with one reader. Each must be refused with a known code and a message, or be read as the
// valid dataset that it still is; nothing else: no other error, no hang, no growing memory.

/** A damaged dataset: files by name, the first of which (or `open`) is opened. */
export interface Mutant {
  what: string;
  files: Record<string, Uint8Array | string>;
  /** Name to open; "" for the folder itself. */
  open?: string;
  choices?: Record<string, string[]>;
}

export interface FuzzReport {
  /** Different ones; a mutant that equals an earlier one is not counted. */
  tried: number;
  refused: number;
  /** Greatest growth of the process while they were opened, in MiB. */
  growth: number;
  slowest: number;
}

const patience = 20_000;

/** Opens and reads every mutant in `folder`, and checks each outcome. */
export async function fuzz(reader: DatasetReader, mutants: Iterable<Mutant>, folder: string): Promise<FuzzReport> {
  const seen = new Set<string>();
  const report: FuzzReport = { tried: 0, refused: 0, growth: 0, slowest: 0 };
  const before = process.memoryUsage().rss;
  for (const mutant of mutants) {
    const hash = createHash("sha256").update(JSON.stringify(mutant.choices ?? {}));
    for (const [name, content] of Object.entries(mutant.files)) hash.update(`${name}\0`).update(content);
    const identity = hash.digest("hex");
    if (seen.has(identity)) continue;
    seen.add(identity);
    const place = join(folder, String(report.tried++));
    for (const [name, content] of Object.entries(mutant.files)) {
      await mkdir(dirname(join(place, name)), { recursive: true });
      await writeFile(join(place, name), content);
    }
    const start = performance.now();
    const path = join(place, mutant.open ?? Object.keys(mutant.files)[0]!);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Error>(resolve => (timer = setTimeout(() => resolve(new Error(`took longer than ${patience} ms`)), patience)));
    const error = await Promise.race([openAndRead(reader, path, mutant.choices ?? {}), late]);
    clearTimeout(timer);
    if (error) {
      report.refused++;
      expect(error, `${mutant.what}: ${String(error)}`).toBeInstanceOf(LatentError);
      const { code, message } = error as LatentError;
      expect(["bad-dataset", "unsupported"], `${mutant.what}: ${code} ${message}`).toContain(code);
      expect(message.length, mutant.what).toBeGreaterThan(10);
      expect(message, mutant.what).not.toMatch(/undefined|\[object|NaN values|Error:/);
    }
    report.slowest = Math.max(report.slowest, performance.now() - start);
    report.growth = Math.max(report.growth, (process.memoryUsage().rss - before) / 2 ** 20);
  }
  await releaseIdleScans();
  return report;
}

async function openAndRead(reader: DatasetReader, path: string, choices: Record<string, string[]>): Promise<unknown> {
  try {
    const dataset = await reader.open(path, choices);
    try {
      const count = Math.min(dataset.schema.count, 20);
      const size = dataset.schema.shape.reduce((product, axis) => product * axis, 1);
      expect((await dataset.read(0, count)).length).toBe(count * size);
      await dataset.rows(Int32Array.of(dataset.schema.count - 1));
      await dataset.facts(Int32Array.of(dataset.schema.count - 1));
      const labels = await dataset.labels();
      if (labels) expect(labels.values.length).toBe(dataset.schema.count);
      for (const name of dataset.columnNames.slice(0, 4)) expect((await dataset.column(name)).values.length).toBe(dataset.schema.count);
    } finally {
      await dataset.close();
    }
    return null;
  } catch (error) {
    return error;
  }
}

/** Enough different files were tried, nearly all were refused, and none was slow or took memory. */
export function expectSurvived(report: FuzzReport): void {
  expect(report.tried).toBeGreaterThanOrEqual(200);
  expect(report.refused).toBeGreaterThanOrEqual(150);
  expect(report.growth).toBeLessThan(300);
  expect(report.slowest).toBeLessThan(patience);
}

/** `bytes` cut off at each of `points`. */
export const cuts = (bytes: Uint8Array, points: readonly number[]) => points.map(end => ({ what: `cut at ${end}`, bytes: bytes.slice(0, end) }));

/** `bytes` with the byte at each of `points` changed, to something that depends on the seed. */
export function flips(bytes: Uint8Array, points: readonly number[], seed: number) {
  const stream = random(seed, "flips");
  return points.map(point => {
    const changed = Uint8Array.from(bytes);
    changed[point]! ^= 1 + stream.integer(255);
    return { what: `byte ${point} from ${bytes[point]} to ${changed[point]}`, bytes: changed };
  });
}

/** `bytes` with a little-endian number written over them. */
export function patched(bytes: Uint8Array, at: number, value: number, size: 1 | 2 | 4, bigEndian = false): Uint8Array {
  const copy = Buffer.from(bytes);
  if (bigEndian) copy.writeUIntBE(value, at, size);
  else copy.writeUIntLE(value, at, size);
  return copy;
}

/** Whole numbers from `from` up to and without `to`. */
export const range = (from: number, to: number, step = 1): number[] => Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);
