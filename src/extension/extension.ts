import * as vscode from "vscode";
import { registerCheckpointEditors } from "./checkpointEditor";
import { CheckpointTree } from "./checkpointTree";
import { commands } from "./commands";
import { registerExplorerView } from "./explorerView";
import { createServices } from "./services";
import { showError, showFallBack } from "./showError";
import { StatusBar } from "./statusBar";

/** Leaves the start of a window to what it shows first (ms). */
const beforeFirstLook = 1000;

/** Makes the services and registers everything; starts no process and reads no file. */
export function activate(context: vscode.ExtensionContext): void {
  const services = createServices(context);
  // Then the tree is there at once when it is opened, whatever the number of checkpoints.
  const firstLook = setTimeout(() => void services.checkpoints.all(), beforeFirstLook);
  context.subscriptions.push(
    { dispose: () => clearTimeout(firstLook) },
    new CheckpointTree(services),
    new StatusBar(services),
    services.engine.onDidFallBack(fallBack => void showFallBack(fallBack)),
    registerCheckpointEditors(services),
    registerExplorerView(services),
    ...Object.entries(commands).map(([id, handler]) => vscode.commands.registerCommand(id, async (...args: unknown[]) => {
      try {
        return await handler(services, ...args);
      } catch (error) {
        void showError(services, error);
        return undefined;
      }
    })),
  );
}
