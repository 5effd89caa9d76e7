import { basename } from "node:path";
import * as vscode from "vscode";
import { canPlaceIn, epochsDone, type CheckpointHeader } from "../protocol/checkpointHeader";
import { visualizersOf } from "../protocol/visualizers";
import type { CheckpointFile } from "./checkpoints";
import { shortTitleOf, titleOf } from "./checkpoints";
import { Disposable } from "./disposable";
import { formatBytes, formatCount, formatLoss, formatSeconds } from "./format";
import { describeProgress, type Run } from "./runs";
import type { Services } from "./services";

// The tree: runs on top, then checkpoints by dataset, then by model. Built from headers alone; the engine may be off.

type Node =
  | { kind: "run"; key: string; run: Run; runId: string; uri: vscode.Uri }
  | { kind: "dataset" | "model" | "broken"; key: string; title: string; detail: string; open: boolean }
  | { kind: "checkpoint"; key: string; file: CheckpointFile; uri: vscode.Uri };

/** Between two redraws of a run's line (ms): each makes VS Code ask for the tree's items again. */
const progressEvery = 500;

/** With more checkpoints than this only the group of the newest begins open: nobody reads a list of hundreds. */
const manyFiles = 60;

/** Children by the key of their parent; the roots are under "". */
type Children = Map<string, Node[]>;

export class CheckpointTree extends Disposable implements vscode.TreeDataProvider<Node>, vscode.TreeDragAndDropController<Node> {
  readonly dropMimeTypes = ["text/uri-list", "files"];
  readonly dragMimeTypes = ["text/uri-list"];
  private readonly changed = this.own(new vscode.EventEmitter<Node | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<Node>;
  /** One object a key for as long as it is shown: VS Code follows nodes by identity while it refreshes. */
  private nodes = new Map<string, Node>();
  private children: Children = new Map();
  private parents = new Map<string, Node>();
  /** The checkpoint of a run that has just ended, to be shown when the tree has it. */
  private finished: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastProgress = 0;

  constructor(private readonly services: Services) {
    super();
    this.own(services.checkpoints.onDidChange(() => this.refreshSoon()));
    this.own(services.runs.onDidChange(run => this.followRun(run)));
    this.own({ dispose: () => clearTimeout(this.timer) });
    this.view = this.own(vscode.window.createTreeView("latentLens.checkpoints", { treeDataProvider: this, dragAndDropController: this, showCollapseAll: true }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case "run": return runItem(node.run);
      case "dataset": return groupItem(node, "database");
      case "model": return groupItem(node, "symbol-class");
      case "broken": return groupItem(node, "warning");
      case "checkpoint": return checkpointItem(node.file);
      default: return node satisfies never;
    }
  }

  /** Tooltips are made when they are asked for: with hundreds of checkpoints they would be most of what the tree sends. */
  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    if (node.kind === "checkpoint" && node.file.header) item.tooltip = tooltipOf(node.file, node.file.header);
    return item;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) this.rebuild(await this.services.checkpoints.all());
    return this.children.get(node?.key ?? "") ?? [];
  }

  getParent(node: Node): Node | undefined {
    return this.parents.get(node.key);
  }

  private rebuild(files: CheckpointFile[]): void {
    const runs = this.services.runs.all;
    const running = new Set(runs.map(run => run.checkpoint.fsPath));
    const grouped = groupsOf(files.filter(file => !running.has(file.uri.fsPath)));
    const roots = runs.map((run): Node => ({ kind: "run", key: `run ${run.id}`, run, runId: run.id, uri: run.checkpoint }));
    grouped.set("", [...roots, ...(grouped.get("") ?? [])]);
    const known = this.nodes;
    this.nodes = new Map();
    this.children = new Map([...grouped].map(([key, list]) => [key, list.map(node => {
      const kept = Object.assign(known.get(node.key) ?? node, node);
      this.nodes.set(kept.key, kept);
      return kept;
    })]));
    this.parents = new Map([...this.children].flatMap(([key, list]) => (key === "" ? [] : list.map(child => [child.key, this.nodes.get(key)!] as const))));
    this.showFinished();
  }

  /** Opens the groups around the checkpoint that a run has made, unless the tree is not on screen. */
  private showFinished(): void {
    const node = this.finished === undefined ? undefined : this.nodes.get(this.finished);
    if (!node) return;
    this.finished = undefined;
    // Not in the middle of the question that this answers.
    if (this.view.visible) setTimeout(() => void this.view.reveal(node, { select: false, focus: false }).then(undefined, () => undefined), 100);
  }

  /** Several changes at once, as when a run ends, redraw the tree once. */
  private refreshSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.changed.fire(undefined);
    }, 30);
  }

  handleDrag(source: readonly Node[], data: vscode.DataTransfer): void {
    const uris = source.flatMap(node => (node.kind === "checkpoint" ? [node.uri.toString()] : []));
    if (uris.length > 0) data.set("text/uri-list", new vscode.DataTransferItem(uris.join("\r\n")));
  }

  /** A dataset dropped on the tree is embedded; only the first of several, since each has its own questions. */
  async handleDrop(_target: Node | undefined, data: vscode.DataTransfer): Promise<void> {
    const list = await data.get("text/uri-list")?.asString();
    const first = list?.split(/\r?\n/).find(line => line && !line.startsWith("#"));
    if (!first || first.endsWith(".latent.safetensors")) return;
    await vscode.commands.executeCommand("latentLens.embedDataset", vscode.Uri.parse(first));
  }

  /** Progress redraws the run's own line; its beginning and end change the whole tree. */
  private followRun(run: Run): void {
    const node = this.nodes.get(`run ${run.id}`);
    const isOver = !this.services.runs.all.includes(run);
    if (isOver) {
      this.finished = run.checkpoint.fsPath;
      this.services.checkpoints.refresh();
    }
    else if (!node) this.refreshSoon();
    else if (Date.now() - this.lastProgress >= progressEvery) {
      this.lastProgress = Date.now();
      this.changed.fire(node);
    }
  }
}

/** Datasets by name, their models by title, checkpoints as given (newest first); broken files in a group of their own. */
function groupsOf(files: CheckpointFile[]): Children {
  const children: Children = new Map();
  const under = (key: string) => {
    const list = children.get(key) ?? [];
    children.set(key, list);
    return list;
  };
  const made = new Set<string>();
  const node = (parent: string, child: Exclude<Node, { kind: "run" }>) => {
    if (!made.has(child.key)) under(parent).push(child);
    made.add(child.key);
    return child.key;
  };
  for (const [index, file] of files.entries()) {
    const { header } = file;
    const open = files.length <= manyFiles || index === 0;
    let parent: string;
    if (header) {
      const { dataset, schema, subset } = header;
      const group = node("", { kind: "dataset", key: `dataset ${dataset.fingerprint}`, title: dataset.name, detail: subset ? vscode.l10n.t("{0} of {1}", formatCount(schema.count), formatCount(subset.of)) : formatCount(schema.count), open });
      parent = node(group, { kind: "model", key: `${group} ${header.model}`, title: vscode.l10n.t(header.modelTitle), detail: "", open });
    } else parent = node("", { kind: "broken", key: "broken", title: vscode.l10n.t("Broken Files"), detail: "", open });
    node(parent, { kind: "checkpoint", key: file.uri.fsPath, file, uri: file.uri });
  }
  for (const [key, list] of children) {
    for (const child of list) if (child.kind === "model" || child.kind === "broken") child.detail = String(children.get(child.key)?.length ?? 0);
    if (key === "" || key.startsWith("dataset")) list.sort(byTitle);
  }
  return children;
}

function byTitle(a: Node, b: Node): number {
  if (!("title" in a && "title" in b)) return 0;
  return Number(a.kind === "broken") - Number(b.kind === "broken") || a.title.localeCompare(b.title);
}

function groupItem({ key, title, detail, kind, open }: Extract<Node, { title: string }>, icon: string): vscode.TreeItem {
  const item = new vscode.TreeItem(title, open ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed);
  item.id = key;
  item.description = detail;
  item.iconPath = new vscode.ThemeIcon(icon);
  item.contextValue = `group ${kind}`;
  return item;
}

function runItem(run: Run): vscode.TreeItem {
  const item = new vscode.TreeItem(run.title);
  item.id = `run ${run.id}`;
  item.description = run.progress ? `${Math.floor(100 * run.progress.fraction)} % · ${describeProgress(run.progress)}` : vscode.l10n.t("starting");
  item.iconPath = new vscode.ThemeIcon("loading~spin");
  item.contextValue = (run.progress?.epochs ?? 0) > 0 ? "run training" : "run";
  item.tooltip = new vscode.MarkdownString([`**${escape(run.title)}**`, item.description, run.progress?.device ?? ""].filter(Boolean).map(String).join("\n\n"));
  if ((run.progress?.epochs ?? 0) > 0) item.command = { command: "latentLens.openTraining", title: "", arguments: [run.checkpoint] };
  return item;
}

function checkpointItem(file: CheckpointFile): vscode.TreeItem {
  const item = new vscode.TreeItem(shortTitleOf(file));
  item.id = file.uri.fsPath;
  const { header } = file;
  if (!header) {
    item.description = file.problem;
    item.iconPath = new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground"));
    item.tooltip = `${basename(file.uri.fsPath)}\n${file.problem}`;
    item.contextValue = "file";
    return item;
  }
  const views = visualizersOf(header);
  item.description = shortDescription(header);
  item.iconPath = header.state === "complete" ? new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed")) : new vscode.ThemeIcon("debug-pause", new vscode.ThemeColor("testing.iconQueued"));
  item.contextValue = ["file", "checkpoint", ...views, ...(header.state === "interrupted" ? ["resumable"] : header.capabilities.includes("encode") ? ["mappable"] : []), ...(canPlaceIn(header) ? ["placeable"] : [])].join(" ");
  const main = views.includes("scatter") ? "scatter" : views[0];
  if (main) item.command = { command: "vscode.openWith", title: "", arguments: [file.uri, `latentLens.${main}`, { preview: true }] };
  item.accessibilityInformation = { label: [titleOf(file), header.state === "complete" ? vscode.l10n.t("complete") : vscode.l10n.t("interrupted"), String(item.description)].join(", ") };
  return item;
}

/** What maps lower, by the names of their metrics. */
const mapObjectives = ["KL divergence", "cross entropy", "stress-1"];

/** What tells checkpoints of one model apart: latent dimensions, and the loss or what is explained. */
function shortDescription(header: CheckpointHeader): string {
  const { metrics, latent, state, epochs, basis, placed = [] } = header;
  const explained = metrics["explained variance"];
  const loss = metrics["validation total"] ?? metrics["train total"];
  const objective = mapObjectives.find(name => metrics[name] !== undefined);
  return [
    vscode.l10n.t("{0}-D", latent.dim),
    basis ? vscode.l10n.t("of {0}", basis.name) : "",
    placed.length > 0 ? vscode.l10n.t("{0} placed", formatCount(placed.reduce((sum, { count }) => sum + count, 0))) : "",
    state === "interrupted" ? vscode.l10n.t("stopped at {0} of {1}", epochsDone(header), epochs) : "",
    explained !== undefined ? vscode.l10n.t("{0} % explained", (100 * explained).toFixed(1)) : loss !== undefined ? vscode.l10n.t("loss {0}", formatLoss(loss)) : objective ? `${vscode.l10n.t(objective)} ${formatLoss(metrics[objective]!)}` : "",
  ].filter(Boolean).join(" · ");
}

function tooltipOf(file: CheckpointFile, header: CheckpointHeader): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const rows = (entries: [string, string][]) => entries.map(([name, value]) => `| ${escape(name)} | ${escape(value)} |`).join("\n");
  const last = header.losses.at(-1);
  text.appendMarkdown([
    `**${escape(titleOf(file))}**`,
    escape(basename(file.uri.fsPath)),
    `${escape(vscode.l10n.t(header.modelTitle))} · ${escape(header.dataset.name)} · ${formatCount(header.schema.count)} × [${header.schema.shape.join(", ")}]`,
    ...(header.state === "interrupted" ? [header.stopReason ? `$(warning) ${escape(header.stopReason)}` : stoppedText(header)] : []),
    `| | |\n|---|---|\n${rows([
      ...(last && !mapObjectives.some(name => name in header.metrics) ? Object.entries(last.train).map(([name, value]): [string, string] => [vscode.l10n.t("last {0}", name), formatLoss(value)]) : []),
      ...(header.bestEpoch > 0 ? [[vscode.l10n.t("best epoch"), String(header.bestEpoch)] as [string, string]] : []),
      ...Object.entries(header.metrics).map(([name, value]): [string, string] => [vscode.l10n.t(name), formatLoss(value)]),
      ...(header.neighbors?.from ? [[vscode.l10n.t("neighbours from"), header.neighbors.from] as [string, string]] : []),
      [vscode.l10n.t("device"), header.device],
      [vscode.l10n.t("time"), formatSeconds(header.seconds)],
      [vscode.l10n.t("made"), new Date(header.createdAt).toLocaleString(vscode.env.language)],
      [vscode.l10n.t("size"), formatBytes(file.bytes)],
      ...Object.entries(header.hyperparameters).map(([name, value]): [string, string] => [name, Array.isArray(value) ? value.join(", ") : String(value)]),
      ["seed", String(header.seed)],
    ])}`,
  ].join("\n\n"));
  text.supportThemeIcons = true;
  return text;
}

function stoppedText(header: CheckpointHeader): string {
  const [done, all] = [epochsDone(header), header.epochs];
  return header.capabilities.includes("map") ? vscode.l10n.t("Stopped at step {0} of {1}; can be resumed.", done, all) : vscode.l10n.t("Stopped after {0} of {1} epochs; can be resumed.", done, all);
}

const escape = (text: string) => text.replace(/[\\`*_{}[\]()#+\-.!|<>$~]/g, "\\$&").replace(/\s+/g, " ");
