import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import "../shared/controls";
import type { NumericArray, Progress, Schema } from "../../protocol/data";
import type { Anchor, LatentSummary } from "../../protocol/engineApi";
import type { ViewState } from "../../protocol/viewApi";
import { formatNumber } from "../shared/format";
import { host, t } from "../shared/host";
import { Persisted } from "../shared/persisted";
import { displayRange } from "../shared/raster";
import { rowPicture } from "../shared/rowTemplate";
import { savePng } from "../shared/saveMenu";
import { ViewElement } from "../shared/viewElement";

/** Sliders shown before "more" is asked for. */
const fewSliders = 12;
/** Between two looks at a model that is learning (ms). */
const lookEvery = 1500;

/** What the user set, for when the side bar was closed meanwhile: the page ends with that. */
interface Setting {
  /** Names the checkpoint. */
  of: string;
  z: number[];
  anchor: Anchor;
  origin: string;
  moved: boolean;
}

/** The side bar's knobs: a slider for each latent dimension, the decoded row live. */
@customElement("latent-explorer")
export class ExplorerElement extends ViewElement {
  static override styles = [...ViewElement.styles, css`
    :host { overflow-y: auto; background: var(--vscode-sideBar-background); --vscode-editor-background: var(--vscode-sideBar-background); }
    .body { padding: 8px 12px 16px; display: flex; flex-direction: column; gap: 10px; }
    .title { display: flex; flex-direction: column; }
    .stage { display: flex; justify-content: center; }
    .stage latent-row { width: min(100%, 168px); aspect-ratio: 1; border: 1px solid var(--vscode-panel-border, transparent); }
    .stage.bars latent-row { width: 100%; height: 110px; aspect-ratio: auto; }
    .from { display: flex; align-items: center; gap: 6px; flex-wrap: wrap; }
    .knob { display: grid; grid-template-columns: 48px 1fr 58px; gap: 8px; align-items: center; }
    .knob .value { text-align: right; font-variant-numeric: tabular-nums; }
    .knob .name { display: flex; align-items: center; gap: 4px; }
    .knob input { width: 100%; min-width: 0; }
    .knobs { display: flex; flex-direction: column; gap: 4px; }
    .effect { height: 2px; background: var(--vscode-charts-blue, var(--vscode-focusBorder)); border-radius: 1px; margin-top: 2px; }
    dl { display: grid; grid-template-columns: 1fr auto; gap: 2px 10px; margin: 0; font-variant-numeric: tabular-nums; }
    dt { color: var(--vscode-descriptionForeground); }
    dd { margin: 0; text-align: right; }
    .buttons { display: flex; gap: 6px; }
    .from input { flex: 1 1 48px; width: 48px; max-width: 84px; }
    .centre vscode-button { max-width: 100%; }
  `];

  private summary: LatentSummary | null = null;
  private z: Float32Array | null = null;
  private decoded: NumericArray | null = null;
  private anchor: Anchor | null = null;
  private origin = "";
  /** A knob was turned since the start. */
  private moved = false;
  private seed = 0;
  private readonly all = new Persisted(this, "all", false);
  private readonly setting = new Persisted<Setting | null>(this, "setting", null);
  private decoding = false;
  private decodeAgain = false;
  private lastLook = 0;

  protected override load(state: ViewState, previous: ViewState | undefined): void {
    const changed = previous?.checkpoint?.fileName !== state.checkpoint!.fileName || this.z?.length !== state.checkpoint!.header.latent.dim;
    this.query("summary", signal => host.latentSummary(signal), summary => {
      this.summary = summary;
      // The same start means other latents in a model that went on learning; what the user set by hand stays.
      if (!previous && this.restore(summary.dim)) return;
      if (changed || !this.z) this.startFrom({ kind: "mean" }, t("the mean"));
      else if (this.anchor && !this.moved) this.startFrom(this.anchor, this.origin);
      else this.decode();
    });
  }

  private get checkpointId(): string {
    const { fileName, header } = this.state!.checkpoint!;
    return `${fileName} ${header.createdAt}`;
  }

  /** Goes on from what was set before the page was closed; false when that was another checkpoint's. */
  private restore(dim: number): boolean {
    const setting = this.setting.value;
    if (setting?.of !== this.checkpointId || setting.z.length !== dim) return false;
    if (setting.anchor.kind === "draw") this.seed = setting.anchor.seed; // the next draw is another one
    if (!setting.moved) this.startFrom(setting.anchor, setting.origin);
    else {
      this.z = Float32Array.from(setting.z);
      this.anchor = setting.anchor;
      this.origin = setting.origin;
      this.moved = true;
      this.decode();
    }
    return true;
  }

  /** The picture follows a model that is learning: now and then, for each look costs it a batch. */
  protected override progressed(progress: Progress | null): void {
    if (progress?.phase !== "fitting" || this.decoding || performance.now() - this.lastLook < lookEvery) return;
    this.lastLook = performance.now();
    this.decode();
  }

  private startFrom(anchor: Anchor, origin: string): void {
    this.query("anchor", signal => host.anchor(anchor, signal), z => {
      this.z = Float32Array.from(z);
      this.anchor = anchor;
      this.origin = origin;
      this.moved = false;
      this.decode();
    });
  }

  /**
   * Decodes the latents of the moment. While one answer is awaited the newest setting waits, so the picture follows the
   * slider as fast as the engine answers and never lags behind a queue.
   */
  private decode(): void {
    this.requestUpdate();
    if (!this.z) return;
    this.setting.value = { of: this.checkpointId, z: Array.from(this.z), anchor: this.anchor!, origin: this.origin, moved: this.moved };
    if (this.decoding) {
      this.decodeAgain = true;
      return;
    }
    this.decoding = true;
    const began = performance.now();
    host.decode({ data: this.z.slice(), shape: [1, this.z.length] }).then(decoded => {
      this.decoded = decoded;
      this.lastLatency = performance.now() - began;
    }, (error: unknown) => this.fail(error)).finally(() => {
      this.decoding = false;
      this.requestUpdate();
      if (!this.decodeAgain) return;
      this.decodeAgain = false;
      this.decode();
    });
  }

  /** Milliseconds from asking for a picture to having it; tests and benches read it. */
  lastLatency = NaN;

  protected override empty(): TemplateResult {
    return html`<div class="centre"><p class="muted">${t("Open a checkpoint to steer its latent space, or embed a dataset.")}</p>
      <vscode-button @click=${() => void host.command("latentLens.embedDataset")}>${t("Embed Dataset…")}</vscode-button></div>`;
  }

  protected override content(state: ViewState): TemplateResult {
    const { checkpoint, selection } = state;
    const { header, title } = checkpoint!;
    if (!header.capabilities.includes("decode")) return html`<div class="centre"><p class="muted">${t("{0} cannot decode latents.", t(header.modelTitle))}</p></div>`;
    const { summary, z, decoded } = this;
    if (!summary || !z) return html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring></div>`;
    const shown = this.all.value ? summary.order : summary.order.subarray(0, fewSliders);
    return html`<div class="body">
      <div class="title"><strong class="ellipsis" title=${title}>${t(header.modelTitle)} · ${header.dataset.name}</strong><span class="muted ellipsis">${this.moved ? t("from {0}, then changed", this.origin) : t("from {0}", this.origin)}</span></div>
      ${decoded ? this.stage(header.schema, decoded) : html`<div class="stage" role="status"><vscode-progress-ring></vscode-progress-ring></div>`}
      <div class="from">
        <vscode-button appearance="secondary" @click=${() => this.startFrom({ kind: "mean" }, t("the mean"))}>${t("Mean")}</vscode-button>
        <vscode-button appearance="secondary" @click=${() => this.startFrom({ kind: "draw", seed: ++this.seed }, t("random draw {0}", this.seed))}>${t("Draw")}</vscode-button>
        <vscode-button appearance="secondary" ?disabled=${selection.length !== 1} title=${selection.length === 1 ? "" : t("Select one row in a scatter first")} @click=${() => this.startFrom({ kind: "row", row: selection[0]! }, t("row {0}", selection[0]!))}>${selection.length === 1 ? t("Row {0}", selection[0]!) : t("Selected")}</vscode-button>
        <input type="number" min="0" max=${header.schema.count - 1} placeholder=${t("row")} aria-label=${t("Start from row")} @change=${(event: Event) => this.startFromTyped(event, header.schema.count)}>
      </div>
      <div class="knobs">${[...shown].map(j => this.knob(summary, z, j))}</div>
      ${summary.dim > fewSliders ? html`<button class="link" @click=${() => { this.all.value = !this.all.value; }}>${this.all.value ? t("Show the {0} with the most effect", fewSliders) : t("Show all {0} dimensions", summary.dim)}</button>` : nothing}
      <div class="buttons">
        <button class="icon" title=${t("Copy the latents")} aria-label=${t("Copy the latents")} @click=${() => void host.copy(`[${Array.from(z).join(", ")}]`)}><span class="codicon codicon-copy"></span></button>
        <button class="icon" title=${t("Save the picture as PNG")} aria-label=${t("Save the picture as PNG")} ?disabled=${!decoded || header.schema.kind !== "image"} @click=${() => void this.save()}><span class="codicon codicon-file-media"></span></button>
        <button class="icon" title=${t("Open Traversal")} aria-label=${t("Open Traversal")} @click=${() => void host.command("latentLens.openTraversal")}><span class="codicon codicon-table"></span></button>
        <button class="icon" title=${t("Open Scatter")} aria-label=${t("Open Scatter")} @click=${() => void host.command("latentLens.openScatter")}><span class="codicon codicon-graph-scatter"></span></button>
      </div>
    </div>`;
  }

  private startFromTyped(event: Event, count: number): void {
    const input = event.target as HTMLInputElement;
    const row = Math.round(Number(input.value));
    if (input.value === "" || !(row >= 0 && row < count)) return;
    this.startFrom({ kind: "row", row }, t("row {0}", row));
  }

  private stage(schema: Schema, decoded: NumericArray): TemplateResult {
    if (schema.kind === "image") return html`<div class="stage">${rowPicture({ ...decoded, shape: [1, ...schema.shape] }, 0, { ...schema, range: displayRange(schema, decoded.data) }, t("decoded row"))}</div>`;
    if (schema.kind === "table") return html`<dl>${schema.columns.map(({ name, start, width, categories }) => {
      const slots = decoded.data.subarray(start, start + width);
      return html`<dt class="ellipsis">${name}</dt><dd>${categories ? categories[slots.indexOf(Math.max(...slots))] : formatNumber(slots[0]!)}</dd>`;
    })}</dl>`;
    return html`<div class="stage bars">${rowPicture(decoded, 0, schema, t("decoded row"))}</div>`;
  }

  private knob(summary: LatentSummary, z: Float32Array, j: number): TemplateResult {
    const { quantileValues, quantiles, names } = summary;
    const at = (q: number) => quantileValues[j * quantiles.length + quantiles.indexOf(q)]!;
    const [low, high] = [Math.min(at(0.01), z[j]!), Math.max(at(0.99), z[j]!)];
    const move = (event: Event) => {
      z[j] = Number((event.target as HTMLInputElement).value);
      this.moved = true;
      this.decode();
    };
    const reset = () => {
      z[j] = summary.mean[j]!;
      this.moved = true;
      this.decode();
    };
    return html`<label class="knob" title=${t("Double-click to go back to the mean")} @dblclick=${reset}>
      <span class="name ellipsis">${names[j]}</span>
      <input type="range" min=${low} max=${high} step="any" .value=${String(z[j])} aria-label=${names[j]!} @input=${move} @keydown=${(event: KeyboardEvent) => this.step(event, z, j, (high - low) / 40)}>
      <span class="value">${formatNumber(Math.abs(z[j]!) < 1e-6 * (high - low) ? 0 : z[j]!)}</span>
    </label>`;
  }

  /** Arrow keys move a fortieth of the range: a step of "any" would move by too little to see. */
  private step(event: KeyboardEvent, z: Float32Array, j: number, by: number): void {
    const sign = event.key === "ArrowRight" || event.key === "ArrowUp" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowDown" ? -1 : 0;
    if (sign === 0) return;
    event.preventDefault();
    z[j]! += sign * by;
    this.moved = true;
    this.decode();
  }

  private async save(): Promise<void> {
    const canvas = this.renderRoot.querySelector("latent-row")?.shadowRoot?.querySelector("canvas");
    if (canvas) await savePng(`${this.state!.checkpoint!.title}-decoded`, canvas);
  }
}
