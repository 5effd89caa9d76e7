import * as tf from "@tensorflow/tfjs-core";
import { rowSize, type LatentSpace } from "../protocol/data";
import type { Anchor, CheckpointQueries, LatentSummary, Points } from "../protocol/engineApi";
import { LatentError, messageOf } from "../protocol/errors";
import { coloring, coloringsOf, latentNames } from "./colorings";
import type { Dataset } from "./datasets/dataset";
import { shrink, toBytes } from "./images";
import { neighborsInData } from "./keptGraphs";
import { nearestRows } from "./latent/neighbors";
import { effectLatents, effectsOf, quantileValue, sheetLatents, stepsBetween, traversalLatents } from "./latent/traversal";
import { can } from "./models/model";
import { decodeLatents, encodeRows, reconstructRows, shaped } from "./modelSpace";
import type { OpenCheckpoint, OpenCheckpoints } from "./openCheckpoints";
import { neighborsOfPlaced, placedColoring, placedPoints } from "./placedQueries";
import { askDatasets, placeOfRow } from "./placedRows";
import { projections } from "./projections";
import { createJudge } from "./quality";
import { random } from "./random";
import { findRows } from "./search";
import { drawGaussian, meanOf, quantiles, summaryQuantiles } from "./statistics";

// What views ask about one checkpoint, each a short joining of dataset, model and latent tools.

/** The longer side of a thumbnail in pixels. */
const thumbnailSide = 64;
/** Rows whose decoded change is averaged for the effect of a dimension. */
const effectAnchors = 8;

/** The engine's answers to `CheckpointQueries` over the given open checkpoints. */
export function checkpointQueries(checkpoints: OpenCheckpoints): CheckpointQueries {
  const judge = createJudge(checkpoints);
  return {
    overview: path => checkpoints.use(path, async checkpoint => {
      const opened = await checkpoint.dataset().then(dataset => ({ dataset, problem: null }), (error: unknown) => ({ dataset: null, problem: messageOf(error) }));
      const dim = checkpoint.header.latent.dim;
      return {
        count: checkpoint.schema.count,
        datasetProblem: opened.problem,
        live: checkpoint.live,
        projections: Object.entries(projections)
          .map(([id, { title, dimensions }]) => ({ id, title: id === "axes" && checkpoint.model.map ? mapAxes.title : title, dimensions: dimensions(dim) }))
          .concat(rawProjection(checkpoint))
          .filter(({ dimensions }) => dimensions.length > 0),
        usualProjection: usualProjection(checkpoint.header.latent),
        colorings: coloringsOf(checkpoint, opened.dataset?.columnNames ?? []),
      };
    }),

    points: (path, { projection, dimensions }) => checkpoints.use(path, checkpoint => drawnPoints(checkpoint, projection, dimensions)),

    quality: (path, { projection, dimensions }, signal) => checkpoints.use(path, async checkpoint => {
      if (checkpoint.live) throw new LatentError("unsupported", "a map that is still being made is not judged");
      return judge.quality(checkpoint, await drawnPoints(checkpoint, projection, dimensions), projection, signal);
    }),

    coloring: (path, id) => checkpoints.use(path, checkpoint => coloring(checkpoint, id)),

    placed: (path, { projection, dimensions }) => checkpoints.use(path, checkpoint => placedPoints(checkpoint, projection, dimensions)),

    placedColoring: (path, id) => checkpoints.use(path, checkpoint => placedColoring(checkpoint, id)),

    details: (path, rows, signal) => checkpoints.use(path, async checkpoint => {
      const found = await askDatasets(checkpoint, rows, async (dataset, own) => {
        const [x, facts] = [await dataset.rows(own, signal), await dataset.facts(own, signal)];
        const size = x.length / own.length;
        return Array.from(own, (row, i) => ({ x: x.subarray(i * size, (i + 1) * size), title: dataset.title(row), facts: facts[i]! }));
      });
      return { x: shaped(joined(found.map(({ x }) => x), checkpoint), checkpoint.schema), titles: found.map(({ title }) => title), facts: found.map(({ facts }) => facts) };
    }),

    thumbnails: (path, rows, signal) => checkpoints.use(path, async checkpoint => {
      const { schema } = checkpoint;
      if (schema.kind !== "image") throw new LatentError("bad-request", "only images have thumbnails");
      const [height, width, channels] = schema.shape as [number, number, number];
      const images = await askDatasets(checkpoint, rows, async (dataset, own) => {
        const x = await dataset.rows(own, signal);
        return Array.from(own, (_, i) => x.subarray(i * height * width * channels, (i + 1) * height * width * channels));
      });
      const pixels = toBytes(joined(images, checkpoint), schema);
      const small = shrink(pixels, rows.length, height, width, channels, thumbnailSide);
      return { data: small.data, shape: [rows.length, small.height, small.width, channels] };
    }),

    find: (path, text, signal) => checkpoints.use(path, checkpoint => findRows(checkpoint, text, signal)),

    neighbors: (path, { row, metric, count }) => checkpoints.use(path, async checkpoint => {
      const { set, row: own } = placeOfRow(checkpoint, row);
      const measured = checkpoint.header.hyperparameters["metric"];
      const kept = set ? (measured === metric ? await neighborsOfPlaced(set, own, count) : null) : await neighborsInData(checkpoint, row, metric, count);
      if (kept) return kept;
      const { dim } = checkpoint.header.latent;
      const latents = await checkpoint.latents();
      if (set) return nearestRows(latents, dim, (await set.latents()).subarray(own * dim, (own + 1) * dim), metric, count, -1);
      return nearestRows(latents, dim, latents.subarray(row * dim, (row + 1) * dim), metric, count, row);
    }),

    reconstruct: (path, { rows, components }, signal) => checkpoints.use(path, async checkpoint => {
      checkRows(rows, checkpoint);
      if (!can(checkpoint.model, "encode", "decode")) throw new LatentError("unsupported", "this model cannot reconstruct rows");
      const x = await (await checkpoint.dataset()).rows(rows, signal);
      const { dim } = checkpoint.header.latent;
      const mask = components === null ? undefined : (z: tf.Tensor2D) => tf.mul(z, tf.tensor1d(Float32Array.from({ length: dim }, (_, j) => (j < components ? 1 : 0)))) as tf.Tensor2D;
      const { reconstruction, errors } = await reconstructRows(checkpoint, x, mask);
      return { x: shaped(x, checkpoint.schema), reconstruction: shaped(reconstruction, checkpoint.schema), errors, scale: checkpoint.scaler.scale };
    }),

    principalComponents: path => checkpoints.use(path, async checkpoint => {
      const variances = await checkpoint.tensor("explained_variance");
      const total = await checkpoint.tensor("total_variance");
      if (!variances || !total) return null;
      const weights = await checkpoint.model.weights();
      const { scale, shift } = checkpoint.scaler;
      const d = scale.length;
      // Directions are differences between rows: they scale, but do not shift, into data space.
      const components = (weights["components"]!.data as Float32Array).map((value, i) => value * scale[i % d]!);
      const mean = (weights["mean"]!.data as Float32Array).map((value, i) => value * scale[i]! + shift[i]!);
      return {
        mean: shaped(mean, checkpoint.schema),
        components: shaped(components, checkpoint.schema),
        scale,
        explainedVarianceRatio: Float32Array.from(variances.data, value => value / total.data[0]!),
        standardDeviations: Float32Array.from(variances.data, value => Math.sqrt(value)),
      };
    }),

    latents: (path, rows) => checkpoints.use(path, async checkpoint => {
      checkRows(rows, checkpoint);
      const { dim } = checkpoint.header.latent;
      return { data: await latentsOf(checkpoint, rows), shape: [rows.length, dim] };
    }),

    latentSummary: (path, signal) => checkpoints.use(path, checkpoint => summaryOf(checkpoint, signal)),

    anchor: (path, anchor) => checkpoints.use(path, checkpoint => anchorLatents(checkpoint, anchor)),

    decode: (path, { data }, signal) => checkpoints.use(path, async checkpoint => {
      const { dim } = checkpoint.header.latent;
      if (!can(checkpoint.model, "decode")) throw new LatentError("unsupported", "this model cannot decode latents");
      if (data.length === 0 || data.length % dim !== 0) throw new LatentError("bad-request", `${data.length} values are no rows of ${dim} latents`);
      return shaped(await decodeLatents(checkpoint, data, signal), checkpoint.schema);
    }),

    traverse: (path, request, signal) => checkpoints.use(path, async checkpoint => {
      const { quantileValues, quantiles: at, dim } = await summaryOf(checkpoint, signal);
      checkDimensions(request.dimensions, dim);
      checkSteps(request);
      const anchor = await anchorLatents(checkpoint, request.anchor);
      const values = Float32Array.from(request.dimensions.flatMap(j => [...stepsBetween(quantileValues, at, j, request.from, request.to, request.steps)]));
      const decoded = await decodeLatents(checkpoint, traversalLatents(anchor, request.dimensions, values), signal);
      return { values, anchor, rows: { data: decoded, shape: [request.dimensions.length, request.steps, ...checkpoint.schema.shape] } };
    }),

    sheet: (path, request, signal) => checkpoints.use(path, async checkpoint => {
      const { quantileValues, quantiles: at, dim } = await summaryOf(checkpoint, signal);
      checkDimensions(request.dimensions, dim);
      checkSteps(request);
      const anchor = await anchorLatents(checkpoint, request.anchor);
      const [across, up] = request.dimensions.map(j => stepsBetween(quantileValues, at, j, request.from, request.to, request.steps)) as [Float32Array, Float32Array];
      const decoded = await decodeLatents(checkpoint, sheetLatents(anchor, request.dimensions, across, up), signal);
      return { values: Float32Array.of(...across, ...up), anchor, rows: { data: decoded, shape: [request.steps, request.steps, ...checkpoint.schema.shape] } };
    }),
  };
}

/** Rows one behind the other. */
function joined(rows: readonly Float32Array[], { schema }: OpenCheckpoint): Float32Array {
  const size = rowSize(schema);
  const all = new Float32Array(rows.length * size);
  rows.forEach((row, i) => all.set(row, i * size));
  return all;
}

/** The axes of a space that can be drawn as it is or is ordered by variance, else the principal ones. */
function usualProjection({ dim, blocks }: LatentSpace): keyof typeof projections {
  return dim <= 3 || blocks[0]?.name === "PC" ? "axes" : "principal";
}

/** Points, kept as long as the checkpoint is open: a view draws them, its quality card judges them. */
function drawnPoints(checkpoint: OpenCheckpoint, projection: string, dimensions: number): Promise<Points> {
  return checkpoint.remember(`points ${projection} ${dimensions}`, () => pointsOf(checkpoint, projection, dimensions));
}

async function pointsOf(checkpoint: OpenCheckpoint, id: string, dimensions: number): Promise<Points> {
  if (id === rawId) {
    const dataset = await checkpoint.dataset();
    if (rowSize(dataset.schema) !== dimensions) throw new LatentError("bad-request", `the rows have ${rowSize(dataset.schema)} values, not ${dimensions}`);
    return { data: await allRows(dataset), dimensions, axes: columnTitles(dataset) };
  }
  const projection = Object.hasOwn(projections, id) ? projections[id as keyof typeof projections] : undefined;
  const { dim } = checkpoint.header.latent;
  if (!projection?.dimensions(dim).includes(dimensions)) throw new LatentError("bad-request", `there is no projection "${id}" of ${dim} latents to ${dimensions} dimensions`);
  return projection.project({ data: await checkpoint.latents(), dim, names: await axisTitles(checkpoint) }, dimensions);
}

/** The latents' names, with the share of the variance where the model explains one. */
async function axisTitles(checkpoint: OpenCheckpoint): Promise<string[]> {
  const names = latentNames(checkpoint.header.latent);
  const [variances, total] = await Promise.all([checkpoint.tensor("explained_variance"), checkpoint.tensor("total_variance")]);
  return names.map((name, j) => (variances && total ? `${name} (${((100 * variances.data[j]!) / total.data[0]!).toFixed(1)} %)` : name));
}

/** The axes of a map mean nothing by themselves. */
const mapAxes = { title: "The map" };
const rawId = "rows";
/** Rows of two or three values can be drawn as they are, before anything was learned. */
function rawProjection({ schema }: OpenCheckpoint) {
  const size = rowSize(schema);
  return { id: rawId, title: "The rows themselves", dimensions: size === 2 || size === 3 ? [size] : [] };
}

async function allRows(dataset: Dataset): Promise<Float32Array> {
  return Float32Array.from(await dataset.read(0, dataset.schema.count));
}

function columnTitles({ schema }: Dataset): string[] {
  return Array.from({ length: rowSize(schema) }, (_, i) => schema.columns.find(column => column.start <= i && i < column.start + column.width)?.name ?? `x ${i + 1}`);
}

/** Latents of a few rows: from the kept ones, or encoded alone when a fit is still under way. */
async function latentsOf(checkpoint: OpenCheckpoint, rows: Int32Array): Promise<Float32Array> {
  const { dim } = checkpoint.header.latent;
  if (checkpoint.live && !checkpoint.model.map) return encodeRows(checkpoint, await (await checkpoint.dataset()).rows(rows));
  const latents = await checkpoint.latents();
  const picked = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => picked.set(latents.subarray(row * dim, (row + 1) * dim), i * dim));
  return picked;
}

async function anchorLatents(checkpoint: OpenCheckpoint, anchor: Anchor): Promise<Float32Array> {
  const { dim } = checkpoint.header.latent;
  switch (anchor.kind) {
    case "row":
      checkRows(Int32Array.of(anchor.row), checkpoint);
      return latentsOf(checkpoint, Int32Array.of(anchor.row));
    case "mean":
      return meanOf(await checkpoint.typicalLatents(), dim);
    case "draw": {
      if (!checkpoint.model.sample) return drawGaussian(await checkpoint.typicalLatents(), dim, anchor.seed);
      const z = checkpoint.model.sample(1, anchor.seed);
      const values = Float32Array.from(await z.data());
      z.dispose();
      return values;
    }
    case "latents":
      if (anchor.z.length !== dim) throw new LatentError("bad-request", `${anchor.z.length} latents given, the model has ${dim}`);
      return anchor.z;
    default:
      return anchor satisfies never;
  }
}

function summaryOf(checkpoint: OpenCheckpoint, signal?: AbortSignal): Promise<LatentSummary> {
  void signal; // shared by all views of the checkpoint, so no single one may stop it
  return checkpoint.remember("summary", async () => {
    const { latent, schema } = checkpoint.header;
    const dim = latent.dim;
    const latents = await checkpoint.typicalLatents();
    const pause = () => new Promise<void>(setImmediate);
    const quantileValues = await quantiles(latents, dim, summaryQuantiles, pause);
    const at = (q: number) => Float32Array.from({ length: dim }, (_, j) => quantileValue(quantileValues, summaryQuantiles, j, q));
    let effects = new Float32Array(dim);
    if (can(checkpoint.model, "decode")) {
      const stream = random(1, "effects");
      const rows = Int32Array.from({ length: Math.min(effectAnchors, schema.count) }, () => stream.integer(latents.length / dim));
      const anchors = Float32Array.from([...rows].flatMap(row => [...latents.subarray(row * dim, (row + 1) * dim)]));
      const decoded = await decodeLatents(checkpoint, effectLatents(anchors, dim, at(0.05), at(0.95)));
      const d = rowSize(schema);
      // In model space, where columns of different units weigh alike.
      const scaled = decoded.map((value, i) => value / checkpoint.scaler.scale[i % d]!);
      effects = effectsOf(scaled, dim, d) as Float32Array<ArrayBuffer>;
    }
    const order = Int32Array.from(Array.from({ length: dim }, (_, j) => j).sort((a, b) => effects[b]! - effects[a]! || a - b));
    return { dim, names: latentNames(latent), quantileValues, quantiles: [...summaryQuantiles], mean: meanOf(latents, dim), effects, order };
  });
}

function checkRows(rows: Int32Array, { schema }: OpenCheckpoint): void {
  const outside = rows.find(row => !(row >= 0 && row < schema.count));
  if (outside !== undefined) throw new LatentError("bad-request", `there is no row ${outside}, rows go from 0 to ${schema.count - 1}`);
}

function checkDimensions(dimensions: readonly number[], dim: number): void {
  const outside = dimensions.find(j => !(Number.isInteger(j) && j >= 0 && j < dim));
  if (outside !== undefined || dimensions.length === 0) throw new LatentError("bad-request", `there is no latent dimension ${outside}, the model has ${dim}`);
}

function checkSteps({ steps, from, to }: { steps: number; from: number; to: number }): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > 200) throw new LatentError("bad-request", `${steps} steps: choose 1 to 200`);
  if (!(from >= 0 && from <= to && to <= 1)) throw new LatentError("bad-request", `quantiles ${from} to ${to}: choose 0 ≤ from ≤ to ≤ 1`);
}
