import * as vscode from "vscode";
import { Disposable } from "./disposable";

/** Which other checkpoints' losses are drawn beside a checkpoint's own, for as long as the window lives. */
export class Comparisons extends Disposable {
  private readonly others = new Map<string, vscode.Uri[]>();
  private readonly changed = this.own(new vscode.EventEmitter<vscode.Uri>());
  /** Fires with the checkpoint whose comparison changed. */
  readonly onDidChange = this.changed.event;

  of(checkpoint: vscode.Uri): vscode.Uri[] {
    return this.others.get(checkpoint.fsPath) ?? [];
  }

  add(checkpoint: vscode.Uri, other: vscode.Uri): void {
    const others = this.of(checkpoint).filter(({ fsPath }) => fsPath !== other.fsPath);
    this.others.set(checkpoint.fsPath, [...others, other]);
    this.changed.fire(checkpoint);
  }

  clear(checkpoint: vscode.Uri): void {
    this.others.delete(checkpoint.fsPath);
    this.changed.fire(checkpoint);
  }
}
