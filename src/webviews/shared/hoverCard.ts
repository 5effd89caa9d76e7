import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Labels, Schema } from "../../protocol/data";
import type { RowDetails } from "../../protocol/engineApi";
import { host, t } from "./host";
import { Latest } from "./latest";
import { background } from "./paint";
import type { RowPlace } from "./placedRows";
import { rowPicture } from "./rowTemplate";
import { viewStyles } from "./styles";
import { labelText } from "./labelText";

export interface HoverPoint {
  row: number;
  /** CSS pixels in the plot. */
  x: number;
  y: number;
  color: string;
}

/** The card beside the point under the pointer: its picture or its columns. */
@customElement("latent-hover-card")
export class HoverCardElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { position: absolute; inset: 0; height: auto; pointer-events: none; overflow: hidden; z-index: 2; display: block; }
    .card { position: absolute; max-width: 270px; padding: 8px; display: flex; gap: 8px; background: var(--vscode-editorHoverWidget-background); color: var(--vscode-editorHoverWidget-foreground); border: 1px solid var(--vscode-editorHoverWidget-border); border-radius: 4px; box-shadow: 0 2px 8px var(--vscode-widget-shadow, transparent); }
    latent-row { width: 72px; height: 72px; flex: none; }
    .text { display: flex; flex-direction: column; gap: 2px; min-width: 0; }
    .swatch { width: 10px; height: 10px; border-radius: 50%; flex: none; display: inline-block; margin-right: 6px; }
  `];

  @property({ attribute: false }) point: HoverPoint | null = null;
  @property({ attribute: false }) labels: Labels | null = null;
  @property({ attribute: false }) schema!: Schema;
  /** Where the row belongs, when it may be one that was placed in the map. */
  @property({ attribute: false }) place: RowPlace | null = null;
  @property({ attribute: false }) ask = (row: number, signal: AbortSignal): Promise<RowDetails> => host.details(Int32Array.of(row), signal);
  private details: { row: number; of: RowDetails } | null = null;
  private readonly latest = new Latest(this);

  override willUpdate(changed: PropertyValues<this>): void {
    const row = this.point?.row;
    // What a number means may change while no point is under the pointer: rows are placed and taken out.
    if (row === undefined) this.details = null;
    if (changed.has("point") && row !== undefined && this.details?.row !== row) {
      this.latest.run("details", signal => this.ask(row, signal), of => { this.details = { row, of }; });
    }
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.point) return nothing;
    const { place, point: { row, color } } = this;
    const details = this.details?.row === row ? this.details.of : null;
    const facts = (details?.facts[0] ?? []).filter(([name]) => name !== this.labels?.name);
    return html`<div class="card">
      ${details && this.schema.kind === "image" ? rowPicture(details.x, 0, this.schema, "") : nothing}
      <div class="text">
        <strong class="ellipsis">${details?.titles[0] ?? t("row {0}", place?.row ?? row)}</strong>
        ${place?.set ? html`<span class="ellipsis muted">${t("placed from {0}", place.set.name)}</span>` : nothing}
        ${this.labels ? html`<span class="ellipsis"><span class="swatch" ${background(color)}></span>${this.labels.kind === "numbers" ? html`<span class="muted">${this.labels.name}</span> ` : nothing}${labelText(this.labels, row)}</span>` : nothing}
        ${facts.slice(0, 8).map(([name, value]) => html`<span class="ellipsis"><span class="muted">${name}</span> ${value}</span>`)}
      </div>
    </div>`;
  }

  override updated(): void {
    const card = this.renderRoot.querySelector<HTMLElement>(".card");
    if (!card || !this.point) return;
    const { x, y } = this.point;
    const left = x + 14 + card.offsetWidth > this.clientWidth ? x - 14 - card.offsetWidth : x + 14;
    card.style.left = `${Math.max(4, left)}px`;
    card.style.top = `${Math.min(this.clientHeight - card.offsetHeight - 4, Math.max(4, y - card.offsetHeight / 2))}px`;
  }
}
