import type { Column, Labels } from "../protocol/data";
import type { ColoringDescription } from "../protocol/engineApi";
import { LatentError } from "../protocol/errors";
import { kMeans } from "./latent/clusters";
import type { OpenCheckpoint } from "./openCheckpoints";

// Ways to colour the rows, by id: "label", "score", "cluster:<k>", "dimension:<j>", "column:<name>".

const clusterCounts = [5, 10, 20];

/** What the rows of this checkpoint can be coloured by, the most telling first; `columns` are the dataset's, when it is there. */
export function coloringsOf({ header }: OpenCheckpoint, columns: readonly string[]): ColoringDescription[] {
  const { categories, others } = sorted(columns.filter(name => name !== header.labels?.name), header.schema.columns);
  const features = new Set(header.schema.columns.map(({ name }) => name));
  const byColumn = (name: string): ColoringDescription => ({ id: `column:${name}`, title: name, ...(features.has(name) ? { known: "feature" } : {}) });
  const wasTold = header.hyperparameters["supervised"] === true;
  return [
    ...(header.labels ? [{ id: "label", title: header.labels.name, ...(wasTold ? { known: "label" as const } : {}) }] : []),
    ...categories.map(byColumn),
    ...(header.capabilities.includes("score") ? [{ id: "score", title: "Reconstruction error" }] : []),
    ...others.map(byColumn),
    ...clusterCounts.filter(k => k < header.schema.count).map(k => ({ id: `cluster:${k}`, title: `${k} clusters (k-means)` })),
    ...Array.from({ length: Math.min(32, header.latent.dim) }, (_, j) => ({ id: `dimension:${j}`, title: latentNames(header.latent)[j]! })),
  ];
}

/** Categories that the rows have; and their numbers, then columns that were left out of them: numbers of the rows, names, dates. */
function sorted(names: readonly string[], features: readonly Column[]): { categories: string[]; others: string[] } {
  const kinds = new Map(features.map(({ name, kind }) => [name, kind]));
  const isCategory = (name: string) => kinds.get(name) === "categorical";
  const others = names.filter(name => !isCategory(name)).sort((a, b) => Number(kinds.has(b)) - Number(kinds.has(a)));
  return { categories: names.filter(isCategory), others };
}

/** "PC 1", "z 2", … */
export function latentNames(latent: OpenCheckpoint["header"]["latent"]): string[] {
  return latent.blocks.flatMap(({ name, size }) => Array.from({ length: size }, (_, i) => `${name} ${i + 1}`));
}

/** The value of every row under a coloring; throws `bad-request` for an id that `coloringsOf` does not give. */
export async function coloring(checkpoint: OpenCheckpoint, id: string): Promise<Labels> {
  const [kind, argument = ""] = split(id);
  const { dim } = checkpoint.header.latent;
  switch (kind) {
    case "label": {
      const labels = await checkpoint.labels();
      if (labels) return labels;
      break;
    }
    case "score":
      return { kind: "numbers", name: "Reconstruction error", values: await checkpoint.scores() };
    case "column":
      return (await checkpoint.dataset()).column(argument);
    case "cluster": {
      const k = Number(argument);
      if (!Number.isInteger(k) || k < 1 || k > 1000) break;
      const values = await checkpoint.remember(id, async () => kMeans(await checkpoint.latents(), dim, k, 1, () => new Promise(setImmediate)));
      return { kind: "classes", name: `${k} clusters`, values, classes: Array.from({ length: k }, (_, c) => `cluster ${c + 1}`) };
    }
    case "dimension": {
      const j = Number(argument);
      if (!Number.isInteger(j) || j < 0 || j >= dim) break;
      const latents = await checkpoint.latents();
      const values = Float32Array.from({ length: latents.length / dim }, (_, i) => latents[i * dim + j]!);
      return { kind: "numbers", name: latentNames(checkpoint.header.latent)[j]!, values };
    }
  }
  throw new LatentError("bad-request", `rows cannot be coloured by "${id}"`);
}

function split(id: string): [string, string?] {
  const colon = id.indexOf(":");
  return colon === -1 ? [id] : [id.slice(0, colon), id.slice(colon + 1)];
}
