/* eslint-disable @typescript-eslint/no-require-imports -- CommonJS, as it is loaded */
// Loaded into the server, the extension host and the processes that it forks during a test run: writes down each connection that leads out of this machine,
// with the stack that opened it. Playwright sees the pages' requests only.
const { appendFileSync } = require("node:fs");
const dns = require("node:dns");
const net = require("node:net");

const file = process.env.LATENT_LENS_NETWORK_LOG;
const local = /^(localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)?$/;

function note(host, port) {
  if (local.test(host ?? "")) return;
  const entry = { pid: process.pid, process: process.argv.slice(1).join(" "), host, port, stack: String(new Error("connection").stack) };
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

if (file) {
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    // connect(options), connect(path), connect(port, host); net normalizes them into an array before it calls itself
    const [first, second] = Array.isArray(args[0]) ? args[0] : args;
    if (first && typeof first === "object") {
      if (!first.path) note(first.host, first.port);
    } else if (!Number.isNaN(Number(first))) note(typeof second === "string" ? second : undefined, Number(first));
    return connect.apply(this, args);
  };
  // A name that is looked up has told the outside as much.
  for (const method of ["lookup", "resolve", "resolve4", "resolve6"]) {
    for (const api of [dns, dns.promises]) {
      const original = api[method];
      api[method] = function (name, ...rest) {
        note(name, method);
        return original.call(this, name, ...rest);
      };
    }
  }
}
