import type { CheckpointHeader } from "../../../src/protocol/checkpointHeader";
import { visualizerIds, visualizersOf } from "../../../src/protocol/visualizers";
import { checkpointNames, checkpoints, type CheckpointName } from "./checkpoints";
import type { ViewId } from "./openView";

/** Every page there is: what the registry lists, and the explorer. A view that is added is tested with the others. */
export const viewIds: ViewId[] = [...visualizerIds, "explorer"];

const canShow = (id: ViewId, header: CheckpointHeader) => (id === "explorer" ? header.capabilities.includes("decode") : visualizersOf(header).includes(id));

/** The checkpoints that a view can show, out of some. */
export async function checkpointsFor(id: ViewId, names: readonly CheckpointName[] = checkpointNames): Promise<CheckpointName[]> {
  const made = await checkpoints();
  const shown = names.filter(name => canShow(id, made[name].header));
  if (shown.length === 0) throw new Error(`no checkpoint of these tests can be shown as ${id}: ${names.join(", ")}`);
  return shown;
}

/** Pairs of a view and a checkpoint that it can show, for `it.each`. */
export async function pairs(names: readonly CheckpointName[]): Promise<[ViewId, CheckpointName][]> {
  return (await Promise.all(viewIds.map(async id => (await checkpointsFor(id, names)).map((name): [ViewId, CheckpointName] => [id, name])))).flat();
}
