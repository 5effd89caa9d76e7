import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

// protocol ← engine, protocol ← extension, protocol ← webviews, and no other arrow. Project references refuse most of
// it; types and the parts of the engine are checked here.

const src = resolve(import.meta.dirname, "../src");
const files = readdirSync(src, { recursive: true }).map(String).filter(name => name.endsWith(".ts") && !/(kernels|maps)\/wasm\//.test(name));
const importsOf = (file: string) => ts.preProcessFile(readFileSync(join(src, file), "utf8")).importedFiles.map(({ fileName }) => fileName);
const layerOf = (file: string) => file.split("/")[0]!;

/** Local imports of a file as paths from src/. */
const localImports = (file: string) => importsOf(file).filter(path => path.startsWith(".")).map(path => relative(src, resolve(src, dirname(file), path)));

describe("layers", () => {
  it.each(files)("%s imports only what its layer may", file => {
    for (const path of localImports(file)) expect([layerOf(file), "protocol"], `${file} imports ${path}`).toContain(layerOf(path));
  });

  it("keep vscode in the extension", () => {
    const users = files.filter(file => importsOf(file).includes("vscode")).map(layerOf);
    expect([...new Set(users)]).toEqual(["extension"]);
  });

  it("keep the protocol free of everything else", () => {
    for (const file of files.filter(name => layerOf(name) === "protocol")) expect(importsOf(file).filter(path => !path.startsWith("./")), file).toEqual([]);
  });

  it("keep the engine's parts apart: engine-level files join them", () => {
    const parts = ["models", "projections", "maps", "latent", "datasets", "kernels"];
    const partOf = (path: string) => (path.startsWith("engine/") ? parts.find(part => path.startsWith(`engine/${part}/`) || path === `engine/${part}`) : undefined);
    for (const file of files) {
      const own = partOf(file);
      if (!own) continue;
      for (const path of localImports(file)) {
        const other = partOf(path);
        // Models train with operations of our own that tfjs lacks.
        if (own === "models" && /^engine\/kernels\/(adam|batchNorm|descent)$/.test(path)) continue;
        expect(other === undefined || other === own, `${file} imports ${path}`).toBe(true);
      }
    }
  });

  it("keep the control kit in one file", () => {
    expect(files.filter(file => importsOf(file).includes("@vscode/webview-ui-toolkit"))).toEqual(["webviews/shared/controls.ts"]);
  });
});
