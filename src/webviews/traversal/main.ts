import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import "../shared/controls";
import type { Anchor, LatentSummary, Traversal } from "../../protocol/engineApi";
import type { ViewState } from "../../protocol/viewApi";
import { formatNumber, formatPercent } from "../shared/format";
import { host, t } from "../shared/host";
import { Persisted } from "../shared/persisted";
import { barsOf, displayRange } from "../shared/raster";
import { savePng } from "../shared/saveMenu";
import { ViewElement } from "../shared/viewElement";
import { gridPicture } from "./gridPicture";
import "./gridElement";
import type { CellEvent } from "./gridElement";

type Mode = "grid" | "sheet";
/** Rows of the grid: more would be too small to see. */
const maxRows = 24;

/** What each latent dimension does: a row of decoded steps a dimension, or two dimensions as a sheet. */
@customElement("latent-traversal")
export class TraversalElement extends ViewElement {
  static override styles = [...ViewElement.styles, css`
    .body { flex: 1; min-height: 0; overflow: auto; padding: 14px 16px; display: flex; gap: 16px; }
    .stage { flex: 1; min-width: 0; }
    .side { width: 200px; flex: none; display: flex; flex-direction: column; gap: 8px; position: sticky; top: 0; align-self: flex-start; }
    .side latent-row { width: 200px; height: 200px; border: 1px solid var(--vscode-panel-border, transparent); }
    .side dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 10px; margin: 0; }
    .side dt { color: var(--vscode-descriptionForeground); }
    .side dd { margin: 0; }
    input[type="number"] { width: 84px; }
    /* Beside the code there is little room: the enlarged step lies above the grid. */
    @media (max-width: 620px) {
      .body { flex-direction: column; gap: 10px; padding-top: 0; }
      .side { order: -1; width: auto; align-self: stretch; flex-direction: row; align-items: center; gap: 14px; height: 112px; z-index: 2; background: var(--vscode-editor-background); }
      .side latent-row { width: 96px; height: 96px; }
      .stage { flex: none; }
    }
  `];

  private readonly mode = new Persisted<Mode>(this, "mode", "grid");
  private readonly anchorChoice = new Persisted<{ kind: "mean" | "row" | "draw"; row: number; seed: number }>(this, "anchor", { kind: "mean", row: 0, seed: 1 });
  private readonly steps = new Persisted(this, "steps", 11);
  private readonly reach = new Persisted(this, "reach", 0.95);
  private readonly across = new Persisted(this, "across", -1);
  private readonly up = new Persisted(this, "up", -1);
  private summary: LatentSummary | null = null;
  private result: { mode: Mode; dimensions: number[]; traversal: Traversal } | null = null;
  private pointed: CellEvent | null = null;

  protected override load(state: ViewState): void {
    this.query("summary", signal => host.latentSummary(signal), summary => {
      this.summary = summary;
      // The grid of a two-dimensional space says less than its sheet.
      if (summary.dim === 2 && state.checkpoint!.header.schema.kind === "image" && this.result === null && !this.mode.isSet) this.mode.value = "sheet";
      this.traverse();
    });
  }

  /** The row selected in any view is what people want to start from. */
  protected override selected(rows: Int32Array): void {
    if (rows.length === 1 && this.anchorChoice.value.kind === "row") {
      this.anchorChoice.value = { ...this.anchorChoice.value, row: rows[0]! };
      this.traverse();
    }
  }

  private get anchor(): Anchor {
    const { kind, row, seed } = this.anchorChoice.value;
    return kind === "row" ? { kind, row } : kind === "draw" ? { kind, seed } : { kind };
  }

  private get sheetDimensions(): [number, number] {
    const { order, dim } = this.summary!;
    const valid = (j: number, fallback: number) => (j >= 0 && j < dim ? j : fallback);
    const across = valid(this.across.value, order[0]!);
    return [across, valid(this.up.value, order.find(j => j !== across) ?? order[0]!)];
  }

  private traverse(): void {
    const { summary } = this;
    if (!summary) return;
    const mode: Mode = summary.dim < 2 ? "grid" : this.mode.value;
    const [from, to] = [1 - this.reach.value, this.reach.value];
    const steps = this.steps.value;
    const dimensions = mode === "sheet" ? this.sheetDimensions : [...summary.order].slice(0, maxRows);
    const ask = (signal: AbortSignal) => (mode === "sheet"
      ? host.sheet({ anchor: this.anchor, dimensions: dimensions as [number, number], steps, from, to }, signal)
      : host.traverse({ anchor: this.anchor, dimensions, steps, from, to }, signal));
    this.query("traversal", ask, traversal => {
      this.result = { mode, dimensions, traversal };
      this.pointed = null;
    });
  }

  private change(apply: () => void): void {
    apply();
    this.traverse();
  }

  protected override content(state: ViewState): TemplateResult {
    const { summary, result } = this;
    if (!summary) return html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring><p class="muted">${t("Looking at the latent space…")}</p></div>`;
    return html`${this.toolbar(summary)}
      <div class="body">
        <div class="stage">${result ? html`<latent-grid .traversal=${result.traversal} .schema=${state.checkpoint!.header.schema}
          .rowTitles=${result.mode === "sheet" ? [] : result.dimensions.map(j => summary.names[j]!)} .rowDetails=${result.mode === "sheet" ? [] : result.dimensions.map(j => this.effectOf(summary, j))}
          .axisTitles=${result.mode === "sheet" ? result.dimensions.map(j => summary.names[j]!) : []}
          @cell-point=${(event: CustomEvent<CellEvent | null>) => { this.pointed = event.detail; this.requestUpdate(); }}></latent-grid>` : html`<vscode-progress-ring></vscode-progress-ring>`}</div>
        ${result ? this.side(state, summary, result) : nothing}
      </div>`;
  }

  /** A dimension's share of all effects. */
  private effectOf({ effects }: LatentSummary, j: number): string {
    const total = effects.reduce((sum, effect) => sum + effect, 0);
    return total > 0 ? formatPercent(effects[j]! / total, 0) : "";
  }

  private toolbar(summary: LatentSummary): TemplateResult {
    const { kind, row } = this.anchorChoice.value;
    const setAnchor = (change: Partial<typeof this.anchorChoice.value>) => this.change(() => { this.anchorChoice.value = { ...this.anchorChoice.value, ...change }; });
    const valueOf = (event: Event) => (event.target as HTMLInputElement | HTMLSelectElement).value;
    const count = this.state!.checkpoint!.header.schema.count;
    const dimensionPicker = (label: string, value: number, store: Persisted<number>) => html`<label>${label}<span class="select"><select aria-label=${label} @change=${(event: Event) => this.change(() => { store.value = Number(valueOf(event)); })}>
      ${[...summary.order].map(j => html`<option value=${j} ?selected=${j === value}>${summary.names[j]}</option>`)}</select></span></label>`;
    const [across, up] = summary.dim >= 2 ? this.sheetDimensions : [0, 0];
    return html`<div class="toolbar">
      ${summary.dim < 2 ? nothing : html`<span class="group">
        <button class="icon" aria-pressed=${this.mode.value === "grid"} title=${t("One row a dimension")} aria-label=${t("One row a dimension")} @click=${() => this.change(() => { this.mode.value = "grid"; })}><span class="codicon codicon-list-flat"></span></button>
        <button class="icon" aria-pressed=${this.mode.value === "sheet"} title=${t("Two dimensions as a sheet")} aria-label=${t("Two dimensions as a sheet")} @click=${() => this.change(() => { this.mode.value = "sheet"; })}><span class="codicon codicon-table"></span></button>
      </span>`}
      ${this.mode.value === "sheet" && summary.dim > 2 ? html`${dimensionPicker(t("Across"), across, this.across)}${dimensionPicker(t("Up"), up, this.up)}` : nothing}
      <label>${t("Start from")}<span class="select"><select aria-label=${t("Start from")} @change=${(event: Event) => setAnchor({ kind: valueOf(event) as "mean" | "row" | "draw", ...(valueOf(event) === "row" && this.state!.selection.length === 1 ? { row: this.state!.selection[0]! } : {}) })}>
        <option value="mean" ?selected=${kind === "mean"}>${t("the mean")}</option><option value="row" ?selected=${kind === "row"}>${t("a row")}</option><option value="draw" ?selected=${kind === "draw"}>${t("a random draw")}</option></select></span></label>
      ${kind === "row" ? html`<input type="number" min="0" max=${count - 1} .value=${String(row)} aria-label=${t("Row")} @change=${(event: Event) => setAnchor({ row: Math.max(0, Math.min(count - 1, Math.round(Number(valueOf(event))) || 0)) })}>` : nothing}
      ${kind === "draw" ? html`<button class="icon" title=${t("Draw again")} aria-label=${t("Draw again")} @click=${() => setAnchor({ seed: this.anchorChoice.value.seed + 1 })}><span class="codicon codicon-refresh"></span></button>` : nothing}
      <label title=${t("How far into the data's own range the steps go")}>${t("Range")}<input type="range" min="0.6" max="1" step="0.01" .value=${String(this.reach.value)} aria-label=${t("Range")} @input=${(event: Event) => this.change(() => { this.reach.value = Number(valueOf(event)); })}><span class="number">${formatPercent(1 - this.reach.value, 0)}–${formatPercent(this.reach.value, 0)}</span></label>
      <label>${t("Steps")}<input type="range" min="3" max="25" step="2" .value=${String(this.steps.value)} aria-label=${t("Steps")} @input=${(event: Event) => this.change(() => { this.steps.value = Number(valueOf(event)); })}><span class="number">${this.steps.value}</span></label>
      <span class="spacer"></span>
      ${this.isBusy("traversal") ? html`<vscode-progress-ring class="small"></vscode-progress-ring>` : nothing}
      <button class="icon" title=${t("Save as PNG")} aria-label=${t("Save as PNG")} ?disabled=${!this.result} @click=${() => void this.save()}><span class="codicon codicon-file-media"></span></button>
    </div>`;
  }

  private side(state: ViewState, summary: LatentSummary, { mode, dimensions, traversal }: NonNullable<typeof this.result>): TemplateResult {
    const { schema } = state.checkpoint!.header;
    const { pointed } = this;
    const facts: [string, string][] = [];
    if (pointed && mode === "grid") facts.push([summary.names[dimensions[pointed.row]!]!, formatNumber(traversal.values[pointed.row * traversal.rows.shape[1]! + pointed.column]!)]);
    if (pointed && mode === "sheet") {
      const steps = traversal.rows.shape[1]!;
      facts.push([summary.names[dimensions[0]!]!, formatNumber(traversal.values[pointed.column]!)], [summary.names[dimensions[1]!]!, formatNumber(traversal.values[steps + (steps - 1 - pointed.row)]!)]);
    }
    const range = displayRange(schema, traversal.rows.data);
    const size = schema.shape.reduce((product, length) => product * length, 1);
    const index = pointed ? pointed.row * traversal.rows.shape[1]! + pointed.column : -1;
    const bars = schema.kind === "image" ? null : barsOf(traversal.rows, schema);
    const data = pointed ? traversal.rows.data.subarray(index * size, (index + 1) * size) : null;
    const [height = 1, width = 1, channels = 1] = schema.shape;
    return html`<div class="side" aria-live="polite">
      ${data === null ? html`<p class="muted">${t("Point at a step to enlarge it.")}</p>`
        : schema.kind === "image" ? html`<latent-row .picture=${{ data, height, width, channels }} .range=${range}></latent-row>`
        : html`<latent-row .values=${bars!.values.subarray(index * size, (index + 1) * size)} .range=${bars!.range}></latent-row>
            <dl>${schema.columns.slice(0, 20).filter(({ width: slots }) => slots === 1).map(column => html`<dt>${column.name}</dt><dd class="number">${formatNumber(data[column.start]!)}</dd>`)}</dl>`}
      <dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd class="number">${value}</dd>`)}</dl>
    </div>`;
  }

  private async save(): Promise<void> {
    const { result, summary } = this;
    if (!result || !summary) return;
    const { schema } = this.state!.checkpoint!.header;
    await savePng(`${this.state!.checkpoint!.title}-traversal`, gridPicture(result.traversal, schema, result.mode === "grid" ? result.dimensions.map(j => summary.names[j]!) : []));
  }
}
