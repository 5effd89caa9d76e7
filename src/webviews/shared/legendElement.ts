import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Labels } from "../../protocol/data";
import type { ColoringDescription } from "../../protocol/engineApi";
import { cssColor, rampColor } from "./colors";
import { formatCount, formatNumber } from "./format";
import { t } from "./host";
import { background } from "./paint";
import { viewStyles } from "./styles";
import { readTheme, ThemeFollower } from "./theme";
import { colorOfClass, isFiltering, legendOf, noFilter, valueRange, type Filter } from "./pointColors";

const rampCss = (dark: boolean) => `linear-gradient(to right, ${Array.from({ length: 10 }, (_, i) => cssColor(rampColor(i / 9, dark))).join(", ")})`;

/** The legend of a coloring, which also filters: fires `filter-change` (Filter). */
@customElement("latent-legend")
export class LegendElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { height: auto; gap: 6px; }
    header { display: flex; align-items: center; gap: 6px; min-height: 22px; }
    .entries { display: flex; flex-direction: column; max-height: 322px; overflow-y: auto; margin: 0 -6px; }
    .entries button { display: flex; align-items: center; gap: 8px; padding: 2px 6px; min-height: 24px; border: 0; border-radius: 3px; background: none; color: inherit; font: inherit; text-align: left; cursor: pointer; flex: none; }
    .entries button:hover { background: var(--vscode-list-hoverBackground); }
    .entries button[aria-pressed="false"] { opacity: 0.45; }
    .swatch { width: 10px; height: 10px; border-radius: 50%; flex: none; }
    .ramp { height: 10px; border-radius: 2px; }
    .limits { display: grid; grid-template-columns: 1fr 1fr; gap: 2px 8px; }
    .known { margin: 0; font-size: 11px; }
    .limits span:last-child { text-align: right; }
  `];

  @property({ attribute: false }) labels: Labels | null = null;
  @property({ attribute: false }) filter: Filter = noFilter;
  /** Whether the model knew these values, so that it is no wonder where they gather. */
  @property() known: ColoringDescription["known"];

  constructor() {
    super();
    new ThemeFollower(this);
  }

  override render(): TemplateResult | typeof nothing {
    const { labels } = this;
    if (!labels) return nothing;
    return html`<header><h3 class="grow ellipsis" title=${labels.name}>${labels.name}</h3>
      ${isFiltering(this.filter) ? html`<button class="link" @click=${() => this.emit(noFilter)}>${t("Show all")}</button>` : nothing}</header>
      ${labels.kind === "classes" ? this.entries(labels) : this.ramp(labels.values)}
      ${this.known ? html`<p class="muted known">${this.known === "label" ? t("The map was told these labels") : t("One of the features that the rows lie by")}</p>` : nothing}`;
  }

  private entries(labels: Labels): TemplateResult {
    const { dark } = readTheme();
    const entries = legendOf(labels);
    const hidden = new Set(this.filter.hidden);
    const toggle = (value: number) => {
      const next = new Set(hidden);
      if (!next.delete(value)) next.add(value);
      this.emit({ ...noFilter, hidden: [...next] });
    };
    const only = (value: number) => this.emit({ ...noFilter, hidden: entries.map(entry => entry.value).filter(other => other !== value) });
    return html`<div class="entries">${entries.map(({ value, name, count }) => html`
      <button aria-pressed=${!hidden.has(value)} title=${t("Click hides or shows, double-click shows only this")} @click=${() => toggle(value)} @dblclick=${() => only(value)}>
        <span class="swatch" ${background(cssColor(colorOfClass(value, dark)))}></span>
        <span class="grow ellipsis">${name || t("no label")}</span><span class="muted number">${formatCount(count)}</span>
      </button>`)}</div>`;
  }

  private ramp(values: Float32Array): TemplateResult {
    const [low, high] = valueRange(values);
    const from = Math.max(low, this.filter.low ?? low);
    const to = Math.min(high, this.filter.high ?? high);
    const numberOf = (event: Event) => Number((event.target as HTMLInputElement).value);
    // A limit at the end of the scale is no limit: the few rows beyond the scale stay.
    const setLow = (value: number) => this.emit({ ...this.filter, low: value <= low ? null : Math.min(value, to) });
    const setHigh = (value: number) => this.emit({ ...this.filter, high: value >= high ? null : Math.max(value, from) });
    const step = (high - low) / 200;
    return html`<div class="ramp" ${background(rampCss(readTheme().dark))}></div>
      <div class="limits">
        <input type="range" min=${low} max=${high} step=${step} .value=${String(from)} aria-label=${t("Lowest value shown")} @input=${(event: Event) => setLow(numberOf(event))}>
        <input type="range" min=${low} max=${high} step=${step} .value=${String(to)} aria-label=${t("Highest value shown")} @input=${(event: Event) => setHigh(numberOf(event))}>
        <span class="muted number">${formatNumber(from)}</span><span class="muted number">${formatNumber(to)}</span>
      </div>`;
  }

  private emit(filter: Filter): void {
    this.dispatchEvent(new CustomEvent<Filter>("filter-change", { detail: filter }));
  }
}
