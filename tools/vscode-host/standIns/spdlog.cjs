/* eslint-disable @typescript-eslint/no-require-imports -- CommonJS, as it is loaded */
// In place of @vscode/spdlog, a native module that npm brings as source only. VS Code writes its logs and the log output
// channels of extensions with it; without it they stay empty. Same interface, plain files.
const fs = require("node:fs");
const path = require("node:path");

const names = ["trace", "debug", "info", "warning", "error", "critical"];

class Logger {
  constructor(_type, _name, file, maxSize, maxFiles) {
    Object.assign(this, { file, maxSize, maxFiles, level: 2, plain: false });
    fs.mkdirSync(path.dirname(file), { recursive: true });
    this.open();
  }

  open() {
    this.descriptor = fs.openSync(this.file, "a");
    this.size = fs.fstatSync(this.descriptor).size;
  }

  write(level, message) {
    if (level < this.level || this.descriptor === undefined) return;
    const line = this.plain ? message : `${timestamp()} [${names[level]}] ${message}\n`;
    if (this.size > this.maxSize) this.rotate();
    this.size += fs.writeSync(this.descriptor, line);
  }

  // log.txt becomes log.1.txt, log.1.txt becomes log.2.txt; the oldest is overwritten.
  rotate() {
    fs.closeSync(this.descriptor);
    const { dir, name, ext } = path.parse(this.file);
    const numbered = index => (index === 0 ? this.file : path.join(dir, `${name}.${index}${ext}`));
    for (let index = Math.max(this.maxFiles, 1) - 1; index >= 0; index--) if (fs.existsSync(numbered(index))) fs.renameSync(numbered(index), numbered(index + 1));
    this.open();
  }

  trace(message) { this.write(0, message); }
  debug(message) { this.write(1, message); }
  info(message) { this.write(2, message); }
  warn(message) { this.write(3, message); }
  error(message) { this.write(4, message); }
  critical(message) { this.write(5, message); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() {} // VS Code uses one, the one above
  clearFormatters() { this.plain = true; }
  flush() {} // every line is written at once

  drop() {
    if (this.descriptor !== undefined) fs.closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}

function timestamp() {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().replace("T", " ").replace("Z", "");
}

const create = async (name, file, maxSize, maxFiles) => new Logger("rotating", name, file, maxSize, maxFiles);
// One by one: `import()` of a CommonJS module finds only such names.
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
