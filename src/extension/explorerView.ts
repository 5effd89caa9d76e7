import * as vscode from "vscode";
import type { Services } from "./services";
import { ViewSession } from "./viewSession";
import { webviewHtml, webviewOptions } from "./webviewHtml";

/** Time for the tree to be drawn once its files are read (ms). */
const afterTree = 350;

/** Registers the Latent Explorer in the side bar: live on the checkpoint used last, also while code is edited. */
export function registerExplorerView(services: Services): vscode.Disposable {
  return vscode.window.registerWebviewViewProvider("latentLens.explorer", {
    resolveWebviewView: view => {
      view.webview.options = webviewOptions(services.context.extensionUri);
      const { explorerTarget } = services;
      const session = new ViewSession(services, view.webview, () => explorerTarget.uri);
      const follow = explorerTarget.onDidChange(() => session.stateChanged());
      view.onDidChangeVisibility(() => session.setVisible(view.visible));
      let gone = false;
      view.onDidDispose(() => {
        gone = true;
        follow.dispose();
        session.dispose();
      });
      // The tree above opens at the same time and is looked at first: a page takes longer to load than a list.
      void services.checkpoints.all().catch(() => undefined).then(() => setTimeout(() => {
        if (!gone) view.webview.html = webviewHtml(view.webview, services.context.extensionUri, "explorer");
      }, afterTree));
    },
  });
}
