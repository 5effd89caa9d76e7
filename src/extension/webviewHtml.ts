import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** The page of a view: one module, one strict policy. The hash is of the empty style element that the control kit inserts. */
export function webviewHtml(webview: vscode.Webview, extensionUri: vscode.Uri, id: string): string {
  const nonce = randomBytes(16).toString("base64");
  const at = (...path: string[]) => webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, ...path));
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} blob: data:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${at("dist", "webviews", "page.css")}">
<script type="application/json" id="l10n">${JSON.stringify(vscode.l10n.bundle ?? {}).replaceAll("<", "\\u003c")}</script>
<title>Latent Lens</title>
</head>
<body data-vscode-context='{"preventDefaultContextMenuItems": true}'>
<latent-${id}></latent-${id}>
<script type="module" nonce="${nonce}" src="${at("dist", "webviews", `${id}.js`)}"></script>
</body>
</html>`;
}

/** What a view's webview may load. */
export function webviewOptions(extensionUri: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extensionUri, "dist", "webviews")] };
}
