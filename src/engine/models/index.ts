import { autoencoder } from "./autoencoder";
import { convAutoencoder } from "./convAutoencoder";
import { linearAutoencoder } from "./linearAutoencoder";
import { mds, tsne, umap } from "./maps";
import type { ModelSpec } from "./model";
import { pca } from "./pca";
import { vae } from "./vae";

/** Every model, in the order in which they are offered. */
export const models = { pca, linearAutoencoder, autoencoder, convAutoencoder, vae, mds, tsne, umap } satisfies Record<string, ModelSpec>;

export type ModelId = keyof typeof models;
