import * as vscode from "vscode";
import type { Services } from "./services";
import { ViewSession } from "./viewSession";
import { webviewHtml, webviewOptions } from "./webviewHtml";

/** Registers the Latent Explorer in the side bar: live on the checkpoint used last, also while code is edited. */
export function registerExplorerView(services: Services): vscode.Disposable {
  return vscode.window.registerWebviewViewProvider("latentLens.explorer", {
    resolveWebviewView: view => {
      view.webview.options = webviewOptions(services.context.extensionUri);
      const { explorerTarget } = services;
      const session = new ViewSession(services, view.webview, () => explorerTarget.uri);
      const follow = explorerTarget.onDidChange(() => session.stateChanged());
      view.onDidChangeVisibility(() => session.setVisible(view.visible));
      view.onDidDispose(() => {
        follow.dispose();
        session.dispose();
      });
      view.webview.html = webviewHtml(view.webview, services.context.extensionUri, "explorer");
    },
  });
}
