import * as vscode from "vscode";
import { Checkpoints } from "./checkpoints";
import { EngineProcess } from "./engineProcess";
import { ExplorerTarget } from "./explorerTarget";
import { RememberedChoices } from "./rememberedChoices";
import { Runs } from "./runs";
import { Selections } from "./selections";
import { Comparisons } from "./comparisons";
import { MapComparisons } from "./mapComparisons";

/** What commands and views work with, made once by hand. */
export interface Services {
  context: vscode.ExtensionContext;
  log: vscode.LogOutputChannel;
  engine: EngineProcess;
  checkpoints: Checkpoints;
  runs: Runs;
  selections: Selections;
  comparisons: Comparisons;
  mapComparisons: MapComparisons;
  /** The checkpoint that the Latent Explorer shows. */
  explorerTarget: ExplorerTarget;
  /** What was chosen when a dataset was last embedded. */
  remembered: RememberedChoices;
}

export function createServices(context: vscode.ExtensionContext): Services {
  const own = <T extends vscode.Disposable>(service: T): T => {
    context.subscriptions.push(service);
    return service;
  };
  const log = own(vscode.window.createOutputChannel("Latent Lens", { log: true }));
  const engine = own(new EngineProcess(context, log));
  return {
    context, log, engine,
    checkpoints: own(new Checkpoints(context.workspaceState)),
    runs: own(new Runs(engine)),
    selections: own(new Selections()),
    comparisons: own(new Comparisons()),
    mapComparisons: own(new MapComparisons(context.workspaceState)),
    explorerTarget: own(new ExplorerTarget(context.workspaceState)),
    remembered: new RememberedChoices(context.workspaceState),
  };
}
