// `npm run l10n`: collects the texts that the extension and the webviews localize into l10n/bundle.l10n.json. A text is its
// own key; translations are l10n/bundle.l10n.<language>.json beside it.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

const root = path.resolve(import.meta.dirname, "..");

/** The texts of all calls t("…") and l10n.t("…"), and the registries' titles that are shown through them. */
export async function collectTexts() {
  const texts = new Set();
  for (const folder of ["src/extension", "src/webviews"]) {
    for (const name of readdirSync(path.join(root, folder), { recursive: true })) {
      if (name.endsWith(".ts")) collect(path.join(root, folder, name), texts);
    }
  }
  // Words of the engine and of registries reach the page as data and are localized where they are shown.
  for (const title of ["Scatter", "Reconstructions", "Traversal", "Training", "Latent axes", "Principal axes of the latents", "The rows themselves", "Reconstruction error", "error relative to PCA", "largest angle to PCA (°)"]) texts.add(title);
  return texts;
}

function collect(file, texts) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const visit = node => {
    if (ts.isCallExpression(node) && isLocalizer(node.expression)) {
      const [first] = node.arguments;
      if (first && ts.isStringLiteralLike(first)) texts.add(first.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

function isLocalizer(expression) {
  if (ts.isIdentifier(expression)) return expression.text === "t";
  return ts.isPropertyAccessExpression(expression) && expression.name.text === "t" && expression.expression.getText().endsWith("l10n");
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const texts = [...(await collectTexts())].sort();
  const target = path.join(root, "l10n/bundle.l10n.json");
  writeFileSync(target, `${JSON.stringify(Object.fromEntries(texts.map(text => [text, text])), null, 2)}\n`);
  console.log(`${texts.length} texts in ${path.relative(process.cwd(), target)}`);
}
