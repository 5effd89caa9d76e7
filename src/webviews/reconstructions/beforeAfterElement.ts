import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Labels } from "../../protocol/data";
import type { Points, PrincipalComponents } from "../../protocol/engineApi";
import type { Camera } from "../shared/pointCloud/camera";
import type { Arrow } from "../shared/pointCloud/overlay";
import "../shared/pointCloud/pointCloudElement";
import type { PointEvent } from "../shared/pointCloud/pointCloudElement";
import { host, t } from "../shared/host";
import { Latest, passOn } from "../shared/latest";
import { Persisted } from "../shared/persisted";
import { viewStyles } from "../shared/styles";
import { readTheme, ThemeFollower } from "../shared/theme";
import { pointColors } from "../shared/pointColors";

/** Data of two or three values a row, as they are with the principal axes, and after the rotation onto them. Fires `select-rows`. */
@customElement("latent-before-after")
export class BeforeAfterElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { flex-direction: row; }
    section { flex: 1; min-width: 0; display: flex; flex-direction: column; }
    section + section { border-left: var(--line); }
    h3 { padding: 10px 16px 0; }
    latent-point-cloud { flex: 1; min-height: 0; }
    @media (max-width: 620px) { :host { flex-direction: column; } section + section { border-left: 0; border-top: var(--line); } }
  `];

  @property({ attribute: false }) components: PrincipalComponents | null = null;
  @property({ attribute: false }) labels: Labels | null = null;
  @property({ attribute: false }) selection = new Int32Array(0);
  @property({ type: Number }) dimensions = 2;
  @property() version = "";
  private readonly cameras = new Persisted<(Camera | null)[]>(this, "beforeAfterCameras", [null, null]);
  private readonly latest = new Latest(this);
  private rowPoints: Points | null = null;
  private turnedPoints: Points | null = null;

  constructor() {
    super();
    new ThemeFollower(this);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("version")) return;
    const { dimensions } = this;
    this.latest.run("before", signal => host.points({ projection: "rows", dimensions }, signal), points => { this.rowPoints = points; }, passOn(this));
    this.latest.run("after", async signal => {
      const { projections } = await host.overview(signal);
      const kept = projections.find(({ id }) => id === "axes" || id === "strip")!;
      return host.points({ projection: kept.id, dimensions: kept.dimensions.includes(dimensions) ? dimensions : kept.dimensions[0]! }, signal);
    }, points => { this.turnedPoints = points; }, passOn(this));
  }

  override render(): TemplateResult {
    return html`
      <section><h3>${t("Before: the rows and their principal axes")}</h3>${this.rowPoints ? this.cloud(this.rowPoints, 0, this.axesOf(this.rowPoints.dimensions)) : this.waiting()}</section>
      <section><h3>${t("After: the same rows along those axes")}</h3>${this.turnedPoints ? this.cloud(this.turnedPoints, 1, []) : this.waiting()}</section>`;
  }

  private waiting(): TemplateResult {
    return html`<div class="centre"><vscode-progress-ring></vscode-progress-ring></div>`;
  }

  private cloud(points: Points, index: 0 | 1, arrows: Arrow[]): TemplateResult {
    const n = points.data.length / points.dimensions;
    const shown = new Uint8Array(n).fill(1);
    const labels = this.labels?.values.length === n ? this.labels : null;
    return html`<latent-point-cloud .points=${points} .axes=${points.axes} .shown=${shown} .colors=${pointColors(labels, n, shown, this.selection, readTheme().dark)} .selection=${this.selection} .arrows=${arrows}
      .camera=${this.cameras.value[index] ?? null} @camera-change=${(event: CustomEvent<Camera | null>) => { this.cameras.value = this.cameras.value.map((camera, i) => (i === index ? event.detail : camera)); }}
      @point-pick=${(event: CustomEvent<PointEvent>) => this.dispatchEvent(new CustomEvent("select-rows", { detail: event.detail.row < 0 ? new Int32Array(0) : Int32Array.of(event.detail.row) }))}></latent-point-cloud>`;
  }

  /** Two standard deviations along each kept direction, from the mean. */
  private axesOf(dimensions: number): Arrow[] {
    if (!this.components) return [];
    const { mean, components, standardDeviations } = this.components;
    const from = Array.from(mean.data);
    return Array.from({ length: components.shape[0]! }, (_, k) => ({
      from, label: `PC ${k + 1}`,
      to: from.map((value, j) => value + 2 * standardDeviations[k]! * components.data[k * dimensions + j]!),
    }));
  }
}
