import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Column, Labels, Schema } from "../../protocol/data";
import type { Reconstructions } from "../../protocol/engineApi";
import { signedCell } from "../shared/colors";
import { formatNumber } from "../shared/format";
import { host, t } from "../shared/host";
import { Latest, passOn } from "../shared/latest";
import { background } from "../shared/paint";
import { viewStyles } from "../shared/styles";
import { readTheme, ThemeFollower } from "../shared/theme";

const perPage = 100;
/** Differences of so many standard deviations have the full colour. */
const fullColor = 2;

/** Rows of a table above their reconstructions; cells coloured by the difference in units of the column's spread. Fires `select-rows` (Int32Array). */
@customElement("latent-table-pairs")
export class TablePairsElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { display: block; overflow: auto; padding: 0 12px 12px; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    th { position: sticky; top: 0; text-align: left; font-weight: 600; padding: 6px 10px; background: var(--vscode-editor-background); border-bottom: var(--line); white-space: nowrap; max-width: 220px; overflow: hidden; text-overflow: ellipsis; z-index: 1; }
    td { padding: 3px 10px; white-space: nowrap; max-width: 220px; overflow: hidden; text-overflow: ellipsis; }
    tr.output td { border-bottom: var(--line); color: var(--vscode-foreground); }
    tbody tr { cursor: pointer; }
    tbody[data-selected] td { box-shadow: inset 0 0 0 999px var(--vscode-list-inactiveSelectionBackground); }
    .end { text-align: right; }
    nav { display: flex; align-items: center; gap: 8px; padding: 10px 0; }
  `];

  @property({ attribute: false }) rows = new Int32Array(0);
  @property({ attribute: false }) schema!: Schema;
  @property({ attribute: false }) labels: Labels | null = null;
  @property({ attribute: false }) selection = new Int32Array(0);
  @property({ attribute: false }) components: number | null = null;
  @property() version = "";
  private readonly latest = new Latest(this);
  private page = 0;
  private loaded: { rows: Int32Array; pairs: Reconstructions } | null = null;

  constructor() {
    super();
    new ThemeFollower(this);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("rows")) this.page = 0;
    if (changed.has("rows") || changed.has("components") || changed.has("version")) this.load();
  }

  private load(): void {
    const rows = this.rows.slice(this.page * perPage, (this.page + 1) * perPage);
    this.latest.run("pairs", signal => host.reconstruct({ rows, components: this.components }, signal), pairs => { this.loaded = { rows, pairs }; }, passOn(this));
  }

  override render(): TemplateResult {
    if (!this.loaded) return html`${this.latest.isBusy("pairs") ? html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring></div>` : nothing}`;
    const { rows, pairs } = this.loaded;
    const { columns } = this.schema;
    const theme = readTheme();
    const selected = new Set(this.selection);
    const size = this.schema.shape[0]!;
    const labels = this.labels?.kind === "classes" ? this.labels : null;
    const pages = Math.ceil(this.rows.length / perPage);
    return html`<table>
      <thead><tr><th>${t("row")}</th>${labels ? html`<th>${labels.name}</th>` : ""}<th></th>${columns.map(({ name }) => html`<th title=${name}>${name}</th>`)}<th class="end" title=${t("mean squared error per value")}>${t("error")}</th></tr></thead>
      ${Array.from(rows, (row, i) => {
        const x = pairs.x.data.subarray(i * size, (i + 1) * size);
        const output = pairs.reconstruction.data.subarray(i * size, (i + 1) * size);
        return html`<tbody ?data-selected=${selected.has(row)} @click=${() => this.dispatchEvent(new CustomEvent("select-rows", { detail: Int32Array.of(row) }))}>
          <tr><td rowspan="2"><button class="link number" aria-pressed=${selected.has(row)} title=${t("Row {0}: select it in all views", row)}>${row}</button></td>${labels ? html`<td rowspan="2">${labels.classes[labels.values[row]!] ?? ""}</td>` : ""}<td class="muted">${t("input")}</td>${columns.map(column => html`<td>${valueOf(column, x)}</td>`)}<td class="end" rowspan="2">${formatNumber(pairs.errors[i]!)}</td></tr>
          <tr class="output"><td class="muted">${t("output")}</td>${columns.map(column => html`<td ${background(signedCell(apart(column, x, output, pairs.scale) / fullColor, theme))}>${valueOf(column, output)}</td>`)}</tr>
        </tbody>`;
      })}</table>
      ${pages > 1 ? html`<nav><vscode-button appearance="secondary" ?disabled=${this.page === 0} @click=${() => this.turn(-1)}>${t("Previous")}</vscode-button><span class="muted">${t("{0} of {1}", this.page + 1, pages)}</span><vscode-button appearance="secondary" ?disabled=${this.page === pages - 1} @click=${() => this.turn(1)}>${t("Next")}</vscode-button></nav>` : ""}`;
  }

  private turn(by: number): void {
    this.page += by;
    this.scrollTop = 0;
    this.load();
  }
}

/** A number, or the category whose slot is highest. */
function valueOf({ start, width, categories }: Column, row: Float32Array): string {
  if (!categories) return formatNumber(row[start]!);
  const slots = row.subarray(start, start + width);
  const highest = slots.indexOf(Math.max(...slots));
  return slots[highest]! > 0 ? categories[highest]! : "–";
}

/** Signed difference in units of the column's scale; a changed category counts by how sure the change is. */
function apart({ start, width, categories }: Column, x: Float32Array, output: Float32Array, scale: Float32Array): number {
  if (!categories) return (output[start]! - x[start]!) / scale[start]!;
  const own = x.subarray(start, start + width).indexOf(1);
  return own === -1 ? 0 : output[start + own]! - 1;
}
