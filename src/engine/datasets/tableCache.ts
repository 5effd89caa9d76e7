import { stat } from "node:fs/promises";
import { LatentError, throwIfCancelled } from "../../protocol/errors";
import type { OpenContext } from "./dataset";
import { datasetError } from "./opening";
import type { Dialect } from "./tableDialect";
import { scanTable, type TableScan } from "./tableScan";
import { openText } from "./textSource";

// Choosing another label or other features opens a table again, but must not read it again: scans are shared by all
// datasets of the same file and dialect, and the last few are kept a while after their last dataset was closed. A scan
// belongs to nobody: it goes on as long as one of those who asked for it still waits.

interface Entry {
  scan: Promise<TableScan>;
  users: number;
  /** Those who wait for the scan and want to know how far it is. */
  listeners: Set<(fraction: number) => void>;
  /** Stops the scan. */
  controller: AbortController;
  timer?: NodeJS.Timeout;
}

const mostIdle = 2;
const idleMilliseconds = 60_000;
/** By key, the one used last at the end. */
const entries = new Map<string, Entry>();

export interface SharedScan {
  scan: TableScan;
  release(): Promise<void>;
}

/** The scan of the table at `path`, new or shared. Every user releases it once. */
export async function sharedScan(path: string, dialect: Dialect, { signal, onProgress }: OpenContext): Promise<SharedScan> {
  const key = await keyOf(path, dialect);
  throwIfCancelled(signal);
  const entry = entries.get(key) ?? beginScan(key, path, dialect);
  entry.users++;
  clearTimeout(entry.timer);
  if (onProgress) entry.listeners.add(onProgress);
  try {
    const scan = await orCancelled(entry.scan, signal);
    let released: Promise<void> | undefined;
    return { scan, release: () => (released ??= release(key, entry)) };
  } catch (error) {
    if (--entry.users === 0) abandon(key, entry);
    throw error;
  } finally {
    if (onProgress) entry.listeners.delete(onProgress);
  }
}

function beginScan(key: string, path: string, dialect: Dialect): Entry {
  const controller = new AbortController();
  const listeners: Entry["listeners"] = new Set();
  const onProgress = (fraction: number) => listeners.forEach(listener => listener(fraction));
  const entry: Entry = { scan: scanFile(path, dialect, { signal: controller.signal, onProgress }), users: 0, listeners, controller };
  entries.set(key, entry);
  return entry;
}

/** Forgets a scan that failed or that nobody waits for any more. */
function abandon(key: string, entry: Entry): void {
  if (entries.get(key) === entry) entries.delete(key);
  entry.controller.abort();
  entry.scan.then(scan => scan.close(), () => undefined);
}

/** `promise`, or `cancelled` as soon as `signal` says so. */
function orCancelled<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new LatentError("cancelled", "Cancelled."));
    signal.addEventListener("abort", cancel, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", cancel));
  });
}

async function scanFile(path: string, dialect: Dialect, context: OpenContext): Promise<TableScan> {
  const text = await openText(path, context.signal);
  try {
    return await scanTable(text, dialect, context);
  } catch (error) {
    await text.bytes.close();
    throw error;
  }
}

async function keyOf(path: string, { delimiter, header, decimal, lineBreak }: Dialect): Promise<string> {
  const { size, mtimeMs } = await stat(path).catch((error: unknown) => {
    throw datasetError(error, path);
  });
  return JSON.stringify([path, size, mtimeMs, delimiter, header, decimal, lineBreak]);
}

async function release(key: string, entry: Entry): Promise<void> {
  if (--entry.users > 0) return;
  entry.timer = setTimeout(() => void close([[key, entry]]), idleMilliseconds);
  entry.timer.unref(); // an idle scan must not keep a process alive
  entries.delete(key);
  entries.set(key, entry);
  const idle = idleEntries();
  await close(idle.slice(0, Math.max(0, idle.length - mostIdle)));
}

const idleEntries = () => [...entries].filter(([, { users }]) => users === 0);

/** Forgets all of them at once, so that none can be taken up while another is being closed. */
async function close(idle: readonly (readonly [string, Entry])[]): Promise<void> {
  for (const [key, { timer }] of idle) {
    clearTimeout(timer);
    entries.delete(key);
  }
  for (const [, { scan }] of idle) await (await scan).close();
}

/** Closes every scan that no dataset uses; for the end of a session and for tests. */
export async function releaseIdleScans(): Promise<void> {
  await close(idleEntries());
}
