import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Labels, Schema } from "../../protocol/data";
import type { Metric, Neighbors, PlacedSet, RowDetails } from "../../protocol/engineApi";
import { cssColor } from "../shared/colors";
import { formatCount, formatNumber } from "../shared/format";
import { host, t } from "../shared/host";
import { Latest, messageOf } from "../shared/latest";
import { background } from "../shared/paint";
import { Persisted } from "../shared/persisted";
import { isGone, placeOf } from "../shared/placedRows";
import "../shared/rowPicture";
import { rowPicture } from "../shared/rowTemplate";
import { viewStyles } from "../shared/styles";
import { readTheme, ThemeFollower } from "../shared/theme";
import { labelText } from "../shared/labelText";
import { classesOf, colorOfClass } from "../shared/pointColors";

const neighborCount = 12;
/** Selected rows that are shown one by one. */
const maxShownRows = 48;

/**
 * What is selected: one row with its facts and neighbours, or many with their classes. Fires `select-rows` (Int32Array),
 * `neighbors-change` (Int32Array) and `announce` (string, for screen readers).
 */
@customElement("latent-selection")
export class SelectionElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { height: auto; gap: 18px; }
    section { display: flex; flex-direction: column; gap: 6px; }
    header { display: flex; align-items: center; gap: 2px; min-height: 26px; }
    .big { width: 112px; height: 112px; border: 1px solid var(--vscode-panel-border, transparent); }
    dl { display: grid; grid-template-columns: fit-content(45%) minmax(0, 1fr); gap: 2px 10px; margin: 0; user-select: text; }
    dt { color: var(--vscode-descriptionForeground); overflow-wrap: anywhere; }
    dd { margin: 0; overflow-wrap: anywhere; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(52px, 1fr)); gap: 6px; }
    .tile { display: flex; flex-direction: column; gap: 2px; padding: 0; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; min-width: 0; border-radius: 3px; text-align: left; }
    .tile latent-row { width: 100%; aspect-ratio: 1; border: 1px solid var(--vscode-panel-border, transparent); }
    .tile:hover latent-row { border-color: var(--vscode-focusBorder); }
    .tile span { font-size: 11px; color: var(--vscode-descriptionForeground); }
    .list { margin: 0 -6px; }
    .list button { display: flex; align-items: center; gap: 8px; width: 100%; padding: 3px 6px; border: 0; border-radius: 3px; background: none; color: inherit; font: inherit; text-align: left; cursor: pointer; }
    .list .name { flex: none; max-width: 50%; }
    .list button:hover { background: var(--vscode-list-hoverBackground); }
    .swatch { width: 10px; height: 10px; border-radius: 50%; flex: none; }
  `];

  @property({ attribute: false }) schema!: Schema;
  @property({ attribute: false }) selection = new Int32Array(0);
  @property({ attribute: false }) labels: Labels | null = null;
  /** Rows of other datasets that were placed in the map: counted on from `schema.count`. */
  @property({ attribute: false }) placed: readonly PlacedSet[] = [];
  /** Whether the latents are a map, whose neighbours are other ones than the data's. */
  @property({ type: Boolean }) isMap = false;
  /** Changes when the checkpoint does, so that what was loaded is loaded again. */
  @property() version = "";

  private readonly metric = new Persisted<Metric>(this, "metric", "euclidean");
  private readonly latest = new Latest(this);
  private neighbors: Neighbors | null = null;
  /** Why there are no neighbours. */
  private problem = "";
  private details: RowDetails | null = null;
  /** Rows that `details` describes, in its order. */
  private described = new Int32Array(0);

  constructor() {
    super();
    new ThemeFollower(this);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("selection") || changed.has("version")) this.load();
  }

  private load(): void {
    this.neighbors = null;
    this.problem = "";
    this.details = null;
    this.emitNeighbors();
    const [row] = this.selection;
    if (this.selection.length === 0) this.announce(t("Nothing selected"));
    else if (this.selection.length > 1) {
      this.announce(t("{0} rows selected", this.selection.length));
      this.describe(this.selection.subarray(0, maxShownRows));
    } else {
      this.describe(Int32Array.of(row!));
      this.latest.run("neighbors", signal => host.neighbors({ row: row!, metric: this.metric.value, count: neighborCount }, signal), neighbors => {
        this.neighbors = neighbors;
        this.emitNeighbors();
        this.describe(Int32Array.of(row!, ...neighbors.rows));
      }, error => { this.problem = messageOf(error); });
    }
  }

  private describe(wanted: Int32Array): void {
    const rows = wanted.filter(row => !isGone(row, this.schema.count, this.placed));
    this.latest.run("details", signal => host.details(rows, signal), details => {
      this.details = details;
      this.described = rows as Int32Array<ArrayBuffer>;
      if (this.selection.length === 1) this.announce(this.spoken(this.selection[0]!, details.titles[0] ?? ""));
    });
  }

  override render(): TemplateResult {
    if (this.selection.length === 0) return html`<section><header><h3>${t("Selection")}</h3></header><p class="muted">${t("Click a point to see it and its neighbours. Shift+drag selects a box, Alt+drag draws a lasso.")}</p></section>`;
    return this.selection.length === 1 ? this.one(this.selection[0]!) : this.many();
  }

  private one(row: number): TemplateResult {
    const { details, labels, neighbors } = this;
    const place = placeOf(row, this.schema.count, this.placed);
    const at = this.described[0] === row ? 0 : -1;
    const title = details?.titles[at] ?? "";
    const facts: [string, string][] = [
      ...(title && title !== `row ${place.row}` ? [[t("Name"), title] as [string, string]] : []),
      ...(labels ? [[labels.name, labelText(labels, row)] as [string, string]] : []),
      ...(place.set ? [[t("Placed from"), place.set.name] as [string, string]] : []),
      ...(details?.facts[at] ?? []).filter(([name]) => name !== labels?.name),
    ];
    return html`<section>
        <header><h3 class="grow ellipsis">${t("Row {0}", place.row)}</h3>
          <button class="icon" title=${t("Open its source (Enter)")} aria-label=${t("Open its source (Enter)")} @click=${() => void host.openSource(row)}><span class="codicon codicon-go-to-file"></span></button>
          ${this.buttons()}</header>
        ${details && at === 0 && this.schema.kind === "image" ? html`<div class="big">${rowPicture(details.x, 0, this.schema, title)}</div>` : nothing}
        <dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      </section>
      <section>
        <header><h3 class="grow">${t("Neighbours")}</h3>
          <span class="select"><select aria-label=${t("Distance")} @change=${(event: Event) => {
            this.metric.value = (event.target as HTMLSelectElement).value as Metric;
            this.load();
          }}>
            <option value="euclidean" ?selected=${this.metric.value === "euclidean"}>${t("Euclidean")}</option>
            <option value="cosine" ?selected=${this.metric.value === "cosine"}>${t("Cosine")}</option>
          </select></span></header>
        ${neighbors && this.isMap ? html`<p class="muted">${neighbors.within === "data" ? t("Nearest in the data") : t("Nearest in the map, which is not the data")}</p>` : nothing}
        ${neighbors ? this.rows(neighbors.rows, i => formatNumber(neighbors.distances[i]!))
          : this.problem ? html`<p class="muted" role="status">${this.problem}</p>` : html`<vscode-progress-ring></vscode-progress-ring>`}
      </section>`;
  }

  private many(): TemplateResult {
    const { dark } = readTheme();
    const names = this.labels?.kind === "classes" ? this.labels.classes : [];
    return html`<section>
      <header><h3 class="grow">${t("{0} rows selected", formatCount(this.selection.length))}</h3>
        ${this.selection.some(row => row >= this.schema.count) ? nothing : html`<button class="icon" title=${t("Embed only these rows…")} aria-label=${t("Embed only these rows…")} @click=${() => void host.command("latentLens.embedSelection")}><span class="codicon codicon-filter"></span></button>`}
        ${this.buttons()}</header>
      ${classesOf(this.selection, this.labels).slice(0, 8).map(({ value, count }) => html`<div class="row"><span class="swatch" ${background(cssColor(colorOfClass(value, dark)))}></span>
        <span class="grow ellipsis">${names[value] ?? t("no label")}</span><span class="muted number">${formatCount(count)}</span></div>`)}
      ${this.rows(this.selection.subarray(0, maxShownRows), i => labelText(this.labels, this.selection[i]!))}
      ${this.selection.length > maxShownRows ? html`<p class="muted">${t("and {0} more", formatCount(this.selection.length - maxShownRows))}</p>` : nothing}
    </section>`;
  }

  private buttons(): TemplateResult {
    return html`<button class="icon" title=${t("Copy row numbers and labels")} aria-label=${t("Copy row numbers and labels")} @click=${() => void this.copy()}><span class="codicon codicon-copy"></span></button>
      <button class="icon" title=${t("Clear the selection (Escape)")} aria-label=${t("Clear the selection (Escape)")} @click=${() => this.emitRows(new Int32Array(0))}><span class="codicon codicon-close"></span></button>`;
  }

  /** Rows as picture tiles, or as a list for rows that are no images. */
  private rows(rows: Int32Array, caption: (index: number) => string): TemplateResult {
    const place = new Map(Array.from(this.described, (row, i) => [row, i]));
    const titleOf = (row: number) => this.details?.titles[place.get(row) ?? -1] ?? t("row {0}", placeOf(row, this.schema.count, this.placed).row);
    const open = (row: number) => () => this.emitRows(Int32Array.of(row));
    if (this.schema.kind !== "image") {
      return html`<div class="list">${Array.from(rows, (row, i) => html`<button title=${(this.details?.facts[place.get(row) ?? -1] ?? []).map(([name, value]) => `${name} ${value}`).join("\n")} @click=${open(row)}>
        <span class="name ellipsis">${titleOf(row)}</span><span class="grow ellipsis muted">${labelText(this.labels, row)}</span><span class="muted number">${this.selection.length === 1 ? caption(i) : ""}</span></button>`)}</div>`;
    }
    return html`<div class="tiles">${Array.from(rows, (row, i) => html`<button class="tile" title="${titleOf(row)} · ${labelText(this.labels, row)}" @click=${open(row)}>
      ${place.has(row) && this.details ? rowPicture(this.details.x, place.get(row)!, this.schema, titleOf(row)) : html`<latent-row></latent-row>`}<span class="ellipsis number">${caption(i)}</span></button>`)}</div>`;
  }

  private async copy(): Promise<void> {
    await host.copy(Array.from(this.selection, row => `${this.nameOf(row)}\t${labelText(this.labels, row)}`).join("\n"));
    this.announce(t("Copied"));
  }

  /** What a screen reader is told of the one row that is selected. */
  private spoken(row: number, title: string): string {
    const { set } = placeOf(row, this.schema.count, this.placed);
    return `${set ? t("{0} of {1}", title, set.name) : title} ${labelText(this.labels, row)}`;
  }

  /** The row's number, after its dataset's name where it is not the map's own. */
  private nameOf(row: number): string {
    const place = placeOf(row, this.schema.count, this.placed);
    return place.set ? `${place.set.name} ${place.row}` : String(row);
  }

  private emitRows(rows: Int32Array): void {
    this.dispatchEvent(new CustomEvent("select-rows", { detail: rows }));
  }

  private emitNeighbors(): void {
    this.dispatchEvent(new CustomEvent("neighbors-change", { detail: this.neighbors?.rows ?? new Int32Array(0) }));
  }

  private announce(text: string): void {
    this.dispatchEvent(new CustomEvent("announce", { detail: text }));
  }
}
