import { basename } from "node:path";
import * as vscode from "vscode";
import type { Progress } from "../protocol/data";
import type { FitRequest, FitResult } from "../protocol/engineApi";
import { LatentError } from "../protocol/errors";
import { Disposable } from "./disposable";
import type { EngineProcess } from "./engineProcess";
import { formatLoss, formatSeconds } from "./format";

/** A fit in progress. */
export interface Run {
  id: string;
  title: string;
  checkpoint: vscode.Uri;
  startedAt: number;
  progress: Progress | null;
  abort: AbortController;
}

/** The failure of a run, with the checkpoint that holds what was saved of it. */
export class RunFailure extends LatentError {
  constructor({ code, message }: LatentError, readonly checkpoint: vscode.Uri) {
    super(code, message);
  }
}

/** The fits in progress, each with its notification; the tree, the status bar and open views follow their events. */
export class Runs extends Disposable {
  private readonly runs = new Map<string, Run>();
  private readonly changed = this.own(new vscode.EventEmitter<Run>());
  /** Fires with every progress, and when a run begins or ends. */
  readonly onDidChange = this.changed.event;
  private lastId = 0;

  constructor(private readonly engine: EngineProcess) {
    super();
    this.own(engine.onDidProgress(({ runId, progress }) => {
      const run = this.runs.get(runId);
      if (!run) return;
      run.progress = progress;
      this.changed.fire(run);
    }));
  }

  get all(): Run[] {
    return [...this.runs.values()];
  }

  /** The run that writes this checkpoint, if any. */
  at(checkpoint: vscode.Uri): Run | undefined {
    return this.all.find(run => run.checkpoint.fsPath === checkpoint.fsPath);
  }

  /**
   * Fits a new model; resolves when it is complete or was stopped with something kept. A caller who gives a signal shows the
   * progress: there is no notification then.
   */
  async start(title: string, request: Omit<FitRequest, "runId">, signal?: AbortSignal): Promise<FitResult> {
    return this.track(title, request.checkpointPath, (runId, ownSignal) => this.engine.remote.fit({ ...request, runId }, ownSignal), signal);
  }

  /** Goes on with an interrupted fit. */
  async resume(title: string, checkpoint: vscode.Uri): Promise<FitResult> {
    return this.track(title, checkpoint.fsPath, (runId, signal) => this.engine.remote.resume({ runId, checkpointPath: checkpoint.fsPath }, signal));
  }

  cancel(run: Run): void {
    run.abort.abort();
  }

  /** Stops the run and waits until it writes no more, however it ends. */
  async end(run: Run): Promise<void> {
    if (!this.runs.has(run.id)) return;
    this.cancel(run);
    await new Promise<void>(resolve => {
      const follow = this.onDidChange(() => {
        if (this.runs.has(run.id)) return;
        follow.dispose();
        resolve();
      });
    });
  }

  private async track(title: string, path: string, work: (runId: string, signal: AbortSignal) => Promise<FitResult>, caller?: AbortSignal): Promise<FitResult> {
    const run: Run = { id: String(++this.lastId), title, checkpoint: vscode.Uri.file(path), startedAt: Date.now(), progress: null, abort: new AbortController() };
    const stop = () => run.abort.abort();
    caller?.addEventListener("abort", stop);
    if (caller?.aborted) stop();
    this.runs.set(run.id, run);
    this.changed.fire(run);
    try {
      const fitting = () => work(run.id, run.abort.signal);
      return await (caller ? fitting() : this.notified(run, fitting));
    } catch (error) {
      throw error instanceof LatentError ? new RunFailure(error, run.checkpoint) : error;
    } finally {
      caller?.removeEventListener("abort", stop);
      this.runs.delete(run.id);
      this.changed.fire(run);
    }
  }

  /** Shows a run's progress in a notification of its own, with a way to stop it. */
  private async notified(run: Run, fitting: () => Promise<FitResult>): Promise<FitResult> {
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: run.title, cancellable: true }, async (notification, token) => {
      token.onCancellationRequested(() => run.abort.abort());
      let shown = 0;
      const follow = this.onDidChange(changed => {
        if (changed !== run || !run.progress) return;
        const percent = 100 * run.progress.fraction;
        notification.report({ message: describeProgress(run.progress), increment: Math.max(0, percent - shown) });
        shown = Math.max(shown, percent);
      });
      try {
        return await fitting();
      } finally {
        follow.dispose();
      }
    });
  }
}

/** One line: what is being done, epoch, loss, time left. */
export function describeProgress({ phase, isMap, epoch, epochs, losses, secondsLeft, fraction }: Progress): string {
  const left = secondsLeft === null ? "" : vscode.l10n.t("{0} left", formatSeconds(secondsLeft));
  const parts = (...items: string[]) => items.filter(Boolean).join(" · ");
  switch (phase) {
    case "waiting": return vscode.l10n.t("waiting for the run before it");
    case "loading": return vscode.l10n.t("reading the data");
    case "fitting":
      if (isMap && losses === null) return parts(vscode.l10n.t("preparing the map, {0} %", Math.round(100 * fraction)), left);
      if (isMap && epochs > 0) return parts(vscode.l10n.t("step {0} of {1}", epoch, epochs), left);
      if (epochs === 0) return parts(vscode.l10n.t("fitting, {0} %", Math.round(100 * fraction)), left);
      return parts(vscode.l10n.t("epoch {0} of {1}", Math.min(epochs, epoch + 1), epochs), losses ? vscode.l10n.t("loss {0}", formatLoss(losses["total"] ?? NaN)) : "", left);
    case "encoding": return parts(vscode.l10n.t("encoding all rows"), left);
    case "placing": return parts(vscode.l10n.t("placing the rows, {0} %", Math.round(100 * fraction)), left);
    case "saving": return vscode.l10n.t("saving");
    default: return phase satisfies never;
  }
}

/** The title of a run: model and dataset. */
export function runTitle(modelTitle: string, datasetPath: string): string {
  return vscode.l10n.t("{0} of {1}", vscode.l10n.t(modelTitle), basename(datasetPath));
}
