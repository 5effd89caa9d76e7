import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { PlacedSet } from "../../protocol/engineApi";
import { formatCount } from "./format";
import { host, t } from "./host";
import { rangesOf } from "./placedRows";
import { viewStyles } from "./styles";
import { iconButton } from "./toolbarTemplates";

/**
 * The sets of rows that were placed in a map: what their mark looks like, which are shown, and a way to place more. Beside several maps
 * (`isShared`) they are only shown and hidden. Fires `hidden-change`
 * (number[], ids of hidden sets) and `select-rows` (Int32Array).
 */
@customElement("latent-placed")
export class PlacedElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { height: auto; gap: 4px; }
    header { display: flex; align-items: center; gap: 2px; min-height: 26px; }
    .set { display: flex; align-items: center; margin: 0 -6px; }
    .set > .entry { display: flex; align-items: center; gap: 8px; flex: 1; min-width: 0; min-height: 26px; padding: 2px 6px; border: 0; border-radius: 3px; background: none; color: inherit; font: inherit; text-align: left; cursor: pointer; }
    .set > .entry:hover { background: var(--vscode-list-hoverBackground); }
    .set > .entry[aria-pressed="false"] { opacity: 0.45; }
    .mark { width: 9px; height: 9px; flex: none; transform: rotate(45deg); border: 1.5px solid var(--vscode-foreground); }
    .problem { flex: none; }
  `];

  @property({ attribute: false }) sets: readonly PlacedSet[] = [];
  /** Rows of the map itself, which are counted before the placed ones. */
  @property({ type: Number }) own = 0;
  @property({ attribute: false }) hiddenSets: readonly number[] = [];
  /** False in a projection that has no place for them. */
  @property({ type: Boolean }) drawn = true;
  /** Whether more can be placed now. */
  @property({ type: Boolean }) canPlace = true;
  @property({ type: Boolean }) isShared = false;

  override render(): TemplateResult {
    const place = t("Place rows of another dataset in this map…");
    return html`<header><h3 class="grow">${t("Placed rows")}</h3>
        ${this.isShared ? nothing : html`<button class="icon" title=${place} aria-label=${place} ?disabled=${!this.canPlace} @click=${() => void host.command("latentLens.placeRows")}><span class="codicon codicon-add"></span></button>`}</header>
      ${this.sets.length === 0 ? html`<p class="muted">${t("Rows of another dataset can be placed in this map, which stays as it is.")}</p>` : nothing}
      ${rangesOf(this.own, this.sets).map(({ set, from, to }) => this.set(set, from, to))}
      ${this.sets.length > 0 && !this.drawn ? html`<p class="muted" role="status">${t("They have a place in the map itself, not in this projection of it.")}</p>` : nothing}`;
  }

  private set({ id, name, count, problem }: PlacedSet, from: number, to: number): TemplateResult {
    const isHidden = this.hiddenSets.includes(id);
    const toggle = () => this.dispatchEvent(new CustomEvent("hidden-change", { detail: isHidden ? this.hiddenSets.filter(other => other !== id) : [...this.hiddenSets, id] }));
    const select = () => this.dispatchEvent(new CustomEvent("select-rows", { detail: Int32Array.from({ length: to - from }, (_, i) => from + i) }));
    return html`<div class="set">
      <button class="entry" aria-pressed=${!isHidden} title=${problem === null ? t("Click hides or shows") : t("The dataset is not at hand: {0}", problem)} @click=${toggle}>
        <span class="mark"></span><span class="grow ellipsis">${name}</span>${problem === null ? nothing : html`<span class="codicon codicon-warning problem"></span>`}<span class="muted number">${formatCount(count)}</span>
      </button>
      ${iconButton("list-selection", t("Select the rows of {0}", name), select)}
      ${this.isShared ? nothing : iconButton("trash", t("Take the rows of {0} out of the map", name), () => void host.removePlaced(id))}
    </div>`;
  }
}
