import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openCheckpoint, placesOf, referenceTo, updateCheckpoint, writeCheckpoint } from "../../src/engine/checkpoint";
import { random } from "../../src/engine/random";
import { openSafetensors, writeSafetensors, type NamedTensors } from "../../src/engine/safetensors";
import { LatentError } from "../../src/protocol/errors";
import { recordOf } from "../helpers/checkpoints";

const folder = mkdtempSync(join(tmpdir(), "latent-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = () => join(folder, `${++count}.latent.safetensors`);

const tensors: NamedTensors = {
  "model.mean": { shape: [4], data: Float32Array.of(1, 2, 3, 4) },
  latents: { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  labels: { shape: [3], data: Int32Array.of(0, 1, -1) },
  explained_variance: { shape: [2], data: Float64Array.of(2, 1) },
  flags: { shape: [5], data: Uint8Array.of(1, 0, 1, 0, 1) },
  nothing: { shape: [0, 7], data: new Float32Array(0) },
};

/**
 * The rules of the format, read from its specification (github.com/huggingface/safetensors#format): an 8-byte
 * little-endian length, a JSON object in UTF-8 that begins with "{", has no key twice and may end in spaces,
 * `__metadata__` of strings only, offsets that cover the buffer without holes or overlaps, sizes that follow from dtype
 * and shape. Beyond the rules, what fast readers rely on: data and tensors aligned, entries in the order of their data.
 */
function readByTheRules(bytes: Buffer) {
  const length = Number(bytes.readBigUInt64LE(0));
  expect(length).toBeLessThan(100_000_000);
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
  expect(text[0]).toBe("{");
  expect(text).toMatch(/\} *$/);
  const header = JSON.parse(text) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  // Of a key that stands there twice only one survives parsing, and the text would come back shorter.
  expect(JSON.stringify(header)).toBe(text.trimEnd());
  const { __metadata__: metadata, ...entries } = header;
  for (const [key, value] of Object.entries(metadata as unknown as Record<string, unknown>)) expect([typeof key, typeof value]).toEqual(["string", "string"]);
  expect((8 + length) % 8).toBe(0);
  const buffer = bytes.subarray(8 + length);
  const sizes: Record<string, number> = { F32: 4, F64: 8, I32: 4, U8: 1 };
  let position = 0;
  for (const entry of Object.values(entries)) {
    expect(Object.keys(entry).sort()).toEqual(["data_offsets", "dtype", "shape"]);
    const { dtype, shape, data_offsets: [start, end] } = entry;
    expect(Object.keys(sizes)).toContain(dtype);
    expect([start, end, ...shape].every(Number.isSafeInteger)).toBe(true);
    expect(start).toBe(position);
    expect(end - start).toBe(shape.reduce((product, size) => product * size, sizes[dtype]!));
    expect((8 + length + start) % sizes[dtype]!).toBe(0); // readers map the file and view it
    position = end;
  }
  expect(position).toBe(buffer.length);
  return { metadata: metadata as unknown as Record<string, string>, entries, buffer };
}

describe("a checkpoint file", () => {
  it("keeps the rules of safetensors", async () => {
    const path = fresh();
    await writeCheckpoint(path, recordOf({ name: "Ümläut \"quoted\" 🐧" }), tensors);
    const { metadata, entries, buffer } = readByTheRules(readFileSync(path));
    expect(Object.keys(entries).sort()).toEqual(Object.keys(tensors).sort());
    expect(JSON.parse(metadata["latentLens"]!).name).toBe("Ümläut \"quoted\" 🐧");
    const [start] = entries["labels"]!.data_offsets;
    expect([0, 4, 8].map(offset => buffer.readInt32LE(start + offset))).toEqual([0, 1, -1]);
  });

  it("keeps them with a name of any length, no tensors, and odd sizes", async () => {
    for (let length = 0; length < 16; length++) {
      const path = fresh();
      const odd: NamedTensors = { bytes: { shape: [length], data: new Uint8Array(length) }, wide: { shape: [length], data: new Float64Array(length) }, one: { shape: [], data: Float32Array.of(7) } };
      await writeCheckpoint(path, recordOf({ name: "ü".repeat(length) }), length === 0 ? {} : odd);
      const { entries } = readByTheRules(readFileSync(path));
      expect(Object.keys(entries)).toEqual(length === 0 ? [] : ["wide", "one", "bytes"]);
    }
  });

  it("gives back what was written", async () => {
    const path = fresh();
    const record = recordOf();
    await writeCheckpoint(path, record, tensors);
    const file = await openCheckpoint(path);
    const { tensors: _, ...read } = file.header;
    expect(read).toEqual(record);
    for (const name of Object.keys(tensors)) expect(await file.read(name)).toEqual(tensors[name]);
    expect(Object.keys(await file.readAll("model."))).toEqual(["mean"]);
    await file.close();
  });

  it("is replaced whole, and leftovers of a killed writer are cleared away", async () => {
    const path = fresh();
    await writeCheckpoint(path, recordOf(), tensors);
    const leftover = join(folder, `.${path.slice(folder.length + 1)}.99999999-1.tmp`); // no process has such a number
    writeFileSync(leftover, "half a file");
    await updateCheckpoint(path, record => ({ ...record, name: "renamed" }), { scores: { shape: [3], data: Float32Array.of(1, 2, 3) } });
    expect(readdirSync(folder).filter(name => name.endsWith(".tmp"))).toEqual([]);
    const file = await openCheckpoint(path);
    expect(file.header.name).toBe("renamed");
    expect(Object.keys(file.header.tensors)).toContain("scores");
    expect((await file.read("latents")).data).toEqual(tensors["latents"]!.data);
    await file.close();
  });

  it("takes changes that come at once one after the other", async () => {
    const path = fresh();
    await writeCheckpoint(path, recordOf(), tensors);
    await Promise.all(Array.from({ length: 6 }, (_, i) => updateCheckpoint(path, record => ({ ...record, epochs: record.epochs + 1 }), { [`part ${i}`]: { shape: [1], data: Float32Array.of(i) } })));
    const file = await openCheckpoint(path);
    expect(file.header.epochs).toBe(recordOf().epochs + 6);
    for (let i = 0; i < 6; i++) expect((await file.read(`part ${i}`)).data).toEqual(Float32Array.of(i));
    await file.close();
    expect(readdirSync(folder).filter(name => name.endsWith(".tmp"))).toEqual([]);
  });

  it("keeps the old file when writing fails", async () => {
    const path = fresh();
    await writeCheckpoint(path, recordOf(), tensors);
    const before = readFileSync(path);
    const bad = { latents: { shape: [4, 2], data: Float32Array.of(1, 2) } };
    await expect(writeCheckpoint(path, recordOf(), bad)).rejects.toThrow("latents");
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder).filter(name => name.endsWith(".tmp"))).toEqual([]);
  });

  it("refuses a list of placed rows that is none", async () => {
    const path = fresh();
    const { dataset } = recordOf();
    const set = { id: 1, dataset, count: 3, labels: null, createdAt: "2026-11-26T10:00:00.000Z" };
    await writeCheckpoint(path, recordOf({ placed: [set] }), tensors);
    const file = await openCheckpoint(path);
    await file.close();
    expect(file.header.placed).toEqual([set]);
    for (const bad of [{}, [null], [{ ...set, id: -1 }], [{ ...set, count: 1.5 }], [{ ...set, dataset: { ...dataset, source: null } }], [{ ...set, labels: {} }], [{ ...set, createdAt: 3 }]]) {
      await writeCheckpoint(path, { ...recordOf(), placed: bad as never }, tensors);
      await expect(openCheckpoint(path)).rejects.toThrow("has a bad list of placed rows");
    }
  });

  it("refuses a description of a neighbour graph that is none", async () => {
    const path = fresh();
    const neighbors = { digest: "00ff", dim: 4, exact: true, from: "other" };
    await writeCheckpoint(path, recordOf({ neighbors }), tensors);
    const file = await openCheckpoint(path);
    await file.close();
    expect(file.header.neighbors).toEqual(neighbors);
    for (const bad of [null, [], { ...neighbors, digest: 1 }, { ...neighbors, dim: -1 }, { ...neighbors, exact: "yes" }, { ...neighbors, from: {} }]) {
      await writeCheckpoint(path, { ...recordOf(), neighbors: bad as never }, tensors);
      await expect(openCheckpoint(path)).rejects.toThrow("has a bad description of its neighbour graph");
    }
  });

  it("refuses what a newer version wrote, kindly", async () => {
    const path = fresh();
    await writeCheckpoint(path, { ...recordOf(), formatVersion: 2 }, tensors);
    await expect(openCheckpoint(path)).rejects.toMatchObject({ code: "unsupported", message: expect.stringMatching(/newer Latent Lens.*update/) });
  });

  it("says that a foreign safetensors file is foreign", async () => {
    const path = fresh();
    await writeSafetensors(path, tensors, { format: "pt" });
    await expect(openCheckpoint(path)).rejects.toMatchObject({ code: "bad-checkpoint", message: expect.stringContaining("not written by Latent Lens") });
    await (await openSafetensors(path)).close();
  });

  it("finds its dataset beside it first, then where it was", () => {
    const reference = referenceTo("/home/ada/latents/a.latent.safetensors", { path: "/home/ada/data/x.csv", reader: "table", choices: {} }, "f");
    expect(reference.relativePath).toBe("../data/x.csv");
    expect(placesOf("/moved/latents/a.latent.safetensors", reference)).toEqual(["/moved/data/x.csv", "/home/ada/data/x.csv"]);
  });
});

describe("a damaged checkpoint", () => {
  it("is refused with a reason, whatever the damage: 600 kinds", async () => {
    const path = fresh();
    await writeCheckpoint(path, recordOf(), tensors);
    const good = readFileSync(path);
    const headerLength = Number(good.readBigUInt64LE(0));
    const target = fresh();
    let refused = 0;
    let tried = 0;
    const before = process.memoryUsage().rss;
    const attempt = async (bytes: Buffer) => {
      writeFileSync(target, bytes);
      tried++;
      try {
        const file = await openCheckpoint(target);
        await file.readAll("");
        await file.close();
      } catch (error) {
        expect(error).toBeInstanceOf(LatentError);
        expect(["bad-checkpoint", "unsupported"]).toContain((error as LatentError).code);
        expect((error as LatentError).message.length).toBeGreaterThan(10);
        refused++;
      }
    };
    // Cut short anywhere, and lengths that lie.
    for (let i = 0; i < 200; i++) await attempt(good.subarray(0, Math.floor((good.length * i) / 200)));
    expect(refused).toBe(200);
    for (let power = 0; power < 64; power++) {
      const bytes = Buffer.from(good);
      bytes.writeBigUInt64LE(2n ** BigInt(power), 0);
      await attempt(bytes);
    }
    // Bytes of the header turned at random.
    const stream = random(1, "damage");
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(good);
      for (let k = 0; k <= i % 4; k++) bytes[8 + stream.integer(headerLength)] = stream.integer(256);
      await attempt(bytes);
    }
    // Headers that are JSON but hostile.
    const json = JSON.parse(good.subarray(8, 8 + headerLength).toString()) as Record<string, unknown>;
    const withHeader = (header: unknown) => {
      const text = Buffer.from(JSON.stringify(header));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([length, text, good.subarray(8 + headerLength)]);
    };
    const entry = json["latents"] as Record<string, unknown>;
    const values = [null, [], {}, "x", -1, 1.5, 1e300, Number.MAX_SAFE_INTEGER, true, [1e9, 1e9, 1e9], [-1], ["a"], [2 ** 53]];
    for (const value of values) {
      await attempt(withHeader(value));
      await attempt(withHeader({ ...json, latents: value }));
      for (const key of ["dtype", "shape", "data_offsets"]) await attempt(withHeader({ ...json, latents: { ...entry, [key]: value } }));
      await attempt(withHeader({ ...json, __metadata__: value }));
      await attempt(withHeader({ ...json, __metadata__: { latentLens: value } }));
      await attempt(withHeader({ ...json, ["__proto__"]: value }));
    }
    const record = recordOf() as unknown as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      for (const value of [null, -1, "x", [], { a: 1 }]) await attempt(withHeader({ ...json, __metadata__: { latentLens: JSON.stringify({ ...record, [key]: value }) } }));
    }
    truncateSync(target, 0);
    expect(tried).toBeGreaterThan(600);
    expect(refused).toBeGreaterThan(450);
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });
});
