import { checkpointFormatVersion, type CheckpointRecord } from "../../src/protocol/checkpointHeader";

/** A valid record of a small fit, for tests of what reads it. */
export function recordOf(change: Partial<CheckpointRecord> = {}): CheckpointRecord {
  return {
    formatVersion: checkpointFormatVersion, name: "", model: "pca", modelTitle: "PCA",
    hyperparameters: { latentDim: 2, solver: "auto", whiten: false, scaling: "auto" }, seed: 1,
    dataset: { name: "tiny.csv", source: { path: "/nowhere/tiny.csv", reader: "table", choices: {} }, relativePath: "../tiny.csv", fingerprint: "abc" },
    schema: { count: 3, kind: "vector", shape: [4], range: null, columns: [] },
    labels: null, latent: { dim: 2, blocks: [{ name: "PC", kind: "continuous", start: 0, size: 2 }] },
    capabilities: ["encode", "decode", "score"], state: "complete", losses: [], position: null, stopReason: "", epochs: 0, bestEpoch: 0,
    metrics: { "explained variance": 0.9 }, backend: "wasm", device: "CPU · wasm", createdAt: "2026-11-22T12:00:00.000Z", seconds: 1.5,
    ...change,
  };
}
