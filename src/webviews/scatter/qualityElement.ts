import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import "../shared/controls";
import type { Quality } from "../../protocol/engineApi";
import { cssColor, classColor } from "../shared/colors";
import { formatCount } from "../shared/format";
import { host, t } from "../shared/host";
import { Latest, messageOf } from "../shared/latest";
import { Persisted } from "../shared/persisted";
import { qualityEntries } from "../shared/quality";
import { viewStyles } from "../shared/styles";
import { readTheme, ThemeFollower } from "../shared/theme";

/** How far the picture can be trusted: judged when the card is open, which takes seconds for many rows. */
@customElement("latent-quality")
export class QualityElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { height: auto; }
    details { display: flex; flex-direction: column; }
    summary { display: flex; align-items: center; gap: 4px; min-height: 22px; cursor: pointer; list-style: none; }
    summary h3 { margin: 0; }
    dl { display: grid; grid-template-columns: 1fr auto; gap: 3px 10px; margin: 4px 0 8px; }
    dt { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
    canvas { width: 100%; height: 132px; display: block; }
    .axes { display: flex; justify-content: space-between; font-size: 11px; }
    .busy { display: flex; align-items: center; gap: 8px; }
    vscode-progress-ring { width: 16px; height: 16px; }
    p { margin: 4px 0; }
  `];

  /** The picture that is judged: its projection and dimensions; null while there is none that could be. */
  @property({ attribute: false }) picture: { projection: string; dimensions: number } | null = null;
  /** Whether the card is open until the user says otherwise. */
  @property({ type: Boolean }) startsOpen = false;
  /** Changes whenever the rows, or where they lie, do. */
  @property() version = "";
  @query("canvas") private readonly canvas!: HTMLCanvasElement | null;
  private readonly open = new Persisted(this, "quality", false);
  private readonly latest = new Latest(this);
  private quality: Quality | null = null;
  private problem = "";
  private judged = "";
  private readonly sizes = new ResizeObserver(() => this.draw());

  constructor() {
    super();
    new ThemeFollower(this);
  }

  private get isOpen(): boolean {
    return this.open.isSet ? this.open.value : this.startsOpen;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
  }

  override willUpdate(): void {
    const { picture } = this;
    const wanted = picture ? `${picture.projection} ${picture.dimensions} ${this.version}` : "";
    if (!this.isOpen || wanted === this.judged) return;
    this.judged = wanted;
    this.quality = null;
    this.problem = "";
    if (!picture) return;
    this.latest.run("quality", signal => host.quality(picture, signal), quality => { this.quality = quality; }, error => { this.problem = messageOf(error); });
  }

  override updated(_: PropertyValues): void {
    if (this.canvas) this.sizes.observe(this.canvas);
    this.draw();
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.picture) return nothing;
    return html`<details ?open=${this.isOpen} @toggle=${(event: Event) => this.toggled((event.target as HTMLDetailsElement).open)}>
      <summary><span class="codicon codicon-chevron-${this.isOpen ? "down" : "right"}"></span><h3>${t("Quality of the map")}</h3></summary>
      ${this.isOpen ? this.card() : nothing}
    </details>`;
  }

  private toggled(open: boolean): void {
    if (open !== this.isOpen) this.open.value = open; // not what was drawn, but what was clicked
  }

  private card(): TemplateResult {
    const { quality } = this;
    if (this.problem) return html`<p class="muted" role="status">${this.problem}</p>`;
    if (!quality) return html`<p class="busy muted" role="status"><vscode-progress-ring></vscode-progress-ring>${t("Comparing the map with the rows…")}</p>`;
    return html`<dl>${qualityEntries(quality).map(({ name, value, meaning }) => html`<dt title=${meaning}>${name}</dt><dd title=${meaning}>${value}</dd>`)}</dl>
      <canvas role="img" aria-label=${t("Shepard diagram: distances in the data across, in the map upwards")}></canvas>
      <div class="axes muted"><span>${t("distance in the data →")}</span><span>${t("↑ in the map")}</span></div>
      <p class="muted">${quality.judged < quality.count ? t("Judged on {0} of {1} rows, each against all.", formatCount(quality.judged), formatCount(quality.count)) : t("Judged on all {0} rows.", formatCount(quality.count))}
        ${quality.pairs < (quality.count * (quality.count - 1)) / 2 ? t("Order of distances and stress: {0} pairs of rows, drawn by chance.", formatCount(quality.pairs)) : nothing}</p>`;
  }

  /** The Shepard diagram: a dot a pair of rows. A map that keeps all distances is a straight line. */
  private draw(): void {
    const { canvas, quality } = this;
    if (!canvas || !quality) return;
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (width === 0) return;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d")!;
    const theme = readTheme();
    const margin = 3 * ratio;
    const most = (values: Float32Array) => values.reduce((largest, value) => Math.max(largest, value), 1e-12);
    const { dataDistances: x, mapDistances: y } = quality;
    const [right, top] = [most(x), most(y)];
    context.strokeStyle = theme.border;
    context.lineWidth = ratio;
    context.beginPath();
    context.moveTo(margin, 0);
    context.lineTo(margin, height - margin);
    context.lineTo(width, height - margin);
    context.stroke();
    context.fillStyle = cssColor(classColor(0, theme.dark));
    context.globalAlpha = Math.max(0.12, Math.min(0.7, 400 / x.length));
    const size = 1.5 * ratio;
    x.forEach((value, i) => context.fillRect(margin + (value / right) * (width - 2 * margin) - size / 2, height - margin - (y[i]! / top) * (height - 2 * margin) - size / 2, size, size));
  }
}
