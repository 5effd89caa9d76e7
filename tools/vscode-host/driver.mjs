// Lets a test that runs inside VS Code's extension host drive the window it runs in: a small server on this machine which
// carries out, with Playwright, what the test asks for. Only who has the token is served, and the token is a path of
// the address, handed to the extension host in its environment.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { stripVTControlCharacters } from "node:util";

const AsyncFunction = (async () => {}).constructor;

// Playwright colours its messages and adds a log of every attempt.
function readable(error) {
  const lines = stripVTControlCharacters(String(error?.message ?? error)).split("\n");
  return lines.slice(0, 12).join("\n").trim();
}

/**
 * @param {{ tools: Promise<Record<string, any>>, onReport?: (event: any) => void }} options `tools` is what a shipped function
 *   receives, once there is a window; methods of `vscode` and `recorder` in it can also be called by name
 * @returns {Promise<{ address: string, close(): Promise<void> }>}
 */
export async function startDriver({ tools, onReport = () => {} }) {
  const token = randomBytes(16).toString("hex");
  const server = createServer((request, response) => {
    const send = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.method !== "POST" || request.url !== `/${token}`) return send(404, { error: "not found" });
    const chunks = [];
    request.on("data", chunk => chunks.push(chunk));
    request.on("end", () => {
      void carryOut(JSON.parse(Buffer.concat(chunks).toString("utf8"))).then(
        value => send(200, { value }),
        error => send(200, { error: readable(error) }),
      );
    });
  });

  async function carryOut(command) {
    if (command.report) return onReport(command.report);
    const available = await tools;
    if (command.source) return new AsyncFunction("tools", "argument", `return (${command.source})(tools, argument)`)(available, command.argument);
    const target = available[command.on];
    if (!target || typeof target[command.method] !== "function") throw new Error(`the driver has no ${command.on}.${command.method}`);
    const value = await target[command.method](...command.args);
    // A frame or a locator means something here only.
    return value && typeof value === "object" && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype ? undefined : value;
  }

  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/${token}`,
    close: () => new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
