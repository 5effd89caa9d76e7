import { LatentError } from "./errors";
import type {
  Capability, DatasetSource, EpochLosses, FitPosition, HyperparameterValues, LatentSpace, LossTerms, Schema,
} from "./data";

// A checkpoint is one safetensors file: 8 bytes little-endian header length, a JSON header, then the tensors' bytes.
// Latent Lens keeps its own record as a JSON string under `__metadata__.latentLens`, so that any safetensors reader
// opens the file. Two processes read this header (the tree without the engine), hence it is protocol.

export const checkpointExtension = ".latent.safetensors";
export const checkpointFormatVersion = 1;
/** The safetensors format itself limits the header to 100 MB. */
export const maxHeaderBytes = 100_000_000;

export type TensorDtype = "F32" | "F64" | "I32" | "I64" | "U8" | "F16" | "BF16" | "I8" | "I16" | "U16" | "U32" | "U64" | "BOOL";

const bytesPerElement: Record<TensorDtype, number> = {
  F32: 4, F64: 8, I32: 4, I64: 8, U8: 1, F16: 2, BF16: 2, I8: 1, I16: 2, U16: 2, U32: 4, U64: 8, BOOL: 1,
};

/** Place of one tensor: `start` and `end` count from the first byte after the header. */
export interface TensorEntry {
  dtype: TensorDtype;
  shape: number[];
  start: number;
  end: number;
}

/** Which file the rows came from, and how to recognise it again. */
export interface DatasetReference {
  name: string;
  source: Required<DatasetSource>;
  /** Path from the checkpoint's folder, so that both can be moved together. */
  relativePath: string;
  fingerprint: string;
}

/** Rows of another dataset that were placed in a map afterwards: its tensors are `placed.<id>.*`. */
export interface PlacedRows {
  id: number;
  dataset: DatasetReference;
  count: number;
  labels: CheckpointRecord["labels"];
  createdAt: string;
}

/** Of what rows the neighbour graph `neighbors.*` is, and how it was found: by which another map of the same rows knows that it may take it. */
export interface GraphRecord {
  /** Of the rows that were searched (SHA-256, in hexadecimal), which are reduced to principal components mostly. */
  digest: string;
  /** Their values each. */
  dim: number;
  /** Whether every pair of rows was compared. */
  exact: boolean;
  /** The checkpoint that the graph was taken from; absent where it was searched. */
  from?: string;
}

/** The record of a fit, as kept in `__metadata__.latentLens`. */
export interface CheckpointRecord {
  formatVersion: number;
  /** A name the user gave; the file's name is shown when empty. */
  name: string;
  model: string;
  modelTitle: string;
  hyperparameters: HyperparameterValues;
  seed: number;
  dataset: DatasetReference;
  schema: Schema;
  /** The checkpoint whose latents were mapped, from this one's folder; absent where the rows themselves were. */
  basis?: { name: string; relativePath: string };
  /** How many rows the dataset has in all, where only some were fitted: those that the tensor `subset.rows` names. */
  subset?: { of: number };
  /** Of a map: other rows that were placed in it, in the order in which views count them on; absent where there are none. */
  placed?: PlacedRows[];
  /** Of a map with a neighbour graph; absent in files that are older. */
  neighbors?: GraphRecord;
  labels: { name: string; kind: "classes" | "numbers"; classes: string[] } | null;
  latent: LatentSpace;
  capabilities: Capability[];
  /** `interrupted` while a fit is under way or was stopped: the file then holds what is needed to resume. */
  state: "complete" | "interrupted";
  losses: EpochLosses[];
  /** Where to resume (its own `history` left empty: see `losses`); null when complete. */
  position: FitPosition | null;
  /** Why the fit ended early, in words; empty when it was cancelled or is complete. */
  stopReason: string;
  /** Epochs planned; 0 for closed-form models. */
  epochs: number;
  /** Epoch whose weights were kept, counted from 1; 0 when the last one is kept. */
  bestEpoch: number;
  metrics: LossTerms;
  backend: string;
  device: string;
  createdAt: string;
  seconds: number;
}

/** All that the first bytes of a checkpoint tell. */
export interface CheckpointHeader extends CheckpointRecord {
  tensors: Record<string, TensorEntry>;
}

/** Epochs (steps of a map) that a fit has done: its losses name some of them, the last one among them. */
export function epochsDone({ losses }: Pick<CheckpointRecord, "losses">): number {
  return losses.at(-1)?.epoch ?? 0;
}

/** True for a finished map of rows or latents, in which other rows can be placed: not one of measured distances, which would be needed of the others too. */
export function canPlaceIn({ capabilities, state, hyperparameters }: Pick<CheckpointRecord, "capabilities" | "state" | "hyperparameters">): boolean {
  return capabilities.includes("map") && state === "complete" && hyperparameters["metric"] !== "precomputed";
}

/** Reads a safetensors JSON header. `dataBytes` is the size of what follows it; throws `bad-checkpoint`. */
export function parseTensorEntries(json: unknown, dataBytes: number): Record<string, TensorEntry> {
  if (!isRecord(json)) throw bad("the header is not a JSON object");
  const entries: Record<string, TensorEntry> = Object.create(null);
  for (const [name, value] of Object.entries(json)) {
    if (name !== "__metadata__") entries[name] = parseEntry(name, value, dataBytes);
  }
  // The format allows neither holes nor overlaps, which also keeps a hostile file from aliasing tensors.
  let position = 0;
  for (const [name, entry] of Object.entries(entries).sort((a, b) => a[1].start - b[1].start || a[1].end - b[1].end)) {
    if (entry.start !== position) throw bad(`tensor "${name}" begins at byte ${entry.start}, expected ${position}`);
    position = entry.end;
  }
  if (position !== dataBytes) throw bad(`tensors take ${position} bytes, the file holds ${dataBytes}: it is cut short or has been appended to`);
  return entries;
}

function parseEntry(name: string, value: unknown, dataBytes: number): TensorEntry {
  if (!isRecord(value)) throw bad(`tensor "${name}" has no description`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(bytesPerElement, dtype)) throw bad(`tensor "${name}" has unknown dtype ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) throw bad(`tensor "${name}" has a bad shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) throw bad(`tensor "${name}" has bad offsets`);
  const [start, end] = offsets as [number, number];
  const bytes = (shape as number[]).reduce((product, size) => product * size, bytesPerElement[dtype as TensorDtype]);
  if (end < start || end > dataBytes) throw bad(`tensor "${name}" ends at byte ${end} of ${dataBytes}: the file is cut short`);
  if (end - start !== bytes) throw bad(`tensor "${name}" is ${dtype} [${shape.join(", ")}] = ${bytes} bytes, but ${end - start} are given`);
  return { dtype: dtype as TensorDtype, shape: shape as number[], start, end };
}

/**
 * Reads the whole header of a checkpoint from its JSON text. Throws `bad-checkpoint` when the file is no Latent Lens
 * checkpoint or is damaged, `unsupported` when a newer version wrote it.
 */
export function parseCheckpointHeader(text: string, dataBytes: number): CheckpointHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw bad("the header is not valid JSON");
  }
  const metadata = isRecord(json) ? json["__metadata__"] : undefined;
  const own = isRecord(metadata) ? metadata["latentLens"] : undefined;
  if (typeof own !== "string") throw bad("a safetensors file, but not written by Latent Lens (no latentLens record)");
  let record: unknown;
  try {
    record = JSON.parse(own);
  } catch {
    throw bad("the latentLens record is not valid JSON");
  }
  if (!isRecord(record)) throw bad("the latentLens record is not an object");
  const version = record["formatVersion"];
  if (typeof version === "number" && version > checkpointFormatVersion) {
    throw new LatentError("unsupported", `written by a newer Latent Lens (format ${version}, this one reads up to ${checkpointFormatVersion}): update the extension to open it`);
  }
  const problem = findProblem(record);
  if (problem) throw bad(`the latentLens record ${problem}`);
  return { ...(record as unknown as CheckpointRecord), tensors: parseTensorEntries(json, dataBytes) };
}

/** The length of the JSON header from a file's first 8 bytes; throws `bad-checkpoint` when it cannot be one. */
export function parseHeaderLength(first: Uint8Array, fileBytes: number): number {
  if (first.length < 8) throw bad(`only ${first.length} bytes long, cut short`);
  const view = new DataView(first.buffer, first.byteOffset, 8);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > maxHeaderBytes) throw bad(`the header claims ${length} bytes, more than safetensors allows`);
  if (8 + length > fileBytes) throw bad(`the header needs ${8 + length} bytes, the file has ${fileBytes}: it is cut short`);
  return length;
}

function findProblem(record: Record<string, unknown>): string | undefined {
  const schema = record["schema"];
  const position = record["position"];
  const latent = record["latent"];
  if (record["formatVersion"] !== checkpointFormatVersion) return `has format version ${JSON.stringify(record["formatVersion"])}`;
  for (const key of ["name", "model", "modelTitle", "stopReason", "backend", "device", "createdAt"]) {
    if (typeof record[key] !== "string") return `has no text "${key}"`;
  }
  for (const key of ["seed", "epochs", "bestEpoch", "seconds"]) {
    if (typeof record[key] !== "number") return `has no number "${key}"`;
  }
  if (!isRecord(record["hyperparameters"]) || !isRecord(record["metrics"])) return "has no hyperparameters or metrics";
  if (record["state"] !== "complete" && record["state"] !== "interrupted") return `has state ${JSON.stringify(record["state"])}`;
  if (!isRecord(schema) || !isSize(schema["count"]) || !Array.isArray(schema["shape"]) || !schema["shape"].every(isSize) || !Array.isArray(schema["columns"])) return "has a bad schema";
  if (!["image", "table", "vector"].includes(schema["kind"] as string)) return `has rows of kind ${JSON.stringify(schema["kind"])}`;
  if (schema["kind"] === "image" && schema["shape"].length !== 3) return "has images without height, width and channels";
  if (schema["range"] !== null && !(Array.isArray(schema["range"]) && schema["range"].length === 2 && schema["range"].every(Number.isFinite))) return "has a bad value range";
  if (!isRecord(latent) || !isSize(latent["dim"]) || !Array.isArray(latent["blocks"])) return "has a bad latent space";
  if (!isReference(record["dataset"])) return "has a bad dataset reference";
  if (!isSource((record["dataset"] as Record<string, unknown>)["source"])) return "has a bad dataset source";
  if (!isLabels(record["labels"])) return "has bad labels";
  if (position !== null && !(isRecord(position) && isSize(position["epoch"]) && isSize(position["batch"]) && isRecord(position["sums"]))) return "has a bad position to resume from";
  const placed = record["placed"];
  if (placed !== undefined && !isListOf(placed, isPlaced)) return "has a bad list of placed rows";
  if (record["neighbors"] !== undefined && !isGraph(record["neighbors"])) return "has a bad description of its neighbour graph";
  if (!isListOf(record["capabilities"], item => typeof item === "string")) return "has no list of capabilities";
  if (!isListOf(record["losses"], item => isRecord(item) && typeof item["epoch"] === "number" && isRecord(item["train"]))) return "has no list of losses";
  return undefined;
}

const isReference = (value: unknown) => isRecord(value) && ["name", "relativePath", "fingerprint"].every(key => typeof value[key] === "string");
const isSource = (value: unknown) => isRecord(value) && typeof value["path"] === "string" && typeof value["reader"] === "string" && isRecord(value["choices"]);
const isLabels = (value: unknown) => value === null || (isRecord(value) && typeof value["name"] === "string" && Array.isArray(value["classes"]));
const isPlaced = (value: unknown) => isRecord(value) && isSize(value["id"]) && isSize(value["count"]) && typeof value["createdAt"] === "string"
  && isReference(value["dataset"]) && isSource((value["dataset"] as Record<string, unknown>)["source"]) && isLabels(value["labels"]);
const isGraph = (value: unknown) => isRecord(value) && typeof value["digest"] === "string" && isSize(value["dim"]) && typeof value["exact"] === "boolean" && ["string", "undefined"].includes(typeof value["from"]);
const bad = (message: string) => new LatentError("bad-checkpoint", message);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isListOf = (value: unknown, accepts: (item: unknown) => boolean) => Array.isArray(value) && value.every(accepts);
