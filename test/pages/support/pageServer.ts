import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve } from "node:path";
import { pageHtml } from "../../../src/extension/pageHtml";

const folder = resolve(import.meta.dirname, "../../../dist/webviews");
const types: Record<string, string> = { ".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf", ".map": "application/json" };

/** A server of the built views on this machine: `/<id>` is a view's page under the policy it has in VS Code, in `language`. */
export async function servePages(texts: (language: string) => Record<string, string>): Promise<{ origin: string; close(): void }> {
  if (!existsSync(join(folder, "scatter.js"))) throw new Error("dist/webviews is not built: run node esbuild.mjs");
  let origin = "";
  const server = createServer(({ url = "/" }, response) => {
    const { pathname, searchParams } = new URL(url, origin);
    const name = pathname.slice(1);
    const type = types[extname(name)];
    if (type) {
      const file = join(folder, name);
      response.writeHead(existsSync(file) ? 200 : 404, { "content-type": type, "cache-control": "max-age=3600" }).end(existsSync(file) ? readFileSync(file) : "");
    } else {
      const language = searchParams.get("language") ?? "en";
      const page = pageHtml({ id: name, nonce: "bm9uY2U=", cspSource: origin, language, texts: texts(language), asset: asset => `${origin}/${asset}` });
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
    }
  });
  await new Promise<void>(done => server.listen(0, "127.0.0.1", done));
  // Neither the server nor an idle connection keeps the tests' process from ending.
  server.unref();
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, close: () => server.close() };
}
