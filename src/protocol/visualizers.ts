import type { Capability } from "./data";
import type { CheckpointHeader } from "./checkpointHeader";

// The registry of views on a checkpoint. Each entry is a custom editor `latentLens.<id>` in package.json and a bundle
// `src/webviews/<id>/main.ts`; manifest.test.ts holds the three together.

export interface Visualizer {
  title: string;
  /** What the checkpoint's model must be able to do: all of one of these lists. */
  needs: readonly (readonly Capability[])[];
  /** True when the view needs losses per epoch, which closed-form models do not have. */
  needsEpochs?: boolean;
}

export const visualizers = {
  scatter: { title: "Scatter", needs: [["encode"], ["map"]] },
  compare: { title: "Compare", needs: [["encode"], ["map"]] },
  reconstructions: { title: "Reconstructions", needs: [["encode", "decode"]] },
  traversal: { title: "Traversal", needs: [["decode"]] },
  training: { title: "Training", needs: [[]], needsEpochs: true },
} as const satisfies Record<string, Visualizer>;

export type VisualizerId = keyof typeof visualizers;
export const visualizerIds = Object.keys(visualizers) as VisualizerId[];

/** The views that a checkpoint can feed, in registry order. */
export function visualizersOf(header: CheckpointHeader): VisualizerId[] {
  return visualizerIds.filter(id => {
    const { needs, needsEpochs }: Visualizer = visualizers[id];
    return needs.some(list => list.every(need => header.capabilities.includes(need))) && (!needsEpochs || header.epochs > 0);
  });
}
