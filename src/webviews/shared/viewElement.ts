import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { CheckpointHeader } from "../../protocol/checkpointHeader";
import type { Progress } from "../../protocol/data";
import type { ViewState } from "../../protocol/viewApi";
import { host, listen, t } from "./host";
import { codeOf, Latest, messageOf } from "./latest";
import { viewStyles } from "./styles";
import { ThemeFollower } from "./theme";

/**
 * The base of every view: fetches the state, shows what is wrong or under way, and reloads when the checkpoint changes.
 * Subclasses draw `content(state)` and start their queries in `load(state)`.
 */
export abstract class ViewElement extends LitElement {
  static override styles = viewStyles;

  protected state: ViewState | undefined;
  protected progress: Progress | null = null;
  private failure: { message: string; code: string } | undefined;
  private readonly latest = new Latest(this);
  private stopListening: (() => void) | undefined;

  constructor() {
    super();
    new ThemeFollower(this);
    this.addEventListener("query-failed", event => this.fail((event as CustomEvent<unknown>).detail));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = listen({
      didChangeState: state => this.takeState(state),
      didProgress: progress => {
        this.progress = progress;
        this.progressed(progress);
        this.requestUpdate();
      },
      didProgressOf: (id, progress) => {
        if (this.state) this.state = { ...this.state, members: this.state.members.map(member => (member.id === id ? { ...member, progress } : member)) };
        this.requestUpdate();
      },
      didSelect: rows => {
        if (this.state) this.state = { ...this.state, selection: rows };
        this.selected(rows);
        this.requestUpdate();
      },
    });
    void this.reload();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening?.();
  }

  /** Asks the extension for everything again. */
  protected async reload(): Promise<void> {
    try {
      this.takeState(await host.state());
    } catch (error) {
      this.fail(error);
    }
  }

  /** Starts the queries that the view needs; called when the checkpoint appears or its file or run changes. */
  protected abstract load(state: ViewState, previous: ViewState | undefined): void;
  protected abstract content(state: ViewState): TemplateResult;
  protected progressed(_progress: Progress | null): void {
    // Most views only show the bar.
  }
  protected selected(_rows: Int32Array): void {
    // Most views read the selection from the state.
  }

  private takeState(state: ViewState): void {
    const previous = this.state;
    this.state = state;
    this.progress = state.progress;
    this.failure = undefined;
    const changed = previous === undefined || fingerprint(previous) !== fingerprint(state);
    if (state.checkpoint && changed) this.load(state, previous);
    this.requestUpdate();
  }

  /** Runs a query as `Latest` does; without `onError` a failure becomes the view's error state. */
  protected query<T>(key: string, query: (signal: AbortSignal) => Promise<T>, use: (value: T) => void, onError?: (message: string) => void): void {
    this.latest.run(key, query, use, error => (onError ? onError(messageOf(error)) : this.fail(error)));
  }

  protected isBusy(key: string): boolean {
    return this.latest.isBusy(key);
  }

  /** Shows an error in place of the view, with a way to try again. */
  protected fail(error: unknown): void {
    this.failure = { message: messageOf(error), code: codeOf(error) };
    this.requestUpdate();
  }

  override render(): TemplateResult {
    if (this.failure) return this.failed(this.failure);
    if (!this.state) return html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring></div>`;
    if (!this.state.checkpoint) return this.empty();
    return html`${this.progressBar()}${this.content(this.state)}`;
  }

  /** Shown when there is no checkpoint; only the explorer can be without one. */
  protected empty(): TemplateResult {
    return html`<div class="centre"><p>${t("No checkpoint is open.")}</p></div>`;
  }

  /** A line above the view when its dataset is gone or changed: what is kept in the checkpoint is still shown. */
  protected datasetNotice(problem: string | null): TemplateResult | typeof nothing {
    if (problem === null) return nothing;
    return html`<div class="notice warning" role="status"><span class="codicon codicon-warning"></span><span class="grow">${t("The dataset is not at hand: {0}", problem)}</span>
      <button class="link" @click=${() => void host.command("latentLens.locateDataset")}>${t("Locate Dataset…")}</button></div>`;
  }

  private failed({ message, code }: { message: string; code: string }): TemplateResult {
    return html`<div class="centre" role="alert">
      <span class="codicon codicon-error large"></span>
      <h2>${code === "bad-dataset" ? t("The dataset cannot be read") : code === "bad-checkpoint" ? t("This checkpoint cannot be read") : t("This view cannot be shown")}</h2>
      <p class="message">${message}</p>
      <div class="row">
        <vscode-button @click=${() => this.retry()}>${t("Try Again")}</vscode-button>
        ${code === "bad-dataset" ? html`<vscode-button appearance="secondary" @click=${() => void host.command("latentLens.locateDataset")}>${t("Locate Dataset…")}</vscode-button>` : nothing}
      </div>
    </div>`;
  }

  private retry(): void {
    this.failure = undefined;
    this.state = undefined;
    this.requestUpdate();
    void this.reload();
  }

  private progressBar(): TemplateResult | typeof nothing {
    if (!this.progress) return nothing;
    return html`<progress class="run" max="1" .value=${this.progress.fraction} aria-label=${t("Training progress")}></progress>`;
  }
}

/** Tells whether what a view shows may have changed: another file, or its content. */
function fingerprint({ checkpoint, progress }: ViewState): string {
  return checkpoint ? `${checkpoint.fileName} ${contentOf(checkpoint.header, progress)}` : "";
}

/**
 * Changes with what a checkpoint holds: the file was written, a run began or ended. A run rewrites its file every few
 * seconds; views look at the learning model when they are asked to, not each time.
 */
export function contentOf(header: CheckpointHeader, progress: Progress | null): string {
  return progress ? "learning" : [header.state, header.seconds, header.losses.length, header.dataset.relativePath, ...(header.placed ?? []).map(({ id }) => id)].join();
}
