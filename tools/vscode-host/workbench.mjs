// What tests and screenshots do in a VS Code window, in words of VS Code rather than of its page. Everything waits for what
// it needs and fails with a message that names it.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const contextMenu = ".context-view .monaco-menu";
const isMac = process.platform === "darwin";
const patience = 40_000;

/**
 * @param {import("playwright-core").Page} page the window, already navigated
 * @param {{ screenshotDir?: string }} [options]
 * @returns {import("./workbench.mjs").Workbench}
 */
export function createWorkbench(page, { screenshotDir = "." } = {}) {
  /** The frame of a webview that is on screen and holds something that matches `marker`. */
  async function webview(marker, { nth = 0, timeout = patience } = {}) {
    const end = Date.now() + timeout;
    for (;;) {
      const found = [];
      for (const frame of page.frames()) if (isWebview(frame) && (await shows(frame, marker))) found.push(frame);
      if (found.length > nth) return found[nth];
      if (Date.now() > end) throw new Error(`no webview with ${marker} on screen after ${timeout} ms`);
      await delay(50);
    }
  }

  /** @param {import("./workbench.mjs").Target} target @param {number} [timeout] */
  async function locate(target, timeout) {
    if (typeof target === "string") return page.locator(target).first();
    const frame = await webview(target.webview, { nth: target.nth, timeout });
    return frame.locator(target.selector ?? target.webview).first();
  }

  async function point(target, at) {
    const box = await (await locate(target)).boundingBox();
    if (!box) throw new Error(`${JSON.stringify(target)} is not on screen`);
    return { x: box.x + box.width * (at?.x ?? 0.5), y: box.y + box.height * (at?.y ?? 0.5) };
  }

  const workbench = {
    page,
    webview,
    locate,

    async ready() {
      await page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout: 60_000 });
    },
    async click(target, options) {
      await (await locate(target)).click({ timeout: patience, ...options });
    },
    async doubleClick(target, options) {
      await (await locate(target)).dblclick({ timeout: patience, ...options });
    },
    async rightClick(target, options) {
      await (await locate(target)).click({ timeout: patience, button: "right", ...options });
    },
    async hover(target, options) {
      await (await locate(target)).hover({ timeout: patience, ...options });
    },
    async drag(from, to, { fromAt, toAt, steps = 12 } = {}) {
      const start = await point(from, fromAt);
      const end = await point(to, toAt);
      await page.mouse.move(start.x, start.y);
      await page.mouse.down();
      // The first small step begins the drag, the rest moves it: one jump is taken for a click.
      await page.mouse.move(start.x + 4, start.y + 4);
      await page.mouse.move(end.x, end.y, { steps });
      await page.mouse.up();
    },
    async press(keys, target) {
      const combination = isMac ? keys : keys.replaceAll("Meta", "Control");
      if (target) await (await locate(target)).press(combination, { timeout: patience });
      else await page.keyboard.press(combination);
    },
    async type(text) {
      await page.keyboard.type(text);
    },
    async setInput(target, value) {
      const locator = await locate(target);
      // A select has options, everything else (also a range) takes the value itself.
      if ((await locator.evaluate(element => element.tagName, undefined, { timeout: patience })) === "SELECT") await locator.selectOption(String(value), { timeout: patience });
      else await locator.fill(String(value), { timeout: patience });
    },
    async text(target) {
      return (await locate(target)).innerText({ timeout: patience });
    },
    async attribute(target, name) {
      return (await locate(target)).getAttribute(name, { timeout: patience });
    },
    async texts(target) {
      const locator = typeof target === "string" ? page.locator(target) : (await webview(target.webview, target)).locator(target.selector ?? target.webview);
      return locator.allInnerTexts();
    },
    async count(target) {
      if (typeof target === "string") return page.locator(target).count();
      return (await webview(target.webview, target)).locator(target.selector ?? target.webview).count();
    },
    async waitFor(target, { state = "visible", text, timeout = patience } = {}) {
      const end = Date.now() + timeout;
      const locator = await locate(target, timeout);
      await locator.waitFor({ state, timeout: Math.max(1, end - Date.now()) });
      if (text === undefined) return;
      for (let last = ""; ; await delay(50)) {
        last = await locator.innerText({ timeout: patience });
        if (last.includes(text)) return;
        if (Date.now() > end) throw new Error(`${JSON.stringify(target)} says "${last}", not "${text}", after ${timeout} ms`);
      }
    },
    async screenshot(name, target) {
      const file = path.join(screenshotDir, `${name.replaceAll(/[^\w./-]+/g, "-")}.png`);
      mkdirSync(path.dirname(file), { recursive: true });
      await (target ? await locate(target) : page).screenshot({ path: file, animations: "disabled" });
      return file;
    },

    async runCommand(title) {
      const input = page.locator(".quick-input-widget input").first();
      // A quick pick that is just closing takes the key away, or the text; one that is just opening, the palette.
      await retry(`the command palette did not open for "${title}"`, async () => {
        await page.keyboard.press("F1");
        await input.waitFor({ timeout: 2_000 });
        await input.fill(`>${title}`, { timeout: 2_000 });
        await chooseRow(title, 8_000);
      });
    },
    async pick(label) {
      await chooseRow(label);
    },
    async quickPickItems() {
      await page.locator(".quick-input-widget:visible").waitFor({ timeout: patience });
      return page.locator(".quick-input-widget .quick-input-list-row .label-name, .quick-input-widget .quick-input-list .monaco-list-row .label-name").allInnerTexts();
    },
    async answer(value) {
      // Not into the search field of the question before, which looks the same.
      await page.locator(".quick-input-widget:visible:not(:has(.quick-input-list:visible))").waitFor({ timeout: patience });
      const input = page.locator(".quick-input-widget:visible input").first();
      await input.fill(String(value), { timeout: patience });
      await input.press("Enter");
    },
    async showView(title) {
      await page.locator(`.activitybar .action-item:has([aria-label^="${title}"])`).first().waitFor({ timeout: 60_000 });
      // A click on the view that is shown already would hide the side bar.
      if (await page.locator(`.part.sidebar .title-label:has-text("${title}")`).isVisible()) return;
      await page.locator(`.activitybar [aria-label^="${title}"]`).first().click();
      await page.locator(".part.sidebar .composite.title", { hasText: title }).waitFor({ timeout: patience });
    },
    async treeRow(label) {
      const row = page.locator(".part.sidebar .monaco-list-row", { hasText: label }).first();
      await row.waitFor({ timeout: patience });
      return row;
    },
    async explorerRow(file) {
      await workbench.showView("Explorer");
      const names = file.split("/");
      for (let depth = 0, row, above = -1; ; depth++) {
        row = await explorerRowBelow(names[depth], depth + 1, above);
        if (depth === names.length - 1) return row;
        above = Number(await row.getAttribute("data-index"));
        if ((await row.getAttribute("aria-expanded")) === "false") await row.click();
      }
    },
    async rightClickInExplorer(file, ...menu) {
      return chooseInMenuOf(() => workbench.explorerRow(file), menu);
    },
    async rightClickInTree(label, ...menu) {
      return chooseInMenuOf(() => workbench.treeRow(label), menu);
    },
    async menuItems() {
      await page.locator(contextMenu).first().waitFor({ timeout: patience });
      return (await page.locator(`${contextMenu} .action-item:not(.disabled) .action-label`).allInnerTexts()).filter(Boolean);
    },
    async openFile(file) {
      await (await workbench.explorerRow(file)).dblclick();
      await page.locator(".tab", { hasText: file.split("/").at(-1) }).first().waitFor({ timeout: patience });
    },
    async setTheme(theme) {
      await workbench.runCommand("Preferences: Color Theme");
      await page.locator(".quick-input-widget:visible input").first().fill(theme);
      await chooseRow(theme);
      await page.locator(".quick-input-widget").waitFor({ state: "hidden" });
    },
    async setViewport(width, height) {
      await page.setViewportSize({ width, height });
    },
    async notifications() {
      await workbench.runCommand("Notifications: Show Notifications");
      await page.locator(".notifications-center.visible").waitFor({ timeout: patience });
      const texts = await page.locator(".notifications-center .notification-list-item-message").allInnerTexts();
      await page.keyboard.press("Escape");
      return texts;
    },
  };

  /**
   * Opens a row's context menu and chooses in it, one label a depth. A row that is redrawn under the click opens no menu, and
   * a webview that takes the focus just then closes it: it is opened anew until the choice is made. What a menu lacks or
   * has disabled is an error at once. @returns {Promise<string[]>} what the menu offers
   */
  async function chooseInMenuOf(find, labels) {
    const refusal = { message: "" };
    const items = await retry(`no choice was made in the context menu${labels.length ? ` (${labels.join(" › ")})` : ""}`, async () => {
      if (await page.locator(contextMenu).first().isVisible()) await page.keyboard.press("Escape");
      const row = await find();
      // A tooltip of the row that the pointer rests on may cover the row that is meant.
      await page.mouse.move(0, 0);
      await row.click({ button: "right", timeout: 5_000 });
      await page.locator(contextMenu).first().waitFor({ timeout: 2_000 });
      const offered = await workbench.menuItems();
      for (const [depth, label] of labels.entries()) {
        refusal.message = await chooseInMenu(label, depth, depth === labels.length - 1);
        if (refusal.message) break;
      }
      return offered;
    });
    if (refusal.message) throw new Error(refusal.message);
    return items;
  }

  /** @returns {Promise<string>} why the label cannot be chosen, if it cannot */
  async function chooseInMenu(label, depth, last) {
    const menu = page.locator(contextMenu).first();
    const named = page.locator(".action-label", { hasText: exactly(label) });
    const item = page.locator(`${contextMenu} .action-item`, { has: named }).last();
    const shown = await item.waitFor({ timeout: 2_000 }).then(() => true, () => false);
    const offered = await page.locator(`${contextMenu} .action-item .action-label`).allInnerTexts();
    // A menu that is gone meanwhile says nothing.
    if (!shown && offered.length > 0) return `the menu has no "${label}": it has ${offered.filter(Boolean).join(", ")}`;
    if (/\bdisabled\b/.test((await item.getAttribute("class", { timeout: 1_000 })) ?? "")) return `the menu has "${label}" disabled`;
    let clicked = false;
    // A menu that has just opened takes no click: the one that opened it might be a long one.
    await retry(`the menu does not take the click on "${label}"`, async () => {
      if (clicked && last && !(await menu.isVisible())) return; // it took the click late
      await item.click({ timeout: 2_000 });
      clicked = true;
      if (last) await menu.waitFor({ state: "hidden", timeout: 500 });
      else await page.locator(".monaco-menu .monaco-submenu").nth(depth).waitFor({ timeout: 500 });
    });
    return "";
  }

  /** The row whose label is `label`; a search ranks others above it. */
  async function chooseRow(label, timeout = patience) {
    const rows = page.locator(".quick-input-widget:visible .monaco-list-row");
    await rows.filter({ hasText: label }).first().waitFor({ timeout });
    const same = rows.filter({ has: page.locator(".label-name", { hasText: exactly(label) }) });
    await ((await same.count()) > 0 ? same : rows.filter({ hasText: label })).first().click({ timeout });
  }

  // The first of this name below its folder's row: files in other folders may have the same.
  async function explorerRowBelow(name, level, above) {
    const rows = page.locator(`.part.sidebar .explorer-folders-view .monaco-list-row[aria-level="${level}"]`).filter({ has: page.locator(".label-name", { hasText: exactly(name) }) });
    for (const end = Date.now() + patience; Date.now() < end; await delay(50)) {
      for (const row of await rows.all()) if (Number(await row.getAttribute("data-index")) > above) return row;
    }
    throw new Error(`the Explorer shows no ${name}: it has ${(await page.locator(".part.sidebar .explorer-folders-view .monaco-list-row").allInnerTexts()).join(", ")}`);
  }

  return workbench;
}

/** Repeats what VS Code now and then ignores. @template T @param {string} problem @param {() => Promise<T>} action @returns {Promise<T>} */
async function retry(problem, action) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt === 5) throw new Error(`${problem}: ${error.message}`);
      await delay(100);
    }
  }
}

const exactly = text => new RegExp(`^\\s*${text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*$`);

/** A webview's content lies two frames deep, in a page of VS Code's that is then written over. */
export function isWebview(frame) {
  return /\/fake\.html(\?|$)/.test(frame.url());
}

async function shows(frame, marker) {
  try {
    const outer = frame.parentFrame();
    // The page of a hidden tab believes itself visible; its frame is not.
    return (await (await outer.frameElement()).isVisible()) && (await frame.locator(marker).first().isVisible());
  } catch {
    return false; // gone meanwhile
  }
}
