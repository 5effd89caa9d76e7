import type { Hyperparameter } from "../../protocol/data";
import { mapModel } from "./mapModel";
import { defineModel } from "./model";

// The maps as models: pictures of all rows, made by their neighbours or distances (../maps).

const dimensions = { kind: "choice", label: "Dimensions", default: "2", options: { 2: "a plane", 3: "a space" } } as const satisfies Hyperparameter;
const components = {
  kind: "integer", label: "Principal components", detail: "that rows are reduced to first, which takes noise out and saves time; 0 keeps them as they are", default: 50, min: 0, max: 4096, advanced: true,
} as const satisfies Hyperparameter;
const metric = { kind: "choice", label: "Distance", default: "euclidean", options: { euclidean: "Euclidean", cosine: "of directions, 1 − cos", precomputed: "the rows are distances themselves: a square table" }, advanced: true } as const satisfies Hyperparameter;
/** Distances must reach the map as they are. */
const scaling = (values: { metric: string }) => (values.metric === "precomputed" ? "none" as const : undefined);
const accepts = ["image", "table", "vector"] as const;

/** t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008), in O(n) a step (Linderman et al. 2019). */
export const tsne = defineModel({
  title: "t-SNE",
  detail: "a map that keeps neighbours together: clusters show, distances between them mean little",
  reference: "https://www.jmlr.org/papers/v9/vandermaaten08a.html",
  hyperparameters: {
    perplexity: { kind: "number", label: "Perplexity", detail: "about how many neighbours count; at most a third of the rows are used", default: 30, min: 1, max: 1000 },
    dimensions,
    iterations: { kind: "integer", label: "Iterations", default: 1000, min: 50, max: 100_000, advanced: true },
    earlyExaggeration: { kind: "number", label: "Early exaggeration", detail: "of the attraction, in the first 250 iterations", default: 12, min: 1, max: 100, advanced: true },
    learningRate: { kind: "number", label: "Learning rate", detail: "0 chooses by the number of rows", default: 0, min: 0, max: 1e6, advanced: true },
    initial: { kind: "choice", label: "Start", default: "pca", options: { pca: "the first principal components", random: "at random" }, advanced: true },
    components, metric,
  },
  accepts,
  isMap: true,
  scaling,
  epochs: values => values.iterations,
  create: (_, values) => mapModel("tsne", "t-SNE", values),
});

/** Uniform manifold approximation and projection (McInnes, Healy & Melville 2018). */
export const umap = defineModel({
  title: "UMAP",
  detail: "a map that keeps neighbours together and more of the whole than t-SNE; can be told the labels",
  reference: "https://arxiv.org/abs/1802.03426",
  hyperparameters: {
    neighbors: { kind: "integer", label: "Neighbours", detail: "few show detail, many the whole", default: 15, min: 2, max: 500 },
    minDist: { kind: "number", label: "Minimal distance", detail: "how near points may come", default: 0.1, min: 0, max: 3 },
    dimensions,
    supervised: { kind: "boolean", label: "Supervised", detail: "rows with equal labels are drawn together", default: false },
    targetWeight: { kind: "number", label: "Weight of the labels", detail: "where supervised", default: 0.5, min: 0, max: 1, advanced: true },
    spread: { kind: "number", label: "Spread", detail: "the scale of the map", default: 1, min: 0.1, max: 10, advanced: true },
    epochs: { kind: "integer", label: "Epochs", detail: "0 chooses by the number of rows", default: 0, min: 0, max: 100_000, advanced: true },
    negativeSamples: { kind: "integer", label: "Negative samples", detail: "random points that push each time an edge draws", default: 5, min: 0, max: 50, advanced: true },
    initial: { kind: "choice", label: "Start", default: "spectral", options: { spectral: "smoothest functions on the neighbour graph", random: "at random" }, advanced: true },
    components, metric,
  },
  accepts,
  isMap: true,
  scaling,
  epochs: values => values.epochs || 500,
  create: (_, values) => mapModel("umap", "UMAP", values),
});

/** Multidimensional scaling: classical (Torgerson 1952), metric by SMACOF (de Leeuw 1977), nonmetric (Kruskal 1964). */
export const mds = defineModel({
  title: "MDS",
  detail: "a map whose distances are those of the data, as nearly as a plane allows",
  reference: "https://doi.org/10.1007/BF02289565",
  hyperparameters: {
    kind: {
      kind: "choice", label: "Kind", default: "metric",
      options: { metric: "distances themselves (SMACOF)", nonmetric: "the order of distances alone", classical: "classical scaling, at once" },
    },
    dimensions,
    iterations: { kind: "integer", label: "Iterations", detail: "at most", default: 300, min: 1, max: 100_000, advanced: true },
    components: { ...components, default: 0 }, metric,
  },
  accepts,
  isMap: true,
  scaling,
  epochs: values => (values.kind === "classical" ? 0 : values.iterations),
  create: (_, values) => mapModel("mds", "MDS", values, values.kind !== "classical"),
});
