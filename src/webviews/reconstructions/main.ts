import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import "../shared/controls";
import { rowSize, type Labels, type Schema } from "../../protocol/data";
import type { Overview, PrincipalComponents } from "../../protocol/engineApi";
import type { ViewState } from "../../protocol/viewApi";
import { cssColor, signedColor } from "../shared/colors";
import { formatCount, formatNumber, formatPercent } from "../shared/format";
import { host, t } from "../shared/host";
import { background } from "../shared/paint";
import { Persisted } from "../shared/persisted";
import { readTheme } from "../shared/theme";
import { ViewElement } from "../shared/viewElement";
import "./beforeAfterElement";
import "./componentsElement";
import { orderedRows, type Order } from "./order";
import "./pairsElement";
import "./tablePairsElement";

type Tab = "rows" | "components" | "beforeAfter";

/** Rows beside what the model makes of them; for PCA also its directions. */
@customElement("latent-reconstructions")
export class ReconstructionsElement extends ViewElement {
  static override styles = [...ViewElement.styles, css`
    .tabs { display: flex; gap: 2px; margin-right: 8px; }
    .tabs button { border: 0; border-bottom: 1px solid transparent; background: none; color: var(--vscode-panelTitle-inactiveForeground); font: inherit; padding: 5px 6px; cursor: pointer; }
    .tabs button[aria-selected="true"] { color: var(--vscode-panelTitle-activeForeground); border-bottom-color: var(--vscode-panelTitle-activeBorder); }
    latent-pairs, latent-table-pairs, latent-components, latent-before-after { flex: 1; min-height: 0; }
    latent-pairs { padding-top: 8px; }
    .scale { display: flex; align-items: center; gap: 6px; font-size: 11px; color: var(--vscode-descriptionForeground); white-space: nowrap; }
    .scale i { width: 90px; height: 10px; border: 1px solid var(--vscode-panel-border, transparent); }
    .first { flex: 1 1 160px; max-width: 320px; }
    .first input { flex: 1; }
  `];

  private readonly tab = new Persisted<Tab>(this, "tab", "rows");
  private readonly order = new Persisted<Order>(this, "order", "worst");
  private readonly label = new Persisted<number | null>(this, "label", null);
  private readonly onlySelected = new Persisted(this, "onlySelected", false);
  private readonly first = new Persisted<number | null>(this, "components", null);
  private overview: Overview | null = null;
  private scores: Float32Array | null = null;
  private labels: Labels | null = null;
  private principal: PrincipalComponents | null = null;
  private rows = new Int32Array(0);
  private version = 0;

  protected override load(state: ViewState): void {
    this.version++;
    const { header } = state.checkpoint!;
    this.query("overview", signal => host.overview(signal), overview => { this.overview = overview; });
    this.query("principal", signal => host.principalComponents(signal), principal => { this.principal = principal; }, () => undefined);
    if (header.labels) this.query("labels", signal => host.coloring("label", signal), labels => {
      this.labels = labels;
      this.sort();
    }, () => undefined);
    this.query("scores", signal => host.coloring("score", signal), scores => {
      this.scores = scores.kind === "numbers" ? scores.values : null;
      this.sort();
    }, () => this.sort());
  }

  protected override selected(): void {
    if (this.onlySelected.value) this.sort();
  }

  private sort(): void {
    const { schema } = this.state!.checkpoint!.header;
    const only = this.onlySelected.value && this.state!.selection.length > 0 ? this.state!.selection : null;
    this.rows = orderedRows(schema.count, this.scores, this.labels, { order: this.order.value, label: this.label.value, only }) as Int32Array<ArrayBuffer>;
    this.requestUpdate();
  }

  private get tabs(): [Tab, string][] {
    const size = rowSize(this.state!.checkpoint!.header.schema);
    return [
      ["rows", t("Rows")],
      ...(this.principal ? [["components", t("Components")] as [Tab, string]] : []),
      ...(this.principal && (size === 2 || size === 3) ? [["beforeAfter", t("Before and After")] as [Tab, string]] : []),
    ];
  }

  protected override content(state: ViewState): TemplateResult {
    const { schema } = state.checkpoint!.header;
    const { tabs } = this;
    const tab = tabs.some(([id]) => id === this.tab.value) ? this.tab.value : "rows";
    const select = (event: CustomEvent<Int32Array>) => {
      this.state = { ...state, selection: event.detail };
      void host.select(event.detail);
      this.requestUpdate();
    };
    const problem = this.overview?.datasetProblem ?? null;
    return html`
      <div class="toolbar">
        ${tabs.length > 1 ? html`<div class="tabs" role="tablist">${tabs.map(([id, title]) => html`<button role="tab" aria-selected=${id === tab} @click=${() => { this.tab.value = id; }}>${title}</button>`)}</div>` : nothing}
        ${tab === "rows" ? this.rowTools(schema) : nothing}
      </div>
      ${this.datasetNotice(problem)}
      ${tab === "components" ? html`<latent-components .components=${this.principal} .schema=${schema}></latent-components>`
        : tab === "beforeAfter" ? html`<latent-before-after .components=${this.principal} .labels=${this.labels} .selection=${state.selection} .dimensions=${rowSize(schema)} .version=${String(this.version)} @select-rows=${select}></latent-before-after>`
        : problem !== null ? html`<div class="centre"><p class="muted">${t("The reconstructions are made from the dataset's rows.")}</p></div>`
        : this.rows.length === 0 ? html`<div class="centre" role="status">${this.isBusy("scores") ? html`<vscode-progress-ring></vscode-progress-ring>` : html`<p class="muted">${t("No rows to show.")}</p>`}</div>`
        : schema.kind === "table" ? html`<latent-table-pairs .rows=${this.rows} .schema=${schema} .labels=${this.labels} .selection=${state.selection} .components=${this.firstComponents} .version=${String(this.version)} @select-rows=${select}></latent-table-pairs>`
        : html`<latent-pairs .rows=${this.rows} .schema=${schema} .labels=${this.labels} .selection=${state.selection} .components=${this.firstComponents} .version=${String(this.version)} @select-rows=${select}></latent-pairs>`}`;
  }

  private get firstComponents(): number | null {
    return this.principal ? this.first.value : null;
  }

  private rowTools(schema: Schema): TemplateResult {
    const valueOf = (event: Event) => (event.target as HTMLSelectElement).value;
    const kept = this.principal?.components.shape[0] ?? 0;
    const k = Math.min(kept, this.first.value ?? kept);
    const share = this.principal?.explainedVarianceRatio.subarray(0, k).reduce((sum, ratio) => sum + ratio, 0) ?? 0;
    const theme = readTheme();
    const stops = Array.from({ length: 9 }, (_, i) => cssColor(signedColor(i / 4 - 1, theme.background, theme.dark))).join(", ");
    const span = schema.range ? schema.range[1] - schema.range[0] : null;
    return html`
      <label>${t("Order")}<span class="select"><select aria-label=${t("Order")} @change=${(event: Event) => { this.order.value = valueOf(event) as Order; this.sort(); }}>
        <option value="worst" ?selected=${this.order.value === "worst"}>${t("worst first")}</option><option value="best" ?selected=${this.order.value === "best"}>${t("best first")}</option><option value="row" ?selected=${this.order.value === "row"}>${t("as in the file")}</option></select></span></label>
      ${this.labels?.kind === "classes" ? html`<label><span class="ellipsis">${this.labels.name}</span><span class="select"><select aria-label=${this.labels.name} @change=${(event: Event) => { this.label.value = valueOf(event) === "" ? null : Number(valueOf(event)); this.sort(); }}>
        <option value="">${t("all")}</option>${this.labels.classes.map((name, value) => html`<option value=${value} ?selected=${value === this.label.value}>${name}</option>`)}</select></span></label>` : nothing}
      ${this.state!.selection.length > 0 ? html`<vscode-checkbox ?checked=${this.onlySelected.value} @change=${(event: Event) => { this.onlySelected.value = (event.target as HTMLInputElement).checked; this.sort(); }}>${t("Selected ({0})", formatCount(this.state!.selection.length))}</vscode-checkbox>` : nothing}
      ${kept > 1 ? html`<label class="first" title=${t("Rebuild the rows from the first components alone")}>${t("First")}<input type="range" min="0" max=${kept} step="1" .value=${String(k)} aria-label=${t("Components used")} @input=${(event: Event) => { const value = Number(valueOf(event)); this.first.value = value === kept ? null : value; }}>
        <span class="number">${t("{0} of {1} · {2}", k, kept, formatPercent(share))}</span></label>` : nothing}
      <span class="spacer"></span>
      <span class="scale" title=${t("Reconstruction minus input")}>${span !== null ? `−${formatNumber(span)}` : "−"}<i ${background(`linear-gradient(to right, ${stops})`)}></i>${span !== null ? `+${formatNumber(span)}` : "+"}</span>`;
  }
}
