// In place of the binary of @vscode/native-watchdog, which npm brings as source only: the extension host ends when the
// process that started it is gone. A blocked event loop delays that, which the binary would not.
exports.start = pid => {
  setInterval(() => {
    try {
      process.kill(pid, 0);
    } catch {
      process.exit(87);
    }
  }, 2_000).unref();
};
exports.exit = code => process.exit(code);
