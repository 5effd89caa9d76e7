import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import type { CheckpointHeader } from "../protocol/checkpointHeader";
import { checkpointQueries } from "../protocol/engineApi";
import { LatentError } from "../protocol/errors";
import { connect, expose, type Message, type Port } from "../protocol/rpc";
import { memberQueries, viewCommands, type ViewApi, type ViewEvents, type ViewState } from "../protocol/viewApi";
import { visualizersOf } from "../protocol/visualizers";
import { titleOf } from "./checkpoints";
import { Disposable } from "./disposable";
import { haveSameRows, membersOf } from "./mapComparisons";
import { pickCheckpoint } from "./commands/target";
import type { Run } from "./runs";
import type { Services } from "./services";
import { showError } from "./showError";

/**
 * What one webview may do, bound to one checkpoint at a time (the editors' never changes, the explorer's follows the
 * checkpoint used last). The page names no files: this is where its rights end.
 */
export class ViewSession extends Disposable {
  private readonly events: ViewEvents;
  private visible = true;
  private isClosed = false;
  private pending = false;

  constructor(private readonly services: Services, webview: vscode.Webview, private readonly checkpoint: () => vscode.Uri | undefined) {
    super();
    const port: Port = {
      post: message => !this.isClosed && void webview.postMessage(message),
      listen: receive => this.own(webview.onDidReceiveMessage((message: Message) => receive(message))),
    };
    this.events = connect<ViewEvents>(port).remote;
    const abortAll = expose<ViewApi>(port, this.api());
    // Whoever closes a page does not wait for what it asked: the engine may be judging a map for it.
    this.own({ dispose: () => {
      this.isClosed = true;
      abortAll();
    } });
    this.own(services.selections.onDidChange(({ fingerprint, rows, source }) => {
      if (source !== this) void this.fingerprint().then(own => own === fingerprint && this.events.didSelect(rows));
    }));
    this.own(services.runs.onDidChange(run => this.followRun(run)));
    this.own(services.checkpoints.onDidChange(() => this.stateChanged()));
    this.own(services.comparisons.onDidChange(uri => uri.fsPath === this.checkpoint()?.fsPath && this.stateChanged()));
    this.own(services.mapComparisons.onDidChange(uri => uri.fsPath === this.checkpoint()?.fsPath && this.stateChanged()));
    this.own(vscode.workspace.onDidGrantWorkspaceTrust(() => this.stateChanged()));
  }

  /** Hidden pages lose messages; they get one newest snapshot when they are shown again. */
  setVisible(visible: boolean): void {
    this.visible = visible;
    if (visible && this.pending) this.stateChanged();
  }

  stateChanged(): void {
    this.pending = !this.visible;
    if (this.visible) void this.state().then(state => this.events.didChangeState(state), error => this.services.log.warn(String(error)));
  }

  private followRun(run: Run): void {
    const uri = this.checkpoint();
    if (!uri) return;
    const { mapComparisons, runs } = this.services;
    const path = run.checkpoint.fsPath;
    const members = mapComparisons.of(uri).filter(member => member.path === path);
    const isOwn = path === uri.fsPath;
    if (!isOwn && members.length === 0) return;
    // Its end changes more than the progress.
    if (!runs.all.includes(run)) return this.stateChanged();
    if (isOwn) this.events.didProgress(run.progress);
    for (const { id } of members) this.events.didProgressOf(id, run.progress);
  }

  private uri(): vscode.Uri {
    const uri = this.checkpoint();
    if (!uri) throw new LatentError("bad-request", vscode.l10n.t("No checkpoint is open."));
    return uri;
  }

  private path(): string {
    return this.uri().fsPath;
  }

  private async fingerprint(): Promise<string | undefined> {
    const uri = this.checkpoint();
    return uri && (await this.services.checkpoints.at(uri).catch(() => undefined))?.header?.dataset.fingerprint;
  }

  private async state(): Promise<ViewState> {
    const { runs, selections, comparisons, checkpoints } = this.services;
    const uri = this.checkpoint();
    const trusted = vscode.workspace.isTrusted;
    if (!uri) return { checkpoint: null, selection: new Int32Array(0), progress: null, trusted, comparisons: [], members: [] };
    const file = await checkpoints.at(uri);
    if (!file.header) throw new LatentError("bad-checkpoint", file.problem);
    const others = await Promise.all(comparisons.of(uri).map(other => checkpoints.at(other).catch(() => undefined)));
    return {
      checkpoint: { fileName: basename(uri.fsPath), title: titleOf(file), header: file.header },
      selection: selections.of(file.header.dataset.fingerprint),
      progress: runs.at(uri)?.progress ?? null,
      trusted,
      comparisons: others.flatMap(other => (other?.header ? [{ title: titleOf(other), header: other.header }] : [])),
      members: await membersOf(this.services, uri, file.header),
    };
  }

  private async openSource(checkpoint: string, row: number): Promise<void> {
    const { path, line } = await this.services.engine.remote.location(checkpoint, row);
    const beside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true };
    if (line === undefined) await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(path), beside);
    else await vscode.window.showTextDocument(vscode.Uri.file(path), { ...beside, selection: new vscode.Range(line - 1, 0, line - 1, 0) });
  }

  private api(): ViewApi {
    const { engine, selections, comparisons, mapComparisons } = this.services;
    const remote = engine.remote as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const queries = Object.fromEntries(checkpointQueries.map(name => [name, (...args: unknown[]) => remote[name]!(this.path(), ...args)]));
    const ofMembers = Object.fromEntries(memberQueries.map(name => [`${name}Of`, async (member: number, ...args: unknown[]) => remote[name]!(mapComparisons.pathOf(this.uri(), member), ...args)]));
    return {
      ...({ ...queries, ...ofMembers } as unknown as Omit<ViewApi, "state">),
      state: () => this.state(),
      select: async rows => {
        const fingerprint = await this.fingerprint();
        if (fingerprint !== undefined) selections.set(fingerprint, rows, this);
      },
      save: async ({ name, content }) => {
        const folder = dirname(this.path());
        const place = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.file(join(folder, basename(name))) });
        if (!place) return false;
        await writeFile(place.fsPath, content);
        return true;
      },
      copy: async text => vscode.env.clipboard.writeText(text),
      openSource: async row => this.openSource(this.path(), row),
      openSourceOf: async (member, row) => this.openSource(mapComparisons.pathOf(this.uri(), member), row),
      command: async id => {
        // Only those a page has reason to run; a compromised page must not reach the others.
        if (!viewCommands.includes(id)) throw new LatentError("bad-request", `a view may not run ${String(id)}`);
        await vscode.commands.executeCommand(id, this.checkpoint());
      },
      removePlaced: async id => {
        // The page goes on as it is: what failed is told where commands tell it.
        await engine.remote.removePlaced(this.path(), id).catch((error: unknown) => showError(this.services, error));
        this.services.checkpoints.refresh();
      },
      compare: async () => {
        const own = this.checkpoint()!;
        const other = await pickCheckpoint(this.services, vscode.l10n.t("Compare with the losses of"), file => (file.header?.losses.length ?? 0) > 0 && file.uri.fsPath !== own.fsPath);
        comparisons.add(own, other.uri);
      },
      addMember: async () => {
        const own = (await this.services.checkpoints.at(this.uri())).header;
        const fits = (header: CheckpointHeader) => own !== null && haveSameRows(own, header) && visualizersOf(header).includes("compare");
        const other = await pickCheckpoint(this.services, vscode.l10n.t("A map of the same rows, to compare"), ({ header }) => header !== null && fits(header));
        await mapComparisons.add(this.uri(), other.uri);
      },
      removeMember: async member => mapComparisons.remove(this.uri(), member),
      report: async fault => this.services.log.error(`a view failed: ${String(fault).slice(0, 2000)}`),
      clearComparisons: async () => comparisons.clear(this.checkpoint()!),
    };
  }
}
