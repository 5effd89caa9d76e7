import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { pageHtml } from "./pageHtml";

/** The page of a view for one webview. */
export function webviewHtml(webview: vscode.Webview, extensionUri: vscode.Uri, id: string): string {
  return pageHtml({
    id,
    nonce: randomBytes(16).toString("base64"),
    cspSource: webview.cspSource,
    language: vscode.env.language,
    texts: vscode.l10n.bundle ?? {},
    asset: name => String(webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, "dist", "webviews", name))),
  });
}

/** What a view's webview may load. */
export function webviewOptions(extensionUri: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extensionUri, "dist", "webviews")] };
}
