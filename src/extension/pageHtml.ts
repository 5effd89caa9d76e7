/** What a view's page is made of. */
export interface PageParts {
  /** The view: its element is `latent-<id>`, its module `<id>.js`. */
  id: string;
  /** Fresh for every page; the one script that bears it runs. */
  nonce: string;
  /** Where styles, fonts and pictures may come from. */
  cspSource: string;
  language: string;
  /** Texts of the user's language by their English ones. */
  texts: Record<string, string>;
  /** Address of a file of dist/webviews. */
  asset(name: string): string;
}

/** The page of a view: one module, one strict policy. The hash is of the empty style element that the control kit inserts. */
export function pageHtml({ id, nonce, cspSource, language, texts, asset }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} blob: data:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${asset("page.css")}">
<script type="application/json" id="l10n">${JSON.stringify(texts).replaceAll("<", "\\u003c")}</script>
<title>Latent Lens</title>
</head>
<body data-vscode-context='{"preventDefaultContextMenuItems": true}'>
<latent-${id}></latent-${id}>
<script type="module" nonce="${nonce}" src="${asset(`${id}.js`)}"></script>
</body>
</html>`;
}
