// The pictures, in the order they are taken: each scene goes on where the one before left the window, and ends when what it
// shows is on screen. A scene may return a target of `Workbench`; then only that is in the picture.

const digits = "mnist/train-images-idx3-ubyte";
const testDigits = "mnist/t10k-images-idx3-ubyte";
/** Time for work that a slow machine may take long for. */
const patience = 600_000;

/** What the scatter on screen shows; 0 points before they are drawn. */
const drawnPoints = page => page.evaluate(() => {
  const cloud = document.querySelector("latent-scatter")?.shadowRoot?.querySelector("latent-point-cloud");
  return cloud?.lastDraw > 0 ? cloud.points.data.length / cloud.points.dimensions : 0;
});

async function until(condition, timeout = patience) {
  for (const end = Date.now() + timeout; !(await condition()); await new Promise(resolve => setTimeout(resolve, 100))) {
    if (Date.now() > end) throw new Error(`waited ${timeout / 1000} s for ${condition}`);
  }
}

/** Clicks the point of a row in the scatter on screen. */
async function clickRow(vscode, page, row) {
  const frame = await vscode.webview("latent-scatter");
  const at = await frame.evaluate(index => {
    const cloud = document.querySelector("latent-scatter").shadowRoot.querySelector("latent-point-cloud");
    const { x, y } = cloud.positionOf(index);
    return { x: x / cloud.clientWidth, y: y / cloud.clientHeight };
  }, row);
  const box = await (await vscode.locate({ webview: "latent-scatter", selector: "latent-point-cloud canvas.overlay" })).boundingBox();
  await page.mouse.click(box.x + box.width * at.x, box.y + box.height * at.y);
  await page.mouse.move(box.x + 4, box.y + 4);
}

/** Opens a file's menu. A window that has just opened does not know yet whether it is trusted, and shows entries in grey. */
async function openTrustedMenu(vscode, page, file) {
  await until(async () => {
    await page.keyboard.press("Escape");
    await (await vscode.explorerRow(file)).click({ button: "right" });
    return (await vscode.menuItems()).includes("Embed Dataset…");
  });
}

/** Notifications stay out of the pictures; the status bar and the tree go on telling. */
async function hideNotifications(vscode, page) {
  await page.keyboard.press("Escape");
  await vscode.runCommand("Notifications: Hide Notification Toasts").catch(() => undefined);
  await page.keyboard.press("Escape");
  await page.mouse.move(900, 20);
}

/**
 * @typedef {{ vscode: import("../tools/vscode-host/workbench.mjs").Workbench, page: import("playwright-core").Page, folder: string }} Stage
 * @type {Record<string, (stage: Stage) => Promise<import("../tools/vscode-host/workbench.mjs").Target | void>>}
 */
export const scenes = {
  /** The right-click that everything begins with. */
  async embed({ vscode, page }) {
    await vscode.openFile("train.py");
    await vscode.waitFor(".view-line >> text=argparse");
    await openTrustedMenu(vscode, page, digits);
    await page.locator(".context-view .action-label", { hasText: "Embed Dataset…" }).hover();
  },

  /** The last of the three questions: hyperparameters with their defaults. */
  async questions({ vscode, page }) {
    await page.keyboard.press("Escape");
    await vscode.rightClickInExplorer(digits, "Embed Dataset…");
    await vscode.waitFor(".quick-input-widget:visible .monaco-list-row >> text=60,000 images");
    await vscode.pick("Continue");
    await vscode.pick("VAE");
    await vscode.waitFor(".quick-input-widget:visible .monaco-list-row >> text=Latent dimensions");
    await page.locator(".quick-input-widget:visible .monaco-list-row", { hasText: "Epochs" }).first().click();
    await vscode.answer(12);
    await vscode.waitFor(".quick-input-widget:visible .monaco-list-row >> text=Epochs: 12");
  },

  /** Losses and reconstructions while it learns. */
  async training({ vscode, page }) {
    await vscode.pick("Start");
    await vscode.showView("Latent Lens");
    const training = await vscode.webview("latent-training", { timeout: patience });
    const epochs = () => training.evaluate(() => document.querySelector("latent-training").shadowRoot.querySelector(".figure span:last-child")?.textContent ?? "").catch(() => "");
    await until(async () => /^([5-9]|\d\d) of/.test((await epochs()).trim()));
    await vscode.waitFor({ webview: "latent-training", selector: ".preview latent-row >> nth=7" });
    await hideNotifications(vscode, page);
  },

  /** All 60,000 rows, one of them selected. */
  async scatter({ vscode, page }) {
    await vscode.webview("latent-scatter", { timeout: patience });
    // The keyboard stayed in the code.
    await vscode.click({ webview: "latent-scatter", selector: ".toolbar" });
    await vscode.runCommand("View: Close Editors in Other Groups");
    const frame = await vscode.webview("latent-scatter", { timeout: patience });
    await until(async () => (await drawnPoints(frame)) === 60_000);
    await clickRow(vscode, page, 17);
    await vscode.waitFor({ webview: "latent-scatter", selector: "latent-selection .tile >> nth=11" });
  },

  /** What the model loses, worst first. */
  async reconstructions({ vscode, page }) {
    await vscode.rightClickInTree("2-D ·", "Open Reconstructions");
    await vscode.waitFor({ webview: "latent-reconstructions", selector: "latent-pairs .card >> nth=8" });
    await page.mouse.move(900, 20);
  },

  /** The manifold that the two dimensions span. */
  async traversal({ vscode }) {
    await vscode.rightClickInTree("2-D ·", "Open Traversal");
    await vscode.waitFor({ webview: "latent-traversal", selector: "latent-grid td >> nth=120" });
    await vscode.hover({ webview: "latent-traversal", selector: "latent-grid td >> nth=38" });
    await vscode.waitFor({ webview: "latent-traversal", selector: ".side latent-row" });
  },

  /** The explorer in the side bar beside the code. */
  async explorer({ vscode, page }) {
    await vscode.runCommand("View: Close All Editors");
    await vscode.showView("Explorer");
    await vscode.openFile("train.py");
    await vscode.showView("Latent Lens");
    await vscode.rightClickInTree("2-D ·", "Open Scatter");
    const frame = await vscode.webview("latent-scatter");
    await until(async () => (await drawnPoints(frame)) === 60_000);
    await clickRow(vscode, page, 17);
    await vscode.click({ webview: "latent-explorer", selector: "vscode-button >> text=Row 17" });
    await vscode.waitFor({ webview: "latent-explorer", selector: ".title" }, { text: "row 17" });
    await page.mouse.move(640, 20);
  },

  /** A map of all rows, and how far it can be trusted. */
  async map({ vscode, page }) {
    await vscode.runCommand("View: Close All Editors");
    await openTrustedMenu(vscode, page, testDigits);
    await page.keyboard.press("Escape");
    await vscode.rightClickInExplorer(testDigits, "Embed Dataset…");
    await vscode.waitFor(".quick-input-widget:visible .monaco-list-row >> text=10,000 images");
    await vscode.pick("Continue");
    await vscode.pick("t-SNE");
    await vscode.waitFor(".quick-input-widget:visible .monaco-list-row >> text=Perplexity");
    await vscode.pick("Start");
    await vscode.showView("Latent Lens");
    await vscode.waitFor({ webview: "latent-scatter", selector: "latent-quality dl" }, { timeout: patience });
    await hideNotifications(vscode, page);
  },

  /** The lecture's comparison of four plots. */
  async compare({ vscode, page }) {
    await vscode.runCommand("View: Close All Editors");
    await openTrustedMenu(vscode, page, testDigits);
    await page.keyboard.press("Escape");
    await vscode.rightClickInExplorer(testDigits, "Compare Maps of This Dataset");
    await vscode.waitFor({ webview: "latent-compare", selector: "latent-map-panel >> nth=3" }, { timeout: patience });
    const frame = await vscode.webview("latent-compare");
    const judged = () => frame.evaluate(() => [...document.querySelector("latent-compare").shadowRoot.querySelectorAll("latent-map-panel")].filter(panel => panel.shadowRoot.querySelector(".quality .entry")).length);
    await until(async () => (await judged()) === 4);
    await hideNotifications(vscode, page);
  },
};
