// One process at a time, also when the one before was killed: a folder is the lock (making one is atomic), and its
// holder touches it every few seconds, so that a lock nobody holds any more grows old.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const heartbeat = 2_000;
const staleAfter = 20_000;

/**
 * Runs `work` while holding the lock `folder`.
 * @template T
 * @param {string} folder @param {{ onWait?: () => void }} options @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function withLock(folder, { onWait }, work) {
  for (let waited = false; !take(folder); waited = true) {
    if (!waited && onWait) onWait();
    await delay(500);
    removeIfStale(folder);
  }
  const timer = setInterval(() => touch(folder), heartbeat);
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", release); // process.exit() in the middle of the work
  try {
    return await work();
  } finally {
    clearInterval(timer);
    process.removeListener("exit", release);
    release();
  }
}

/** @param {string} folder */
function take(folder) {
  mkdirSync(path.dirname(folder), { recursive: true });
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  writeFileSync(path.join(folder, "pid"), String(process.pid));
  return true;
}

/** @param {string} folder */
function removeIfStale(folder) {
  let age, pid;
  try {
    age = Date.now() - statSync(folder).mtimeMs;
    pid = Number(readFileSync(path.join(folder, "pid"), "utf8"));
  } catch {
    if (age === undefined) return; // released meanwhile
  }
  // The process id alone decides nothing: it may be in use again, or belong to another machine that shares the folder.
  if (age < staleAfter && (!pid || isRunning(pid) || age < 3 * heartbeat)) return;
  // Renamed first: of two waiting processes that both find it stale, only one may remove it.
  const aside = `${folder}.stale-${process.pid}`;
  try {
    renameSync(folder, aside);
    rmSync(aside, { recursive: true, force: true });
  } catch {
    // the other one was faster
  }
}

/** @param {string} folder */
function touch(folder) {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {
    // taken away by hand; the work goes on
  }
}

/** Whether a process with this id exists. @param {number} pid */
export function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
