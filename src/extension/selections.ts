import * as vscode from "vscode";
import { Disposable } from "./disposable";

/** The selected rows of each dataset, shared by all views of it; a dataset is known by its fingerprint. */
export class Selections extends Disposable {
  private readonly rows = new Map<string, Int32Array>();
  private readonly changed = this.own(new vscode.EventEmitter<{ fingerprint: string; rows: Int32Array; source: object }>());
  readonly onDidChange = this.changed.event;

  of(fingerprint: string): Int32Array {
    return this.rows.get(fingerprint) ?? new Int32Array(0);
  }

  /** `source` is the view that selected, which need not be told. */
  set(fingerprint: string, rows: Int32Array, source: object): void {
    this.rows.set(fingerprint, rows);
    this.changed.fire({ fingerprint, rows, source });
  }
}
