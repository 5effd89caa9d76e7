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
  // Words of registries reach the user as data and are localized where they are shown.
  for (const title of ["Scatter", "Compare", "Reconstructions", "Traversal", "Training"]) texts.add(title);
  for (const folder of ["src/engine/models", "src/engine/projections", "src/engine/datasets", "src/engine"]) {
    for (const name of readdirSync(path.join(root, folder))) if (name.endsWith(".ts")) collectWords(path.join(root, folder, name), texts);
  }
  for (const name of ["total", "reconstruction", "kl"]) for (const of of ["", "train ", "validation "]) texts.add(of + name); // loss terms, named in the code by shorthand
  texts.add("mean score");
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

/** Properties that hold a word or a sentence for people, and objects all of whose values do, or whose names do. */
const wordProperties = ["title", "label", "detail"];
const wordObjects = ["options", "scalings"];
const namedObjects = ["metrics"];

function collectWords(file, texts) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const add = node => ts.isStringLiteral(node) && /\p{L}/u.test(node.text) && texts.add(node.text);
  const addNames = node => {
    if (ts.isPropertyAssignment(node)) texts.add(ts.isStringLiteral(node.name) ? node.name.text : node.name.getText());
    ts.forEachChild(node, addNames);
  };
  const visit = node => {
    if ((ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) && node.initializer) {
      const name = node.name.getText();
      const value = ts.isAsExpression(node.initializer) ? node.initializer.expression : node.initializer;
      if (wordProperties.includes(name)) add(value);
      if (wordObjects.includes(name) && ts.isObjectLiteralExpression(value)) {
        for (const property of value.properties) if (ts.isPropertyAssignment(property)) add(property.initializer);
      }
      if (namedObjects.includes(name)) addNames(value);
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
