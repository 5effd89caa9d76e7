import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Schema } from "../../protocol/data";
import type { PrincipalComponents } from "../../protocol/engineApi";
import "../shared/chart";
import { formatNumber, formatPercent } from "../shared/format";
import { t } from "../shared/host";
import { displayRange, pictureAt } from "../shared/raster";
import "../shared/rowPicture";
import { viewStyles } from "../shared/styles";
import { readTheme, ThemeFollower } from "../shared/theme";
import { componentsFor, screeOption } from "./screeOption";
import { background } from "../shared/paint";
import { signedCell } from "../shared/colors";

/** The mean and the principal directions as pictures, and how much each explains. */
@customElement("latent-components")
export class ComponentsElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { display: block; overflow-y: auto; padding: 12px 16px; }
    latent-chart { height: 240px; margin-bottom: 12px; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 12px; }
    figure { margin: 0; display: flex; flex-direction: column; gap: 4px; }
    figcaption { font-size: 11px; display: flex; justify-content: space-between; gap: 6px; }
    latent-row { width: 100%; aspect-ratio: 1; border: 1px solid var(--vscode-panel-border, transparent); }
    p { margin-bottom: 12px; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { padding: 4px 10px; text-align: right; white-space: nowrap; border-bottom: var(--line); font-weight: 400; }
    thead th { font-weight: 600; }
    th:first-child { text-align: left; }
  `];

  @property({ attribute: false }) components!: PrincipalComponents;
  @property({ attribute: false }) schema!: Schema;

  constructor() {
    super();
    new ThemeFollower(this);
  }

  override render(): TemplateResult {
    const { explainedVarianceRatio: ratios } = this.components;
    const kept = this.components.components.shape[0]!;
    const words = { component: t("component"), alone: t("explained alone"), together: t("explained together") };
    const shown = Math.min(ratios.length, Math.max(kept, 40));
    const sum = ratios.subarray(0, kept).reduce((total, ratio) => total + ratio, 0);
    const needed = [0.9, 0.95, 0.99].flatMap(share => {
      const count = componentsFor(ratios, share);
      return count === null ? [] : [t("{0} for {1}", count, formatPercent(share, 0))];
    });
    return html`<p>${t("{0} components explain {1} of the variance.", kept, formatPercent(sum, 2))} <span class="muted">${needed.length > 0 ? t("It takes {0}.", needed.join(", ")) : ""}</span></p>
      <latent-chart .option=${(theme: ReturnType<typeof readTheme>) => screeOption(ratios, shown, kept, theme, words)}></latent-chart>
      ${this.schema.kind === "image" ? this.pictures(ratios, kept) : this.table(ratios, kept)}`;
  }

  private pictures(ratios: Float32Array, kept: number): TemplateResult {
    const { mean, components } = this.components;
    const size = components.data.length / kept;
    const limitOf = (k: number) => components.data.subarray(k * size, (k + 1) * size).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return html`<div class="tiles">
      <figure><latent-row .picture=${pictureAt(mean, 0)} .range=${displayRange(this.schema, mean.data)} .label=${t("mean")}></latent-row><figcaption>${t("mean")}</figcaption></figure>
      ${Array.from({ length: kept }, (_, k) => html`<figure><latent-row signed .picture=${pictureAt(components, k)} .range=${[-limitOf(k), limitOf(k)] as const} .label="PC ${k + 1}"></latent-row>
        <figcaption><span>PC ${k + 1}</span><span class="muted number">${formatPercent(ratios[k] ?? 0, 1)}</span></figcaption></figure>`)}
    </div>`;
  }

  /** Loadings: a line a column, coloured by sign and size within the component; grams and millimetres count alike. */
  private table(ratios: Float32Array, kept: number): TemplateResult {
    const theme = readTheme();
    const { components, mean, scale } = this.components;
    const d = components.data.length / kept;
    const shown = Math.min(kept, 12);
    const weights = components.data.map((value, i) => value / scale[i % d]!);
    const names = Array.from({ length: d }, (_, j) => this.nameOf(j));
    const most = Array.from({ length: shown }, (_, k) => weights.subarray(k * d, (k + 1) * d).reduce((limit, weight) => Math.max(limit, Math.abs(weight)), 0));
    return html`<table><thead><tr><th></th><th>${t("mean")}</th>${Array.from({ length: shown }, (_, k) => html`<th>PC ${k + 1}<br><span class="muted">${formatPercent(ratios[k] ?? 0, 1)}</span></th>`)}</tr></thead>
      <tbody>${names.slice(0, 400).map((name, j) => html`<tr><th>${name}</th><td>${formatNumber(mean.data[j]!)}</td>${Array.from({ length: shown }, (_, k) => {
        const place = k * d + j;
        return html`<td ${background(signedCell(weights[place]! / (most[k]! || 1), theme))}>${formatNumber(components.data[place]!)}</td>`;
      })}</tr>`)}</tbody></table>`;
  }

  private nameOf(j: number): string {
    const column = this.schema.columns.find(({ start, width }) => j >= start && j < start + width);
    if (!column) return `x ${j + 1}`;
    return column.categories ? `${column.name} = ${column.categories[j - column.start]}` : column.name;
  }
}
