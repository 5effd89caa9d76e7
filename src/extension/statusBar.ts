import * as vscode from "vscode";
import { Disposable } from "./disposable";
import { describeProgress } from "./runs";
import type { Services } from "./services";

/** The status bar: what is being trained and on which device; once the engine ran, the device. */
export class StatusBar extends Disposable {
  private readonly item = this.own(vscode.window.createStatusBarItem("latentLens.status", vscode.StatusBarAlignment.Left, 0));

  constructor(private readonly services: Services) {
    super();
    this.item.name = "Latent Lens";
    this.own(services.runs.onDidChange(() => this.update()));
    this.own(services.engine.onDidChange(() => this.update()));
    this.update();
  }

  private update(): void {
    const { runs, engine } = this.services;
    const run = runs.all.find(({ progress }) => progress !== null && progress.phase !== "waiting") ?? runs.all[0];
    const device = run?.progress?.device ?? engine.device;
    if (run) {
      this.item.text = `$(loading~spin) ${run.progress ? describeProgress(run.progress) : vscode.l10n.t("starting")}${device ? ` · ${device}` : ""}`;
      this.item.tooltip = vscode.l10n.t("{0}: show its training", run.title);
      this.item.command = (run.progress?.epochs ?? 0) > 0 ? { command: "latentLens.openTraining", title: "", arguments: [run.checkpoint] } : "latentLens.checkpoints.focus";
    } else if (engine.isRunning && device) {
      this.item.text = `$(pulse) ${device}`;
      this.item.tooltip = vscode.l10n.t("Latent Lens engine: show its details");
      this.item.command = "latentLens.showEngineInfo";
    } else return this.item.hide();
    this.item.show();
  }
}
