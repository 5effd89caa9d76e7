import * as fs from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
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
  return made.toLocaleString(vscode.env.language, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
}

/** The checkpoint files of the workspace, read header by header without the engine and kept up to date. */
export class Checkpoints extends Disposable {
  private files = new Map<string, CheckpointFile>();
  /** The last look at the folders, perhaps still going on. */
  private scanned: Promise<CheckpointFile[]> = Promise.resolve([]);
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
      this.scanned = this.scanned.then(() => this.scan());
    }
    return this.scanned;
  }

  /** The file at a place, wherever it lies. */
  async at(uri: vscode.Uri): Promise<CheckpointFile> {
    return readFile(uri, this.files.get(uri.fsPath));
  }

  /** Looks at the folders again. */
  refresh(): void {
    this.stale = true;
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
    for (const folder of this.folders()) {
      // A folder that is not there yet is simply empty.
      const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
      for (const name of names) if (name.endsWith(checkpointExtension) && !basename(name).startsWith(".")) uris.push(vscode.Uri.file(join(folder, name)));
    }
    const files = await inParallel(uris, 32, uri => readFile(uri, this.files.get(uri.fsPath)).catch(() => null));
    const present = files.filter(file => file !== null).sort((a, b) => b.changedAt - a.changedAt);
    this.files = new Map(present.map(file => [file.uri.fsPath, file]));
    return present;
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
          this.changed.fire();
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

async function readFile(uri: vscode.Uri, known: CheckpointFile | undefined): Promise<CheckpointFile> {
  const { mtimeMs, size } = await stat(uri.fsPath).catch(() => {
    throw new LatentError("bad-checkpoint", `${basename(uri.fsPath)} does not exist`);
  });
  if (known && known.changedAt === mtimeMs && known.bytes === size) return known;
  const file: CheckpointFile = { uri, changedAt: mtimeMs, bytes: size, header: null, problem: "" };
  try {
    file.header = await readHeader(uri.fsPath, size);
  } catch (error) {
    file.problem = messageOf(error);
  }
  return file;
}

/** Holds nearly every header whole: a folder of hundreds of checkpoints is listed with one read a file. */
const firstRead = 16_384;

// File handles of fs/promises cost several times as much as descriptors, which is what hundreds of small reads consist of.
const open = promisify(fs.open);
const read = promisify(fs.read);
const close = promisify(fs.close);

/** Reads a checkpoint's header: the file's first bytes, and the rest where they announce more. */
async function readHeader(path: string, size: number): Promise<CheckpointHeader> {
  const file = await open(path, "r");
  try {
    const first = await readBytes(file, 0, Math.min(firstRead, size));
    const length = parseHeaderLength(first, size);
    const inFirst = first.subarray(8, 8 + length);
    const text = inFirst.length === length ? inFirst : Buffer.concat([inFirst, await readBytes(file, first.length, 8 + length - first.length)]);
    return parseCheckpointHeader(new TextDecoder().decode(text), size - 8 - length);
  } finally {
    await close(file);
  }
}

async function readBytes(file: number, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await read(file, bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new LatentError("bad-checkpoint", "the file was cut short while it was read");
    done += bytesRead;
  }
  return bytes;
}

async function inParallel<T, R>(items: T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!);
  }));
  return results;
}
