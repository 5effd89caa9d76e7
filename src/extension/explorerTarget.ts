import * as vscode from "vscode";
import { Disposable } from "./disposable";

/** The checkpoint used last, which the Latent Explorer shows; it survives a reload of the window. */
export class ExplorerTarget extends Disposable {
  private readonly changed = this.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;

  constructor(private readonly state: vscode.Memento) {
    super();
  }

  get uri(): vscode.Uri | undefined {
    const path = this.state.get<string>(key);
    return path === undefined ? undefined : vscode.Uri.file(path);
  }

  async set(uri: vscode.Uri | undefined): Promise<void> {
    if (uri?.fsPath === this.uri?.fsPath) return;
    await this.state.update(key, uri?.fsPath);
    this.changed.fire();
  }
}

const key = "explorerCheckpoint";
