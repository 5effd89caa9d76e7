// Loaded into the VS Code server before its own code: when the process that started it is gone, also by a signal that
// nobody can handle, the server's whole process group ends, extension hosts and engines included.
if (process.argv[1]?.endsWith("server-main.js")) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(-process.pid, "SIGKILL");
  }, 1_000).unref();
}
