// What must not outlive this process: servers, browsers, npm. A signal stops them gently, a second one at once; any other
// way to end kills them.

/** @typedef {{ stop: () => void | Promise<void>, kill: () => void }} Owned */

/** @type {Set<Owned>} */
const owned = new Set();
let installed = false;
let stopping = false;

/**
 * Ties something to the life of this process: `stop` on a signal, within 2.5 seconds, and `kill` (synchronous) at exit.
 * @param {Owned} thing @returns {() => void} unties it, when it has ended by itself
 */
export function endWithThisProcess(thing) {
  if (!installed) install();
  owned.add(thing);
  return () => owned.delete(thing);
}

/** Ends a process and all that it started, if it was spawned with `detached`. @param {number | undefined} pid @param {NodeJS.Signals} signal */
export function signalGroup(pid, signal) {
  if (!pid) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // already gone
  }
}

function install() {
  installed = true;
  process.on("exit", () => {
    for (const thing of owned) thing.kill();
  });
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]]) {
    process.on(signal, () => {
      if (stopping) process.exit(128 + number);
      stopping = true;
      const patience = new Promise(resolve => setTimeout(resolve, 2_500));
      const stops = Promise.allSettled([...owned].map(async thing => thing.stop()));
      void Promise.race([stops, patience]).then(() => process.exit(128 + number));
    });
  }
}
