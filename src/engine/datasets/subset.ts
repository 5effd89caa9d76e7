import { createHash } from "node:crypto";
import type { Labels } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import type { Dataset } from "./dataset";

/**
 * Some rows of a dataset as a dataset of their own: row i of it is row `rows[i]` of the whole. Closing it closes the whole.
 * Throws `bad-request` for a row that is not there, or none at all.
 */
export function subsetOf(whole: Dataset, rows: Int32Array): Dataset {
  const { count } = whole.schema;
  const outside = rows.find(row => !(row >= 0 && row < count));
  if (outside !== undefined) throw new LatentError("bad-request", `there is no row ${outside}, rows go from 0 to ${count - 1}`);
  if (rows.length === 0) throw new LatentError("bad-request", "no rows are selected");
  const inWhole = (indices: Int32Array) => indices.map(index => rows[index]!);
  const picked = (labels: Labels): Labels => labels.kind === "classes"
    ? { ...labels, values: Int32Array.from(rows, row => labels.values[row]!) }
    : { ...labels, values: Float32Array.from(rows, row => labels.values[row]!) };
  return {
    ...whole,
    schema: { ...whole.schema, count: rows.length },
    fingerprint: `${whole.fingerprint} rows ${createHash("sha256").update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength)).digest("hex").slice(0, 32)}`,
    read: async (start, n, signal) => {
      const values = await whole.rows(rows.subarray(start, start + n), signal);
      return whole.dtype === "uint8" ? Uint8Array.from(values) : values;
    },
    rows: (indices, signal) => whole.rows(inWhole(indices), signal),
    labels: async signal => {
      const labels = await whole.labels(signal);
      return labels && picked(labels);
    },
    column: async (name, signal) => picked(await whole.column(name, signal)),
    facts: (indices, signal) => whole.facts(inWhole(indices), signal),
    title: row => whole.title(rows[row]!),
    location: row => whole.location(rows[row]!),
    close: () => whole.close(),
  };
}
