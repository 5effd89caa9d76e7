import { basename } from "node:path";
import * as vscode from "vscode";
import { checkpointExtension, type CheckpointHeader } from "../protocol/checkpointHeader";
import { LatentError, messageOf } from "../protocol/errors";
import { maxMaps, type Member } from "../protocol/viewApi";
import { titleOf, type Checkpoints } from "./checkpoints";
import { Disposable } from "./disposable";
import type { Runs } from "./runs";

/** A checkpoint whose map is drawn beside another's; its number is never used again for that one. */
interface ComparedMap {
  id: number;
  path: string;
}
interface Compared {
  lastId: number;
  maps: ComparedMap[];
}

/** Which checkpoints' maps the compare view draws beside a checkpoint's own; kept with the workspace. */
export class MapComparisons extends Disposable {
  private readonly changed = this.own(new vscode.EventEmitter<vscode.Uri>());
  /** Fires with the checkpoint beside which a map came or went. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly state: vscode.Memento) {
    super();
  }

  of(checkpoint: vscode.Uri): ComparedMap[] {
    return this.compared(checkpoint).maps;
  }

  /** Path of a member, 0 being the checkpoint itself; throws `bad-request` for a number that was not given out. */
  pathOf(checkpoint: vscode.Uri, member: number): string {
    if (member === 0) return checkpoint.fsPath;
    const found = this.of(checkpoint).find(({ id }) => id === member);
    if (!found) throw new LatentError("bad-request", `there is no map ${String(member)} beside ${basename(checkpoint.fsPath)}`);
    return found.path;
  }

  /** Throws `bad-request` when there is no room for one more. */
  async add(checkpoint: vscode.Uri, other: vscode.Uri): Promise<void> {
    const { lastId, maps } = this.compared(checkpoint);
    if (maps.length >= maxMaps - 1) throw new LatentError("bad-request", vscode.l10n.t("At most {0} maps are compared at once. Remove one first.", maxMaps));
    await this.set(checkpoint, { lastId: lastId + 1, maps: [...maps, { id: lastId + 1, path: other.fsPath }] });
  }

  async remove(checkpoint: vscode.Uri, member: number): Promise<void> {
    const { lastId, maps } = this.compared(checkpoint);
    await this.set(checkpoint, { lastId, maps: maps.filter(({ id }) => id !== member) });
  }

  private compared(checkpoint: vscode.Uri): Compared {
    return this.state.get<Compared>(key(checkpoint)) ?? { lastId: 0, maps: [] };
  }

  private async set(checkpoint: vscode.Uri, compared: Compared): Promise<void> {
    await this.state.update(key(checkpoint), compared);
    this.changed.fire(checkpoint);
  }
}

const key = (checkpoint: vscode.Uri) => `compared ${checkpoint.fsPath}`;

/** True when row i of one is row i of the other, so that their maps can be compared point by point. */
export function haveSameRows(a: CheckpointHeader, b: CheckpointHeader): boolean {
  return a.dataset.fingerprint === b.dataset.fingerprint && a.schema.count === b.schema.count;
}

/** What the compare view is told of the maps beside a checkpoint's own. */
export async function membersOf({ mapComparisons, checkpoints, runs }: { mapComparisons: MapComparisons; checkpoints: Checkpoints; runs: Runs }, checkpoint: vscode.Uri, own: CheckpointHeader): Promise<Member[]> {
  return Promise.all(mapComparisons.of(checkpoint).map(async ({ id, path }): Promise<Member> => {
    const uri = vscode.Uri.file(path);
    const run = runs.at(uri);
    const fileName = basename(path);
    const member = { id, fileName, title: run?.title ?? fileName.slice(0, -checkpointExtension.length), header: null, problem: "", progress: run?.progress ?? null };
    try {
      const file = await checkpoints.at(uri);
      if (!file.header) return { ...member, problem: file.problem };
      if (!haveSameRows(own, file.header)) return { ...member, title: titleOf(file), problem: vscode.l10n.t("its rows are not those of {0}", own.dataset.name) };
      return { ...member, title: titleOf(file), header: file.header };
    } catch (error) {
      // A run has no file before it first saves.
      return run ? member : { ...member, problem: messageOf(error) };
    }
  }));
}
