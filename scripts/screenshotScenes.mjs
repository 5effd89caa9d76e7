// The pictures, in the order they are taken: each scene goes on where the one before left the window, and ends when what it
// shows is on screen. A scene may return a target of `Workbench`; then only that is in the picture.

/**
 * @typedef {{ vscode: import("../tools/vscode-host/workbench.mjs").Workbench, page: import("playwright-core").Page, folder: string }} Stage
 * @type {Record<string, (stage: Stage) => Promise<import("../tools/vscode-host/workbench.mjs").Target | void>>}
 */
export const scenes = {
  async workspace({ vscode }) {
    await vscode.openFile("train.py");
    await vscode.waitFor(".view-line >> text=argparse");
  },
};
