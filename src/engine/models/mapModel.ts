import type { GraphRecord } from "../../protocol/checkpointHeader";
import type { EpochLosses, HyperparameterValues, LatentSpace } from "../../protocol/data";
import { LatentError } from "../../protocol/errors";
import { graphFrom, graphTensors, wantedGraph } from "../keptGraphs";
import { makeMap, neighborsNeeded, type MapFrame, type MapJob, type MapRows, type NeighborGraph } from "../mapRuns";
import type { NamedTensors } from "../safetensors";
import { mapRows } from "./mapRows";
import { FitInterrupted, type FitOutcome, type FitState, type Model } from "./model";

// A map of all rows as a model whose latents are the picture: it is fitted, stopped, resumed and looked at like any other,
// but learns no function, so that it can neither encode other rows nor decode.

/** Shares of the fit's time line: reading and reducing the rows, then preparing the map (neighbours above all). */
const reducingShare = 0.05;
const preparingShare = 0.2;

/** True when all rows [count × dim] have the same values: t-SNE and UMAP would draw one point and call it a perfect map. */
function areEqual({ data, dim }: Pick<MapRows, "data" | "dim">): boolean {
  for (let at = dim; at < data.length; at++) if (data[at] !== data[at - dim]) return false;
  return true;
}

/** The model of one map. `values` has the hyperparameters of its kind, and `components`, `metric` and `dimensions` of all; a map without steps is made at once. */
export function mapModel(kind: MapJob["kind"], name: string, values: HyperparameterValues, hasSteps = true): Model {
  const dim = values["dimensions"] === "3" ? 3 : 2;
  const latent: LatentSpace = { dim, blocks: [{ name, kind: "continuous", start: 0, size: dim }] };
  let picture: Float32Array | null = null;
  let graph: NeighborGraph | null = null;
  let found: Omit<GraphRecord, "exact"> | null = null;
  let steps: number | null = null;
  return {
    latent,
    map: () => picture,
    kept: () => ({
      ...(picture ? { latents: { shape: [picture.length / dim, dim], data: picture } } : {}),
      ...(graph ? graphTensors(graph) : {}),
    }),
    steps: () => steps,
    graphRecord: () => graph && found && { ...found, exact: graph.exact === true },
    weights: async () => ({}),
    dispose: () => undefined,
    async fit(data, context) {
      const resumed = context.resume;
      const history: EpochLosses[] = resumed?.position.history.slice() ?? [];
      const before = resumed?.position.seconds ?? 0;
      const startedAt = performance.now();
      const seconds = () => before + (performance.now() - startedAt) / 1000;
      let reached = { iteration: resumed?.position.epoch ?? 0, iterations: hasSteps ? ((values["iterations"] as number | undefined) ?? 0) : 0 };
      let device: string | undefined;
      const report = (fraction: number) => context.onProgress({ ...(device === undefined ? {} : { device }), fraction, epoch: reached.iteration, epochs: reached.iterations, losses: history.at(-1)?.train ?? null, history });
      const stateAt = (iteration: number, state: NamedTensors): FitState => ({
        position: { epoch: iteration, batch: 0, rows: 0, sums: {}, seconds: seconds(), history: history.slice(), bestEpoch: 0 },
        tensors: state,
      });
      const note = (frame: MapFrame) => {
        picture = frame.coordinates;
        if (!hasSteps) return;
        reached = frame;
        steps = frame.iterations;
        for (const { iteration, value } of frame.objectives) {
          if (iteration <= (history.at(-1)?.epoch ?? 0)) continue;
          const earlier = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
          history.push({ epoch: iteration, train: { total: value }, validation: null, seconds: seconds() - earlier });
        }
      };
      const saving: Promise<void>[] = [];
      if (!resumed && hasSteps) await context.onEpoch(async () => stateAt(0, {}));
      const { rows } = await mapRows(data, values, context, fraction => report(reducingShare * fraction));
      if (values["metric"] !== "precomputed" && areEqual(rows)) throw new LatentError("bad-dataset", "all rows are equal in all features: there is nothing to map");
      graph = resumed ? graphFrom(resumed.tensors) : null;
      const needed = graph ? null : neighborsNeeded(kind, values, rows.count);
      if (needed !== null) {
        const wanted = wantedGraph(rows, values["metric"] === "precomputed" ? "precomputed" : rows.metric, needed, context);
        found = { digest: await wanted.digest(), dim: rows.dim };
        const kept = await context.findGraph?.(wanted);
        if (kept) {
          graph = kept.graph;
          found = { ...found, from: kept.from };
        }
      }
      const state = resumed && resumed.position.epoch > 0 ? Object.fromEntries(Object.entries(resumed.tensors).filter(([key]) => !key.startsWith("neighbors."))) : null;
      const end = await makeMap({ kind, rows, values, labels: context.labels?.values ?? null, seed: context.seed, state, graph }, {
        onPreparing: fraction => report(reducingShare + (preparingShare - reducingShare) * fraction),
        onGraph: searched => { graph = searched; },
        onDevice: name => {
          device = name;
          report(preparingShare);
        },
        onFrame: frame => {
          note(frame);
          report(preparingShare + (1 - preparingShare) * Math.min(1, frame.iteration / Math.max(1, frame.iterations)));
        },
        onState: (saved, iteration) => void saving.push(context.onEpoch(async () => stateAt(iteration, saved))),
      }, context.signal);
      await Promise.all(saving);
      if (!end) throw new FitInterrupted(stateAt(reached.iteration, state ?? {}));
      note(end.frame);
      if (!end.finished) throw new FitInterrupted(stateAt(end.frame.iteration, end.state));
      const { name: objective, value } = end.frame.objectives.at(-1)!;
      return { history, bestEpoch: 0, metrics: { [objective]: value, ...end.facts } } satisfies FitOutcome;
    },
  };
}
