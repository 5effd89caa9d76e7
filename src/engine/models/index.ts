import { autoencoder } from "./autoencoder";
import { convAutoencoder } from "./convAutoencoder";
import { linearAutoencoder } from "./linearAutoencoder";
import type { ModelSpec } from "./model";
import { pca } from "./pca";
import { vae } from "./vae";

/** Every model, in the order in which they are offered. */
export const models = { pca, linearAutoencoder, autoencoder, convAutoencoder, vae } satisfies Record<string, ModelSpec>;

export type ModelId = keyof typeof models;
