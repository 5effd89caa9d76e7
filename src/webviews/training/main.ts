import { css, html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import "../shared/controls";
import { epochsDone } from "../../protocol/checkpointHeader";
import type { EpochLosses, Progress } from "../../protocol/data";
import type { Reconstructions } from "../../protocol/engineApi";
import type { ViewState } from "../../protocol/viewApi";
import type { ChartElement, ChartOption } from "../shared/chart";
import "../shared/chart";
import { formatNumber, formatSeconds } from "../shared/format";
import { host, t } from "../shared/host";
import { Persisted } from "../shared/persisted";
import { rowPicture } from "../shared/rowTemplate";
import { savePng } from "../shared/saveMenu";
import type { Theme } from "../shared/theme";
import { ViewElement } from "../shared/viewElement";
import { lossOption, termsOf, type LossSeries } from "./lossOption";

/** Rows whose reconstructions are followed while the model learns. */
const previewCount = 10;
/** Between two looks at a model that is learning (ms): each costs it a batch. */
const previewEvery = 1500;

/** Metrics that a linear autoencoder adds: how near it came to PCA. */
const comparisonsWithPca = ["error relative to PCA", "largest angle to PCA (°)"];

/** How a model learned or is learning: losses by epoch, reconstructions of the moment. */
@customElement("latent-training")
export class TrainingElement extends ViewElement {
  static override styles = [...ViewElement.styles, css`
    .body { flex: 1; min-height: 0; display: flex; flex-direction: column; overflow-y: auto; }
    latent-chart { flex: 1 1 300px; min-height: 220px; }
    .actions { display: inline-flex; align-items: center; gap: var(--gap); margin-left: auto; }
    .figures { display: flex; flex-wrap: wrap; gap: 6px 28px; padding: 10px 16px; border-bottom: var(--line); flex: none; }
    .figure { display: flex; flex-direction: column; gap: 1px; }
    .figure span:first-child { font-size: 11px; color: var(--vscode-descriptionForeground); }
    .figure span:last-child { font-size: 15px; font-variant-numeric: tabular-nums; }
    .preview { flex: none; padding: 10px 16px 16px; border-top: var(--line); display: flex; flex-direction: column; gap: 8px; }
    .pairs { display: grid; grid-template-columns: auto repeat(${previewCount}, minmax(0, 72px)); gap: 4px 6px; align-items: center; justify-content: start; }
    .pairs latent-row { aspect-ratio: 1; width: 100%; border: 1px solid var(--vscode-panel-border, transparent); }
    .pairs span { font-size: 11px; color: var(--vscode-descriptionForeground); padding-right: 6px; }
  `];

  private readonly term = new Persisted(this, "term", "total");
  private readonly logarithmic = new Persisted(this, "logarithmic", false);
  private preview: Reconstructions | null = null;
  private lastPreview = 0;
  private chart: { drawn: string; option: (theme: Theme) => ChartOption } | undefined;

  protected override load(): void {
    this.loadPreview();
  }

  protected override progressed(progress: Progress | null): void {
    // One look at a time: on a busy machine an answer may take longer than the pause between two.
    if (progress?.phase === "fitting" && !this.isBusy("preview") && performance.now() - this.lastPreview > previewEvery) this.loadPreview();
  }

  private loadPreview(): void {
    const header = this.state?.checkpoint?.header;
    if (!header?.capabilities.includes("decode") || !header.capabilities.includes("encode")) return;
    this.lastPreview = performance.now();
    const { count } = header.schema;
    const rows = Int32Array.from({ length: Math.min(previewCount, count) }, (_, i) => Math.floor((i * count) / previewCount));
    this.query("preview", signal => host.reconstruct({ rows, components: null }, signal), preview => {
      this.preview = preview;
    }, () => undefined); // without the dataset there are still the losses
  }

  private get series(): LossSeries[] {
    const { checkpoint, comparisons } = this.state!;
    const own = checkpoint!.header;
    const history: EpochLosses[] = this.progress && this.progress.history.length > 0 ? this.progress.history : own.losses;
    return [
      { title: checkpoint!.title, history, bestEpoch: this.progress ? 0 : own.bestEpoch },
      ...comparisons.map(({ title, header }) => ({ title, history: header.losses, bestEpoch: header.bestEpoch })),
    ];
  }

  protected override content(state: ViewState): TemplateResult {
    const { series } = this;
    const terms = termsOf(series);
    const term = terms.includes(this.term.value) ? this.term.value : "total";
    const hasLosses = series.some(({ history }) => history.length > 0);
    return html`
      <div class="toolbar">
        ${terms.length > 1 ? html`<label>${t("Loss")}<span class="select"><select aria-label=${t("Loss")} @change=${(event: Event) => { this.term.value = (event.target as HTMLSelectElement).value; }}>
          ${terms.map(name => html`<option value=${name} ?selected=${name === term}>${t(name)}</option>`)}</select></span></label>` : nothing}
        <vscode-checkbox ?checked=${this.logarithmic.value} @change=${(event: Event) => { this.logarithmic.value = (event.target as HTMLInputElement).checked; }}>${t("Logarithmic")}</vscode-checkbox>
        <span class="spacer"></span>
        ${this.actions(state)}
      </div>
      <div class="body">
        ${this.figures(state)}
        ${hasLosses ? html`<latent-chart .option=${this.chartOption(series, term)}></latent-chart>`
          : html`<div class="centre"><p class="muted">${this.progress ? t("The first epoch is under way…") : t("No epoch was finished.")}</p></div>`}
        ${this.previewRows(state)}
      </div>`;
  }

  /** The same function until what it draws changes: progress comes ten times a second, an epoch now and then. */
  private chartOption(series: LossSeries[], term: string): (theme: Theme) => ChartOption {
    const drawn = JSON.stringify([term, this.logarithmic.value, series.map(({ title, history, bestEpoch }) => [title, history.length, bestEpoch])]);
    if (this.chart?.drawn === drawn) return this.chart.option;
    const words = { epoch: t("epoch"), train: t("training"), validation: t("validation"), best: t("best") };
    const logarithmic = this.logarithmic.value;
    this.chart = { drawn, option: theme => lossOption(series, term, logarithmic, theme, words) };
    return this.chart.option;
  }

  private actions(state: ViewState): TemplateResult {
    const { comparisons, trusted } = state;
    const interrupted = state.checkpoint!.header.state === "interrupted";
    return html`<span class="actions">
      ${this.progress ? html`<vscode-button appearance="secondary" @click=${() => void host.command("latentLens.cancelRun")}>${t("Stop")}</vscode-button>` : nothing}
      ${!this.progress && interrupted && trusted ? html`<vscode-button @click=${() => void host.command("latentLens.resumeTraining")}>${t("Resume Training")}</vscode-button>` : nothing}
      ${comparisons.length > 0 ? html`<button class="link" @click=${() => void host.clearComparisons()}>${t("Stop comparing")}</button>` : nothing}
      <button class="icon" title=${t("Compare with the losses of another checkpoint…")} aria-label=${t("Compare with the losses of another checkpoint…")} @click=${() => void host.compare().catch(() => undefined)}><span class="codicon codicon-git-compare"></span></button>
      <button class="icon" title=${t("Copy losses as a table")} aria-label=${t("Copy losses as a table")} @click=${() => void host.copy(tableOf(this.series[0]!.history))}><span class="codicon codicon-copy"></span></button>
      <button class="icon" title=${t("Save the chart as PNG")} aria-label=${t("Save the chart as PNG")} @click=${() => void this.saveChart()}><span class="codicon codicon-file-media"></span></button></span>`;
  }

  private figures(state: ViewState): TemplateResult {
    const { header } = state.checkpoint!;
    const { progress } = this;
    const last = this.series[0]!.history.at(-1);
    const figure = (name: string, value: string) => html`<div class="figure"><span>${name}</span><span>${value}</span></div>`;
    // A map finds out as it begins how many steps it takes.
    const planned = progress?.epochs || header.epochs;
    const running = progress?.phase === "fitting" && progress.losses;
    return html`<div class="figures">
      ${figure(t("Epoch"), progress ? t("{0} of {1}", Math.min(planned, progress.epoch + (progress.phase === "fitting" && !progress.isMap ? 1 : 0)), planned) : t("{0} of {1}", epochsDone(header), header.epochs))}
      ${running ? figure(t("Loss now"), formatNumber(progress.losses!["total"] ?? NaN)) : nothing}
      ${last ? figure(t("Training loss"), formatNumber(last.train["total"] ?? NaN)) : nothing}
      ${last?.validation ? figure(t("Validation loss"), formatNumber(last.validation["total"] ?? NaN)) : nothing}
      ${header.bestEpoch > 0 && !progress ? figure(t("Best epoch"), String(header.bestEpoch)) : nothing}
      ${typeof progress?.secondsLeft === "number" ? figure(t("Time left"), formatSeconds(progress.secondsLeft)) : !progress ? figure(t("Time"), formatSeconds(header.seconds)) : nothing}
      ${progress ? nothing : comparisonsWithPca.filter(name => header.metrics[name] !== undefined).map(name => figure(t(name), formatNumber(header.metrics[name]!)))}
      ${figure(t("Device"), progress?.device ?? header.device)}
      ${header.stopReason && !progress ? figure(t("Stopped"), header.stopReason) : nothing}
    </div>`;
  }

  private previewRows(state: ViewState): TemplateResult | typeof nothing {
    const { preview } = this;
    if (!preview) return nothing;
    const { schema } = state.checkpoint!.header;
    const count = preview.errors.length;
    return html`<section class="preview"><h3>${this.progress ? t("Reconstructions right now") : t("Reconstructions")}</h3>
      <div class="pairs">
        <span>${t("input")}</span>${Array.from({ length: count }, (_, i) => rowPicture(preview.x, i, schema, t("input {0}", i)))}
        ${Array.from({ length: previewCount - count }, () => html`<i></i>`)}
        <span>${t("output")}</span>${Array.from({ length: count }, (_, i) => rowPicture(preview.reconstruction, i, schema, t("reconstruction {0}", i), preview.x))}
      </div></section>`;
  }

  private async saveChart(): Promise<void> {
    const chart = this.renderRoot.querySelector<ChartElement>("latent-chart")?.snapshot();
    if (chart) await savePng(`${this.state!.checkpoint!.title}-losses`, chart);
  }
}

/** Tab-separated losses, a line an epoch. */
function tableOf(history: EpochLosses[]): string {
  const terms = Object.keys(history[0]?.train ?? {});
  const hasValidation = history.some(({ validation }) => validation !== null);
  const head = ["epoch", ...terms, ...(hasValidation ? terms.map(term => `validation ${term}`) : [])];
  const lines = history.map(({ epoch, train, validation }) => [epoch, ...terms.map(term => train[term]), ...(hasValidation ? terms.map(term => validation?.[term] ?? "") : [])]);
  return [head, ...lines].map(line => line.join("\t")).join("\n");
}
