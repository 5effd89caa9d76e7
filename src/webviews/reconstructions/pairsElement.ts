import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { Labels, Schema } from "../../protocol/data";
import type { Reconstructions } from "../../protocol/engineApi";
import { formatNumber } from "../shared/format";
import { host, t } from "../shared/host";
import { Latest, passOn } from "../shared/latest";
import { displayRange, pictureAt, rangeOf, type Picture } from "../shared/raster";
import "../shared/rowPicture";
import { viewStyles } from "../shared/styles";

const cardWidth = 288;
const cardHeight = 126;
/** Three of them fill a card. */
const pictureSide = 86;

/**
 * Rows beside their reconstructions and differences, as many as can be seen: only those in view are asked for. Fires
 * `select-rows` (Int32Array).
 */
@customElement("latent-pairs")
export class PairsElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { display: block; overflow-y: auto; position: relative; }
    .space { position: relative; }
    .cards { position: absolute; left: 0; right: 0; display: grid; justify-content: space-between; padding: 0 12px; gap: 0 8px; }
    .card { height: ${cardHeight}px; padding: 6px; display: flex; flex-direction: column; gap: 4px; border: 1px solid transparent; border-radius: 4px; background: none; color: inherit; font: inherit; text-align: left; cursor: pointer; min-width: 0; overflow: hidden; }
    .card:hover { background: var(--vscode-list-hoverBackground); }
    .card[aria-pressed="true"] { border-color: var(--vscode-focusBorder); background: var(--vscode-list-inactiveSelectionBackground); }
    .pictures { display: flex; align-items: center; gap: 6px; height: ${pictureSide}px; }
    latent-row { flex: none; width: ${pictureSide}px; height: ${pictureSide}px; border: 1px solid var(--vscode-panel-border, transparent); }
    .caption { display: flex; gap: 8px; font-size: 11px; }
  `];

  @property({ attribute: false }) rows = new Int32Array(0);
  @property({ attribute: false }) schema!: Schema;
  @property({ attribute: false }) labels: Labels | null = null;
  @property({ attribute: false }) selection = new Int32Array(0);
  /** Only the first k components are used; null for the whole model. */
  @property({ attribute: false }) components: number | null = null;
  @property() version = "";
  @query(".space") private readonly space!: HTMLElement;

  private readonly latest = new Latest(this);
  private first = 0;
  private loaded: { rows: Int32Array; pairs: Reconstructions } | null = null;
  private readonly sizes = new ResizeObserver(() => this.look());

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("scroll", this.look);
    this.sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener("scroll", this.look);
    this.sizes.disconnect();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("rows")) this.scrollTop = 0;
  }

  override updated(changed: PropertyValues<this>): void {
    this.space.style.height = `${Math.ceil(this.rows.length / this.perLine) * cardHeight}px`;
    const cards = this.renderRoot.querySelector<HTMLElement>(".cards");
    if (cards) {
      cards.style.top = `${(this.first / this.perLine) * cardHeight}px`;
      cards.style.gridTemplateColumns = `repeat(${this.perLine}, minmax(0, ${cardWidth}px))`;
      this.fitPictures(cards);
    }
    if (changed.has("rows") || changed.has("components") || changed.has("version")) this.look();
  }

  /** Frames of the pictures' own form: a wider one would look as if it belonged to them. */
  private fitPictures(cards: HTMLElement): void {
    if (this.schema.kind !== "image") return;
    const [height = 1, width = 1] = this.schema.shape;
    const scale = pictureSide / Math.max(height, width);
    for (const picture of cards.querySelectorAll<HTMLElement>("latent-row")) {
      picture.style.width = `${width * scale}px`;
      picture.style.height = `${height * scale}px`;
    }
  }

  private get perLine(): number {
    return Math.max(1, Math.floor((this.clientWidth - 24) / cardWidth));
  }

  /** Asks for the rows in view and a line around them. */
  private readonly look = (): void => {
    const line = Math.max(0, Math.floor(this.scrollTop / cardHeight) - 1);
    const lines = Math.ceil(this.clientHeight / cardHeight) + 3;
    const first = line * this.perLine;
    const rows = this.rows.slice(first, first + lines * this.perLine);
    if (rows.length === 0) {
      this.loaded = null;
      return this.requestUpdate();
    }
    this.latest.run("pairs", signal => host.reconstruct({ rows, components: this.components }, signal), pairs => {
      this.first = first;
      this.loaded = { rows, pairs };
    }, passOn(this));
  };

  override render(): TemplateResult {
    const { loaded, schema } = this;
    if (!loaded) return html`<div class="space">${this.latest.isBusy("pairs") ? html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring></div>` : nothing}</div>`;
    const { pairs, rows } = loaded;
    const isImage = schema.kind === "image";
    const range = isImage ? displayRange(schema, pairs.x.data) : rangeOf(pairs.x.data);
    const limit = range[1] - range[0];
    const selected = new Set(this.selection);
    return html`<div class="space"><div class="cards">${Array.from(rows, (row, i) => html`
      <button class="card" aria-pressed=${selected.has(row)} title=${t("Row {0}: select it in all views", row)} @click=${() => this.dispatchEvent(new CustomEvent("select-rows", { detail: Int32Array.of(row) }))}>
        <div class="pictures">${isImage ? html`
          <latent-row .picture=${pictureAt(pairs.x, i)} .range=${range} .label=${t("input")}></latent-row>
          <latent-row .picture=${pictureAt(pairs.reconstruction, i)} .range=${range} .label=${t("reconstruction")}></latent-row>
          <latent-row signed .picture=${difference(pictureAt(pairs.x, i), pictureAt(pairs.reconstruction, i))} .range=${[-limit, limit] as const} .label=${t("difference")}></latent-row>`
        : this.bars(pairs, i, range)}</div>
        <div class="caption"><span class="muted number">${row}</span><span class="grow ellipsis">${this.labelOf(row)}</span><span class="number" title=${t("mean squared error per value")}>${formatNumber(pairs.errors[i]!)}</span></div>
      </button>`)}</div></div>`;
  }

  private bars({ x, reconstruction }: Reconstructions, i: number, range: readonly [number, number]): TemplateResult {
    const size = this.schema.shape[0]!;
    const cut = (data: Float32Array) => data.subarray(i * size, (i + 1) * size);
    const apart = cut(reconstruction.data).map((value, j) => value - cut(x.data)[j]!);
    const limit = Math.max(Math.abs(range[0]), Math.abs(range[1]));
    return html`<latent-row .values=${cut(x.data)} .range=${range} .label=${t("input")}></latent-row>
      <latent-row .values=${cut(reconstruction.data)} .range=${range} .label=${t("reconstruction")}></latent-row>
      <latent-row signed .values=${apart} .range=${[-limit, limit] as const} .label=${t("difference")}></latent-row>`;
  }

  private labelOf(row: number): string | typeof nothing {
    if (this.labels?.kind === "classes") return this.labels.classes[this.labels.values[row]!] ?? "";
    return this.labels ? formatNumber(this.labels.values[row]!) : nothing;
  }
}

/** Reconstruction minus input. */
function difference(x: Picture, reconstruction: Picture): Picture {
  return { ...x, data: Float32Array.from(reconstruction.data, (value, i) => value - x.data[i]!) };
}
