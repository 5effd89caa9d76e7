import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { classColor } from "./colors";
import { drawBars, drawPicture, drawSigned, type Picture } from "./raster";
import { readTheme, ThemeFollower } from "./theme";

/** One row as a picture: an image, a signed image, or bars for a row that is no image. */
@customElement("latent-row")
export class RowPictureElement extends LitElement {
  static override styles = css`
    :host { display: block; position: relative; overflow: hidden; background: var(--vscode-editor-background); }
    canvas { display: block; width: 100%; height: 100%; object-fit: contain; image-rendering: pixelated; }
  `;

  /** An image, or null for bars. */
  @property({ attribute: false }) picture: Picture | null = null;
  /** The values of a row that is no image. */
  @property({ attribute: false }) values: ArrayLike<number> | null = null;
  /** Lowest and highest value; for signed pictures ±limit. */
  @property({ attribute: false }) range: readonly [number, number] = [0, 1];
  @property({ type: Boolean }) signed = false;
  @property() label = "";
  @query("canvas") private canvas!: HTMLCanvasElement;
  private readonly sizes = new ResizeObserver(() => this.values && this.draw());

  constructor() {
    super();
    new ThemeFollower(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
  }

  override render(): TemplateResult {
    // Without a name of its own it illustrates what is named around it.
    return this.label ? html`<canvas role="img" aria-label=${this.label}></canvas>` : html`<canvas aria-hidden="true"></canvas>`;
  }

  override updated(_: PropertyValues): void {
    this.draw();
  }

  private draw(): void {
    if (!this.canvas) return;
    const theme = readTheme();
    if (this.picture) {
      if (this.signed) drawSigned(this.canvas, this.picture, this.range[1], theme);
      else drawPicture(this.canvas, this.picture, this.range);
    } else if (this.values) drawBars(this.canvas, this.values, this.range, classColor(this.signed ? 1 : 0, theme.dark));
  }
}
