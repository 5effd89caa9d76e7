import * as fs from "node:fs";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { checkpointExtension, parseCheckpointHeader, parseHeaderLength, type CheckpointHeader } from "../protocol/checkpointHeader";
import { LatentError, messageOf } from "../protocol/errors";
import { Disposable } from "./disposable";
import { checkpointFolderOf } from "./settings";

/** A checkpoint file and what its header says, or why it cannot be read. */
export interface CheckpointFile {
  uri: vscode.Uri;
  /** Milliseconds since 1970. */
  changedAt: number;
  bytes: number;
  header: CheckpointHeader | null;
  problem: string;
}

/** The name to show: the user's own, else the file's without its ending. */
export function titleOf(file: CheckpointFile): string {
  return file.header?.name || basename(file.uri.path).slice(0, -checkpointExtension.length);
}

/** The name in the tree, where dataset and model stand above it: the user's own, else when it was made. */
export function shortTitleOf(file: CheckpointFile): string {
  if (!file.header) return basename(file.uri.path);
  const made = new Date(file.header.createdAt);
  if (file.header.name || Number.isNaN(made.getTime())) return titleOf(file);
  // Made once: a format costs far more than its use, and a tree has hundreds of names.
  timeFormat ??= new Intl.DateTimeFormat(vscode.env.language, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
  return timeFormat.format(made);
}
let timeFormat: Intl.DateTimeFormat | undefined;

/** The checkpoint files of the workspace, read header by header without the engine and kept up to date. */
export class Checkpoints extends Disposable {
  private files = new Map<string, CheckpointFile>();
  /** The last look at the folders, perhaps still going on. */
  private scanned: Promise<CheckpointFile[]> = Promise.resolve([]);
  /** True from telling listeners to the next look at the folders. */
  private announced = false;
  /** What they found then. */
  private told: readonly CheckpointFile[] = [];
  private stale = true;
  private readonly changed = this.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private watchers: vscode.Disposable[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly state: vscode.Memento) {
    super();
    this.own(vscode.workspace.onDidChangeWorkspaceFolders(() => this.watch()));
    this.own(vscode.workspace.onDidChangeConfiguration(event => event.affectsConfiguration("latentLens.checkpointFolder") && this.watch()));
    this.own({ dispose: () => this.unwatch() });
    this.watch();
  }

  /** All checkpoint files, newest first; reads only headers that changed since the last call. */
  all(): Promise<CheckpointFile[]> {
    if (this.stale) {
      this.stale = false;
      const { announced } = this;
      this.announced = false;
      this.scanned = this.scanned.then(() => this.scan());
      if (announced) void this.scanned.then(files => (this.told = files));
    }
    return this.scanned;
  }

  /** The file at a place, wherever it lies. */
  async at(uri: vscode.Uri): Promise<CheckpointFile> {
    return readFile(uri, this.files.get(uri.fsPath), pooled);
  }

  /** Looks at the folders again. */
  refresh(): void {
    this.stale = true;
    this.announced = true;
    this.changed.fire();
  }

  /** Looks at the folders again and tells only of what is new: most often this process has written a file itself and told then. */
  private async look(): Promise<void> {
    const files = await this.all();
    if (files.length === this.told.length && files.every((file, i) => file === this.told[i])) return;
    this.told = files;
    this.changed.fire();
  }

  /** Makes the tree list a folder outside the workspace's own checkpoint folders. */
  async addFolder(folder: string): Promise<void> {
    if (this.folders().includes(folder)) return;
    await this.state.update(foldersKey, [...this.state.get<string[]>(foldersKey, []), folder]);
    this.watch();
  }

  /** The folders that are searched. */
  folders(): string[] {
    const own = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file").map(checkpointFolderOf);
    return [...new Set([...own, ...this.state.get<string[]>(foldersKey, [])])];
  }

  private async scan(): Promise<CheckpointFile[]> {
    const uris: vscode.Uri[] = [];
    for (const folder of this.folders()) for await (const path of checkpointsIn(folder)) uris.push(vscode.Uri.file(path));
    const files = await readFiles(uris, this.files);
    files.sort((a, b) => b.changedAt - a.changedAt);
    this.files = new Map(files.map(file => [file.uri.fsPath, file]));
    return files;
  }

  private watch(): void {
    this.unwatch();
    for (const folder of this.folders()) {
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(folder), `**/*${checkpointExtension}`));
      // A training run rewrites its file every few seconds, and folders of files arrive at once: one refresh is enough.
      const soon = () => {
        this.stale = true;
        this.timer ??= setTimeout(() => {
          this.timer = undefined;
          void this.look();
        }, 150);
      };
      this.watchers.push(watcher, watcher.onDidCreate(soon), watcher.onDidChange(soon), watcher.onDidDelete(soon));
    }
    this.refresh();
  }

  private unwatch(): void {
    for (const watcher of this.watchers.splice(0)) watcher.dispose();
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

const foldersKey = "checkpointFolders";

/** Paths of the checkpoint files in a folder and below it; a folder that is not there yet is simply empty. */
async function* checkpointsIn(folder: string): AsyncGenerator<string> {
  for (const entry of await fs.promises.readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* checkpointsIn(path);
    else if (entry.name.endsWith(checkpointExtension) && !entry.name.startsWith(".")) yield path;
  }
}

/** File operations: at once, or by Node's pool of threads. */
interface FileOperations {
  stat(path: string): fs.Stats | Promise<fs.Stats>;
  open(path: string): number | Promise<number>;
  read(file: number, into: Uint8Array, offset: number, length: number, position: number): number | Promise<number>;
  close(file: number): void | Promise<void>;
}

const direct: FileOperations = { stat: fs.statSync, open: path => fs.openSync(path, "r"), read: fs.readSync, close: fs.closeSync };
const [stat, open, read, close] = [promisify(fs.stat), promisify(fs.open), promisify(fs.read), promisify(fs.close)];
const pooled: FileOperations = { stat, open: path => open(path, "r"), read: async (...args) => (await read(...args)).bytesRead, close };

/** The longest that reading headers holds up the other extensions of this process (ms). */
const slice = 8;
/** Milliseconds a file from which on a disk is slow: waiting for several files at once is then quicker. */
const slowFile = 1;

/**
 * The files that can be found, in any order. A header is read in microseconds, but four turns of the pool a file took ten
 * times as long in a busy extension host: files are read directly, some at a time, and together only where their disk turns out to be slow.
 */
async function readFiles(uris: vscode.Uri[], known: Map<string, CheckpointFile>): Promise<CheckpointFile[]> {
  const files: CheckpointFile[] = [];
  const add = async (uri: vscode.Uri, operations: FileOperations) => {
    const file = await readFile(uri, known.get(uri.fsPath), operations).catch(() => null); // deleted meanwhile
    if (file) files.push(file);
  };
  for (let next = 0; next < uris.length; ) {
    const [first, began] = [next, performance.now()];
    while (next < uris.length && performance.now() - began < slice) await add(uris[next++]!, direct);
    if (performance.now() - began > slowFile * Math.max(next - first, slice)) await Promise.all(uris.slice(next, (next += 64)).map(uri => add(uri, pooled)));
    else await setImmediate();
  }
  return files;
}

async function readFile(uri: vscode.Uri, known: CheckpointFile | undefined, operations: FileOperations): Promise<CheckpointFile> {
  let stats: fs.Stats;
  try {
    stats = await operations.stat(uri.fsPath);
  } catch {
    throw new LatentError("bad-checkpoint", `${basename(uri.fsPath)} does not exist`);
  }
  const { mtimeMs, size } = stats;
  if (known && known.changedAt === mtimeMs && known.bytes === size) return known;
  const file: CheckpointFile = { uri, changedAt: mtimeMs, bytes: size, header: null, problem: "" };
  try {
    file.header = await readHeader(uri.fsPath, size, operations);
  } catch (error) {
    file.problem = messageOf(error);
  }
  return file;
}

/** Holds nearly every header whole: a folder of hundreds of checkpoints is listed with one read a file. */
const firstRead = 4096;

/** Reads a checkpoint's header: the file's first bytes, and the rest where they announce more. */
async function readHeader(path: string, size: number, operations: FileOperations): Promise<CheckpointHeader> {
  const file = await operations.open(path);
  const readBytes = async (position: number, length: number) => {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const count = await operations.read(file, bytes, done, length - done, position + done);
      if (count === 0) throw new LatentError("bad-checkpoint", "the file was cut short while it was read");
      done += count;
    }
    return bytes;
  };
  try {
    const first = await readBytes(0, Math.min(firstRead, size));
    const length = parseHeaderLength(first, size);
    const inFirst = first.subarray(8, 8 + length);
    const text = inFirst.length === length ? inFirst : Buffer.concat([inFirst, await readBytes(first.length, 8 + length - first.length)]);
    return parseCheckpointHeader(new TextDecoder().decode(text), size - 8 - length);
  } finally {
    await operations.close(file);
  }
}
