import * as vscode from "vscode";
import { visualizerIds, visualizers, type VisualizerId } from "../protocol/visualizers";
import { titleOf } from "./checkpoints";
import type { Services } from "./services";
import { ViewSession } from "./viewSession";
import { webviewHtml, webviewOptions } from "./webviewHtml";

/** Registers every visualizer as a custom editor on checkpoint files. */
export function registerCheckpointEditors(services: Services): vscode.Disposable {
  return vscode.Disposable.from(...visualizerIds.map(id => vscode.window.registerCustomEditorProvider(`latentLens.${id}`, checkpointEditor(services, id), {
    // Pages keep what the user arranged in their own state and ask the engine for the rest when they are shown again.
    webviewOptions: { retainContextWhenHidden: false },
    supportsMultipleEditorsPerDocument: true,
  })));
}

function checkpointEditor(services: Services, id: VisualizerId): vscode.CustomReadonlyEditorProvider {
  return {
    openCustomDocument: uri => ({ uri, dispose: () => undefined }),
    resolveCustomEditor: async (document, panel) => {
      panel.webview.options = webviewOptions(services.context.extensionUri);
      const icon = (theme: string) => vscode.Uri.joinPath(services.context.extensionUri, "media", "views", `${id}-${theme}.svg`);
      panel.iconPath = { light: icon("light"), dark: icon("dark") };
      void nameTab(services, panel, id, document.uri);
      const follow = services.checkpoints.onDidChange(() => void nameTab(services, panel, id, document.uri));
      const session = new ViewSession(services, panel.webview, () => document.uri);
      panel.onDidDispose(() => {
        follow.dispose();
        session.dispose();
      });
      // The explorer follows when the engine has what this view needs: it is looked at second.
      const ready = id === "training" ? Promise.resolve() : openInEngine(services, document.uri, id).catch(() => undefined);
      const showInExplorer = () => ready.then(() => showIfDecodable(services, document.uri));
      panel.onDidChangeViewState(() => {
        session.setVisible(panel.visible);
        if (panel.active) void showInExplorer();
      });
      panel.webview.html = webviewHtml(panel.webview, services.context.extensionUri, id);
      void showInExplorer();
    },
  };
}

/** Starts the engine and reads the checkpoint while the page loads, which takes as long; a problem is told to the page. */
async function openInEngine(services: Services, uri: vscode.Uri, id: VisualizerId): Promise<void> {
  const { header } = await services.checkpoints.at(uri);
  if (!header) return;
  const { remote } = services.engine;
  const { projections, usualProjection } = await remote.overview(uri.fsPath);
  const usual = (id === "scatter" || id === "compare") && projections.find(projection => projection.id === usualProjection);
  if (usual) await remote.points(uri.fsPath, { projection: usual.id, dimensions: usual.dimensions[0]! }); // kept for the page
}

/** Several views of one file stand side by side: each tab says which it is, by the name the checkpoint has now. */
async function nameTab(services: Services, panel: vscode.WebviewPanel, id: VisualizerId, uri: vscode.Uri): Promise<void> {
  const file = await services.checkpoints.at(uri).catch(() => undefined);
  const title = file && `${vscode.l10n.t(visualizers[id].title)} · ${titleOf(file)}`;
  if (title !== undefined && panel.title !== title) panel.title = title;
}

/** The explorer follows the checkpoint looked at, as long as there is something to steer. */
async function showIfDecodable(services: Services, uri: vscode.Uri): Promise<void> {
  const { header } = await services.checkpoints.at(uri).catch(() => ({ header: null }));
  if (header?.capabilities.includes("decode")) await services.explorerTarget.set(uri);
}
